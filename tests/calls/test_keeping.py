"""How long things of calls are kept: recordings by policy, events as long as a webhook could come again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hotline.calls import dialling, pruning, recordings
from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, NotFound
from hotline.core.services import Services
from tests.calls.conftest import Hook, Rows, sid
from tests.calls.telephones import Telephones

DAY_S = 86_400


def test_a_recording_is_deleted_at_the_provider_when_its_time_is_over_and_not_before(
    hook: Hook, rows: Rows, services: Services, telephones: Telephones, later: Callable[[float], None]
) -> None:
    hook.ring()
    fields = {"RecordingSid": f"RE{1:032x}", "RecordingStatus": "completed", "RecordingDuration": "60"}
    hook("recording?call=1&kind=conversation", CallSid=sid(1), **fields)
    later(services.settings.recording_days * DAY_S - 60)
    assert recordings.delete_due(services) == 0
    later(120)
    telephones.broken = 1
    assert recordings.delete_due(services) == 1 and recordings.delete_due(services) == 0
    dialling.carry_out(services)
    assert telephones.commands == [], "the provider failed, the order stands"
    later(5)
    dialling.carry_out(services)
    assert [(each.kind, each.recording) for each in telephones.commands] == [("delete", f"RE{1:032x}")]
    assert rows.value("SELECT count(*) FROM audit_entries WHERE action = 'recording.deleted'") == 1


def test_a_recording_is_heard_by_those_who_may_on_record_and_by_nobody_once_it_is_deleted(
    hook: Hook, rows: Rows, services: Services, later: Callable[[float], None]
) -> None:
    hook.ring()
    fields = {"RecordingSid": f"RE{1:032x}", "RecordingStatus": "completed", "RecordingDuration": "60"}
    hook("recording?call=1&kind=conversation", CallSid=sid(1), **fields)
    may, may_not = (
        Actor(kind="officer", id=None, name="x", permissions=frozenset(given)) for given in (("calls.read",), ())
    )
    with services.db.transaction() as session:
        assert recordings.heard(session, services, may, 1).recording_sid == f"RE{1:032x}"
        with pytest.raises(Forbidden):
            recordings.heard(session, services, may_not, 1)
    assert rows.value("SELECT count(*) FROM audit_entries WHERE action = 'recording.heard'") == 1
    later(services.settings.recording_days * DAY_S + 60)
    assert recordings.delete_due(services) == 1
    with services.db.transaction() as session, pytest.raises(NotFound):
        recordings.heard(session, services, may, 1)


def test_a_recording_of_a_whole_conference_names_no_call_and_is_kept_all_the_same(hook: Hook, rows: Rows) -> None:
    hook.ring()
    fields = {"ConferenceSid": f"CF{1:032x}", "RecordingStatus": "completed", "RecordingDuration": "9"}
    for _ in range(2):
        assert hook("recording?call=1&kind=conversation", RecordingSid=f"RE{2:032x}", **fields).status_code == 204
    assert rows.value("SELECT count(*) FROM call_recordings WHERE kind = 'conversation'") == 1


def test_events_go_after_a_week_and_calls_stay(
    hook: Hook, rows: Rows, services: Services, later: Callable[[float], None]
) -> None:
    hook.ring()
    later(6 * DAY_S)
    assert pruning.prune(services) == 0
    later(2 * DAY_S)
    hook.ring(2)
    assert pruning.prune(services) == 1
    assert (rows.value("SELECT count(*) FROM call_events"), len(rows.calls())) == (1, 2)
