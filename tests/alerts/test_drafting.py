"""From a warning to a draft: CAP and by hand, versions, and what never becomes a new alert."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts import approval, drafting
from alerts.draft_fields import DraftChanges, DraftFields
from alerts.models import Alert
from alerts.preview import preview_texts
from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.core.db import Database
from hotline.core.errors import Conflict, Forbidden, InvalidInput, Refused, SeveralFaults
from tests.factories import NOW, SQUARE, make_alert, make_mission, make_officer

RING = "14.0,120.5 15.0,120.5 15.0,121.5 14.0,121.5 14.0,120.5"


def cap(
    identifier: str = "id-1",
    *,
    msg_type: str = "Alert",
    references: str = "",
    body: str | None = None,
    status: str = "Actual",
    sender: str = "quakes@example.org",
) -> bytes:
    info = (
        body
        if body is not None
        else f"""<info><language>en</language><category>Geo</category><event>Earthquake</event>
      <urgency>Immediate</urgency><severity>Extreme</severity><certainty>Observed</certainty>
      <expires>{(NOW + timedelta(hours=5)).isoformat()}</expires><headline>Earthquake near Manila</headline>
      <area><areaDesc>Metro Manila</areaDesc><polygon>{RING}</polygon><circle>10.3,123.9 25</circle></area></info>"""
    )
    refers = f"<references>{references}</references>" if references else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
      <identifier>{identifier}</identifier><sender>{sender}</sender><sent>{NOW.isoformat()}</sent>
      <status>{status}</status><msgType>{msg_type}</msgType><scope>Public</scope>{refers}{info}</alert>""".encode()


@pytest.fixture
def author(db: Database) -> Actor:
    with db.transaction() as session:
        return actor_of(make_officer(session, roles=("author",)), "console")


def draft(session: Session, clock: FrozenClock, author: Actor, data: bytes) -> Alert:
    return drafting.draft_from_cap(session, clock, author, data, source="cap")[0]


def test_cap_becomes_a_draft_with_area_severity_and_texts(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        make_mission(session, code="cebu", city="Cebu City", regions=["세부 Cebu"])
        mission = make_mission(session, code="manila", regions=["마닐라 Manila"])
        alert = draft(session, clock, author, cap())
        assert (alert.state, alert.severity, alert.urgency, alert.certainty) == (
            "draft",
            "Extreme",
            "Immediate",
            "Observed",
        )
        assert alert.place == "Metro Manila"
        assert alert.expires == NOW + timedelta(hours=5)
        assert len(alert.areas[0]["polygons"]) == 1
        assert alert.areas[0]["circles"] == [{"center": [10.3, 123.9], "radius_km": 25.0}]
        assert {text.language for text in alert.texts} == {"ko", "en"}
        assert all("{mission_phone}" in text.body for text in alert.texts)
        assert alert.mission_id == mission.id, "the mission that is responsible for the place that the area names"
        assert alert.cap_document is not None and "quakes@example.org" in alert.cap_document


def test_the_same_message_twice_is_one_draft(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        first = draft(session, clock, author, cap())
        assert first.fresh
    with db.transaction() as session:
        second = draft(session, clock, author, cap())
        assert second.id == first.id
        assert not second.fresh
        assert session.scalar(select(func.count()).select_from(Alert)) == 1


def test_a_message_that_ended_earlier_can_be_drafted_again(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        first = draft(session, clock, author, cap())
        first.state = "rejected"
    with db.transaction() as session:
        assert draft(session, clock, author, cap()).id != first.id


def test_a_cancel_of_an_alert_is_its_all_clear_and_never_a_new_warning(
    db: Database, clock: FrozenClock, author: Actor
) -> None:
    with db.transaction() as session:
        first = draft(session, clock, author, cap("id-1"))
    reference = f"somebody-else@example.org,id-1,{NOW.isoformat()}"
    with db.transaction() as session:
        clear = draft(session, clock, author, cap("id-2", msg_type="Cancel", references=reference, body=""))
        assert (clear.follows_id, clear.msg_type) == (first.id, "Cancel")
        assert set(clear.texts_by_variant()) == {"all_clear"}


@pytest.mark.parametrize("msg_type", ["Ack", "Error"])
def test_messages_about_messages_are_refused(db: Database, clock: FrozenClock, author: Actor, msg_type: str) -> None:
    reference = f"a@example.org,x,{NOW.isoformat()}"
    with db.transaction() as session, pytest.raises(Refused, match="warns of nothing"):
        draft(session, clock, author, cap("id-3", msg_type=msg_type, references=reference, body=""))


def test_every_fault_is_named_with_its_line(db: Database, clock: FrozenClock, author: Actor) -> None:
    broken = (
        cap().replace(b"<severity>Extreme", b"<severity>Terrible").replace(b"<sender>quakes@example.org</sender>", b"")
    )
    with db.transaction() as session, pytest.raises(SeveralFaults) as refusal:
        draft(session, clock, author, broken)
    fields = {str(fault["field"]): fault for fault in refusal.value.faults}
    assert any("severity" in field for field in fields)
    assert any("sender" in field for field in fields)
    assert all(fault["mend"] for fault in refusal.value.faults)
    assert any(fault["line"] for fault in refusal.value.faults)


def test_a_message_without_area_is_a_draft_that_must_be_drawn(db: Database, clock: FrozenClock, author: Actor) -> None:
    body = f"""<info><language>en</language><category>Geo</category><event>Earthquake</event><urgency>Immediate</urgency>
      <severity>Severe</severity><certainty>Observed</certainty>
      <expires>{(NOW + timedelta(hours=5)).isoformat()}</expires></info>"""
    with db.transaction() as session:
        alert = draft(session, clock, author, cap("id-4", body=body))
        assert alert.areas == []
        assert any(warning["problem"] == "no_area" for warning in alert.cap_warnings)


def test_exercises_are_drills(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        alert = draft(session, clock, author, cap("id-5", status="Exercise"))
        assert alert.drill
        assert all(text.body.startswith(("[훈련]", "[DRILL]")) for text in alert.texts)


def test_only_authors_draft(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        approver = actor_of(make_officer(session, roles=("approver",)), "console")
        with pytest.raises(Forbidden):
            draft(session, clock, approver, cap())


def test_by_hand_with_an_idempotency_key_is_drafted_once(db: Database, clock: FrozenClock, author: Actor) -> None:
    fields = DraftFields(headline="Unrest", areas=SQUARE, texts={"en": "Unrest in {place} {time}"})
    with db.transaction() as session:
        first = drafting.draft_by_hand(session, clock, author, fields, idempotency_key="k1")
    with db.transaction() as session:
        assert drafting.draft_by_hand(session, clock, author, fields, idempotency_key="k1").id == first.id
        assert drafting.draft_by_hand(session, clock, author, fields, idempotency_key="k2").id != first.id


def test_edit_needs_the_version_it_was_made_on(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        alert = draft(session, clock, author, cap())
    with db.transaction() as session:
        edited = drafting.edit(session, clock, author, alert.id, 1, DraftChanges(headline="Stronger earthquake"))
        assert edited.version == 2
    with db.transaction() as session, pytest.raises(Conflict) as conflict:
        drafting.edit(session, clock, author, alert.id, 1, DraftChanges(headline="Weaker earthquake"))
    assert conflict.value.params == {"current": 2}


def test_an_edit_is_audited_with_before_and_after(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        alert = draft(session, clock, author, cap())
        drafting.edit(
            session, clock, author, alert.id, 1, DraftChanges(severity="Severe", areas=SQUARE, texts={"en": "x"})
        )
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "alert.edited")).one()
        assert entry.before is not None and entry.after is not None
        assert (entry.before["severity"], entry.after["severity"]) == ("Extreme", "Severe")
        assert entry.after["areas"]["polygons"] == 1
        assert entry.after["texts"] == {"en": "x"}


def test_an_edit_that_changes_nothing_leaves_version_and_trail_alone(
    db: Database, clock: FrozenClock, author: Actor
) -> None:
    with db.transaction() as session:
        alert = draft(session, clock, author, cap())
        assert drafting.edit(session, clock, author, alert.id, 1, DraftChanges(severity="Extreme")).version == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"severity": "Terrible"}, "severity"),
        ({"texts": {"en": "x" * 1601}}, "texts.en"),
        ({"texts": {"this is no language": "x"}}, "texts"),
        ({"mission_id": 999}, "mission_id"),
        ({"areas": [{"description": "", "polygons": [[[100, 0], [0, 1], [1, 1], [100, 0]]], "circles": []}]}, "areas"),
    ],
)
def test_bad_values_are_named(
    db: Database, clock: FrozenClock, author: Actor, changes: dict[str, Any], field: str
) -> None:
    with db.transaction() as session:
        alert = draft(session, clock, author, cap())
    with db.transaction() as session, pytest.raises(InvalidInput) as refusal:
        drafting.edit(session, clock, author, alert.id, 1, DraftChanges(**changes))
    assert refusal.value.field.startswith(field)
    assert refusal.value.mend


def test_a_submitted_alert_cannot_be_edited(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        officer = make_officer(session)
        alert = make_alert(session, author=officer, state="submitted")
        with pytest.raises(Refused):
            drafting.edit(session, clock, author, alert.id, 1, DraftChanges(headline="x"))


def test_place_and_event_are_said_in_the_language_of_the_text(
    db: Database, clock: FrozenClock, author: Actor, settings: Settings
) -> None:
    both = cap().replace(b"<info>", (
        "<info><language>ko</language><category>Geo</category><event>지진</event><urgency>Immediate</urgency>"
        "<severity>Extreme</severity><certainty>Observed</certainty>"
        f"<expires>{(NOW + timedelta(hours=5)).isoformat()}</expires><headline>마닐라 지진</headline>"
        f"<area><areaDesc>메트로 마닐라</areaDesc><polygon>{RING}</polygon></area></info><info>"
    ).encode(), 1)  # fmt: skip
    texts = {"en": "{event} in {place} {time}. {hotline}", "ko": "{place} {event} {time}. {hotline}"}
    with db.transaction() as session:
        alert = draft(session, clock, author, both)
        shown = {text.language: text for text in preview_texts(session, settings, alert, texts).texts}
        assert (shown["en"].filled or "").startswith("Earthquake in Metro Manila ")
        assert (shown["ko"].filled or "").startswith("메트로 마닐라 지진 ")
        assert (shown["en"].filled or "").endswith("+82 2-3210-0404")
        drafting.edit(session, clock, author, alert.id, 1, DraftChanges(place="Luzon"))
        shown = {text.language: text for text in preview_texts(session, settings, alert, texts).texts}
        assert "Luzon" in (shown["en"].filled or "") and "Luzon" in (shown["ko"].filled or "")
        own = preview_texts(session, settings, alert, {"en": "Quake in Metro Manila 12:00. {hotline}"}).texts[0]
        assert all(problem.code != "no_place" for problem in own.problems)


def test_a_senders_exercise_never_becomes_a_real_warning(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        exercise = draft(session, clock, author, cap("id-6", status="Exercise"))
        with pytest.raises(InvalidInput) as refusal:
            drafting.edit(session, clock, author, exercise.id, 1, DraftChanges(status="Actual"))
        assert refusal.value.field == "status"
        real = draft(session, clock, author, cap("id-7"))
        drafting.edit(session, clock, author, real.id, 1, DraftChanges(status="Test"))
        assert not drafting.edit(session, clock, author, real.id, 2, DraftChanges(status="Actual")).drill


def test_a_message_for_few_is_not_sent_to_everybody(
    db: Database, clock: FrozenClock, author: Actor, settings: Settings
) -> None:
    restricted = cap("id-8").replace(
        b"<scope>Public</scope>", b"<scope>Restricted</scope><restriction>police only</restriction>"
    )
    with db.transaction() as session:
        make_mission(session)
        alert = draft(session, clock, author, restricted)
        with pytest.raises(SeveralFaults) as refusal:
            approval.submit(session, clock, settings, author, alert.id)
    assert "not_public_scope" in [fault["problem"] for fault in refusal.value.faults]
