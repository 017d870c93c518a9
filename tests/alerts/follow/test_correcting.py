"""Stop and correct: the text was agreed to by two, one on duty lets it go, and exactly those who got the alert get it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from alerts import approval
from alerts.follow import correcting, in_flight, joins
from alerts.models import Alert
from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.errors import Forbidden, Refused
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from tests.alerts.follow.conftest import ELSEWHERE, HERE, Chain
from tests.factories import make_officer


def officer(services: Services, *roles: str) -> Actor:
    with services.db.transaction() as session:
        return actor_of(make_officer(session, roles=roles), "console")


@pytest.fixture
def on_duty(services: Services) -> Actor:
    """Somebody who may stop an alert, and neither write nor approve one."""
    return officer(services, "senior_agent")


def correct(chain: Chain, actor: Actor, alert_id: int, **more: Any) -> Alert:
    with chain.services.db.transaction() as session:
        return correcting.stop_and_correct(session, chain.clock, actor, alert_id, **more)


def test_one_officer_stops_and_the_correction_goes_to_exactly_those_who_got_it(chain: Chain, on_duty: Actor) -> None:
    had, gone, waiting = chain.person(), chain.person(), chain.person()
    alert = chain.add()
    chain.start(alert)
    chain.send(alert, [had, gone])
    chain.move(gone, ELSEWHERE)
    correction = correct(chain, on_duty, alert, reason="no such flood")
    newcomer = chain.person(HERE)
    assert (chain.alert(alert).state, chain.alert(alert).ended_reason) == ("cancelled", "no such flood")
    assert chain.start(correction.id) == "dispatching"
    assert chain.variants(correction.id) == {had: "correction", gone: "correction"}
    assert chain.states(alert)[waiting] == "withdrawn"
    assert newcomer not in chain.states(correction.id)


def test_the_correction_says_what_was_agreed_with_the_alert(chain: Chain, on_duty: Actor) -> None:
    chain.person()
    alert = chain.first()
    made = correct(chain, on_duty, alert)
    corrected, correction = chain.alert(alert), chain.alert(made.id)
    assert corrected.approval is not None and correction.approval is not None
    assert correction.approval.texts == {"correction": corrected.approval.texts["correction"]}
    assert correction.approval.officer_id == corrected.approval.officer_id
    assert (correction.released_by_id, correction.author_id) == (on_duty.id, corrected.author_id)
    assert (correction.follows_id, correction.msg_type, correction.source) == (alert, "Cancel", "correction")


def test_it_is_on_the_trail_who_let_it_go(chain: Chain, on_duty: Actor) -> None:
    chain.person()
    alert = chain.first()
    correction = correct(chain, on_duty, alert)
    with chain.services.db.transaction() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.actor_id == on_duty.id).order_by(AuditEntry.seq)
        ).all()
        assert [(entry.action, entry.subject_id) for entry in entries] == [
            ("alert.cancelled", alert),
            ("alert.correction_released", correction.id),
            ("alert.corrected", alert),
        ]
        topics = session.scalars(select(OutboxEvent.topic).order_by(OutboxEvent.id)).all()
        assert topics[-2:] == ["AlertCancelled", "AlertApproved"]


@pytest.mark.parametrize("state", ["finished", "cancelled", "expired"])
def test_an_alert_that_has_ended_can_still_be_corrected(chain: Chain, on_duty: Actor, state: str) -> None:
    person = chain.person()
    alert = chain.first()
    with chain.services.db.transaction() as session:
        session.get_one(Alert, alert).state = state
    correction = correct(chain, on_duty, alert)
    chain.start(correction.id)
    assert chain.alert(alert).state == ("cancelled" if state == "finished" else state)
    assert chain.variants(correction.id) == {person: "correction"}


def test_an_alert_that_everybody_got_is_corrected_after_its_end(chain: Chain, on_duty: Actor) -> None:
    person = chain.person()
    alert = chain.first()
    with chain.services.db.transaction() as session:
        row = session.get_one(Alert, alert)
        row.state = "finished"
        chain.clock.set(row.expires + timedelta(minutes=1))
    correction = correct(chain, on_duty, alert)
    chain.start(correction.id)
    assert chain.alert(alert).state == "finished"
    assert chain.variants(correction.id) == {person: "correction"}


def test_nobody_who_comes_later_gets_what_was_corrected(chain: Chain, on_duty: Actor) -> None:
    chain.person()
    alert = chain.first()
    with chain.services.db.transaction() as session:
        session.get_one(Alert, alert).state = "finished"
    correct(chain, on_duty, alert)
    newcomer = chain.person(HERE)
    assert joins.sweep(chain.services) == 0
    assert newcomer not in chain.states(alert)


def test_a_correction_that_died_unsent_stands_in_nobodys_way(chain: Chain, on_duty: Actor) -> None:
    person = chain.person()
    alert = chain.first()
    first = correct(chain, on_duty, alert)
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE officers SET disabled_at = now() WHERE id = :id"), {"id": on_duty.id})
    assert chain.start(first.id) == "cancelled"
    second = correct(chain, officer(chain.services, "senior_agent"), alert)
    assert second.id != first.id
    chain.start(second.id)
    assert chain.variants(second.id) == {person: "correction"}


def test_asked_twice_there_is_one_correction(chain: Chain, on_duty: Actor) -> None:
    person = chain.person()
    alert = chain.first()
    first = correct(chain, on_duty, alert)
    chain.start(first.id)
    assert correct(chain, on_duty, alert).id == first.id
    assert chain.states(first.id) == {person: "queued"}


def test_nobody_lets_it_go_who_may_not_stop_an_alert(chain: Chain) -> None:
    chain.person()
    alert = chain.first()
    for role in ("auditor", "mission_officer", "administrator"):
        with pytest.raises(Forbidden):
            correct(chain, officer(chain.services, role), alert)
    assert chain.alert(alert).state == "dispatching"


def test_what_was_never_sent_or_was_replaced_is_not_corrected(chain: Chain, on_duty: Actor) -> None:
    chain.person()
    alert = chain.add()
    with pytest.raises(Refused, match="nothing to correct"):
        correct(chain, on_duty, alert)
    chain.start(alert)
    chain.start(chain.add("Update"))
    with pytest.raises(Refused, match="stands in its place"):
        correct(chain, on_duty, alert)


def test_a_correction_is_not_corrected_itself(chain: Chain, on_duty: Actor) -> None:
    chain.person()
    correction = correct(chain, on_duty, chain.first())
    chain.start(correction.id)
    with pytest.raises(Refused, match="no prepared correction"):
        correct(chain, on_duty, correction.id)


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE approvals SET texts = jsonb_set(texts, '{correction,ko}', '"other words"') WHERE alert_id = :correction""",
        """UPDATE approvals SET texts = jsonb_set(texts, '{correction,ko}', '"other words"') WHERE alert_id = :alert""",
        "UPDATE officers SET disabled_at = now() WHERE id = :officer",
        "UPDATE officers SET roles = '{auditor}' WHERE id = :officer",
        "UPDATE alerts SET released_by_id = NULL WHERE id = :correction",
    ],
)
def test_a_correction_that_is_not_what_was_agreed_is_not_sent(chain: Chain, on_duty: Actor, change: str) -> None:
    chain.person()
    alert = chain.first()
    correction = correct(chain, on_duty, alert).id
    with chain.services.db.transaction() as session:
        session.execute(text(change), {k: v for k, v in
                                       {"alert": alert, "correction": correction, "officer": on_duty.id}.items()
                                       if f":{k}" in change})  # fmt: skip
    assert chain.start(correction) == "cancelled"
    assert chain.states(correction) == {}


def test_the_approver_may_be_off_duty_when_the_correction_goes(chain: Chain, on_duty: Actor) -> None:
    person = chain.person()
    alert = chain.first()
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE officers SET disabled_at = now() WHERE 'approver' = ANY(roles)"))
    correction = correct(chain, on_duty, alert)
    chain.start(correction.id)
    assert chain.variants(correction.id) == {person: "correction"}


def test_whoever_was_in_flight_is_corrected_only_if_the_alert_arrived(chain: Chain, on_duty: Actor) -> None:
    arrives, fails = chain.person(), chain.person()
    alert = chain.add()
    chain.start(alert)
    chain.send(alert, state="sending")
    correction = correct(chain, on_duty, alert)
    chain.start(correction.id)
    chain.send(alert, [arrives], "sent")
    chain.send(alert, [fails], "withdrawn")
    in_flight.settle(chain.services)
    chain.send(correction.id)
    assert chain.states(correction.id) == {arrives: "sent", fails: "withdrawn"}


def test_an_alert_whose_approver_withdrew_nothing_can_be_warned_of_again(chain: Chain, on_duty: Actor) -> None:
    """After a correction people count as not warned: the next alert of the chain reaches them whole."""
    person = chain.person()
    alert = chain.first()
    correction = correct(chain, on_duty, alert)
    chain.start(correction.id)
    chain.send(correction.id)
    chain.ids.append(correction.id)
    again = chain.add("Update", follows_id=alert)
    chain.start(again)
    assert chain.variants(again) == {person: "alert"}


def test_a_stopped_alert_stays_stopped_when_its_correction_is_refused(chain: Chain, on_duty: Actor) -> None:
    chain.person()
    alert = chain.add()
    chain.start(alert)
    with chain.services.db.transaction() as session:
        approval.cancel(session, chain.clock, on_duty, alert)
    correction = correct(chain, on_duty, alert)
    assert chain.start(correction.id) == "finished", "nobody had got it"
    assert chain.alert(alert).state == "cancelled"
