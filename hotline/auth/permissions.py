"""Which role may do what; the only place where roles and permissions meet."""

from __future__ import annotations

from collections.abc import Iterable

ROLES: dict[str, frozenset[str]] = {
    "author": frozenset(
        {
            "alerts.read", "alerts.write", "alerts.stop", "feeds.write", "travellers.read", "travellers.write", "cases.read",
            "notices.read", "missions.read", "map.read",
        }
    ),
    "approver": frozenset(
        {
            "alerts.read", "alerts.approve", "alerts.stop", "travellers.read", "cases.read", "notices.read",
            "missions.read", "map.read", "agents.read", "queues.read",
        }
    ),
    "agent": frozenset(
        {
            "alerts.read", "alerts.stop", "travellers.read", "travellers.write", "cases.read", "cases.work",
            "notices.read", "missions.read", "map.read", "agents.self", "agents.read", "queues.read",
            "callbacks.work", "persons.phone", "calls.take", "calls.read",
        }
    ),
    "senior_agent": frozenset(
        {
            "alerts.read", "alerts.stop", "travellers.read", "travellers.write", "cases.read", "cases.work",
            "cases.assign", "notices.read", "missions.read", "map.read", "agents.self", "agents.read",
            "agents.manage", "queues.read", "callbacks.work", "persons.phone", "persons.passport", "persons.medical",
            "persons.merge", "calls.take", "calls.read", "calls.monitor", "menus.write", "phonebook.write",
        }
    ),
    "official": frozenset({"cases.read", "cases.answer", "missions.read", "map.read"}),
    "mission_officer": frozenset({"alerts.read", "missions.read", "map.read"}),
    "cashier": frozenset({"missions.read"}),
    "finance_officer": frozenset({"missions.read"}),
    "auditor": frozenset(
        {
            "alerts.read", "travellers.read", "cases.read", "notices.read", "missions.read", "audit.read",
            "officers.read", "map.read", "routes.read", "agents.read", "queues.read", "calls.read",
        }
    ),
    "administrator": frozenset(
        {
            "alerts.read", "feeds.write", "travellers.read", "travellers.write", "notices.read", "missions.read",
            "missions.write", "audit.read", "officers.read", "officers.write", "silent.write", "system.read", "map.read",
            "routes.read", "routes.write", "carriers.write", "signers.write", "agents.read", "agents.manage",
            "agents.write", "queues.read", "queues.write", "cases.rules", "calls.read", "menus.write", "phonebook.write",
        }
    ),
}  # fmt: skip
"""Nobody holds `alerts.write` and `alerts.approve` through one role; an officer with both roles still cannot approve
what they wrote or submitted themselves, because the stage compares persons, not roles."""

ALL_PERMISSIONS = frozenset().union(*ROLES.values())


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Return the union of the roles' permissions; an unknown role gives nothing."""
    result: frozenset[str] = frozenset()
    for role in roles:
        result |= ROLES.get(role, frozenset())
    return result
