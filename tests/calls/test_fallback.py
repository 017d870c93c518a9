"""With the database or Redis gone a caller hears the emergency text and is connected at once; the call is known afterwards."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import pytest
from redis.exceptions import RedisError
from sqlalchemy import text

from hotline.calls import fallback, hands, pulse, rehearsal
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services, connect_redis
from hotline.queues import callbacks
from tests.calls.conftest import CALLER, Hook, Rows, said, sid, twiml
from tests.factories import make_officer

DUTY = "+82222222222"


@pytest.fixture
def dead(services: Services, hook: Hook) -> Any:
    """Take the database and Redis away; returns what brings them back."""
    db, redis = services.db, services.redis
    given = {"voice_duty_number": DUTY, "twilio_voice_from": "+15005550006"}
    services.settings = services.settings.model_copy(update=given)
    services.db = Database("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    services.redis = connect_redis("redis://127.0.0.1:9/0")

    def back() -> None:
        services.db.dispose()
        services.db, services.redis = db, redis

    yield back
    back()


def number_dialled(answer: Any) -> str | None:
    return twiml(answer).findtext("Dial/Number")


def test_the_caller_hears_both_languages_and_reaches_the_duty_number(dead: Any, hook: Hook) -> None:
    # How soon is measured (benchmarks voice); what a dead house may cost at most stands in two constants.
    answer = hook.ring()
    assert "장애" in said(answer) and "system has a fault" in said(answer) and number_dialled(answer) == DUTY
    assert number_dialled(hook("fallback", CallSid=sid(1), From=CALLER, ErrorCode="11200")) == DUTY
    whisper = twiml(answer).find("Dial/Number")
    assert whisper is not None and "press 1" in said(hook(whisper.get("url") or "", CallSid=sid(8))), (
        "no voicemail takes it"
    )
    ended = hook("fallback-ended?x=1", CallSid=sid(1), DialCallStatus="completed", DialBridged="false")
    assert "장애" in said(ended) and twiml(ended).find("Hangup") is not None


def test_a_database_that_hangs_costs_no_more_than_the_latest_moment(
    hook: Hook, services: Services, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "DEADLINE_S", 0.2)
    monkeypatch.setattr(hands, "LATEST_S", 0.4)
    with services.db.transaction() as session:
        session.execute(text("LOCK TABLE call_events IN ACCESS EXCLUSIVE MODE"))
        answer = hook.client.post  # the fixture would wait for what hangs
        fields = {"CallSid": sid(1), "From": CALLER, "To": "+82232100404"}
        from twilio.request_validator import RequestValidator

        url = "http://127.0.0.1:5000/webhooks/twilio/voice/inbound"
        signature = RequestValidator(services.settings.twilio_auth_token.get_secret_value()).compute_signature(
            url, fields
        )
        heard = answer("/webhooks/twilio/voice/inbound", data=fields, headers={"X-Twilio-Signature": signature})
        assert "system has a fault" in said(heard), "answered while the table is still locked"


def test_a_dead_house_costs_less_than_a_second() -> None:
    assert hands.DEADLINE_S + hands.ALIVE_S < 1.0 and hands.LATEST_S < 15.0, "the provider waits 15 s"


def test_a_house_that_is_only_slow_answers_as_usual(
    hook: Hook, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "DEADLINE_S", 0.0)
    monkeypatch.setattr(hands, "ALIVE_S", 30.0)
    monkeypatch.setattr(hands, "LATEST_S", 30.0)
    assert "press 2" in said(hook.ring())


def test_a_practice_call_leaves_nothing(hook: Hook, services: Services, rows: Rows) -> None:
    rehearsal.practise(services)
    for table in ("calls", "call_legs", "contacts", "queue_entries", "screened_calls", "outbox_events"):
        assert rows.value(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608 - names of our own
    assert "press 2" in said(hook.ring())


def test_those_calls_are_known_afterwards_once(dead: Any, hook: Hook, rows: Rows, services: Services) -> None:
    hook.ring(1)
    hook.ring(1)
    hook.ring(2, From="anonymous")
    dead()
    assert fallback.reconcile(services) == 3
    assert fallback.reconcile(services) == 0
    assert [(call.phone, call.fallback, call.state, call.end_reason) for call in rows.calls()] == [
        (CALLER, True, "ended", "fallback"), ("", True, "ended", "fallback"),
    ]  # fmt: skip
    assert rows.value("SELECT count(*) FROM outbox_events WHERE topic = 'CallFellBack'") == 2


def test_whoever_still_talks_with_the_duty_officer_is_not_called_back(
    dead: Any, hook: Hook, rows: Rows, services: Services
) -> None:
    """The talk may outlast the outage by far: the key with which it began is the word that the caller is with somebody."""
    screens = [twiml(hook.ring(number, From=f"+8210200000{number}0")).find("Dial/Number") for number in (1, 2)]
    for number, (screen, key) in enumerate(zip(screens, ("1", "5"), strict=True), start=1):
        assert screen is not None
        asked = hook(screen.get("url") or "", CallSid=sid(10 + number), ParentCallSid=sid(number))
        hook.key(asked, key, 10 + number, ParentCallSid=sid(number))
    dead()
    fallback.reconcile(services)
    states = rows.value(
        "SELECT string_agg(c.state, ',' ORDER BY l.id) FROM calls l JOIN callbacks c ON c.id = l.callback_id"
    )
    assert states == "planned", "only whoever reached nobody is called back"
    hook("fallback-ended?x=1", CallSid=sid(1), DialCallStatus="completed")
    assert fallback.reconcile(services) == 1, "the end comes as well, and changes nothing"


def test_what_was_promised_before_the_outage_outlives_a_talk_with_the_duty_officer(
    dead: Any, hook: Hook, rows: Rows, services: Services
) -> None:
    """The duty officer of a dead house knows nothing of the promise; only whom the outage itself left unanswered is settled."""
    due = services.clock.now() + timedelta(hours=5)
    down = services.db, services.redis
    dead()
    with services.db.transaction() as session:
        owner = make_officer(session, roles=("agent",)).id
        promised = callbacks.promise(session, services.clock, None, due, owner, CALLER, queue="general").id
    services.db, services.redis = down
    hook.ring(1), hook("fallback-ended?x=1", CallSid=sid(1), DialCallStatus="completed")
    hook.ring(2, From="+821000001111"), hook("fallback-ended?x=1", CallSid=sid(2), DialCallStatus="no-answer")
    hook.ring(3, From="+821000001111"), hook("fallback-ended?x=1", CallSid=sid(3), DialCallStatus="completed")
    dead()
    assert fallback.reconcile(services) == 6
    with services.db.transaction() as session:
        kept = callbacks.get(session, promised)
        assert (kept.state, kept.kind, kept.owner_id, kept.due_at) == ("planned", "promise", owner, due)
    assert [call.end_reason for call in rows.calls()] == ["forwarded", "fallback", "forwarded"]
    assert rows.value("SELECT string_agg(state, ',') FROM callbacks WHERE phone = '+821000001111'") == "done", (
        "the second call of the same number reached somebody"
    )


def test_a_promise_for_later_is_called_early_when_its_person_reached_nobody(
    dead: Any, hook: Hook, services: Services
) -> None:
    down = services.db, services.redis
    dead()
    with services.db.transaction() as session:
        owner = make_officer(session, roles=("agent",)).id
        due = services.clock.now() + timedelta(hours=5)
        promised = callbacks.promise(session, services.clock, None, due, owner, CALLER, queue="general").id
    services.db, services.redis = down
    hook.ring(1), hook("fallback-ended?x=1", CallSid=sid(1), DialCallStatus="no-answer")
    dead()
    fallback.reconcile(services)
    with services.db.transaction() as session:
        kept = callbacks.get(session, promised)
        assert (kept.state, kept.owner_id) == ("planned", owner)
        assert kept.due_at <= services.clock.now() + fallback.SETTLED_WITHIN


def test_a_torn_line_and_a_crash_in_the_middle_lose_nothing(hook: Hook, rows: Rows, services: Services) -> None:
    hook("fallback", CallSid=sid(1), From=CALLER)
    path = services.settings.data_dir / fallback.FILE
    path.write_text(path.read_text() + '{"sid": "CA', encoding="utf-8")
    path.rename(path.with_suffix(".jsonl.taken"))  # a process died between the renaming and the commit
    assert fallback.reconcile(services) == 1 and len(rows.calls()) == 1


def test_one_number_that_cannot_be_called_back_does_not_keep_the_others_from_it(
    hook: Hook, rows: Rows, services: Services
) -> None:
    hook("fallback", CallSid=sid(1), From="+1234567")
    hook("fallback", CallSid=sid(2), From=CALLER)
    assert fallback.reconcile(services) == 2
    assert [call.phone for call in rows.calls()] == ["+1234567", CALLER]
    assert rows.value("SELECT string_agg(phone, ',') FROM callbacks") == CALLER
    assert not fallback.is_waiting(services.settings)


@pytest.mark.parametrize("more", [{"ForwardedFrom": DUTY}, {"From": DUTY}, {"From": "+15005550006"}])
def test_a_duty_telephone_that_is_forwarded_to_us_is_not_rung_in_a_circle(
    dead: Any, hook: Hook, more: dict[str, str]
) -> None:
    answer = hook.ring(1, **more)
    assert "system has a fault" in said(answer) and number_dialled(answer) is None
    assert twiml(answer).find("Hangup") is not None
    assert number_dialled(hook("fallback", CallSid=sid(1), To="+82232100404", **({"From": CALLER} | more))) is None


def test_a_call_that_had_begun_keeps_its_row(hook: Hook, rows: Rows, services: Services) -> None:
    hook.ring()
    hook("fallback", CallSid=sid(1), From=CALLER, ErrorCode="11200")
    assert fallback.reconcile(services) == 1
    assert (rows.call().fallback, rows.call().state) == (True, "forwarded")
    hook.status("completed")
    assert rows.call().state == "ended"


def test_valkey_alone_being_gone_leads_to_the_duty_number_because_nobody_could_be_found(
    hook: Hook, services: Services, rows: Rows
) -> None:
    redis = services.redis
    services.settings = services.settings.model_copy(update={"voice_duty_number": DUTY})
    waits, chooses = hook.key(hook.key(hook.ring(), "1"), "0"), hook.key(hook.ring(3), "1", 3)
    services.redis = connect_redis("redis://127.0.0.1:9/0")
    assert number_dialled(hook.ring(2)) == DUTY and number_dialled(hook.key(waits)) == DUTY
    assert number_dialled(hook.key(chooses, "9", 3)) == DUTY, "danger to life waits for no round of nobody's"
    services.redis = redis
    assert fallback.reconcile(services) == 3
    assert [(call.state, call.fallback) for call in rows.calls()] == [
        ("forwarded", True), ("forwarded", True), ("ended", True),
    ]  # fmt: skip
    assert rows.value("SELECT state FROM queue_entries") == "left"


class Silent:
    """A server of whom every look is counted."""

    def __init__(self) -> None:
        self.looks, self.answers = 0, False

    def ping(self) -> None:
        """Answer or not."""
        self.looks += 1
        if not self.answers:
            raise RedisError("silent")


def test_a_valkey_that_stays_silent_is_looked_for_by_one_caller_a_second(
    services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Silent()
    monkeypatch.setattr(pulse, "quick_client", lambda _redis: server)
    found = pulse.ValkeyPulse(services.redis)

    def callers(count: int) -> int:
        """Let some ask at this moment; how many of them were told that it is gone."""
        told = 0
        for _ in range(count):
            try:
                found.demand(clock)
            except RedisError:
                told += 1
        return told

    assert callers(3) == 3 and server.looks == 3, "a stall that may be short is believed by nobody else"
    clock.advance(timedelta(seconds=1))
    assert callers(5) == 5 and server.looks == 4
    clock.advance(timedelta(seconds=1))
    assert callers(5) == 5 and server.looks == 5
    server.answers = True
    assert callers(2) == 2, "not before the next look"
    clock.advance(timedelta(seconds=1))
    assert callers(5) == 0 and server.looks == 10
    server.answers = False
    assert callers(2) == 2 and server.looks == 12, "what was silent before is forgotten"


def test_what_follows_on_answers_does_not_pile_up_without_end(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "MOST_FOLLOWING", 3)
    held, done, pool = Event(), list[int](), hands.Hands()

    def work(number: int) -> None:
        assert held.wait(20)
        done.append(number)

    for number in range(10):
        pool.later(partial(work, number))
    held.set()
    pool.settle()
    assert sorted(done) == [0, 1, 2], "the sweepers find the rest in SQL"


def test_a_dead_valkey_costs_less_than_the_deadline() -> None:
    assert 2 * pulse.LIMIT_S < hands.DEADLINE_S, "connecting and asking"
