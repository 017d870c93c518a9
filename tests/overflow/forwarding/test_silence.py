"""An exchange that used to announce a line's calls and no longer does, while calls still come in: told on its pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from hotline.core.services import Services
from overflow.forwarding.silence import Silent, silent
from tests.factories import NOW
from tests.overflow.forwarding.conftest import NUMBER, Exchange, add_line, add_mission
from tests.overflow.forwarding.test_pages import signed_in

HOUR = 3_600.0
CALLERS = [f"+86139000000{number:02d}" for number in range(40)]


def announced(exchange: Exchange, times: int, *, apart_s: float = 2 * HOUR) -> None:
    """Let calls come, each announced; the time stands after the last one's span."""
    for number in range(times):
        exchange.said({"caller": CALLERS[number], "called": NUMBER, "reason": "closed"})
        exchange.ring(phone=CALLERS[number])
        exchange.later(apart_s)


def unannounced(exchange: Exchange, times: int) -> None:
    """Let calls come that nobody announced."""
    for number in range(times):
        exchange.ring(phone=CALLERS[20 + number])


def found(exchange: Exchange, services: Services) -> list[Silent]:
    with services.db.transaction() as session:
        return silent(session, exchange.clock.now())


def test_an_exchange_that_falls_silent_is_found_after_its_usual_span(exchange: Exchange, services: Services) -> None:
    announced(exchange, 4)
    last = exchange.clock.now() - timedelta(seconds=2 * HOUR)
    unannounced(exchange, 2)
    assert found(exchange, services) == [Silent(exchange.mission_id, NUMBER, last, 2)]
    exchange.said({"caller": CALLERS[30], "called": NUMBER})
    assert found(exchange, services) == [], "a new announcement ends it"
    exchange.later(1)
    unannounced(exchange, 3)
    exchange.later(2 * HOUR - 2)
    assert found(exchange, services) == [], "as long between two is usual"
    exchange.later(1)
    assert [each.calls for each in found(exchange, services)] == [3]


def test_an_hour_of_quiet_after_a_burst_is_no_fault_and_a_week_always_is(
    exchange: Exchange, services: Services
) -> None:
    announced(exchange, 10, apart_s=5)
    unannounced(exchange, 3)
    assert found(exchange, services) == []
    exchange.later(HOUR)
    assert len(found(exchange, services)) == 1
    exchange.run("DELETE FROM forwarded_calls")
    exchange.run("DELETE FROM forwardings")
    announced(exchange, 3, apart_s=20 * 24 * HOUR)
    exchange.later(-13 * 24 * HOUR)
    unannounced(exchange, 2)
    assert len(found(exchange, services)) == 1, "at most a week is waited"


def test_nobody_is_blamed_where_nobody_calls_nothing_was_usual_or_another_technique_is_used(
    exchange: Exchange, services: Services
) -> None:
    announced(exchange, 2)
    unannounced(exchange, 5)
    assert found(exchange, services) == [], "two announcements were no habit"
    announced(exchange, 2)
    exchange.later(30 * 24 * HOUR)
    assert found(exchange, services) == [], "nobody called"
    unannounced(exchange, 1)
    assert found(exchange, services) == [], "one call may have met a moment's fault"
    unannounced(exchange, 1)
    assert len(found(exchange, services)) == 1
    exchange.run("UPDATE mission_lines SET technique = 'number'")
    assert found(exchange, services) == []
    exchange.run("UPDATE mission_lines SET technique = 'webhook', closed_at = now()")
    assert found(exchange, services) == []


def test_another_lines_announcements_do_not_speak_for_it(exchange: Exchange, services: Services) -> None:
    other, pool = "+861085320777", "+82233330777"
    add_line(services, exchange.mission_id, number=other, pool=pool)
    exchange.later(4)
    announced(exchange, 4)
    for number in range(3):
        exchange.said({"caller": CALLERS[10 + number], "called": other})
        exchange.ring(phone=CALLERS[10 + number], called=pool)
        exchange.later(2 * HOUR)
    unannounced(exchange, 2)
    assert [each.number for each in found(exchange, services)] == [NUMBER]


@pytest.mark.parametrize(("language", "word"), [("en", "fell silent"), ("ko", "교환기 통보 끊김")])
def test_the_list_of_exchanges_and_the_missions_own_pages_tell(
    exchange: Exchange, client: FlaskClient, services: Services, language: str, word: str
) -> None:
    add_mission(services, "shanghai")
    announced(exchange, 3)
    unannounced(exchange, 2)
    chief = signed_in(client, services, "administrator", language=language)
    assert chief.get("/overflow/exchanges").text.count(word) == 1
    told = {"en": "has fallen silent", "ko": "통보를 멈추었습니다"}[language]
    for page in (
        f"/overflow/exchanges/{exchange.mission_id}",
        f"/overflow/try?mission={exchange.mission_id}",
        "/overflow/rules",
    ):
        assert chief.get(page).text.count(told) == 1, page
    exchange.said()
    for page in ("/overflow/exchanges", f"/overflow/exchanges/{exchange.mission_id}"):
        shown = chief.get(page).text
        assert told not in shown and word not in shown, page
    assert exchange.clock.now() > NOW
