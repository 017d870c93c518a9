"""Arriving calls: by token, number, moment, number called, ForwardedFrom, Diversion, in this order; each announcement once."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from hotline.core.registry import IncomingCall, Recognised
from hotline.core.services import Services
from overflow.forwarding import late, recognising
from tests.overflow.forwarding.conftest import CALLER, NUMBER, POOL, Exchange, add_line, add_mission

OTHER = "+8613900000001"


def hows(exchange: Exchange) -> list[tuple[str, bool]]:
    """Return how each call was known, and whether an announcement was."""
    return [(row.how, row.forwarding_id is not None) for row in exchange.calls()]


def test_a_call_is_known_by_its_token_whatever_its_numbers(exchange: Exchange) -> None:
    told = exchange.said({"caller": CALLER, "called": NUMBER, "reason": "closed", "language": "zh-CN"})
    known = exchange.ring(phone=OTHER, called="+15550000000", context=told["token"])
    assert known == Recognised(exchange.mission_id, language="zh")
    assert hows(exchange) == [("token", True)]
    assert exchange.rows()[0].call_id == exchange.calls()[0].call_id


def test_a_token_opens_one_call_only_and_a_late_or_forged_one_none(exchange: Exchange) -> None:
    told = exchange.said()
    exchange.ring(phone="", context=told["token"])
    exchange.ring(phone="", context=told["token"])
    exchange.ring(phone="", context="0" * 40)
    fresh = exchange.said()
    exchange.later(601)
    exchange.ring(phone=OTHER, context=fresh["token"])
    assert hows(exchange) == [("token", True), ("called", False), ("called", False), ("called", False)]


def test_a_token_wins_over_a_newer_announcement_of_the_very_number_that_calls(exchange: Exchange) -> None:
    mine = exchange.said({"caller": OTHER, "reference": "by token"})
    exchange.later(30)
    exchange.said({"caller": CALLER, "reference": "by number"})
    exchange.ring(phone=CALLER, context=mine["token"])
    assert hows(exchange) == [("token", True)]
    taken = {row.reference: row.call_id for row in exchange.rows()}
    assert taken == {"by token": exchange.calls()[0].call_id, "by number": None}
    exchange.ring(phone=CALLER)
    assert hows(exchange)[1] == ("number", True), "the other announcement is still there for its own call"


def test_without_a_token_the_number_and_the_time_tell(exchange: Exchange) -> None:
    exchange.said()
    exchange.later(119)
    exchange.ring()
    exchange.said()
    exchange.later(121)
    exchange.ring()
    assert hows(exchange) == [("number", True), ("called", False)]


def test_of_two_announcements_of_one_number_the_newest_is_taken_first(exchange: Exchange) -> None:
    exchange.said({"caller": CALLER, "reference": "first"}), exchange.said({"caller": CALLER, "reference": "second"})
    exchange.ring(), exchange.ring(), exchange.ring()
    used = [row.forwarding_id for row in exchange.calls()]
    by_reference = {row.reference: row.id for row in exchange.rows()}
    assert used == [by_reference["second"], by_reference["first"], None]


@pytest.mark.parametrize("shown", ["", NUMBER])
def test_an_anonymous_call_is_known_by_its_moment_when_only_one_was_announced(exchange: Exchange, shown: str) -> None:
    exchange.said()
    exchange.later(59)
    exchange.ring(phone=shown)
    exchange.said(), exchange.said()
    exchange.ring(phone=shown)
    assert hows(exchange) == [("window", True), ("called", False)]


def test_a_test_announcement_is_never_given_to_an_anonymous_caller(exchange: Exchange) -> None:
    exchange.said({"reason": "test"})
    known = exchange.ring(phone="")
    assert known is not None
    assert not known.test, "somebody in need would hear a greeting and the end"
    told = exchange.said({"reason": "test", "caller": CALLER})
    known = exchange.ring(context=told["token"])
    assert known is not None
    assert known.test


def test_without_a_webhook_the_number_called_tells_then_the_forwarded_then_the_diverted(
    exchange: Exchange, services: Services
) -> None:
    shanghai = add_mission(services, "shanghai", phone="+862162955000")
    add_line(services, shanghai, number="+862162955001", pool="+82233330102")
    for known in (
        exchange.ring(forwarded_from="+862162955001", diversion="+862162955001"),
        exchange.ring(called="+82232100404", forwarded_from=NUMBER, diversion="+862162955001"),
        exchange.ring(called="+82232100404", diversion=NUMBER),
    ):
        assert known == Recognised(exchange.mission_id)
    by_own_phone = exchange.ring(called="+82232100404", forwarded_from="+862162955000")
    assert by_own_phone == Recognised(shanghai)
    assert hows(exchange) == [
        ("called", False),
        ("forwarded_from", False),
        ("diversion", False),
        ("forwarded_from", False),
    ]
    assert exchange.ring(called="+82232100404") is None


def test_an_anonymous_call_to_the_centres_own_number_is_nobodys(exchange: Exchange, services: Services) -> None:
    exchange.run("UPDATE mission_lines SET pool_number = NULL")
    exchange.said()
    own = services.settings.hotline_number
    assert exchange.ring(phone="", called=own) is None, "anybody calls that number"
    assert exchange.ring(called=own) == Recognised(exchange.mission_id)
    assert hows(exchange) == [("number", True)]


def test_a_call_of_an_outage_does_not_take_what_was_announced_afterwards(
    exchange: Exchange, services: Services
) -> None:
    call_id = exchange.write_call(phone="")
    exchange.later(300)
    exchange.said()
    with services.db.transaction() as session:
        known = recognising.recognise(session, services, IncomingCall(call_id, "", POOL, "", "", ""))
    assert known == Recognised(exchange.mission_id)
    assert hows(exchange) == [("called", False)]


def test_two_calls_at_once_never_take_one_announcement(exchange: Exchange) -> None:
    for _ in range(5):
        told = exchange.said()
        threads = [
            threading.Thread(target=exchange.ring, kwargs={"phone": "", "context": told["token"]}) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
    used = [row.forwarding_id for row in exchange.calls() if row.forwarding_id is not None]
    assert len(exchange.calls()) == 20
    assert len(used) == len(set(used)) == 5


def test_a_webhook_that_comes_after_its_call_is_attached_once(exchange: Exchange) -> None:
    exchange.ring()
    exchange.later(119)
    exchange.said(), exchange.said()
    assert hows(exchange) == [("called", True)], "how it was recognised when it came stays on record"
    assert [row.call_id is not None for row in exchange.rows()] == [True, False]


def test_a_late_webhook_tells_whose_an_unrecognised_call_was(exchange: Exchange, services: Services) -> None:
    exchange.run("UPDATE mission_lines SET pool_number = NULL")
    assert exchange.ring(called=services.settings.hotline_number) is None
    exchange.said()
    assert hows(exchange) == [("number", True)]
    with services.db.transaction() as session:
        from hotline.calls.models import Call

        assert session.get_one(Call, exchange.calls()[0].call_id).mission_id == exchange.mission_id


def test_a_call_of_long_ago_and_another_missions_are_left_alone(exchange: Exchange, services: Services) -> None:
    shanghai = add_mission(services, "shanghai", phone="+862162955000")
    add_line(services, shanghai, number="+862162955001", pool="+82233330102")
    exchange.ring(called="+82233330102")
    exchange.said()
    exchange.ring(phone=OTHER)
    exchange.later(121)
    exchange.said({"caller": OTHER})
    assert hows(exchange) == [("called", False), ("called", False)]


def test_a_webhook_and_its_call_in_one_moment_find_each_other_soon(exchange: Exchange, services: Services) -> None:
    exchange.said()
    exchange.write_call()
    assert late.match(services) == 1
    assert late.match(services) == 0
    assert hows(exchange) == [("number", True)]


def test_of_two_announcements_attached_in_one_moment_one_has_the_call(exchange: Exchange, services: Services) -> None:
    exchange.said(), exchange.said()
    exchange.write_call()
    first, second = (row.id for row in exchange.rows())
    took: list[bool] = []

    def other() -> None:
        with services.db.connection() as connection:
            connection.execute("SET LOCAL application_name = 'the other'")
            took.append(late.attach(connection, second, exchange.clock.now()))

    thread = threading.Thread(target=other)
    with services.db.connection() as connection:
        assert late.attach(connection, first, exchange.clock.now())
        thread.start()
        for _ in range(600):
            with services.db.connection() as watching:
                waits = watching.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'the other' AND wait_event_type = 'Lock'"
                ).fetchone()
            if took or waits == (1,):
                break
            thread.join(0.05)
    thread.join(timeout=60)
    assert took == [False]
    assert [row.call_id is not None for row in exchange.rows()] == [True, False]


def test_webhooks_and_calls_that_never_meet_do_no_harm(exchange: Exchange, services: Services) -> None:
    exchange.said()
    exchange.later(500)
    exchange.ring()
    assert late.match(services) == 0
    assert hows(exchange) == [("called", False)]
    assert exchange.rows()[0].call_id is None


def test_both_twice_make_two_calls_of_two_announcements(exchange: Exchange) -> None:
    exchange.said(name="one"), exchange.said(name="one"), exchange.said(name="two")
    exchange.ring(), exchange.ring()
    assert hows(exchange) == [("number", True), ("number", True)]
    assert len(exchange.rows()) == 2


def test_the_whole_way_a_forwarded_call_is_answered_as_its_mission(exchange: Exchange, services: Services) -> None:
    from tests.alerts.test_webhooks import call as call_signed

    told = exchange.said()
    form: dict[str, Any] = {
        "CallSid": "CA" + "7" * 32, "From": "sip:+8613912345678@pbx.example.org", "To": f"sip:{POOL}@hotline.sip.example.org",
        "CallStatus": "ringing", "SipHeader_X-Hotline-Context": told["token"],
    }  # fmt: skip
    answer = call_signed(exchange.client, services, "/webhooks/twilio/voice/inbound", form)
    assert "Embassy beijing" in answer.text
    assert hows(exchange) == [("token", True)]
