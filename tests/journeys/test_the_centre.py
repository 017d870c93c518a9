"""The centre as real processes: callers on handsets of the practice carrier, two agents, and what goes wrong in between.

After every journey the service's own mistakes, as the carrier keeps them with the provider's numbers, must be none.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import redis

from hotline.sandbox.client import SandboxClient
from tests.journeys.centre import AGENT, SENIOR, Centre, Handset, wait_until
from tests.journeys.conftest import RunningService

pytestmark = pytest.mark.long
INTERPRETER = "+84901234567"


@pytest.fixture
def centre(service: RunningService) -> Iterator[Centre]:
    """The centre; agents' and others' telephones are picked up and answered with a 1."""
    carrier = SandboxClient(service.sandbox_url, *service.sandbox_credentials)
    for number in (AGENT, SENIOR, INTERPRETER):
        carrier.set_habit(to=number, way="answer", keys="1")
    known = len(carrier.record("alerts"))
    made = Centre(service, carrier)
    yield made
    assert carrier.record("alerts")[known:] == [], "the service made a mistake that its provider would report"
    carrier.close()


def test_from_the_menu_to_the_agent_to_the_promised_callback(centre: Centre) -> None:
    centre.only("agent")
    caller = Handset(centre.carrier).dial("12")
    call = centre.talking(caller)
    assert (call["queue"], call["language"], call["agent_id"]) == ("passport", "ko", 1)
    caller.says("여권을 잃어버렸어요.")
    Handset(centre.carrier, AGENT).hears("여권을 잃어버렸어요.")
    case_id = centre.open_case(call, "Lost passport")
    centre.act(call, "finish")
    caller.hears("안녕히 계세요")
    centre.call_of(caller, "ended")
    centre.write_up(disposition="passport", note="Lost in a taxi.", mood="worried")
    assert centre.rows("SELECT disposition, mood, state FROM contacts ORDER BY id DESC LIMIT 1") == [
        ("passport", "worried", "closed")
    ]
    centre.carrier.set_habit(to=caller.number, way="answer")
    owner = centre.rows("SELECT officer_id FROM agents WHERE id = 1")[0][0]
    due = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    promised = {"phone": caller.number, "due_at": due, "owner_id": owner, "case_id": case_id}
    centre.api("POST", "/callbacks", json=promised)
    back = centre.talking(caller)
    assert back["direction"] == "out" and back["id"] != call["id"]
    assert centre.api("GET", f"/contacts/{back['contact_id']}")["case_id"] == case_id
    caller.hears("약속드린 전화")
    caller.hangs_up()
    centre.call_of(caller, "ended")
    centre.write_up(disposition="passport")
    assert centre.rows("SELECT state, last_result FROM callbacks ORDER BY id DESC LIMIT 1") == [("done", "reached")]


def test_a_caller_goes_to_the_owner_of_the_case_and_past_one_who_is_absent(centre: Centre) -> None:
    centre.only("senior-agent")
    caller = Handset(centre.carrier).dial("10")
    call = centre.talking(caller)
    case_id = centre.open_case(call, "Arrested at the airport", "senior-agent")
    centre.act(call, "finish", "senior-agent")
    centre.call_of(caller, "ended")
    centre.write_up("senior-agent", disposition="detention", mood="worried")
    centre.only("agent", "senior-agent")
    again = centre.talking(caller.dial("10"))
    assert again["agent_id"] == centre.agent_id("senior-agent"), "the owner is there and free"
    caller.hangs_up()
    centre.call_of(caller, "ended")
    centre.write_up("senior-agent", disposition="detention")
    centre.only("agent")
    third = centre.talking(caller.dial("10"))
    assert third["agent_id"] == centre.agent_id("agent"), "nobody waits for somebody who is not there"
    centre.api("POST", f"/contacts/{third['contact_id']}/attach", json={"case_id": case_id})
    assert [each["id"] for each in centre.api("GET", f"/contacts?case_id={case_id}")["contacts"]] == [
        third["contact_id"], call["contact_id"],
    ]  # fmt: skip
    caller.hangs_up()
    centre.call_of(caller, "ended")
    centre.write_up()


def test_an_interpreter_joins_and_a_colleague_takes_over_warm(centre: Centre) -> None:
    centre.only("agent", "senior-agent")
    with psycopg.connect(centre.service.database_url) as connection:
        (entry,) = connection.execute(
            "INSERT INTO phone_book (kind, name_ko, name_en, phone, languages, updated_at)"
            " VALUES ('interpreter', '베트남어 통역', 'Vietnamese', %s, '{vi}', now()) RETURNING id",
            (INTERPRETER,),
        ).fetchone() or (0,)
    caller = Handset(centre.carrier).dial("3")
    call = centre.talking(caller)
    first = {1: "agent", 2: "senior-agent"}[call["agent_id"]]
    other = "senior-agent" if first == "agent" else "agent"
    centre.act(call, "invite", first, entry_id=entry)
    interpreter = Handset(centre.carrier, INTERPRETER)
    wait_until(lambda: centre.carrier.calls(INTERPRETER), "the interpreter is rung")
    interpreter.hears("entered call-")
    interpreter.says("Xin chào.")
    caller.hears("Xin chào.")
    centre.act(call, "hold", first)
    centre.act(call, "colleague", first, agent_id=centre.agent_id(other))
    wait_until(lambda: centre.state(other) == "talking", "the colleague is in the call")
    centre.act(call, "hand-over", first)
    wait_until(lambda: centre.state(first) == "wrap_up", "the first agent is out of it")
    shown = centre.api("GET", f"/calls/{call['id']}")
    assert shown["state"] == "talking" and shown["agent_id"] == centre.agent_id(other)
    assert not next(leg for leg in shown["legs"] if leg["role"] == "caller")["held"]
    caller.hangs_up()
    centre.call_of(caller, "ended")
    for officer in (first, other):
        centre.write_up(officer, disposition="interpreting")


def test_an_abusive_call_is_warned_twice_ended_and_blocked_but_danger_is_still_heard(centre: Centre) -> None:
    centre.only("agent")
    caller = Handset(centre.carrier).dial("10")
    call = centre.talking(caller)
    for words in ("존중", "마지막으로"):
        centre.act(call, "protect")
        caller.hears(words)
    centre.act(call, "protect", note="Threats.")
    caller.hears("폭언으로 통화를 종료")
    centre.call_of(caller, "ended")
    centre.write_up(disposition="abuse")
    assert centre.state("agent") == "not_ready", "a pause after an abusive call"
    caller.dial()
    caller.hears("당분간 받지 않습니다")
    wait_until(lambda: caller.now()["wants_key"], "the key for danger is heard")
    centre.set_state("agent", "ready")
    centre.carrier.use_handset(caller.number, "press", "9")
    again = centre.talking(caller)
    assert again["danger"] and again["path_why"] == "abuse"
    caller.hangs_up()
    centre.call_of(caller, "ended")
    centre.write_up()


def test_a_message_left_at_night_becomes_a_case_and_is_heard_on_record(centre: Centre) -> None:
    centre.only()
    with psycopg.connect(centre.service.database_url) as connection:
        connection.execute(
            "UPDATE queues SET overflow_action = 'voicemail', overflow_no_staff = true WHERE code = 'general'"
        )
    try:
        caller = Handset(centre.carrier).dial("10")
        caller.hears("신호음")
        caller.hears("· beep")
        caller.says("세부에서 지갑을 잃어버렸습니다.")
        caller.hangs_up()
        call = centre.call_of(caller, "ended")
        case = wait_until(
            lambda: centre.rows(f"SELECT case_id FROM contacts WHERE id = {call['contact_id']} AND case_id > 0"),  # noqa: S608
            "the message is a case",
        )
        assert centre.rows(f"SELECT state, owner_id FROM cases WHERE id = {case[0][0]}") == [("open", None)]  # noqa: S608
        (recording,) = centre.rows(f"SELECT id FROM call_recordings WHERE call_id = {call['id']}")[0]  # noqa: S608
        assert centre.hear(recording).startswith(b"RIFF")
        assert centre.rows("SELECT count(*) FROM audit_entries WHERE action = 'recording.heard'") == [(1,)]
    finally:
        with psycopg.connect(centre.service.database_url) as connection:
            connection.execute(
                "UPDATE queues SET overflow_action = 'none', overflow_no_staff = false WHERE code = 'general'"
            )


def test_valkey_emptied_in_mid_queue_loses_nobody(centre: Centre) -> None:
    centre.only()
    callers = [Handset(centre.carrier).dial("10") for _ in range(3)]
    for caller in callers:
        centre.call_of(caller, "waiting")
    redis.Redis.from_url(centre.service.environment["HOTLINE_REDIS_URL"]).flushall()
    centre.set_state("agent", "ready")
    for caller in callers:
        centre.talking(caller)
        caller.hangs_up()
        centre.call_of(caller, "ended")
        centre.write_up()
    assert [call["agent_id"] for call in centre.api("GET", "/calls?past=1")["calls"][:3]] == [1, 1, 1]


def test_postgresql_restarted_in_mid_call_loses_no_call_and_a_new_caller_gets_the_duty_number(centre: Centre) -> None:
    centre.only("agent")
    caller = Handset(centre.carrier).dial("10")
    call = centre.talking(caller)
    centre.service.postgres.stop()
    stranger = Handset(centre.carrier).dial()
    stranger.hears("system has a fault")
    stranger.hangs_up()
    centre.service.postgres.start()
    wait_until(lambda: centre.service.api("GET", "/calls", "agent").status_code == 200, "the service is back")
    assert centre.api("GET", f"/calls/{call['id']}")["state"] == "talking"
    caller.says("아직 듣고 계세요?")
    Handset(centre.carrier, AGENT).hears("아직 듣고 계세요?")
    caller.hangs_up()
    centre.call_of(caller, "ended")
    centre.write_up()
    wait_until(
        lambda: centre.rows(f"SELECT fallback FROM calls WHERE phone = '{stranger.number}'") == [(True,)],  # noqa: S608
        "the call of the outage is known",
    )


def test_workers_killed_in_mid_assignment_lose_no_call(centre: Centre) -> None:
    centre.only()
    callers = [Handset(centre.carrier).dial("10") for _ in range(3)]
    for caller in callers:
        centre.call_of(caller, "waiting")
    for officer in ("agent", "senior-agent"):
        centre.set_state(officer, "ready")
    for _ in range(2):
        for pid in wait_until(lambda: centre.service.children("rq:worker"), "workers are there"):
            os.kill(pid, signal.SIGKILL)
    served = set()
    while len(served) < len(callers):
        talking = wait_until(
            lambda: [c for c in centre.api("GET", "/calls")["calls"] if c["state"] == "talking"], "somebody is served"
        )
        assert len({c["agent_id"] for c in talking}) == len(talking), "an agent has two calls"
        for each in talking:
            handset = next(caller for caller in callers if caller.number == each["phone"])
            handset.hangs_up()
            centre.call_of(handset, "ended")
            served.add(handset.number)
            centre.write_up({1: "agent", 2: "senior-agent"}[each["agent_id"]])
    open_now = centre.rows("SELECT count(*) FROM queue_entries WHERE state NOT IN ('done', 'left')")
    assert open_now == [(0,)]
