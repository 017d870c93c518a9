"""Announced calls: signed and fresh or refused; whatever is missing, the call gets an answer, once, and the very same again."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from hotline.calls import hands
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import Conflict
from hotline.core.services import Services
from hotline.core.signed_body import sign, sign_without_key
from hotline.core.web import PROBLEM_TYPE
from overflow.forwarding import keys, standing
from tests.overflow.forwarding.conftest import (
    BACK,
    CALLER,
    NUMBER,
    POOL,
    SERVICE_KEY,
    Exchange,
    add_line,
    add_mission,
)

BODY = {"version": 1, "caller": CALLER, "called": NUMBER, "reason": "closed"}


def refused(answer: Any, code: str) -> dict[str, Any]:
    """Hold an answer to being a refusal with this code; its body."""
    assert (answer.status_code, answer.content_type) == (403, PROBLEM_TYPE), answer.text
    told: dict[str, Any] = answer.get_json()
    assert told["code"] == code
    return told


def test_a_call_of_a_closed_mission_is_taken_and_recorded_with_its_rule(exchange: Exchange) -> None:
    told = exchange.said(BODY | {"language": "zh-CN", "reference": "ref-1", "time": "2026-11-21T12:00:01+09:00"})
    assert (told["decision"], told["rule"]["kind"], told["notices"]) == ("take", "closed", [])
    assert told["destination"] == {"to": "centre", "number": POOL, "sip": None}
    assert (len(told["token"]), told["token_lives_s"]) == (40, 120)
    assert told["why"] == "The mission is closed (nobody has given its hours) until further notice."
    (row,) = exchange.rows()
    assert (row.caller, row.called, row.pool, row.reason, row.language, row.reference) == (
        CALLER, NUMBER, POOL, "closed", "zh-cn", "ref-1",
    )  # fmt: skip
    assert (row.decision, row.rule_kind, row.received_at) == ("take", "closed", exchange.clock.now())
    assert [step["kind"] for step in row.explanation] == ["take_all", "ended", "protected", "test", "closed"]
    assert row.token_hash == hashlib.sha256(told["token"].encode()).hexdigest()
    assert told["token"] not in json.dumps(row.answer), "only the hash of the token is kept"


def test_a_repetition_gets_the_very_same_answer_and_is_recorded_once(exchange: Exchange) -> None:
    first = exchange.announce(BODY, name="same")
    exchange.run("UPDATE missions SET closed_at = now()")
    assert exchange.announce(BODY | {"time": "2026-11-21T03:00:09Z"}, name="same").get_data() == first.get_data()
    assert len(exchange.rows()) == 1


def test_another_call_under_a_name_that_was_used_is_not_lost(exchange: Exchange) -> None:
    first, other = exchange.said(BODY, name="same"), exchange.said(BODY | {"caller": "+8613900000000"}, name="same")
    assert first["token"] != other["token"]
    assert len(exchange.rows()) == 2


def test_repetitions_at_once_are_recorded_once(exchange: Exchange) -> None:
    answers: list[bytes] = []

    def send() -> None:
        answers.append(exchange.announce(BODY, name="same").get_data())

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert len(exchange.rows()) == 1


@pytest.mark.parametrize(
    "headers",
    [{"X-Hotline-Signature": "v2=" + "0" * 64}, {"X-Hotline-Signature": ""}, {"X-Hotline-Signature": "v2=é"},
     {"X-Hotline-Key": "beijing-00000000"}, {"X-Hotline-Key": ""}, {"X-Hotline-Timestamp": "soon"},
     {"X-Hotline-Timestamp": "9" * 40}, {"Transfer-Encoding": "chunked"}, {"Idempotency-Key": "another"}],
)  # fmt: skip
def test_a_forged_call_is_refused_before_it_is_read_and_learns_nothing(
    exchange: Exchange, headers: dict[str, str]
) -> None:
    refused(exchange.announce(b"this is not even JSON", headers=headers), "bad-signature")
    assert exchange.rows() == []


def test_the_first_form_of_signatures_is_not_taken_here(exchange: Exchange) -> None:
    data, timestamp = json.dumps(BODY).encode(), str(int(exchange.clock.now().timestamp()))
    old = {"X-Hotline-Signature": sign_without_key(exchange.key.secret, timestamp, data)}
    refused(exchange.announce(data, headers=old), "bad-signature")


def test_an_unknown_mission_and_another_missions_key_look_like_a_forgery(
    exchange: Exchange, services: Services
) -> None:
    add_mission(services, "shanghai")
    answers = [exchange.announce(BODY, code=code) for code in ("nowhere", "shanghai", "x" * 300)]
    assert len({refused(each, "bad-signature")["detail"] for each in answers}) == 1


@pytest.mark.parametrize(("ahead_s", "said"), [(-301, "301 seconds behind"), (4000, "4000 seconds ahead of")])
def test_a_rightly_signed_call_with_a_wrong_clock_is_told_by_how_much(
    exchange: Exchange, ahead_s: int, said: str
) -> None:
    told = refused(exchange.announce(BODY, ahead_s=ahead_s), "clock-wrong")
    assert said in told["detail"]
    assert (told["off_by_s"], told["server_time"]) == (ahead_s, exchange.clock.now().isoformat())
    assert exchange.rows() == []


def test_a_replayed_call_is_the_same_call_and_later_it_is_too_late(exchange: Exchange) -> None:
    timestamp = str(int(exchange.clock.now().timestamp()))
    headers = {"X-Hotline-Timestamp": timestamp}
    headers["X-Hotline-Signature"] = sign(
        exchange.key.secret, timestamp, json.dumps(BODY).encode(), idempotency_key="one"
    )
    first = exchange.announce(BODY, name="one", headers=headers)
    exchange.later(299)
    assert exchange.announce(BODY, name="one", headers=headers).get_data() == first.get_data()
    exchange.later(2)
    assert refused(exchange.announce(BODY, name="one", headers=headers), "clock-wrong")["off_by_s"] == -301
    assert len(exchange.rows()) == 1


def test_keys_are_rotated_without_losing_a_call_and_an_ended_one_is_told_so(
    exchange: Exchange, services: Services, clock: FrozenClock
) -> None:
    exchange.said(BODY)
    with services.db.transaction() as session:
        new = keys.add(session, clock, SYSTEM, SERVICE_KEY, exchange.mission_id)
    exchange.later(4)
    exchange.said(BODY), exchange.said(BODY, key=new)
    with services.db.transaction() as session:
        keys.end(session, clock, SYSTEM, exchange.mission_id, exchange.key.key_id)
    exchange.later(4)
    assert "has ended" in refused(exchange.announce(BODY), "key-ended")["detail"]
    refused(exchange.announce(BODY, headers={"X-Hotline-Signature": "v2=" + "1" * 64}), "bad-signature")
    exchange.said(BODY, key=new)
    exchange.later(15 * 86_400)
    exchange.said(BODY, key=new)


def test_a_third_key_gives_the_first_one_no_more_time_than_the_second_left_it(
    exchange: Exchange, services: Services, clock: FrozenClock
) -> None:
    for days in (0, 13):
        exchange.later(days * 86_400)
        with services.db.transaction() as session:
            keys.add(session, clock, SYSTEM, SERVICE_KEY, exchange.mission_id)
    exchange.said(BODY)
    exchange.later(86_400)
    refused(exchange.announce(BODY), "key-ended")


def test_a_closed_mission_gets_no_new_key(exchange: Exchange, services: Services, clock: FrozenClock) -> None:
    exchange.run("UPDATE missions SET closed_at = now()")
    with services.db.transaction() as session, pytest.raises(Conflict):
        keys.add(session, clock, SYSTEM, SERVICE_KEY, exchange.mission_id)


def test_a_call_that_is_too_large_is_refused(exchange: Exchange) -> None:
    assert exchange.announce(BODY | {"reference": "x" * 17_000}).status_code == 413


@pytest.mark.parametrize("missing", sorted(BODY))
def test_no_call_is_refused_for_a_missing_field(exchange: Exchange, missing: str) -> None:
    told = exchange.said({name: value for name, value in BODY.items() if name != missing})
    assert (told["decision"], told["destination"]["number"]) == ("take", POOL)
    assert [each["code"] for each in told["notices"]] == (["reason-unknown"] if missing == "reason" else [])


@pytest.mark.parametrize(
    ("change", "code"),
    [({"caller": "123"}, "caller-malformed"), ({"caller": ["x"]}, "caller-malformed"), ({"called": "nine"}, "called-malformed"),
     ({"called": "+861012345678"}, "called-unknown"), ({"reason": "lunch"}, "reason-unknown"), ({"reason": 7}, "reason-unknown"),
     ({"language": "Chinese!"}, "language-malformed"), ({"reference": "x" * 101}, "reference-shortened"),
     ({"reference": {"a": 1}}, "reference-shortened"), ({"time": "noon"}, "time-malformed"),
     ({"time": "2026-11-21T03:00:00"}, "time-malformed"), ({"time": "2026-11-21T02:00:00+00:00"}, "clock-differs"),
     ({"time": "0001-01-01T00:00:00+23:59"}, "clock-differs"), ({"version": 9}, "version-unknown"),
     ({"caller": "\ud800"}, "caller-malformed"), ({"reference": "\x00"}, "reference-shortened")],
)  # fmt: skip
def test_what_cannot_be_used_is_left_out_and_said(exchange: Exchange, change: dict[str, Any], code: str) -> None:
    told = exchange.said(BODY | change)
    assert told["decision"] == "take"
    assert [each["code"] for each in told["notices"]] == [code]
    assert told["notices"][0]["text"]


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b"\xff\xfe", b"[" * 5_000, b'{"caller": 1e999}'])
def test_a_body_that_cannot_be_read_still_gets_its_call_taken(exchange: Exchange, body: bytes) -> None:
    told = exchange.said(body)
    assert (told["decision"], told["destination"]["number"]) == ("take", POOL)
    assert told["notices"]


@pytest.mark.parametrize("caller", [None, "", "anonymous", "Restricted"])
def test_an_anonymous_caller_is_nothing_to_remark_upon(exchange: Exchange, caller: str | None) -> None:
    assert exchange.said(BODY | {"caller": caller})["notices"] == []
    assert exchange.rows()[0].caller == ""


@pytest.mark.parametrize(
    "caller", ["sip:+8613912345678@10.0.0.1", "<tel:+8613912345678>", "008613912345678", 8613912345678]
)
def test_numbers_are_read_as_exchanges_write_them(exchange: Exchange, caller: object) -> None:
    exchange.said(BODY | {"caller": caller})
    assert exchange.rows()[0].caller == CALLER


def test_without_a_name_the_body_names_the_call(exchange: Exchange) -> None:
    first, again = exchange.announce(BODY, name=""), exchange.announce(BODY, name="")
    assert first.get_json()["notices"][0]["code"] == "key-missing"
    assert first.get_data() == again.get_data()
    assert len(exchange.rows()) == 1


def test_an_open_mission_gets_a_call_back_when_the_centre_is_full_and_the_telephone_makes_no_circle(
    exchange: Exchange, services: Services
) -> None:
    exchange.run("INSERT INTO mission_hours (mission_id, hours, updated_at) SELECT id, '24/7', now() FROM missions")
    exchange.run(
        'INSERT INTO overflow_rules (position, kind, action, "limit", updated_at)'
        " VALUES (1, 'capacity', 'return', 0, now()), (2, 'closed', 'take', 0, now())"
    )
    told = exchange.said(BODY | {"reason": "all"})
    assert (told["decision"], told["token"]) == ("return", None)
    assert told["destination"] == {"to": "mission", "number": BACK, "sip": None}
    for number in (POOL, services.settings.hotline_number, None):
        exchange.run("UPDATE mission_lines SET return_number = :number", number=number)
        told = exchange.said(BODY | {"reason": "all"})
        assert (told["decision"], told["destination"]["number"]) == ("take", POOL)
        assert [each["code"] for each in told["notices"]] == ["hand-back-impossible"]
    other = add_mission(services, "shanghai", phone="+862162955000")
    add_line(services, other, number="+862162955001", pool="+82233330102")
    exchange.run("UPDATE mission_lines SET return_number = '+862162955001' WHERE number = :number", number=NUMBER)
    assert exchange.said(BODY | {"reason": "all"})["decision"] == "take", (
        "a line of another mission that is forwarded to us"
    )


def test_a_mission_without_a_line_is_answered_by_the_centres_own_number(exchange: Exchange, services: Services) -> None:
    exchange.run("DELETE FROM mission_lines")
    told = exchange.said(BODY)
    assert told["destination"]["number"] == services.settings.hotline_number
    assert [each["code"] for each in told["notices"]] == ["no-line"]


def test_over_sip_the_token_goes_along_in_the_address(exchange: Exchange, services: Services) -> None:
    services.settings = services.settings.model_copy(update={"overflow_sip_domain": "hotline.sip.example.org"})
    told = exchange.said(BODY)
    assert told["destination"]["sip"] == f"sip:{POOL}@hotline.sip.example.org?X-Hotline-Context={told['token']}"


def away(*_: object, **__: object) -> Any:
    """Be a database that is down."""
    raise OperationalError("SELECT 1", {}, Exception("connection refused"))


def test_with_the_database_down_every_call_is_taken(
    exchange: Exchange, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.said(BODY)
    monkeypatch.setattr(services.db, "transaction", away)
    monkeypatch.setattr(services.db, "connection", away)
    exchange.later(3600)
    for body in (BODY, b"nonsense"):
        told = exchange.said(body)
        assert (told["decision"], told["rule"]["kind"], told["token"]) == ("take", "static", None)
        assert told["destination"]["number"] == POOL
        assert [each["code"] for each in told["notices"]] == ["not-recorded"]
    refused(exchange.announce(BODY, headers={"X-Hotline-Signature": "v2=" + "1" * 64}), "bad-signature")
    refused(exchange.announce(BODY, ahead_s=999), "clock-wrong")


def test_with_the_database_down_and_nothing_remembered_the_answer_is_static(
    exchange: Exchange, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.db, "transaction", away)
    told = exchange.said(b"nonsense", headers={"X-Hotline-Signature": "v2=" + "1" * 64})
    assert (told["decision"], told["destination"]["number"]) == ("take", services.settings.hotline_number)


def test_a_database_that_hangs_costs_the_exchange_less_than_two_seconds(
    exchange: Exchange, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.said(BODY)
    released = threading.Event()

    def hang(*_: object) -> Any:
        released.wait(20)
        return away()

    monkeypatch.setattr(hands, "DEADLINE_S", 0.2)
    monkeypatch.setattr(services.db, "connection", hang)
    try:
        assert exchange.said(BODY)["rule"]["kind"] == "static"
    finally:
        released.set()


def test_a_flood_of_a_thousand_webhooks_is_recorded_to_the_last(exchange: Exchange) -> None:
    clients = [exchange.client.application.test_client() for _ in range(8)]

    def send(client: FlaskClient, first: int) -> None:
        mine = Exchange(client, exchange.services, exchange.clock, exchange.mission_id, exchange.key)
        for number in range(first, first + 125):
            assert mine.said(BODY | {"caller": f"+86139{number:08d}"}, name=f"b{number}")["token"]

    threads = [threading.Thread(target=send, args=(client, nth * 125)) for nth, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert len({row.token_hash for row in exchange.rows()}) == 1_000


def test_what_is_remembered_of_a_mission_holds_for_seconds_only(exchange: Exchange, services: Services) -> None:
    exchange.said(BODY)
    with services.db.transaction() as session:
        from overflow.forwarding import take_all

        take_all.request(
            session, services.clock, SYSTEM, exchange.mission_id, exchange.clock.now() + timedelta(hours=5), "move"
        )
    exchange.later(standing.REMEMBER.total_seconds())
    told = exchange.said(BODY)
    assert told["rule"]["kind"] == "take_all"
    assert told["why"] == "The mission asked the centre to take all its calls until 2026-11-21 08:00 UTC."
    exchange.clock.set(datetime(2026, 11, 21, 8, 0, tzinfo=UTC))
    assert exchange.said(BODY)["rule"]["kind"] == "closed"
