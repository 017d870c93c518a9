"""How each provider does, judged by all lanes of all hosts together, and the shares that follow from it.

Lanes add what they saw to stretches of ten seconds. A job looks at the last minute: a provider that fails or is slow loses
ten points of its share, one that does well gains five, at most one step a look. Nothing moves away from a provider when the
others are no better, for then it is the world that is slow and not the provider. Every step is an audit entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import psycopg
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hotline.core import audit, live
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.providers.models import Provider, ProviderPulse

JOB = "providers.judge"
SLOT_S = 10
WINDOW_S = 60
KEEP: Final = timedelta(hours=24)
STEP_DOWN, STEP_UP = 10, 5
LEAST_SHARE = 10
"""Never less, so that it can be seen when the provider has recovered."""
ENOUGH = 20
"""Texts in the last minute below which a provider is not judged; a share drifts back all the same."""
FAILED_PERCENT = 5.0
SLOW_MS, SLOWER_THAN_OTHERS = 2_000.0, 3.0
"""Slow is: longer than two seconds on average and three times as long as the quickest other provider."""

_NOTE = """
INSERT INTO provider_pulses (provider, slot, answered, failed, throttled, answer_ms)
SELECT * FROM unnest(%(names)s::text[], %(slots)s::timestamptz[], %(answered)s::int[], %(failed)s::int[],
                     %(throttled)s::int[], %(answer_ms)s::bigint[])
ON CONFLICT (provider, slot) DO UPDATE
   SET answered = provider_pulses.answered + excluded.answered, failed = provider_pulses.failed + excluded.failed,
       throttled = provider_pulses.throttled + excluded.throttled,
       answer_ms = provider_pulses.answer_ms + excluded.answer_ms
"""
_SEEN = """
INSERT INTO providers (name, seen_at, away_since)
SELECT name, %(now)s, CASE WHEN away THEN %(now)s END FROM unnest(%(names)s::text[], %(away)s::bool[]) AS s(name, away)
ON CONFLICT (name) DO UPDATE
   SET seen_at = excluded.seen_at,
       away_since = CASE WHEN excluded.away_since IS NOT NULL
                         THEN coalesce(providers.away_since, excluded.away_since) END
"""


class Pulse(NamedTuple):
    """What one lane saw of a provider: counts of texts, and the sum of the times to their answers in seconds."""

    provider: str
    answered: int
    failed: int
    throttled: int
    answer_s: float


@dataclass(frozen=True)
class Recent:
    """A provider in the last minute."""

    name: str
    share: int
    answered: int
    failed: int
    answer_ms: int

    @property
    def texts(self) -> int:
        """Return how many texts were tried."""
        return self.answered + self.failed

    @property
    def mean_ms(self) -> float:
        """Return the mean time to an answer."""
        return self.answer_ms / self.answered if self.answered else 0.0

    @property
    def judged(self) -> bool:
        """Whether there were enough texts to judge it."""
        return self.texts >= ENOUGH

    @property
    def fails(self) -> bool:
        """Whether too many texts met no answer or trouble."""
        return self.judged and self.failed * 100 > FAILED_PERCENT * self.texts


def note(connection: psycopg.Connection[Any], now: datetime, pulses: Sequence[Pulse], away: Sequence[str]) -> None:
    """Add what a lane saw, in the caller's transaction; `away` names providers whose circuit breaker is open."""
    slot = datetime.fromtimestamp(now.timestamp() // SLOT_S * SLOT_S, tz=now.tzinfo)
    ordered = sorted(pulses)
    if ordered:
        connection.execute(
            _NOTE,
            {
                "names": [each.provider for each in ordered],
                "slots": [slot] * len(ordered),
                "answered": [each.answered for each in ordered],
                "failed": [each.failed for each in ordered],
                "throttled": [each.throttled for each in ordered],
                "answer_ms": [round(each.answer_s * 1000) for each in ordered],
            },
        )
    names = sorted({each.provider for each in ordered} | set(away))
    if names:
        connection.execute(_SEEN, {"names": names, "away": [name in away for name in names], "now": now})


def judge(services: Services) -> int:
    """Move the shares by one step where that is due and forget old stretches; how many moved. The job `providers.judge`."""
    now, moved = services.clock.now(), 0
    with services.db.transaction() as session:
        session.execute(delete(ProviderPulse).where(ProviderPulse.slot < now - KEEP))
        rows = session.scalars(select(Provider).order_by(Provider.id).with_for_update()).all()
        recent = recent_of(session, now)
        steps = {each.name: (after, why) for each, after, why in decide(recent)}
        for row in rows:
            if row.name in steps:
                after, why = steps[row.name]
                _move(services, session, row, after, why)
                moved += 1
    if moved:
        live.notify(services.redis, "system")
    return moved


def recent_of(session: Session, now: datetime) -> list[Recent]:
    """Return what each known provider did in the last minute."""
    since = now - timedelta(seconds=WINDOW_S)
    sums = {
        name: values
        for name, *values in session.execute(
            select(
                ProviderPulse.provider,
                func.sum(ProviderPulse.answered),
                func.sum(ProviderPulse.failed),
                func.sum(ProviderPulse.answer_ms),
            )
            .where(ProviderPulse.slot > since)
            .group_by(ProviderPulse.provider)
        )
    }
    providers = session.scalars(select(Provider).order_by(Provider.name)).all()
    return [Recent(each.name, each.share, *(int(n) for n in sums.get(each.name, (0, 0, 0)))) for each in providers]


def decide(recent: Iterable[Recent]) -> list[tuple[Recent, int, str]]:
    """Return the steps to take as (provider, new share, why); pure."""
    every = list(recent)
    bad = {each.name: why for each in every if (why := _why_bad(each, every))}
    healthy_others = {each.name: any(o.name not in bad for o in every if o.name != each.name) for each in every}
    steps = []
    for each in every:
        if each.name in bad:
            # With nobody better to take its texts, moving them would only move the trouble.
            after = max(LEAST_SHARE, each.share - STEP_DOWN) if healthy_others[each.name] else each.share
            why = bad[each.name]
        else:
            after, why = min(100, each.share + STEP_UP), "well"
        if after != each.share:
            steps.append((each, after, why))
    return steps


def _why_bad(each: Recent, every: list[Recent]) -> str:
    if each.fails:
        return "fails"
    others = [other.mean_ms for other in every if other.name != each.name and other.judged and other.answered]
    if each.judged and others and each.mean_ms > SLOW_MS and each.mean_ms > SLOWER_THAN_OTHERS * min(others):
        return "slow"
    return ""


def _move(services: Services, session: Session, row: Provider, after: int, why: str) -> None:
    before, row.share, row.share_at = row.share, after, services.clock.now()
    audit.record(
        session, services.clock, SYSTEM, "provider.share_changed", "provider", row.id,
        before={"share": before}, after={"share": after, "why": why, "provider": row.name},
    )  # fmt: skip
