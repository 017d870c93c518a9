"""Drafts that follow: found by reference, filled from what they follow, suggested text by text, refused where stale."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts import approval, drafting
from alerts.cap.read import read_cap
from alerts.cap.verify import Seal
from alerts.draft_fields import DraftChanges, DraftFields
from alerts.follow import chain as chains
from alerts.follow.drafts import draft_following
from alerts.models import Alert
from alerts.suggestions import variants_needed, with_suggestions
from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.core.db import Database
from hotline.core.errors import Forbidden, InvalidInput, Refused, SeveralFaults
from tests.alerts.test_drafting import cap
from tests.factories import NOW, make_alert, make_mission, make_officer

SENT = NOW.isoformat()


@pytest.fixture
def author(db: Database) -> Actor:
    with db.transaction() as session:
        make_mission(session)
        return actor_of(make_officer(session, roles=("author",)), "console")


def draft(session: Session, clock: FrozenClock, author: Actor, data: bytes) -> Alert:
    (alert,) = drafting.draft_from_cap(session, clock, author, data, source="cap")
    return alert


def warn(session: Session, clock: FrozenClock, author: Actor, identifier: str = "id-1", **more: Any) -> Alert:
    """Draft a warning from CAP and let it have been sent."""
    alert = draft(session, clock, author, cap(identifier, **more))
    alert.state, alert.started_at = "finished", NOW
    session.flush()
    return alert


def reference_to(alert: Alert) -> str:
    assert alert.cap_sent is not None
    return f"{alert.cap_sender},{alert.cap_identifier},{alert.cap_sent.isoformat()}"


def problems(alert: Alert) -> list[str]:
    return [warning["problem"] for warning in alert.cap_warnings if warning.get("field") == "follows"]


def test_an_update_follows_what_it_refers_to_and_suggests_every_text(
    db: Database, clock: FrozenClock, author: Actor
) -> None:
    with db.transaction() as session:
        first = warn(session, clock, author)
        update = draft(session, clock, author, cap("id-2", msg_type="Update", references=reference_to(first)))
        assert (update.follows_id, update.chain_id, update.msg_type) == (first.id, first.id, "Update")
        assert problems(update) == []
        texts = update.texts_by_variant()
        assert set(texts) == {"alert", "update", "left"}
        assert all(set(bodies) == {"ko", "en"} for bodies in texts.values())
        assert "UPDATE" in texts["update"]["en"] and "UPDATE" not in texts["alert"]["en"]
        assert "갱신" in texts["update"]["ko"]
        assert "{place}" in texts["left"]["en"] and "{time}" in texts["left"]["en"]


def test_a_reference_signed_with_another_name_is_found_by_its_identifier_with_a_remark(
    db: Database, clock: FrozenClock, author: Actor
) -> None:
    with db.transaction() as session:
        first = warn(session, clock, author)
        reference = f"somebody-else@example.org,id-1,{SENT}"
        update = draft(session, clock, author, cap("id-2", msg_type="Update", references=reference))
        assert (update.follows_id, problems(update)) == (first.id, ["follows_by_identifier"])


def test_another_senders_identifier_ties_nothing_together_and_names_what_it_may_mean(
    db: Database, clock: FrozenClock, author: Actor
) -> None:
    stranger = {"sender": "stranger@example.net", "references": f"stranger@example.net,id-1,{SENT}"}
    with db.transaction() as session:
        first = warn(session, clock, author)
        update = draft(session, clock, author, cap("id-2", msg_type="Update", **stranger))
        assert (update.follows_id, update.chain_id, problems(update)) == (None, None, ["follows_other_sender"])
        assert "AL-" in update.cap_warnings[0]["mend"]
        with pytest.raises(Refused) as refusal:
            draft(session, clock, author, cap("id-3", msg_type="Cancel", body="", **stranger))
        assert refusal.value.code == "cap-cancel-other-sender" and "AL-" in refusal.value.message
        assert chains.faults(session, first) == [], "a stranger's message holds nothing up"


def test_another_sender_who_names_an_alert_exactly_is_tied_to_it_with_a_warning(
    db: Database, clock: FrozenClock, author: Actor
) -> None:
    with db.transaction() as session:
        first = warn(session, clock, author)
        data = cap("id-2", msg_type="Update", references=reference_to(first), sender="stranger@example.net")
        update = draft(session, clock, author, data)
        assert (update.follows_id, problems(update)) == (first.id, ["follows_of_another"])


@pytest.mark.parametrize(
    ("seal", "akin"),
    [
        (Seal("none"), False),
        (Seal("unknown", ("JMA",)), False),
        (Seal("broken", ("JMA",)), False),
        (Seal("trusted", ("USGS",)), False),
        (Seal("trusted", ("JMA",)), True),
    ],
)
def test_what_was_signed_is_ended_by_identifier_only_by_its_signer(
    db: Database, clock: FrozenClock, author: Actor, seal: Seal, akin: bool
) -> None:
    """The sender's name is the same: anybody can write it, and nobody else can sign."""
    message = read_cap(cap("id-2", msg_type="Cancel", references=f"other,id-1,{SENT}", body="")).alert
    with db.transaction() as session:
        first = warn(session, clock, author)
        first.cap_signature = {"status": "trusted", "signers": ["JMA"], "detail": ""}
        session.flush()
        found = chains.find_followed(session, message, chains.Origin(seal))
        assert (found.alert is first) == akin
        assert found.remarks[0]["problem"] == ("follows_by_identifier" if akin else "follows_other_sender")
        same_feed = chains.find_followed(session, message, chains.Origin(seal, {first.id}))
        assert (same_feed.alert is first) == (seal.status != "broken")


def test_an_update_of_something_unknown_is_a_new_alert_with_a_clear_warning(
    db: Database, clock: FrozenClock, author: Actor
) -> None:
    with db.transaction() as session:
        reference = f"a@example.org,never-seen,{SENT}"
        update = draft(session, clock, author, cap("id-2", msg_type="Update", references=reference))
        assert (update.follows_id, problems(update)) == (None, ["follows_unknown"])
        assert set(update.texts_by_variant()) == {"alert"}
        assert variants_needed(update) == ("alert", "correction")


def test_a_cancel_follows_with_an_all_clear_and_needs_no_area(
    db: Database, clock: FrozenClock, author: Actor, settings: Settings
) -> None:
    with db.transaction() as session:
        first = warn(session, clock, author)
        clear = draft(session, clock, author, cap("id-2", msg_type="Cancel", references=reference_to(first), body=""))
        assert (clear.follows_id, clear.place, clear.event, clear.mission_id, clear.areas) == (
            first.id, first.place, first.event, first.mission_id, [],
        )  # fmt: skip
        assert set(clear.texts_by_variant()) == {"all_clear"}
        assert clear.expires == clock.now() + drafting.DEFAULT_VALIDITY
        assert approval.submit(session, clock, settings, author, clear.id).state == "submitted"


def test_a_cancel_of_something_unknown_is_refused(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session, pytest.raises(Refused) as refusal:
        reference = f"a@example.org,never-seen,{SENT}"
        draft(session, clock, author, cap("id-2", msg_type="Cancel", references=reference, body=""))
    assert refusal.value.code == "cap-cancel"


def test_the_same_update_twice_is_one_draft(db: Database, clock: FrozenClock, author: Actor) -> None:
    for _ in range(2):
        with db.transaction() as session:
            known = session.scalar(select(Alert).where(Alert.cap_identifier == "id-1"))
            first = known or warn(session, clock, author)
            draft(session, clock, author, cap("id-2", msg_type="Update", references=reference_to(first)))
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 2


def test_a_message_that_was_sent_already_is_not_drafted_again(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        first = warn(session, clock, author)
        assert draft(session, clock, author, cap()).id == first.id


def test_an_exercise_follows_only_an_exercise(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        real = warn(session, clock, author)
        drill = draft(
            session, clock, author, cap("id-2", msg_type="Update", references=reference_to(real), status="Exercise")
        )
        assert (drill.follows_id, problems(drill)) == (None, ["follows_other_kind"])
        exercise = warn(session, clock, author, "id-3", status="Exercise")
        with pytest.raises(Refused) as refusal:
            reference = reference_to(exercise)
            draft(session, clock, author, cap("id-4", msg_type="Cancel", references=reference, body=""))
        assert refusal.value.code == "cap-cancel", "a real cancel of an exercise ends nothing real"


def test_a_follower_cannot_change_between_exercise_and_real(
    db: Database, clock: FrozenClock, author: Actor, settings: Settings
) -> None:
    with db.transaction() as session:
        exercise = warn(session, clock, author, "id-3", status="Exercise")
        update = draft_following(session, clock, author, exercise.id, "Update")
        drafting.edit(session, clock, author, update.id, 1, DraftChanges(status="Actual"))
        with pytest.raises(SeveralFaults) as refusal:
            approval.submit(session, clock, settings, author, update.id)
    assert "follows_other_kind" in [fault["problem"] for fault in refusal.value.faults]


def test_messages_out_of_order_the_older_one_can_no_longer_be_sent(
    db: Database, clock: FrozenClock, author: Actor, settings: Settings
) -> None:
    with db.transaction() as session:
        first = warn(session, clock, author)
        newer = cap("id-3", msg_type="Update", references=reference_to(first))
        late = newer.replace(b"id-3", b"id-2").replace(
            b"<sent>" + SENT.encode(), b"<sent>" + (NOW - timedelta(minutes=30)).isoformat().encode()
        )
        sent = draft(session, clock, author, newer)
        sent.started_at, sent.state = NOW, "dispatching"
        stale = draft(session, clock, author, late)
        assert stale.chain_id == first.id
        assert chains.overtaken_by(session, stale) is sent
        with pytest.raises(SeveralFaults) as refusal:
            approval.submit(session, clock, settings, author, stale.id)
    assert [fault["problem"] for fault in refusal.value.faults] == ["overtaken"]


def test_an_alert_whose_cancel_has_come_in_is_not_sent_over_it(
    db: Database, clock: FrozenClock, author: Actor, settings: Settings
) -> None:
    with db.transaction() as session:
        first = draft(session, clock, author, cap())
        clear = draft(session, clock, author, cap("id-2", msg_type="Cancel", references=reference_to(first), body=""))
        with pytest.raises(SeveralFaults) as refusal:
            approval.submit(session, clock, settings, author, first.id)
        assert [fault["problem"] for fault in refusal.value.faults] == ["later_waits"]
        approval.cancel(session, clock, author, clear.id)
        assert approval.submit(session, clock, settings, author, first.id).state == "submitted"


def test_a_message_that_refers_to_two_chains_says_which_one_is_left(
    db: Database, clock: FrozenClock, author: Actor
) -> None:
    with db.transaction() as session:
        one, other = warn(session, clock, author), warn(session, clock, author, "id-9")
        both = f"{reference_to(one)} {reference_to(other)}"
        update = draft(session, clock, author, cap("id-2", msg_type="Update", references=both))
        assert (update.follows_id, problems(update)) == (other.id, ["follows_several"])


@pytest.mark.parametrize(("kind", "variants"), [("Update", {"alert", "update", "left"}), ("Cancel", {"all_clear"})])
def test_an_officer_drafts_what_follows_with_everything_filled_in(
    db: Database, clock: FrozenClock, author: Actor, settings: Settings, kind: str, variants: set[str]
) -> None:
    with db.transaction() as session:
        assert author.id is not None
        officer = make_officer(session)
        texts = {"ko": "{place} 홍수 {time}. {hotline}", "en": "Flood in {place} {time}. {hotline}"}
        first = make_alert(session, author=officer, state="finished", started_at=NOW, texts=texts)
        made = draft_following(session, clock, author, first.id, kind)
        assert (made.headline, made.place, made.severity, made.author_id) == (
            "Flood in Manila",
            "Manila",
            "Severe",
            author.id,
        )
        assert set(made.texts_by_variant()) == variants
        assert bool(made.areas) == (kind == "Update")
        assert approval.submit(session, clock, settings, author, made.id).state == "submitted"
        final = approval.check_ready(session, clock, settings, made)
        assert set(final) == variants | {"correction"}
        for bodies in final.values():
            assert all("Manila" in body or "마닐라" in body for body in bodies.values()), "every text says where"
            assert all("{" not in body for body in bodies.values())


def test_nothing_follows_what_was_not_sent_or_was_replaced(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        officer = make_officer(session)
        unsent = make_alert(session, author=officer)
        sent = make_alert(session, author=officer, state="finished", started_at=NOW)
        sent.superseded_by_id = unsent.id
        for alert, code in ((unsent, "not-sent"), (sent, "superseded")):
            with pytest.raises(Refused) as refusal:
                draft_following(session, clock, author, alert.id, "Update")
            assert refusal.value.code == code
        with pytest.raises(InvalidInput):
            draft_following(session, clock, author, sent.id, "Alert")
        approver = actor_of(make_officer(session, roles=("approver",)), "console")
        with pytest.raises(Forbidden):
            draft_following(session, clock, approver, sent.id, "Update")


def test_a_chain_is_bounded(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        officer = make_officer(session)
        first = make_alert(session, author=officer, state="finished", started_at=NOW)
        for _ in range(chains.MAX_CHAIN - 1):
            make_alert(session, author=officer, follows_id=first.id, chain_id=first.id)
        with pytest.raises(Refused, match="at most"):
            draft_following(session, clock, author, first.id, "Update")


def test_json_says_what_it_follows(db: Database, clock: FrozenClock, author: Actor) -> None:
    with db.transaction() as session:
        first = make_alert(session, author=make_officer(session), state="finished", started_at=NOW)
        fields = DraftFields(headline="Over", follows=first.id, msg_type="Cancel", texts={"en": "Over {place} {time}"})
        made = drafting.draft_by_hand(session, clock, author, fields, source="api")
        assert (made.follows_id, made.headline, made.bodies()) == (first.id, "Over", {"en": "Over {place} {time}"})
        with pytest.raises(InvalidInput):
            drafting.draft_by_hand(session, clock, author, DraftFields(headline="x", msg_type="Update"))


def test_a_correction_is_suggested_beside_every_text_and_follows_the_alert_as_it_is_now(
    db: Database, clock: FrozenClock, author: Actor, settings: Settings
) -> None:
    with db.transaction() as session:
        alert = make_alert(session, author=make_officer(session), texts={"en": "Flood in {place} {time}. {hotline}"})
        assert set(with_suggestions(alert, alert.texts_by_variant())) == {"alert", "correction"}
        alert.place = "Cebu"
        final = approval.check_ready(session, clock, settings, alert)
        assert "Cebu" in final["correction"]["en"] and "CORRECTION" in final["correction"]["en"]
        changes = DraftChanges(variants={"correction": {"en": "Wrong: {place} {time}. Call {hotline}"}})
        drafting.edit(session, clock, author, alert.id, 1, changes)
        assert approval.check_ready(session, clock, settings, alert)["correction"]["en"].startswith("Wrong: Cebu")
        with pytest.raises(InvalidInput):
            drafting.edit(session, clock, author, alert.id, 2, DraftChanges(variants={"nonsense": {"en": "x"}}))
