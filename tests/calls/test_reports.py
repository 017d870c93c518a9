"""The provider's words about a leg move it forward only: what comes late, twice or after the end is seen and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from hotline.calls import reports
from hotline.calls.reports import Report
from hotline.calls.states import ENDED, OVER
from hotline.core.services import Services
from hotline.providers.voice import DONE_WORD, FAILED_WORDS, NOT_PICKED_UP_WORDS, STATUS_RANK
from tests.calls.centre import Centre
from tests.calls.conftest import Hook, Rows, sid
from tests.calls.telephones import Telephones

FINAL = sorted({DONE_WORD, *NOT_PICKED_UP_WORDS, *FAILED_WORDS})


@pytest.fixture
def centre(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> Centre:
    """A centre with one agent on a telephone, who is ready."""
    return Centre(hook, rows, services, telephones)


def everything(rows: Rows) -> dict[str, list[Any]]:
    """Return all that could change by a word, but when the call was last heard of."""
    tables = {
        "calls": "to_jsonb(t) - 'heard_at'", "call_legs": "to_jsonb(t)", "call_orders": "to_jsonb(t)",
        "queue_entries": "to_jsonb(t)", "reservations": "to_jsonb(t)", "agents": "to_jsonb(t)",
        "callbacks": "to_jsonb(t)", "outbox_events": "to_jsonb(t)",
    }  # fmt: skip
    with rows.services.db.transaction() as session:
        return {
            name: list(session.scalars(text(f"SELECT {shown} FROM {name} t ORDER BY id")))  # noqa: S608 - our own names
            for name, shown in tables.items()
        }


def test_a_late_ringing_after_the_end_changes_nothing_and_is_kept_as_seen(
    centre: Centre, rows: Rows, later: Callable[[float], None]
) -> None:
    centre.hook.ring()
    centre.hook.status("completed", 1, 5)
    assert (rows.call().state, rows.call().end_reason, rows.legs()[0].status) == (ENDED, "hangup", "completed")
    before, heard = everything(rows), rows.call().heard_at
    later(3)
    assert centre.hook.status("ringing", 1, 1).status_code == 204
    assert everything(rows) == before
    assert rows.call().heard_at > heard
    seen = "SELECT string_agg(key, ' ' ORDER BY id) FROM call_events WHERE call_id = 1 AND key LIKE 'status:%'"
    assert rows.value(seen) == "status:completed:5 status:ringing:1"


def test_a_late_word_about_the_agents_telephone_changes_nothing(
    centre: Centre, rows: Rows, later: Callable[[float], None]
) -> None:
    leg_id = centre.talk()
    centre.hook.status("completed", 1000, 5, leg=leg_id)
    assert rows.legs("agent")[0].state == OVER and centre.agent_state() == "wrap_up"
    before = everything(rows)
    for number, word in enumerate(("initiated", "ringing", "in-progress"), start=1):
        later(1)
        assert centre.hook.status(word, 1000, number, leg=leg_id).status_code == 204
        assert everything(rows) == before, word
    assert rows.value("SELECT count(*) FROM call_events WHERE key LIKE 'status:%'") == 4


@pytest.mark.parametrize(("first", "second"), [pair for pair in product(FINAL, FINAL) if pair[0] != pair[1]])
def test_of_two_last_words_the_first_one_holds(centre: Centre, rows: Rows, first: str, second: str) -> None:
    centre.caller_waits()
    request, _leg_sid = centre.agent_rings()
    centre.hook.status("ringing", 1000, 1, leg=request.message_id)
    centre.hook.status(first, 1000, 2, leg=request.message_id)
    (leg,) = rows.legs("agent")
    assert (leg.state, leg.status) == (OVER, first)
    before = everything(rows)
    assert centre.hook.status(second, 1000, 3, leg=request.message_id).status_code == 204
    assert everything(rows) == before
    assert rows.value("SELECT count(*) FROM reservations") == 1, "the agent's miss counts once"


@pytest.mark.parametrize("word", sorted(STATUS_RANK))
def test_a_word_about_nobody_we_know_changes_nothing(services: Services, centre: Centre, rows: Rows, word: str) -> None:
    centre.hook.ring()
    before = everything(rows)
    with services.db.transaction() as session:
        reply = reports.apply(session, services, Report(sid(77), word))
        assert (reply.call_id, reply.changed, reply.jobs) == (None, False, ())
    assert everything(rows) == before


def test_a_word_about_an_earlier_attempt_never_ends_the_present_one(
    services: Services, centre: Centre, rows: Rows
) -> None:
    leg_id = centre.talk()
    before = everything(rows)
    with services.db.transaction() as session:
        reply = reports.apply(session, services, Report(sid(2000), "completed", leg_id))
        assert not reply.changed
    assert everything(rows) == before
