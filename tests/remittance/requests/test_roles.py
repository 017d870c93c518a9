"""Who may do what by role: every event of a remittance's life for every role there is, by the table below, and so by the API.

The table is written from the ministry's rules and not from the code; that two people are needed has tests of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from hotline.auth.models import Officer
from hotline.auth.permissions import ROLES
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden
from hotline.core.services import Services
from remittance.requests.models import Remittance
from remittance.requests.states import HOLDABLE, REMITTANCE
from tests.factories import make_token
from tests.remittance.requests.making import make_actor, make_hong_kong, make_remittance

NOBODY = frozenset[str]()
"""The bank's statement, the clock or the service itself: no officer may say that it happened."""
ASKS = frozenset({"agent", "senior_agent", "duty_chief", "mission_officer"})
REVIEWS = frozenset({"senior_agent", "duty_chief", "mission_officer"})
DECIDES = frozenset({"duty_chief", "mission_officer"})
QUOTES = frozenset({"senior_agent", "duty_chief", "finance_officer"})
PAYS = frozenset({"cashier"})
HOLDS = frozenset({"duty_chief", "finance_officer"})
FINANCE = frozenset({"finance_officer"})

MAY: dict[str, frozenset[str]] = {
    "review": REVIEWS, "send_back": REVIEWS, "approve": DECIDES, "reject": DECIDES, "quote": QUOTES, "quote_again": QUOTES,
    "reroute": REVIEWS, "cancel": ASKS, "expire": NOBODY, "release": NOBODY, "pay": PAYS, "settle": FINANCE,
    "deposit": NOBODY, "deposit_part": NOBODY, "deposit_over": NOBODY, "deposit_other": NOBODY, "deposit_more": NOBODY,
    "deposit_returned": NOBODY, "accept": FINANCE, "refund": FINANCE, "refunded": FINANCE,
    "undo": FINANCE, "undo_part": FINANCE, "undo_other": FINANCE, "undo_whole": FINANCE, "undo_over": FINANCE,
    "undo_cancelled": FINANCE, "undo_expired": FINANCE, "undo_rejected": FINANCE, "undo_refund": FINANCE,
    "dispute": FINANCE, "uphold": FINANCE, "uphold_settled": FINANCE,
    "hold": HOLDS, "reject_held": HOLDS, "refund_held": HOLDS,
    **{f"lift_{state}": HOLDS for state in HOLDABLE},
}  # fmt: skip


@dataclass(frozen=True)
class Door:
    """Where an event is caused: the remittance's state (and what it is held in), the route, and what is sent."""

    state: str
    path: str
    json: dict[str, Any]
    held: str | None = None


def decision(state: str, event: str, held: str | None = None) -> Door:
    return Door(state, "/remittances/{one}/decide", {"event": event, "reason": "decided"}, held)


WHY = {"reason": "told by the bank"}
UNDO = "/suspense/999/undo"
NOTED = {"identity": "passport", "duress": "free"}
SEEN = {
    "code": "1234-5678", "document_kind": "passport", "document_name": "KIM", "document_number": "M1",
    "notes": [{"value_minor": 10_000, "count": 1}],
}  # fmt: skip
DOORS: dict[str, Door] = {
    "review": Door("requested", "/remittances/{one}/review", {}),
    "send_back": decision("under_review", "send_back"),
    "approve": Door("under_review", "/remittances/{one}/approve", {}),
    "reject": decision("under_review", "reject"),
    "quote": Door("approved", "/remittances/{one}/quote", {}),
    "quote_again": Door("quoted", "/remittances/{one}/quote", {}),
    "reroute": Door("ready", "/remittances/{one}/reroute", {"mission_id": 999, **WHY}),
    "cancel": decision("approved", "cancel"),
    "accept": Door("partial", "/remittances/{one}/deposit/accept", WHY),
    "refund": Door("partial", "/remittances/{one}/deposit/refund", WHY),
    "refunded": Door("refund_pending", "/suspense/999/assign", {"remittance_id": 1, **WHY}),
    "pay": Door("ready", "/remittances/{one}/payout", SEEN),
    "settle": Door("paid", "/settlements", {"mission_id": 999, "currency": "USD", "last_day": "2026-11-20"}),
    "dispute": Door("paid", "/remittances/{one}/dispute", {"event": "dispute", **WHY}),
    "uphold": Door("disputed", "/remittances/{one}/dispute", {"event": "uphold", **WHY}),
    "hold": decision("approved", "hold"),
    "reject_held": decision("on_hold", "reject_held", "approved"),
    "refund_held": decision("on_hold", "refund_held", "approved"),
    "lift_approved": Door("on_hold", "/remittances/{one}/lift", WHY, "approved"),
    **{event: Door("deposited", UNDO, WHY) for event in MAY if event.startswith("undo")},
}
SAME_DOOR = {"uphold_settled": "uphold"} | {
    f"lift_{state}": "lift_approved" for state in HOLDABLE if state != "approved"
}
"""Events that the remittance's own past chooses, behind a door that stands above."""


def test_every_event_of_the_life_and_nothing_else_is_in_the_table() -> None:
    events = {each.event for each in REMITTANCE.transitions}
    assert events == set(MAY)
    assert set(DOORS) | set(SAME_DOOR) == {event for event in events if MAY[event]}, "what officers cause has a door"


@pytest.mark.parametrize("event", sorted(MAY))
def test_the_life_lets_exactly_these_roles(services: Services, clock: FrozenClock, event: str) -> None:
    with services.db.transaction() as session:
        actors = {role: make_actor(session, clock, role) for role in ROLES}
        for each in REMITTANCE.transitions:
            if each.event != event:
                continue
            may = set[str]()
            for role, actor in actors.items():
                try:
                    assert REMITTANCE.next_state(each.state, event, actor) == each.target
                except Forbidden:
                    continue
                may.add(role)
            assert may == MAY[event], f"{event} while {each.state}"
            assert REMITTANCE.next_state(each.state, event, SYSTEM) == each.target


@pytest.mark.parametrize("event", sorted(DOORS))
def test_the_door_is_closed_to_everybody_else(client: FlaskClient, services: Services, event: str) -> None:
    door, clock = DOORS[event], services.clock
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        one = make_remittance(session, clock, mission=mission).id
        actors = {role: make_actor(session, clock, role, mission=mission) for role in ROLES}
        tokens = {role: make_token(session, session.get_one(Officer, actor.id)) for role, actor in actors.items()}
    let = set[str]()
    for role, token in tokens.items():
        with services.db.transaction() as session:  # as if nobody had come through the door before
            values = {
                "state": door.state,
                "held_state": "approved" if door.state == "on_hold" else None,
                "ended_at": None,
            }
            session.execute(update(Remittance).where(Remittance.id == one).values(**values))
        answer = client.post(
            f"/api/v1{door.path.format(one=one)}", json=door.json, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code in (200, 201, 403, 404, 409, 422), answer.json
        if answer.status_code != 403:
            let.add(role)
    assert let == MAY[event]


@pytest.mark.parametrize(
    ("path", "json", "roles"),
    [
        ("/remittances", {}, ASKS),
        ("/remittances/{one}/note", NOTED, REVIEWS),
        ("/remittances/{one}/pickup-code", {}, ASKS),
        ("/remittances/{one}/texts/again", {}, ASKS),
        ("/remittances/{one}/outside-hours", WHY, DECIDES),
        ("/remittances/{one}/payout/confirm", {}, PAYS | {"mission_officer"}),
        ("/remittances/{one}/payout/withdraw", {}, PAYS | {"mission_officer"}),
        ("/settlements/999/confirm", {"digest": "0" * 64}, FINANCE),
        ("/settlements/999/withdraw", {"note": "x"}, FINANCE),
        ("/settlements/999/pay", {"bank_entry_id": 1}, FINANCE),
        ("/rates/999/agree", {}, FINANCE),
        ("/suspense/999/undo/agree", {}, FINANCE),
        ("/suspense/999/undo/refuse", WHY, FINANCE),
        ("/screening/findings/999/clear", WHY, HOLDS),
        ("/tills/differences/999", {"act": "ask", "note": "x"}, FINANCE),
        ("/missions/{mission}/till/counts", {"currency": "USD", "kind": "spot", "key": "k", "pieces": {}}, PAYS),
        ("/remittance-policies", {}, {"administrator"}),
    ],
)  # fmt: skip
def test_what_changes_no_state_has_its_roles_too(
    client: FlaskClient, services: Services, path: str, json: dict[str, Any], roles: frozenset[str]
) -> None:
    clock = services.clock
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        one = make_remittance(session, clock, mission=mission).id
        actors = {role: make_actor(session, clock, role, mission=mission) for role in ROLES}
        tokens = {role: make_token(session, session.get_one(Officer, actor.id)) for role, actor in actors.items()}
        where = f"/api/v1{path.format(one=one, mission=mission.id)}"
    let = {
        role
        for role, token in tokens.items()
        if client.post(where, json=json, headers={"Authorization": f"Bearer {token}"}).status_code != 403
    }
    assert let == set(roles)
