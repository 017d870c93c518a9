"""Whoever was told "you are out" and comes back while that update is live gets the alert again, once for each update."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from alerts import erasure
from alerts.dispatch import ending
from alerts.follow import in_flight, joins
from alerts.follow.models import AlertReturn, PastMessage
from alerts.models import AudienceSnapshot, Message
from hotline.core.audit import AuditEntry
from tests.alerts.follow.conftest import ELSEWHERE, HERE, NORTH, WIDE, Chain
from tests.factories import NOW


def told_out(chain: Chain, state: str | None = "sent") -> tuple[str, int]:
    """Somebody who was warned, left, and whose text of the update that says so has come to a state."""
    stays, phone = chain.person(), chain.person()
    chain.first()
    chain.move(phone, ELSEWHERE)
    update = chain.add("Update")
    chain.start(update)
    chain.send(update, [stays])
    if state is not None:
        chain.send(update, [phone], state)
    assert chain.variants(update)[phone] == "left"
    return phone, update


def past(chain: Chain) -> list[tuple[str, str]]:
    with chain.services.db.transaction() as session:
        return list(session.execute(select(PastMessage.variant, PastMessage.state).order_by(PastMessage.id)).tuples())


@pytest.mark.parametrize("state", ["sent", "delivered"])
def test_whoever_comes_back_gets_the_whole_alert_again(chain: Chain, state: str) -> None:
    phone, update = told_out(chain, state)
    assert ending.finish(chain.services, update)
    assert joins.sweep(chain.services) == 0
    chain.move(phone, HERE)
    assert joins.sweep(chain.services) == 1
    assert (chain.variants(update)[phone], chain.states(update)[phone]) == ("alert", "queued")
    assert past(chain) == [("left", state)]
    again = chain.alert(update)
    assert (again.state, again.finished_at) == ("dispatching", None)
    with chain.services.db.transaction() as session:
        assert session.get_one(AudienceSnapshot, update).joined == 0, "nobody is counted twice"
        actions = session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject_id == update).order_by(AuditEntry.seq)
        )
        assert list(actions)[-1] == "alert.resumed"


def test_somebody_who_flaps_at_the_border_gets_one_text_again_for_each_update(chain: Chain) -> None:
    phone, update = told_out(chain)
    for _ in range(5):
        chain.move(phone, HERE)
        joins.sweep(chain.services)
        chain.send(update)
        chain.move(phone, ELSEWHERE)
        joins.sweep(chain.services)
    assert len(past(chain)) == 1
    assert chain.variants(update)[phone] == "alert"
    third = chain.add("Update")
    chain.start(third)
    assert chain.variants(third)[phone] == "left"


def test_a_text_that_says_out_and_has_not_left_becomes_what_changed(chain: Chain) -> None:
    phone, update = told_out(chain, None)
    chain.move(phone, HERE)
    assert joins.sweep(chain.services) == 0
    assert (chain.variants(update)[phone], chain.states(update)[phone]) == ("update", "queued")
    assert past(chain) == []


@pytest.mark.parametrize("under_way", ["sending", "in_doubt"])
def test_a_text_under_way_settles_before_the_alert_comes_again(chain: Chain, under_way: str) -> None:
    phone, update = told_out(chain, under_way)
    chain.move(phone, HERE)
    for _ in range(2):
        assert joins.sweep(chain.services) == 0
        assert chain.states(update)[phone] == under_way
    chain.send(update, [phone])
    assert joins.sweep(chain.services) == 1
    assert (chain.variants(update)[phone], chain.states(update)[phone]) == ("alert", "queued")
    with chain.services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(AlertReturn)) == 0


def test_who_goes_away_again_meanwhile_gets_nothing(chain: Chain) -> None:
    phone, update = told_out(chain, "sending")
    chain.move(phone, HERE)
    joins.sweep(chain.services)
    chain.move(phone, ELSEWHERE)
    chain.send(update, [phone])
    assert joins.sweep(chain.services) == 0
    assert chain.variants(update)[phone] == "left"
    with chain.services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(AlertReturn)) == 0


def test_who_never_heard_that_they_were_out_gets_what_changed(chain: Chain) -> None:
    phone, update = told_out(chain, "failed")
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE messages SET retry_at = :at WHERE state = 'failed'"), {"at": NOW})
    chain.move(phone, HERE)
    assert joins.sweep(chain.services) == 1
    assert (chain.variants(update)[phone], chain.states(update)[phone]) == ("update", "queued")
    with chain.services.db.transaction() as session:
        retries = session.scalar(select(func.count()).select_from(Message).where(Message.retry_at.is_not(None)))
        assert retries == 0, "the text that is out of date is not tried again"


def test_whoever_needed_nothing_when_it_was_decided_and_enters_later_gets_the_alert(chain: Chain) -> None:
    phone = chain.person()
    first = chain.add()
    chain.start(first)
    chain.send(first, [phone], "sending")
    chain.move(phone, ELSEWHERE)
    update = chain.add("Update", WIDE)
    chain.start(update)
    chain.send(first, [phone], "failed")
    assert in_flight.settle(chain.services) == 1
    assert chain.states(update) == {phone: "withdrawn"}
    chain.move(phone, HERE)
    assert joins.sweep(chain.services) == 1
    assert (chain.variants(update), chain.states(update)) == ({phone: "alert"}, {phone: "queued"})


def test_a_waiting_update_is_not_turned_into_the_alert_for_somebody_who_has_left_meanwhile(chain: Chain) -> None:
    stays, leaves, unknown = chain.person(), chain.person(), chain.person()
    first = chain.add()
    chain.start(first)
    chain.send(first, state="sending")
    update = chain.add("Update")
    chain.start(update)
    assert chain.variants(update) == {stays: "update", leaves: "update", unknown: "update"}
    chain.move(leaves, ELSEWHERE)
    chain.move(unknown, None)
    chain.send(first, state="failed")
    assert in_flight.settle(chain.services) == 3
    assert chain.variants(update) == {stays: "alert"}
    assert chain.states(update) == {stays: "queued", leaves: "withdrawn", unknown: "withdrawn"}


def test_the_next_message_counts_a_text_that_made_room(chain: Chain) -> None:
    phone, update = told_out(chain)
    chain.move(phone, HERE)
    assert joins.sweep(chain.services) == 1
    third = chain.add("Update")
    chain.start(third)  # what waits is withdrawn: "you are out" is the last that the handset got
    assert chain.states(update)[phone] == "withdrawn"
    assert chain.variants(third)[phone] == "alert"


def test_whoever_shares_a_number_and_comes_back_is_texted_once(chain: Chain) -> None:
    phone, update = told_out(chain)
    companion = chain.person(ELSEWHERE)
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE travellers SET phone = :p WHERE phone = :c"), {"p": phone, "c": companion})
    chain.move(phone, HERE)
    assert joins.sweep(chain.services) == 1
    assert chain.variants(update)[phone] == "alert"


def test_nobody_comes_back_who_cannot_get_a_text_or_whose_update_is_over(chain: Chain) -> None:
    phone, update = told_out(chain)
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE travellers SET opted_out_at = :at WHERE phone = :p"), {"at": NOW, "p": phone})
    chain.move(phone, HERE)
    assert joins.sweep(chain.services) == 0
    assert chain.variants(update)[phone] == "left"
    chain.add("Cancel")
    chain.start(chain.ids[-1])
    chain.move(phone, (6.0, 6.0))
    assert joins.sweep(chain.services) == 0


def test_a_new_area_of_the_update_decides_and_not_the_old_one(chain: Chain) -> None:
    phone = chain.person()
    chain.first()
    update = chain.add("Update", NORTH)
    chain.start(update)
    chain.send(update)
    chain.move(phone, (4.0, 4.0))
    assert joins.sweep(chain.services) == 0
    assert chain.variants(update)[phone] == "left"


def test_erasure_takes_the_number_off_texts_that_made_room_too(chain: Chain) -> None:
    phone, update = told_out(chain)
    chain.move(phone, HERE)
    joins.sweep(chain.services)
    chain.send(update)
    with chain.services.db.transaction() as session:
        person = session.scalars(select(Message.traveller_id).where(Message.phone == phone).limit(1)).one()
    erasure.forget(chain.services, {"traveller_id": person})
    with chain.services.db.transaction() as session:
        kept = session.scalars(select(PastMessage)).one()
        assert kept.phone == f"x{kept.id}"
