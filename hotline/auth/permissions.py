"""Which role may do what; the only place where roles and permissions meet."""

from __future__ import annotations

from collections.abc import Iterable

ROLES: dict[str, frozenset[str]] = {
    "author": frozenset(
        {
            "alerts.read", "alerts.write", "alerts.stop", "feeds.write", "travellers.read", "travellers.write",
            "cases.read",
            "notices.read", "missions.read", "map.read", "incidents.read", "incidents.write", "briefings.read", "briefings.write",
        }
    ),
    "approver": frozenset(
        {
            "alerts.read", "alerts.approve", "alerts.stop", "travellers.read", "cases.read", "notices.read",
            "missions.read", "map.read", "agents.read", "queues.read", "handovers.watch", "incidents.read",
            "incidents.switch", "volunteers.read", "shifts.read", "staffing.read", "briefings.read",
        }
    ),
    "agent": frozenset(
        {
            "alerts.read", "alerts.stop", "travellers.read", "travellers.write", "cases.read", "cases.work",
            "notices.read", "missions.read", "map.read", "agents.self", "agents.read", "queues.read",
            "callbacks.work", "persons.phone", "calls.take", "calls.read", "incidents.read", "shifts.read",
            "briefings.read", "remittances.read", "remittances.write",
        }
    ),
    "senior_agent": frozenset(
        {
            "alerts.read", "alerts.stop", "travellers.read", "travellers.write", "cases.read", "cases.work",
            "cases.assign", "notices.read", "missions.read", "map.read", "agents.self", "agents.read",
            "agents.manage", "queues.read", "callbacks.work", "persons.phone", "persons.passport", "persons.medical",
            "persons.merge", "calls.take", "calls.read", "calls.monitor", "menus.write", "phonebook.write",
            "handovers.watch", "training.write", "incidents.read", "volunteers.read", "shifts.read", "shifts.write",
            "staffing.read", "briefings.read", "briefings.write", "briefings.lift", "remittances.read",
            "remittances.write", "remittances.review", "remittances.quote",
        }
    ),
    "duty_chief": frozenset(
        {
            "alerts.read", "alerts.stop", "travellers.read", "cases.read", "notices.read", "missions.read", "map.read",
            "agents.read", "agents.manage", "queues.read", "calls.read", "handovers.watch", "incidents.read",
            "incidents.write", "incidents.switch", "incidents.plans", "volunteers.read", "volunteers.write",
            "volunteers.approve", "surge.call", "shifts.read", "shifts.write", "staffing.read", "briefings.read",
            "briefings.write", "briefings.lift", "remittances.read", "remittances.write", "remittances.review",
            "remittances.approve", "remittances.hold", "remittances.quote", "rates.read",
            "screening.read", "screening.clear", "screening.settings",
        }
    ),
    "volunteer": frozenset(
        {
            "cases.read", "cases.work", "missions.read", "agents.self", "callbacks.work", "calls.take", "calls.read",
            "incidents.read", "shifts.read", "briefings.read",
        }
    ),
    "official": frozenset({"cases.read", "cases.answer", "missions.read", "map.read"}),
    "mission_officer": frozenset(
        {
            "alerts.read", "missions.read", "missions.own", "map.read", "remittances.read", "remittances.write",
            "remittances.review", "remittances.approve", "remittances.witness", "tills.read", "tills.witness",
        }
    ),
    "cashier": frozenset(
        {
            "missions.read", "remittances.read", "remittances.pay", "remittances.witness", "tills.read", "tills.count",
            "tills.witness",
        }
    ),
    "finance_officer": frozenset(
        {
            "missions.read", "ledger.read", "ledger.write", "ledger.close", "remittances.read", "remittances.hold",
            "remittances.quote", "remittances.deposits", "remittances.settle", "rates.read", "rates.write",
            "statements.read", "statements.import", "banks.read", "banks.write", "tills.read", "tills.settle",
            "screening.read", "screening.clear", "screening.settings",
        }
    ),
    "auditor": frozenset(
        {
            "alerts.read", "travellers.read", "cases.read", "notices.read", "missions.read", "audit.read",
            "officers.read", "map.read", "routes.read", "agents.read", "queues.read", "calls.read", "incidents.read",
            "volunteers.read", "shifts.read", "staffing.read", "ledger.read", "briefings.read", "remittances.read",
            "rates.read", "statements.read", "banks.read", "tills.read", "screening.read", "screening.settings",
        }
    ),
    "administrator": frozenset(
        {
            "alerts.read", "feeds.write", "travellers.read", "travellers.write", "notices.read", "missions.read",
            "missions.write", "audit.read", "officers.read", "officers.write", "silent.write", "system.read",
            "map.read",
            "routes.read", "routes.write", "carriers.write", "signers.write", "agents.read", "agents.manage",
            "agents.write", "queues.read", "queues.write", "cases.rules", "calls.read", "menus.write",
            "phonebook.write",
            "training.write", "incidents.read", "incidents.plans", "volunteers.read", "volunteers.write",
            "volunteers.approve", "shifts.read", "shifts.write", "staffing.read", "briefings.read", "briefings.write",
            "remittances.read", "remittances.rules", "screening.settings", "screening.lists",
            "screening.rules",
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
