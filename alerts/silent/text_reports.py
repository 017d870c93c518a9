"""What a provider says about a second text: ranks decide (`hotline.providers.ranks`), so that late and doubled words do no harm.

A failure whose reason may pass is tried again by the same table as first texts (`hotline.providers.codes`), within the same
bounds; one that asks for another sender is not, because this was the other one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.silent.models import CallAttempt, Outreach
from alerts.silent.plan import SMS
from alerts.silent.reports import Report, find_attempt
from alerts.silent.states import DELIVERED, FAILED, FINAL_STATES, MAY_MOVE, QUEUED, SENT
from hotline.core.clock import Clock
from hotline.core.db import psycopg_of
from hotline.core.services import Services
from hotline.people import reachability
from hotline.providers.codes import BAD_NUMBER_CODES, OPTED_OUT_CODES, RETRY_CODES
from hotline.providers.ranks import word

_TELLING = BAD_NUMBER_CODES | OPTED_OUT_CODES


class LinkWord(NamedTuple):
    """A receipt that came over a link and knows the provider's name of the text only; `id` is its row."""

    id: int
    sid: str
    status: str
    error_code: str | None
    recipient: str | None


class Moved(NamedTuple):
    """A row that a report has moved; `marks` are to be written onto the trail last in the transaction (`reachability.record`)."""

    alert_id: int
    marks: list[reachability.Mark]


def apply(session: Session, clock: Clock, report: Report) -> Moved | None:
    """Apply a report in the caller's transaction; None when it says nothing new."""
    row = session.get(Outreach, report.outreach_id, with_for_update=True, populate_existing=True)
    if row is None or row.channel != SMS or (report.to is not None and report.to != row.phone):
        return None
    attempt = find_attempt(session, row.id, report.attempt)
    if attempt is None or attempt.provider_sid not in (None, report.provider_sid):
        return None
    attempt.provider_sid = report.provider_sid
    said = word(report.status, report.error_code)
    if said <= word(attempt.status, attempt.error_code):
        return None
    attempt.status, attempt.error_code = said.status[:12], said.error_code or attempt.error_code
    if attempt.outcome in (None, "unanswered"):
        attempt.outcome, attempt.finished_at = "found", attempt.finished_at or clock.now()
    moved = _move(row, clock.now(), said.state, said.error_code, present=attempt.number == row.attempts)
    if moved:
        row.provider_sid = report.provider_sid
    session.flush()
    return Moved(row.alert_id, _marks(session, clock, row.alert_id, [(row.phone, said.error_code)])) if moved else None


def _move(row: Outreach, now: datetime, state: str, code: str, *, present: bool) -> bool:
    """Move a row; of an earlier attempt only the proof that it arrived after all counts."""
    target = state
    if state == FAILED and present and (wait := _wait_after(row, code)) is not None and row.state in MAY_MOVE[QUEUED]:
        target, row.not_before, row.rung = QUEUED, now + wait, row.rung + 1
    if (not present and target != DELIVERED) or row.state not in MAY_MOVE[target]:
        return False
    row.state, row.lease_until = target, None
    row.reason = (code or "refused")[:20] if target == FAILED else None
    if target in FINAL_STATES:
        row.settled_at, row.not_before = now, None
    assert target in (SENT, DELIVERED, FAILED, QUEUED)
    return True


def _wait_after(row: Outreach, code: str) -> timedelta | None:
    """Return how long until a text that failed for this reason is tried again; None: not at all."""
    rule = RETRY_CODES.get(code)
    if rule is None or rule.other_sender or row.rung >= len(rule.waits_s):
        return None
    return timedelta(seconds=rule.waits_s[row.rung])


def take_link_words(session: Session, clock: Clock, words: Sequence[LinkWord]) -> dict[int, Moved | None]:
    """Apply receipts that came over a link and are about second texts; what each has moved, by its row, which is done with."""
    if not words:
        return {}
    sids: Collection[str] = {each.sid for each in words}
    known = {
        sid: (outreach_id, number)
        for sid, outreach_id, number in session.execute(
            select(CallAttempt.provider_sid, CallAttempt.outreach_id, CallAttempt.number)
            .join(Outreach, Outreach.id == CallAttempt.outreach_id)
            .where(CallAttempt.provider_sid.in_(sids), Outreach.channel == SMS)
            .order_by(CallAttempt.id)
        ).tuples()
    }
    done: dict[int, Moved | None] = {}
    for each in words:
        if each.sid in known:
            outreach_id, number = known[each.sid]
            said = Report(outreach_id, number, each.sid, each.status, each.recipient, each.error_code)
            done[each.id] = apply(session, clock, said)
    return done


def mark_people(services: Services, alert_id: int, told: Iterable[tuple[str, str]]) -> None:
    """Keep on the travellers what refusals of an alert's second texts say about their numbers: (number, code)."""
    telling = [each for each in told if each[1] in _TELLING]
    if telling:
        with services.db.transaction() as session:
            reachability.record(session, services.clock, "alert", _marks(session, services.clock, alert_id, telling))


def _marks(session: Session, clock: Clock, alert_id: int, told: Iterable[tuple[str, str]]) -> list[reachability.Mark]:
    outcomes = [reachability.Outcome(alert_id, phone, "", code, FAILED) for phone, code in told if code in _TELLING]
    return reachability.mark(psycopg_of(session), clock.now(), outcomes) if outcomes else []
