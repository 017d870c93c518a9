"""Texts from handsets: tied to the person and the alert, kept once, and stop words obeyed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from alerts.inbound import STOP_WORDS, IncomingText, answers, receive
from alerts.models import InboundText
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput
from hotline.core.services import Services
from hotline.people.models import Traveller
from tests.alerts.senders import make_approved, make_message
from tests.factories import NOW, make_traveller

PHONE = "+821012345678"


def text_from(sender: str = PHONE, body: str = "I am safe", sid: str = "SM1") -> IncomingText:
    return IncomingText(sid, sender, "+15005550006", body)


def person(services: Services, **more: object) -> int:
    with services.db.transaction() as session:
        return make_traveller(session, **({"phone": PHONE} | more)).id  # type: ignore[arg-type]


def warned(services: Services, traveller_id: int) -> int:
    with services.db.transaction() as session:
        alert = make_approved(session, state="finished")
        make_message(session, alert, phone=PHONE, traveller_id=traveller_id, state="sent")
        return alert.id


def opted_out(services: Services, traveller_id: int) -> bool:
    with services.db.transaction() as session:
        return session.get_one(Traveller, traveller_id).opted_out_at is not None


def test_a_text_belongs_to_its_sender_and_the_latest_alert_they_got(services: Services) -> None:
    traveller_id = person(services)
    warned(services, traveller_id)
    latest = warned(services, traveller_id)
    assert receive(services, text_from())
    with services.db.transaction() as session:
        row = session.scalars(select(InboundText)).one()
    assert (row.traveller_id, row.alert_id, row.received_at) == (traveller_id, latest, NOW)


def test_a_text_from_a_person_without_any_alert_is_tied_to_the_person(services: Services) -> None:
    traveller_id = person(services)
    receive(services, text_from())
    with services.db.transaction() as session:
        row = session.scalars(select(InboundText)).one()
    assert (row.traveller_id, row.alert_id) == (traveller_id, None)


def test_a_text_from_a_stranger_is_kept_all_the_same(services: Services) -> None:
    assert receive(services, text_from(sender="+819011112222"))
    with services.db.transaction() as session:
        row = session.scalars(select(InboundText)).one()
    assert (row.traveller_id, row.alert_id) == (None, None)


def test_an_erased_person_is_not_recognised_any_more(services: Services) -> None:
    person(services, erased_at=NOW)
    receive(services, text_from())
    with services.db.transaction() as session:
        assert session.scalars(select(InboundText.traveller_id)).one() is None


def test_the_same_text_delivered_twice_is_kept_once_and_obeyed_once(services: Services) -> None:
    traveller_id = person(services)
    assert receive(services, text_from(body="STOP"))
    receive(services, text_from(body="START", sid="SM2"))
    assert not receive(services, text_from(body="STOP"))
    assert not opted_out(services, traveller_id)


def test_a_stop_word_opts_everybody_with_the_number_out(services: Services) -> None:
    family = [person(services), person(services)]
    other = person(services, phone="+821000000000")
    receive(services, text_from(body="STOP"))
    assert [opted_out(services, each) for each in [*family, other]] == [True, True, False]
    with services.db.transaction() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "traveller.opted_out")).all()
        assert [(entry.subject_id, entry.actor_kind) for entry in entries] == [(each, "webhook") for each in family]


def test_every_stop_word_in_any_writing_opts_out(services: Services) -> None:
    for nth, body in enumerate([*sorted(STOP_WORDS), " stop\n", "Cancel"]):
        phone = f"+82105555{nth:04d}"
        traveller_id = person(services, phone=phone)
        receive(services, text_from(sender=phone, body=body, sid=f"SM{nth}"))
        assert opted_out(services, traveller_id), body


def test_a_text_that_only_contains_a_stop_word_opts_nobody_out(services: Services) -> None:
    traveller_id = person(services)
    for nth, body in enumerate(["stop it, please", "I cannot stop", "", "END OF STORY", "1"]):
        receive(services, text_from(body=body, sid=f"SM{nth}"))
    assert not opted_out(services, traveller_id)


@pytest.mark.parametrize("body", ["START", "unstop"])
def test_a_start_word_opts_in_again(services: Services, body: str) -> None:
    traveller_id = person(services, opted_out_at=NOW)
    receive(services, text_from(body=body))
    assert not opted_out(services, traveller_id)
    with services.db.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "traveller.opted_in")).one()
    assert entry.after == {"opted_out": False, "provider_sid": "SM1"}


def test_saying_stop_again_keeps_the_first_moment_and_adds_no_audit_entry(
    services: Services, clock: FrozenClock
) -> None:
    traveller_id = person(services, opted_out_at=NOW)
    clock.advance(timedelta(hours=1))
    receive(services, text_from(body="STOP"))
    with services.db.transaction() as session:
        assert session.get_one(Traveller, traveller_id).opted_out_at == NOW
        assert session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "traveller")).all() == []


def test_a_new_text_tells_the_alerts_page_to_look_again(services: Services) -> None:
    alert_id = warned(services, person(services))
    listener = services.redis.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(f"live:alert:{alert_id}")
    receive(services, text_from())
    # The first answers are the listener's own subscription, which it keeps to itself.
    heard = next((hint for hint in (listener.get_message(timeout=0.2) for _ in range(20)) if hint), None)
    listener.close()
    assert heard is not None


def test_answers_come_newest_first_and_page_by_page(services: Services) -> None:
    alert_id = warned(services, person(services))
    for nth in range(5):
        receive(services, text_from(body=f"text {nth}", sid=f"SM{nth}"))
    with services.db.transaction() as session:
        first = answers(session, alert_id, limit=2)
        second = answers(session, alert_id, limit=10, before=first[-1].id)
        assert [row.body for row in [*first, *second]] == ["text 4", "text 3", "text 2", "text 1", "text 0"]
        assert answers(session, alert_id + 1) == []


@pytest.mark.parametrize("limit", [0, 201])
def test_a_page_has_a_limit(services: Services, limit: int) -> None:
    with services.db.transaction() as session, pytest.raises(InvalidInput, match="limit"):
        answers(session, 1, limit=limit)
