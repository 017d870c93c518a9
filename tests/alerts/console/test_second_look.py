"""Nobody approves what they have not read: the alert, or a number filled into its text, may change under their eyes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from alerts import approval
from alerts.models import Alert
from hotline.auth.officers import actor_of
from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.core.db import Database
from hotline.core.errors import Conflict
from hotline.missions.models import Mission
from tests.alerts.console.conftest import Officials

TEXTS = {"en": "Flood in {place} {time}. Go to high ground. Call {mission_phone}."}


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def _submitted(officials: Officials, add: Callable[..., int], mission_id: int) -> int:
    alert_id = add(texts=TEXTS, mission_id=mission_id)
    assert officials.send_json("author", f"/alerts/{alert_id}/submit", {}).status_code == 200
    return alert_id


def test_a_number_changed_after_reading_stops_the_approval(
    officials: Officials,
    add: Callable[..., int],
    mission_id: int,
    stored: Callable[[int], Alert],
    db: Database,
) -> None:
    alert_id = _submitted(officials, add, mission_id)
    approver = officials["approver"]
    page = approver.client.get(f"/alerts/{alert_id}").text
    form = {name: _hidden(page, name) for name in ("version", "seen")} | {"csrf_token": approver.token()}
    with db.transaction() as session:
        mission = session.get(Mission, mission_id)
        assert mission is not None
        mission.emergency_phone = "+639999999999"
    assert approver.client.post(f"/alerts/{alert_id}/approve", data=form).status_code == 409
    assert stored(alert_id).state == "submitted"

    page = approver.client.get(f"/alerts/{alert_id}").text
    form |= {"seen": _hidden(page, "seen")}
    assert approver.client.post(f"/alerts/{alert_id}/approve", data=form).status_code == 302
    texts = stored(alert_id).approval
    assert texts is not None
    assert "999 999 9999" in texts.texts["alert"]["en"]


def test_the_version_is_compared_under_the_lock(
    officials: Officials,
    add: Callable[..., int],
    mission_id: int,
    db: Database,
    clock: FrozenClock,
    settings: Settings,
) -> None:
    alert_id = _submitted(officials, add, mission_id)
    assert officials["approver"]
    approver = actor_of(officials.people["approver"], "api")
    with db.transaction() as session, pytest.raises(Conflict):
        approval.approve(session, clock, settings, approver, alert_id, audience_estimate=0, seen=approval.Seen(7))
