"""An update: newly inside the alert, still inside what changed, no longer inside their own text; and nothing stale."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from alerts import approval
from alerts.follow import in_flight
from alerts.models import AudienceSnapshot
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from tests.alerts.follow.conftest import AREA, ELSEWHERE, HERE, NORTH, THERE, WIDE, Chain
from tests.factories import NOW


def test_each_gets_the_text_that_fits_what_they_know_and_where_they_are(chain: Chain) -> None:
    still, gone, new, far = chain.person(), chain.person(), chain.person(THERE), chain.person(ELSEWHERE)
    chain.first()
    chain.move(gone, ELSEWHERE)
    update = chain.add("Update", WIDE)
    assert chain.start(update) == "dispatching"
    assert chain.variants(update) == {still: "update", gone: "left", new: "alert"}
    assert far not in chain.states(update)
    with chain.services.db.transaction() as session:
        snapshot = session.get_one(AudienceSnapshot, update)
        assert snapshot.by_variant == {"alert": 1, "update": 1, "left": 1}
        assert snapshot.total == 2


def test_the_warned_area_itself_may_move_on(chain: Chain) -> None:
    south, north = chain.person(HERE), chain.person(THERE)
    chain.first()
    update = chain.add("Update", NORTH)
    chain.start(update)
    assert chain.variants(update) == {south: "left", north: "alert"}


def test_those_who_have_nothing_yet_go_first(chain: Chain) -> None:
    chain.person()
    chain.first()
    for _ in range(3):
        chain.person()
    update = chain.add("Update")
    chain.start(update)
    with chain.services.db.transaction() as session:
        order = session.scalars(
            text("SELECT variant FROM messages WHERE alert_id = :id ORDER BY id"), {"id": update}
        ).all()
    assert order == ["alert", "alert", "alert", "update"]


def test_whoever_left_once_is_not_told_again_and_gets_the_whole_alert_on_coming_back(chain: Chain) -> None:
    gone, back = chain.person(), chain.person()
    chain.first()
    chain.move(gone, ELSEWHERE)
    chain.move(back, ELSEWHERE)
    second = chain.add("Update")
    chain.start(second)
    chain.send(second)
    chain.move(back, HERE)
    third = chain.add("Update")
    chain.start(third)
    assert chain.variants(third) == {back: "alert"}
    assert gone not in chain.states(third)


def test_somebody_whose_place_is_not_known_any_more_is_not_told_that_they_are_out(chain: Chain) -> None:
    lost, outdated = chain.person(), chain.person()
    chain.first()
    chain.move(lost, None)
    with chain.services.db.transaction() as session:
        session.execute(
            text(
                "UPDATE positions SET valid_until = :now WHERE traveller_id IN (SELECT id FROM travellers WHERE phone = :p)"
            ),
            {"now": NOW, "p": outdated},
        )
    update = chain.add("Update")
    chain.start(update)
    assert chain.variants(update) == {lost: "update", outdated: "update"}


@pytest.mark.parametrize("state", ["failed", "withdrawn", "lapsed"])
def test_whoever_never_got_the_alert_gets_it_with_the_update(chain: Chain, state: str) -> None:
    inside, gone = chain.person(), chain.person()
    alert = chain.add()
    chain.start(alert)
    chain.send(alert, state=state)
    chain.move(gone, ELSEWHERE)
    update = chain.add("Update")
    chain.start(update)
    assert chain.variants(update) == {inside: "alert"}


def test_people_who_cannot_get_a_text_are_left_out_of_every_variant(chain: Chain) -> None:
    opted, bad, erased = chain.person(), chain.person(), chain.person()
    chain.first()
    for phone in (opted, bad, erased):
        chain.move(phone, ELSEWHERE)
    with chain.services.db.transaction() as session:
        for phone, column in ((opted, "opted_out_at"), (bad, "number_bad_at"), (erased, "erased_at")):
            session.execute(text(f"UPDATE travellers SET {column} = now() WHERE phone = :p"), {"p": phone})  # noqa: S608
    update = chain.add("Update")
    assert chain.start(update) == "finished"
    assert chain.states(update) == {}


def test_a_number_that_two_people_share_gets_one_text(chain: Chain) -> None:
    for place in (HERE, HERE, ELSEWHERE):
        chain.person(place, phone="+821055555555")
    chain.first()
    update = chain.add("Update")
    chain.start(update)
    assert chain.variants(update) == {"+821055555555": "update"}


def test_a_new_number_gets_the_alert_and_the_old_one_is_not_told_that_its_owner_left(chain: Chain) -> None:
    old = chain.person()
    chain.first()
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE travellers SET phone = '+821044444444' WHERE phone = :p"), {"p": old})
    update = chain.add("Update")
    chain.start(update)
    assert chain.variants(update) == {"+821044444444": "alert"}


def test_an_update_during_sending_withdraws_what_waits_in_the_same_transaction(chain: Chain) -> None:
    had, waiting, gone = chain.person(), chain.person(), chain.person()
    alert = chain.add()
    chain.start(alert)
    chain.send(alert, [had])
    chain.move(gone, ELSEWHERE)
    update = chain.add("Update")
    chain.start(update)
    assert chain.states(alert) == {had: "sent", waiting: "withdrawn", gone: "withdrawn"}
    assert chain.variants(update) == {had: "update", waiting: "alert"}
    first = chain.alert(alert)
    assert (first.state, first.superseded_by_id, first.finished_at) == ("superseded", update, NOW)
    with chain.services.db.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "alert.superseded")).one()
        assert (entry.subject_id, entry.after["by"] if entry.after else None) == (alert, update)


def test_a_finished_alert_stays_finished_and_knows_what_stands_in_its_place(chain: Chain) -> None:
    alert = chain.add()
    assert chain.start(alert) == "finished"
    update = chain.add("Update")
    chain.start(update)
    assert (chain.alert(alert).state, chain.alert(alert).superseded_by_id) == ("finished", update)


@pytest.mark.parametrize("state", ["draft", "submitted", "approved"])
def test_what_was_not_sent_yet_is_closed_by_the_update(chain: Chain, state: str) -> None:
    inside = chain.person()
    alert = chain.add(state=state)
    update = chain.add("Update")
    chain.start(update)
    assert chain.alert(alert).state == "superseded"
    assert chain.start(alert) == "superseded"
    assert chain.variants(update) == {inside: "alert"}


def test_a_message_in_flight_holds_the_update_back_until_it_is_known(chain: Chain) -> None:
    arrives, fails, leaves, fails_outside = (chain.person() for _ in range(4))
    alert = chain.add()
    chain.start(alert)
    chain.send(alert, [arrives, leaves], "sending")
    chain.send(alert, [fails, fails_outside], "in_doubt")
    chain.move(leaves, ELSEWHERE)
    chain.move(fails_outside, ELSEWHERE)
    update = chain.add("Update")
    chain.start(update)
    chain.send(update)
    assert set(chain.states(update).values()) == {"queued"}, "nothing goes out before it is known"
    assert in_flight.settle(chain.services) == 0
    chain.send(alert, [arrives, leaves], "sent")
    chain.send(alert, [fails, fails_outside], "withdrawn")
    assert in_flight.settle(chain.services) == 4
    chain.send(update)
    assert chain.variants(update) == {arrives: "update", fails: "alert", leaves: "left"}
    assert chain.states(update)[fails_outside] == "withdrawn"


def test_a_doubt_that_stands_too_long_does_not_keep_anybody_from_the_update(chain: Chain) -> None:
    doubted = chain.person()
    alert = chain.add()
    chain.start(alert)
    chain.send(alert, state="in_doubt")
    update = chain.add("Update")
    chain.start(update)
    chain.clock.advance(timedelta(seconds=in_flight.HOLD_S))
    assert in_flight.settle(chain.services) == 1
    chain.send(update)
    assert chain.states(update) == {doubted: "sent"}
    assert chain.variants(update) == {doubted: "update"}


def test_the_older_of_two_updates_is_never_sent_after_the_newer(chain: Chain) -> None:
    inside = chain.person()
    chain.first()
    older = chain.add("Update")
    newer = chain.add("Update")
    assert chain.start(newer) == "dispatching"
    assert chain.start(older) == "superseded"
    assert chain.states(older) == {}
    assert chain.variants(newer) == {inside: "update"}


def test_of_two_messages_of_one_sender_the_one_sent_later_is_the_newer(chain: Chain) -> None:
    chain.person()
    chain.first()
    sent = {"cap_sender": "a@example.org", "cap_identifier": "x"}
    newer = chain.add("Update", **sent, cap_sent=NOW)
    late = chain.add("Update", **sent, cap_sent=NOW - timedelta(hours=1), follows_id=chain.ids[0])
    chain.start(newer)
    assert chain.start(late) == "superseded"


def test_running_an_update_twice_writes_nothing_twice(chain: Chain) -> None:
    person = chain.person()
    chain.first()
    update = chain.add("Update")
    assert [chain.start(update) for _ in range(3)] == ["dispatching"] * 3
    assert chain.states(update) == {person: "queued"}


def test_a_stopped_update_leaves_those_who_got_it_to_the_next_one(chain: Chain) -> None:
    one, other = chain.person(), chain.person()
    chain.first()
    update = chain.add("Update")
    chain.start(update)
    chain.send(update, [one])
    with chain.services.db.transaction() as session:
        approval.cancel(session, chain.clock, SYSTEM, update)
    third = chain.add("Update", AREA)
    chain.start(third)
    assert chain.variants(third) == {one: "update", other: "update"}


@pytest.mark.parametrize("change", ["follows_id = NULL, chain_id = NULL", "msg_type = 'Cancel'"])
def test_what_an_alert_follows_is_part_of_what_was_agreed(chain: Chain, change: str) -> None:
    chain.person()
    chain.first()
    update = chain.add("Update")
    with chain.services.db.transaction() as session:
        session.execute(text(f"UPDATE alerts SET {change} WHERE id = :id"), {"id": update})  # noqa: S608
    assert chain.start(update) == "cancelled"
    assert chain.states(update) == {}


def test_an_exercise_reaches_only_drill_people_through_all_variants(chain: Chain) -> None:
    drill, leaves_drill = chain.person(drill=True), chain.person(drill=True)
    public = chain.person()
    chain.first(status="Exercise")
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE travellers SET drill = false WHERE phone = :p"), {"p": leaves_drill})
    update = chain.add("Update", status="Exercise")
    chain.start(update)
    assert chain.variants(update) == {drill: "update"}
    clear = chain.add("Cancel", status="Exercise")
    chain.start(clear)
    assert set(chain.variants(clear)) <= {drill, leaves_drill}
    assert public not in chain.states(clear)
