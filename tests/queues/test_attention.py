"""A promised callback cannot get lost: reminder, escalation, a trace on the case, and somebody who says that they act."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.cases import working
from hotline.cases.models import Case
from hotline.cases.reading import history
from hotline.core import jobs, outbox
from hotline.core.actor import SYSTEM, Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, NotFound, Refused
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from hotline.queues import callbacks, calling, offering, tending
from hotline.queues.addressing import CLIMBS_AFTER, EVERYBODY, KINDS, NUMBER_DEAD, OVERDUE, OWNER, SENIORS, addressed_to
from hotline.queues.assigning import assign_due
from hotline.queues.attention import Attention, acknowledge, needs_attention
from hotline.queues.attention_models import AttentionItem
from hotline.queues.models import Callback
from tests.auth.conftest import Visitor
from tests.cases.test_cases import make_case
from tests.factories import make_officer, make_token
from tests.queues.making import make_agent, make_queue, open_reservations
from wsgi import build_registry

PHONE = "+821012345678"
_phones = itertools.count(10_000_000)


@pytest.fixture
def visitor(app: Any) -> Visitor:
    return Visitor(app.test_client())


def who(session: Session, *roles: str, **more: Any) -> tuple[Officer, Actor]:
    officer = make_officer(session, roles=roles, **more)
    return officer, actor_of(officer, "console")


def deliver(services: Services) -> None:
    """Let the scheduler look and tell every fact twice, as at-least-once delivery may."""
    tending.tend(services)
    with services.db.transaction() as session:
        told = [(event.topic, dict(event.payload)) for event in session.scalars(select(OutboxEvent))]
    assert outbox.deliver_due(services, jobs.registry().handlers, limit=200) >= 0
    for topic, payload in told:
        again(services, topic, payload)


def again(services: Services, topic: str, payload: Mapping[str, Any]) -> None:
    for name, handler in jobs.registry().handlers.get(topic, []):
        if name.startswith("queues."):
            handler(services, payload)


def seen_by(services: Services, reader: Actor) -> list[Attention]:
    with services.db.transaction() as session:
        return needs_attention(session, services.clock, reader)


def kinds(services: Services, reader: Actor) -> list[tuple[str, bool]]:
    return [(each.item.kind, each.mine) for each in seen_by(services, reader)]


def promised(services: Services, owner_id: int, *, case_id: int | None = None, in_minutes: int = 60) -> Callback:
    with services.db.transaction() as session:
        due_at = services.clock.now() + timedelta(minutes=in_minutes)
        phone = f"+8210{next(_phones)}"
        return callbacks.promise(session, services.clock, case_id, due_at, owner_id, phone)


@given(st.sampled_from(KINDS), st.booleans(), st.timedeltas(timedelta(), timedelta(days=2)))
def test_something_is_always_addressed_to_somebody_and_only_grows_with_time(
    kind: str, owned: bool, waits: timedelta
) -> None:
    now = addressed_to(kind, owned=owned, waits=waits)
    assert now and len(set(now)) == len(now)
    assert (OWNER in now) <= owned
    assert kind == NUMBER_DEAD or waits < CLIMBS_AFTER or EVERYBODY in now
    assert kind != OVERDUE or OWNER not in now
    assert kind != NUMBER_DEAD or now == (SENIORS,)


def test_every_fact_of_a_callback_and_a_dead_number_has_its_handler() -> None:
    topics = ("CallbackReminder", "CallbackOverdue", "CallbackGivenUp", "AgentNumberDead")
    handlers = build_registry().handlers
    assert all(handlers.get(topic) for topic in topics)


def test_a_promise_is_reminded_then_climbs_to_seniors_and_then_to_everybody(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        (officer, owner), (_, senior), (_, other) = (
            who(session, "agent"),
            who(session, "senior_agent"),
            who(session, "agent"),
        )
        case = make_case(session, clock)
    made = promised(services, officer.id, case_id=case.id)
    deliver(services)
    assert kinds(services, owner) == []
    clock.advance(timedelta(minutes=50))
    deliver(services)
    assert kinds(services, owner) == [("soon", True)]
    assert kinds(services, senior) == kinds(services, other) == [("soon", False)]
    clock.advance(timedelta(minutes=25))
    deliver(services)
    assert kinds(services, senior) == [("overdue", True)]
    assert kinds(services, owner) == kinds(services, other) == [("overdue", False)]
    clock.advance(CLIMBS_AFTER)
    deliver(services)
    assert kinds(services, other) == [("overdue", True)]
    assert kinds(services, owner) == [("overdue", False)]
    with services.db.transaction() as session:
        assert [entry.kind for entry in history(session, case.id)].count("callback_overdue") == 1
        callbacks.cancel(session, clock, owner, made.id, event="settle")
    assert kinds(services, senior) == []


def test_whoever_acknowledges_is_kept_and_an_owner_cannot_quieten_what_climbed(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        (officer, owner), (boss, senior) = who(session, "senior_agent"), who(session, "senior_agent")
        _, machine = who(session, "auditor")
    promised(services, officer.id, in_minutes=1)
    clock.advance(timedelta(minutes=16))
    deliver(services)
    [found] = seen_by(services, senior)
    for refused in (owner, machine):
        with pytest.raises(Forbidden), services.db.transaction() as session:
            acknowledge(session, clock, refused, found.item.id)
    with pytest.raises(Refused), services.db.transaction() as session:
        acknowledge(session, clock, SYSTEM, found.item.id)
    with pytest.raises(NotFound), services.db.transaction() as session:
        acknowledge(session, clock, senior, found.item.id + 100)
    for _ in range(2):
        with services.db.transaction() as session:
            acknowledge(session, clock, senior, found.item.id)
        clock.advance(timedelta(seconds=30))
    [shown] = seen_by(services, owner)
    assert (shown.item.acknowledged_by_id, shown.acknowledged_by) == (boss.id, boss.display_name)
    with services.db.transaction() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "attention.acknowledged")).all()
    assert [(entry.actor_id, entry.subject_kind) for entry in entries] == [(boss.id, "callback")]


def test_a_given_up_callback_wakes_its_case_and_stays_open_work_until_somebody_decides(
    services: Services, clock: FrozenClock, visitor: Visitor
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session)
        officer, owner = who(session, "agent")
        _, senior = who(session, "senior_agent")
        case = make_case(session, clock)
        working.take(session, clock, owner, case.id)
        working.wait(session, clock, owner, case.id)
    made = promised(services, officer.id, case_id=case.id, in_minutes=0)
    tending.tend(services)
    assert assign_due(services) == 1
    [held] = open_reservations(services)
    with services.db.transaction() as session:
        offering.accepted(session, clock, held.token)
        calling.outcome(session, clock, made.id, held.token, "dead_number")
        offering.finished(session, clock, held.token)
        offering.wrap_up(session, clock, agent.id, "other")
    clock.advance(timedelta(hours=5))
    deliver(services)
    assert kinds(services, owner) == kinds(services, senior) == [("given_up", True)]
    with services.db.transaction() as session:
        [entry] = [each for each in history(session, case.id) if each.kind == "callback_given_up"]
        assert entry.details == {"callback_id": made.id, "why": "dead_number"}
        assert session.get_one(Case, case.id).state == "in_hand"
        acknowledge(session, clock, owner, seen_by(services, owner)[0].item.id)
    visitor.sign_in(officer.name)
    page = visitor.get(f"/cases/{case.id}").get_data(as_text=True)
    assert "Callback given up, nobody was reached" in page and f"/callbacks#row-{made.id}" in page
    assert f'id="row-{made.id}"' in visitor.get("/callbacks").get_data(as_text=True)
    assert [kind for kind, _ in kinds(services, senior)] == ["given_up"], "acknowledged, it is work still"
    with services.db.transaction() as session:
        callbacks.reopen(session, clock, owner, made.id, clock.now() + timedelta(hours=1))
    assert kinds(services, senior) == []
    deliver(services)
    assert kinds(services, senior) == [], "an old fact told again raises nothing"
    clock.advance(timedelta(hours=1))
    deliver(services)
    assert ("soon", True) in kinds(services, owner), "a callback that is tried again is watched anew"


def test_a_reserved_time_without_an_owner_is_everybodys_when_it_is_overdue(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        _, other = who(session, "agent")
        callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now() + timedelta(minutes=5))
    deliver(services)
    assert kinds(services, other) == []
    clock.advance(timedelta(minutes=20))
    deliver(services)
    assert kinds(services, other) == [("overdue", True)]


def test_what_is_owned_by_somebody_who_left_is_everybodys_at_once(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        officer, _ = who(session, "agent")
        _, other = who(session, "agent")
    promised(services, officer.id, in_minutes=5)
    with services.db.transaction() as session:
        session.get_one(Officer, officer.id).disabled_at = clock.now()
    deliver(services)
    assert kinds(services, other) == [("soon", True)]


def test_a_fact_about_a_settled_callback_or_an_unknown_one_raises_nothing(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        officer, owner = who(session, "agent")
    made = promised(services, officer.id, in_minutes=5)
    tending.tend(services)
    with services.db.transaction() as session:
        callbacks.cancel(session, clock, owner, made.id)
    deliver(services)
    for topic in ("CallbackReminder", "CallbackOverdue", "CallbackGivenUp"):
        again(services, topic, {"callback_id": 12345})
    again(services, "AgentNumberDead", {"agent_id": 12345, "reservation_id": 1})
    with services.db.transaction() as session:
        assert session.scalars(select(AttentionItem)).all() == []


def test_a_dead_number_takes_the_agent_off_and_is_the_supervisors_until_they_have_seen_it(
    services: Services, clock: FrozenClock, visitor: Visitor
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        agent = make_agent(session)
        boss, senior = who(session, "senior_agent")
        _, other = who(session, "agent")
        callbacks.reserve(session, clock, queue="general", phone=PHONE, at=clock.now())
    assert assign_due(services) == 1
    [held] = open_reservations(services)
    with services.db.transaction() as session:
        offering.missed(session, clock, held.token, "dead_number")
    deliver(services)
    assert (NUMBER_DEAD, True) in kinds(services, senior) and (NUMBER_DEAD, False) in kinds(services, other)
    with services.db.transaction() as session:
        found = session.get_one(Agent, agent.id)
        assert (found.state, found.reason) == ("not_ready", "dead_number")
    visitor.sign_in(boss.name)
    assert "number does not work" in visitor.get("/wallboard").get_data(as_text=True)
    assert "their number does not work" in visitor.get("/agents").get_data(as_text=True)
    item = seen_by(services, senior)[0].item
    assert visitor.post(f"/attention/{item.id}/acknowledge", {"back": "callbacks"}).location == "/callbacks"
    assert NUMBER_DEAD in [kind for kind, _ in kinds(services, senior)], "still held back by it"
    with services.db.transaction() as session:
        session.get_one(Agent, agent.id).state, session.get_one(Agent, agent.id).reason = "ready", ""
    assert NUMBER_DEAD not in [kind for kind, _ in kinds(services, senior)]


def test_the_list_stands_where_duty_officers_look_and_the_api_says_the_same(
    services: Services, clock: FrozenClock, visitor: Visitor, client: FlaskClient
) -> None:
    with services.db.transaction() as session:
        make_queue(session)
        officer, _ = who(session, "agent")
        boss, _ = who(session, "senior_agent")
        key = {"Authorization": f"Bearer {make_token(session, boss)}"}
        watcher = {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=('auditor',)))}"}
    made = promised(services, officer.id, in_minutes=1)
    clock.advance(timedelta(minutes=16))
    deliver(services)
    visitor.sign_in(boss.name)
    for address in ("/wallboard", "/wallboard?big=1", "/callbacks", "/attention/part", "/attention/panel", "/"):
        assert "Callback is overdue" in visitor.get(address).get_data(as_text=True), address
    told = client.get("/api/v1/attention", headers=key).get_json()["items"]
    assert [(each["kind"], each["callback_id"], each["owner_id"], each["mine"]) for each in told] == [
        ("overdue", made.id, officer.id, True)
    ]
    address = f"/api/v1/attention/{told[0]['id']}/acknowledge"
    assert client.post(address, headers=watcher).status_code == 403
    answer = client.post(address, headers=key)
    assert (answer.status_code, answer.get_json()["acknowledged_by_id"]) == (200, boss.id)
    assert client.post("/api/v1/attention/999/acknowledge", headers=key).status_code == 404
    assert f"seen by {boss.display_name}" in visitor.get("/attention/part").get_data(as_text=True)
    assert "Nothing waits for you." in visitor.get("/attention/panel").get_data(as_text=True)
    assert visitor.post("/attention/999/acknowledge").status_code == 404
