"""While somebody is on the line: what may still be said to them, and the key they press, kept like any other answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from alerts.approval import digest_of, follows_of
from alerts.models import Alert
from alerts.replies.recording import Recorded, Said, record_answer
from alerts.silent.models import Outreach, SilentPlan
from alerts.silent.reports import find_attempt
from alerts.silent.speech import Turn
from alerts.silent.states import ANSWERED, SKIPPED
from alerts.states import DISPATCHING, FINISHED
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import NotFound

PERSON = Actor(kind="person", id=None, name="person", via="voice")


@dataclass(frozen=True)
class Heard:
    """What one person hears; `text` is None when nothing may be said any more."""

    text: str | None
    language: str
    drill: bool


def what_is_said(session: Session, now: datetime, turn: Turn, to: str) -> Heard:
    """Return the approved text for this person, judged again at the moment they pick up; raises NotFound."""
    row = session.get(Outreach, turn.outreach_id)
    if row is None or row.phone != to or turn.attempt > row.attempts:
        raise NotFound("call", turn.outreach_id)
    alert, plan = session.get_one(Alert, row.alert_id), session.get(SilentPlan, row.alert_id)
    approval = alert.approval
    if approval is None or plan is None or plan.stopped_at is not None or not _is_live(alert, now):
        return Heard(None, row.language, alert.drill)
    agreed = digest_of(
        approval.areas, approval.texts, approval.drill, follows_of(alert), precisions=approval.precisions
    )  # fmt: skip
    if agreed != approval.digest or approval.drill != alert.drill:
        return Heard(None, row.language, alert.drill)
    return Heard(approval.texts.get(row.variant, {}).get(row.language), row.language, approval.drill)


def _is_live(alert: Alert, now: datetime) -> bool:
    assert alert.approval is not None
    expires = min(alert.expires, alert.approval.expires)
    return alert.state in (DISPATCHING, FINISHED) and alert.superseded_by_id is None and expires > now


def take_key(session: Session, clock: Clock, turn: Turn, call_sid: str, word: str) -> Recorded:
    """Keep an answer given by key; `safe` or `help`. Calls for help open a case, whatever became of the alert meanwhile.

    The person is locked before the call, in the order of every other answer. Raises what `record_answer` raises, NotFound.
    """
    known = session.get(Outreach, turn.outreach_id)
    if known is None:
        raise NotFound("call", turn.outreach_id)
    said = Said(
        traveller_id=known.traveller_id, alert_id=known.alert_id, status=word, channel="voice",
        key=f"voice:{call_sid[:40]}:{word}",
    )  # fmt: skip
    recorded = record_answer(session, clock, PERSON, said)
    row = session.get_one(Outreach, turn.outreach_id, with_for_update=True, populate_existing=True)
    attempt = find_attempt(session, row.id, turn.attempt)
    if attempt is not None and attempt.provider_sid is None:
        attempt.provider_sid = call_sid
    if row.state != SKIPPED:
        row.state, row.answer, row.settled_at = ANSWERED, word, row.settled_at or clock.now()
        row.lease_until = row.not_before = None
    session.flush()
    return recorded
