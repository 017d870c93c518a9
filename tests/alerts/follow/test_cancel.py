"""A cancel: all clear to exactly those who got any text of the chain, wherever they are now."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from alerts.follow import in_flight
from tests.alerts.follow.conftest import ELSEWHERE, HERE, THERE, WIDE, Chain


def test_all_clear_goes_to_exactly_those_who_got_any_text(chain: Chain) -> None:
    inside, gone, never_there = chain.person(), chain.person(), chain.person(ELSEWHERE)
    chain.first()
    newcomer = chain.person()
    chain.move(gone, ELSEWHERE)
    clear = chain.add("Cancel")
    assert chain.start(clear) == "dispatching"
    assert chain.variants(clear) == {inside: "all_clear", gone: "all_clear"}
    assert newcomer not in chain.states(clear) and never_there not in chain.states(clear)


def test_all_clear_reaches_whoever_got_only_an_update_or_has_left(chain: Chain) -> None:
    first, left, second = chain.person(), chain.person(), chain.person(THERE)
    chain.first()
    chain.move(left, ELSEWHERE)
    update = chain.add("Update", WIDE)
    chain.start(update)
    chain.send(update)
    clear = chain.add("Cancel")
    chain.start(clear)
    assert chain.variants(clear) == dict.fromkeys((first, left, second), "all_clear")


def test_a_cancel_of_something_nothing_was_sent_of_sends_nothing(chain: Chain) -> None:
    chain.person()
    chain.add(state="draft")
    clear = chain.add("Cancel")
    assert chain.start(clear) == "finished"
    assert chain.states(clear) == {}
    assert chain.alert(chain.ids[0]).state == "superseded"


@pytest.mark.parametrize("state", ["failed", "withdrawn", "lapsed", "queued"])
def test_nobody_who_got_nothing_hears_of_the_end(chain: Chain, state: str) -> None:
    chain.person()
    alert = chain.add()
    chain.start(alert)
    chain.send(alert, state=state)
    clear = chain.add("Cancel")
    assert chain.start(clear) == "finished"
    assert set(chain.states(alert).values()) == {"withdrawn" if state == "queued" else state}


def test_a_cancel_during_sending_stops_the_first_and_clears_those_who_have_it(chain: Chain) -> None:
    had, waiting, arrives, fails = (chain.person() for _ in range(4))
    alert = chain.add()
    chain.start(alert)
    chain.send(alert, [had])
    chain.send(alert, [arrives, fails], "in_doubt")
    clear = chain.add("Cancel")
    chain.start(clear)
    assert chain.states(alert)[waiting] == "withdrawn"
    chain.send(clear)
    assert chain.states(clear) == {had: "sent", arrives: "queued", fails: "queued"}
    chain.send(alert, [arrives], "delivered")
    chain.send(alert, [fails], "withdrawn")
    in_flight.settle(chain.services)
    chain.send(clear)
    assert chain.states(clear) == {had: "sent", arrives: "sent", fails: "withdrawn"}


def test_a_second_cancel_tells_nobody_twice(chain: Chain) -> None:
    chain.person()
    chain.first()
    clear = chain.add("Cancel")
    chain.start(clear)
    chain.send(clear)
    again = chain.add("Cancel")
    assert chain.start(again) == "finished"
    assert chain.states(again) == {}


def test_an_alert_after_the_all_clear_reaches_everybody_inside_anew(chain: Chain) -> None:
    person = chain.person()
    chain.first()
    clear = chain.add("Cancel")
    chain.start(clear)
    chain.send(clear)
    again = chain.add("Update")
    chain.start(again)
    assert chain.variants(again) == {person: "alert"}


def test_a_cancel_that_follows_nothing_is_never_sent(chain: Chain) -> None:
    chain.person()
    clear = chain.add("Cancel")
    assert chain.start(clear) == "cancelled"


def test_the_all_clear_goes_to_the_number_that_got_the_alert(chain: Chain) -> None:
    old = chain.person()
    chain.first()
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE travellers SET phone = '+821044444444' WHERE phone = :p"), {"p": old})
    clear = chain.add("Cancel")
    chain.start(clear)
    assert chain.variants(clear) == {old: "all_clear"}


def test_a_number_that_was_forgotten_is_never_used_again(chain: Chain) -> None:
    chain.person()
    alert = chain.first()
    with chain.services.db.transaction() as session:
        session.execute(text("UPDATE messages SET phone = 'x' || id WHERE alert_id = :a"), {"a": alert})
    clear = chain.add("Cancel")
    assert chain.start(clear) == "finished"


def test_people_who_come_after_the_cancel_get_nothing(chain: Chain) -> None:
    from alerts.follow import joins

    chain.person()
    alert = chain.first()
    clear = chain.add("Cancel")
    chain.start(clear)
    late = chain.person(HERE)
    assert joins.sweep(chain.services) == 0
    assert late not in chain.states(alert) and late not in chain.states(clear)
