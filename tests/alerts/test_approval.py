"""Two people, frozen content, and stopping by one person alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from alerts import approval, drafting
from alerts.draft_fields import DraftChanges
from alerts.models import Alert, Approval
from alerts.states import ALERT
from hotline.auth.officers import actor_of
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.core.db import Database
from hotline.core.errors import Forbidden, InvalidInput, Refused, SeveralFaults
from hotline.core.outbox import OutboxEvent
from tests.factories import NOW, SQUARE, make_alert, make_mission, make_officer


@dataclass
class Desk:
    """A submitted alert and the people round it."""

    alert_id: int
    author: Actor
    approver: Actor
    chief: Actor


@pytest.fixture
def desk(db: Database, clock: FrozenClock, settings: Settings) -> Desk:
    with db.transaction() as session:
        mission = make_mission(session)
        author = make_officer(session, roles=("author",))
        alert = make_alert(
            session, author=author, mission_id=mission.id,
            texts={
                "en": "Flood in {place} {time}. {mission} {mission_phone}",
                "ko": "{place} 홍수 {time}. {mission} {mission_phone}",
            },
        )  # fmt: skip
        made = Desk(
            alert.id,
            actor_of(author, "console"),
            actor_of(make_officer(session, roles=("approver",)), "console"),
            actor_of(make_officer(session, roles=("author", "approver")), "console"),
        )
        approval.submit(session, clock, settings, made.author, alert.id)
        return made


def approve(db: Database, clock: FrozenClock, settings: Settings, actor: Actor, alert_id: int, **more: Any) -> Alert:
    with db.transaction() as session:
        return approval.approve(
            session, clock, settings, actor, alert_id, audience_estimate=more.pop("estimate", 10), **more
        )


def test_second_officer_must_differ_from_first(
    db: Database, clock: FrozenClock, settings: Settings, desk: Desk
) -> None:
    both_roles = Actor(kind="officer", id=desk.author.id, name="both", permissions=desk.chief.permissions)
    with pytest.raises(Refused) as refusal:
        approve(db, clock, settings, both_roles, desk.alert_id)
    assert refusal.value.code == "second-person"


def test_an_editor_cannot_approve_what_a_colleague_submits(
    db: Database, clock: FrozenClock, settings: Settings, desk: Desk
) -> None:
    with db.transaction() as session:
        approval.send_back(session, clock, desk.approver, desk.alert_id, reason="name the river")
    with db.transaction() as session:
        alert = drafting.edit(session, clock, desk.chief, desk.alert_id, 2, DraftChanges(headline="Flood of the Pasig"))
        approval.submit(session, clock, settings, desk.author, alert.id)
    with pytest.raises(Refused, match="second person"):
        approve(db, clock, settings, desk.chief, desk.alert_id)
    assert approve(db, clock, settings, desk.approver, desk.alert_id).state == "approved"


def test_the_author_without_the_role_cannot_approve(
    db: Database, clock: FrozenClock, settings: Settings, desk: Desk
) -> None:
    with pytest.raises(Forbidden):
        approve(db, clock, settings, desk.author, desk.alert_id)


def test_approval_freezes_text_and_area_and_writes_the_outbox_row(
    db: Database, clock: FrozenClock, settings: Settings, desk: Desk
) -> None:
    approve(db, clock, settings, desk.approver, desk.alert_id)
    with db.transaction() as session:
        frozen = session.scalars(select(Approval)).one()
        assert frozen.texts["alert"]["en"].startswith("Flood in Manila ")
        assert "Embassy in Manila +63 917 817 5703" in frozen.texts["alert"]["en"]
        assert "주필리핀 대사관" in frozen.texts["alert"]["ko"]
        assert frozen.digest == approval.digest_of(frozen.areas, frozen.texts, frozen.drill)
        event = session.scalars(select(OutboxEvent)).one()
        assert (event.topic, event.payload) == ("AlertApproved", {"alert_id": desk.alert_id})


def test_what_was_right_at_submission_is_checked_again_at_approval(
    db: Database, clock: FrozenClock, settings: Settings, desk: Desk
) -> None:
    clock.advance(timedelta(hours=7))
    with pytest.raises(SeveralFaults) as refusal:
        approve(db, clock, settings, desk.approver, desk.alert_id)
    assert [fault["problem"] for fault in refusal.value.faults] == ["expired"]


def test_without_an_area_nothing_is_submitted(db: Database, clock: FrozenClock, settings: Settings, desk: Desk) -> None:
    with db.transaction() as session:
        officer = make_officer(session)
        alert = make_alert(session, author=officer, areas=[])
        with pytest.raises(SeveralFaults) as refusal:
            approval.submit(session, clock, settings, actor_of(officer, "console"), alert.id)
    assert "no_area" in [fault["problem"] for fault in refusal.value.faults]


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ({"en": "Flood {time}. {hotline}"}, "no_place"),
        ({"en": "Flood in {place}. {hotline}"}, "no_time"),
        ({"en": "Flood in {place} {time} {hotlien}"}, "unknown_placeholder"),
        ({"en": "Flood in {place} {time} {mission}"}, "missing_value"),
        ({"en": "Flood {place} {time}. Reply STOP {hotline}"}, "answer_word"),
        ({"en": "Flood {place} {time}. " + "x" * 1560}, "too_many_parts"),
    ],
)
def test_texts_that_must_not_go_out_are_named(
    db: Database, clock: FrozenClock, settings: Settings, texts: dict[str, str], problem: str
) -> None:
    with db.transaction() as session:
        officer = make_officer(session)
        alert = make_alert(session, author=officer, texts=texts, areas=[SQUARE[0] | {"description": ""}])
        with pytest.raises(SeveralFaults) as refusal:
            approval.submit(session, clock, settings, actor_of(officer, "console"), alert.id)
    assert problem in [fault["problem"] for fault in refusal.value.faults]


def test_a_drill_must_say_so(db: Database, clock: FrozenClock, settings: Settings) -> None:
    with db.transaction() as session:
        officer = make_officer(session)
        alert = make_alert(
            session, author=officer, status="Exercise", texts={"en": "Flood in {place} {time}. {hotline}"}
        )
        with pytest.raises(SeveralFaults) as refusal:
            approval.submit(session, clock, settings, actor_of(officer, "console"), alert.id)
    assert [fault["problem"] for fault in refusal.value.faults] == ["drill_unmarked"]


def test_a_very_large_audience_needs_the_typed_number(
    db: Database, clock: FrozenClock, settings: Settings, desk: Desk
) -> None:
    with pytest.raises(Refused, match="type the number") as refusal:
        approve(db, clock, settings, desk.approver, desk.alert_id, estimate=250_000)
    assert refusal.value.params == {"estimate": 250_000}
    with pytest.raises(InvalidInput):
        approve(db, clock, settings, desk.approver, desk.alert_id, estimate=250_000, typed_count=25_000)
    assert (
        approve(db, clock, settings, desk.approver, desk.alert_id, estimate=250_000, typed_count=249_000).state
        == "approved"
    )


def test_return_and_reject_need_a_reason(db: Database, clock: FrozenClock, desk: Desk) -> None:
    for act in (approval.send_back, approval.reject):
        with db.transaction() as session, pytest.raises(InvalidInput) as refusal:
            act(session, clock, desk.approver, desk.alert_id, reason="  ")
        assert refusal.value.field == "reason"
    with db.transaction() as session:
        assert approval.reject(session, clock, desk.approver, desk.alert_id, reason="no such flood").state == "rejected"


def test_anyone_on_duty_stops_alone(db: Database, clock: FrozenClock, settings: Settings, desk: Desk) -> None:
    approve(db, clock, settings, desk.approver, desk.alert_id)
    with db.transaction() as session:
        senior = actor_of(make_officer(session, roles=("senior_agent",)), "console")
        stopped = approval.cancel(session, clock, senior, desk.alert_id)
        assert stopped.state == "cancelled"
        topics = [event.topic for event in session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))]
        assert topics == ["AlertApproved", "AlertCancelled"]


def test_two_approvals_at_once_make_one(db: Database, clock: FrozenClock, settings: Settings, desk: Desk) -> None:
    approve(db, clock, settings, desk.approver, desk.alert_id)
    with pytest.raises(Refused):
        approve(db, clock, settings, desk.chief, desk.alert_id)
    with db.transaction() as session:
        assert len(session.scalars(select(OutboxEvent)).all()) == 1


@given(
    st.lists(
        st.sampled_from(["edit", "submit", "return", "reject", "approve", "cancel", "start", "finish", "expire"]),
        max_size=12,
    )
)
def test_no_walk_through_the_lifecycle_reaches_sending_without_approval(events: list[str]) -> None:
    state, seen = "draft", []
    for event in events:
        try:
            state = ALERT.next_state(state, event, SYSTEM)
        except Refused:
            continue
        seen.append(event)
    if state in ("dispatching", "finished"):
        assert seen.index("submit") < seen.index("approve") < seen.index("start")
    if state in ("finished", "cancelled", "rejected", "expired"):
        with pytest.raises(Refused):
            ALERT.next_state(state, "start", SYSTEM)


def test_digest_notices_every_change() -> None:
    base = approval.digest_of(SQUARE, {"en": "x"}, False)
    assert base == approval.digest_of([dict(SQUARE[0])], {"en": "x"}, False)
    assert base != approval.digest_of(SQUARE, {"en": "y"}, False)
    assert base != approval.digest_of(SQUARE, {"en": "x"}, True)
    assert base != approval.digest_of([], {"en": "x"}, False)
    assert NOW.tzinfo is not None


def test_a_city_in_the_area_says_where_in_either_language(db: Database, clock: FrozenClock, settings: Settings) -> None:
    manila = [{"description": "", "polygons": [], "circles": [{"center": [14.6, 121.0], "radius_km": 30}]}]
    with db.transaction() as session:
        officer = make_officer(session)
        alert = make_alert(
            session, author=officer, areas=manila, place="수도권",
            texts={"en": "Flood in Manila 12:00. {hotline}", "ko": "마닐라 홍수 12:00. {hotline}"},
        )  # fmt: skip
        assert approval.submit(session, clock, settings, actor_of(officer, "console"), alert.id).state == "submitted"
