"""Second texts: another provider, or another sender where there is no other provider, for whom the first text did not reach.

A second text begins only when the first is settled (sent or failed), and from then on the first is not tried again
(`alerts.dispatch.retry_sweep`): the two can never be under way together. What is sent is the approved text to the letter, with
the same personal link. Pace, slots and probation are those of every text (`hotline.notices.choice`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import structlog

from alerts.dispatch.terms import Terms
from alerts.replies.bodies import personal
from alerts.silent.claiming import DUE, NEXT_ALERT, REASON, Agreed, Settlement, lease_s, lock_agreed, record
from alerts.silent.looking import TEXT_JOB
from alerts.silent.plan import SMS
from alerts.silent.text_reports import mark_people
from hotline.core import jobs
from hotline.core.services import Services
from hotline.notices.choice import Choice
from hotline.notices.feed import BatchFeed
from hotline.notices.results import back_off_s
from hotline.providers import faults
from hotline.providers.carriers import NotConfigured, sms_providers
from hotline.providers.pacing import spend
from hotline.providers.routing import RouteTable, Way, load
from hotline.providers.sms import Outcome, SmsProvider, SmsRequest, SmsResult

log = structlog.get_logger(__name__)

JOB = TEXT_JOB
RUN_S = 5.0
"""How long one job sends before it lets others have its worker: first texts go before second ones."""
BATCH = 100
WAIT_FOR_FIRST_S, NO_WAY_S = 15.0, 5.0
"""How long until a text is looked at again whose first one is under way, or whose other way takes nothing now."""
MAX_RETRIES_LATER = 30
PATH = "/webhooks/twilio/silent/status"
_SETTLED = ("sent", "failed")

_LOOK = f"""
WITH due AS MATERIALIZED (
    SELECT o.id FROM outreach o
     WHERE o.alert_id = %(alert)s AND {DUE}
     ORDER BY o.alert_id, o.id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
)
SELECT o.id, o.attempts + 1, o.phone, o.variant, o.language, o.traveller_id, coalesce(m.parts, 1), m.state, {REASON},
       ARRAY(SELECT DISTINCT a.provider || '/' || coalesce(a.sender, '') FROM attempts a
              WHERE a.message_id = m.id AND coalesce(a.outcome, '') NOT IN ('unsent', 'absent', 'blocked'))
  FROM outreach o
  LEFT JOIN travellers t ON t.id = o.traveller_id
  LEFT JOIN messages m ON m.id = o.message_id
 WHERE o.id = ANY (ARRAY(SELECT id FROM due)) ORDER BY o.id
"""  # noqa: S608 - put together from constants, no value comes from outside
_SKIP = """
UPDATE outreach o SET state = 'skipped', reason = s.reason, settled_at = %(now)s, not_before = NULL
  FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS s(id, reason) WHERE o.id = s.id
"""
_PUT_OFF = """
UPDATE outreach o SET not_before = %(now)s + make_interval(secs => p.wait_s)
  FROM unnest(%(ids)s::bigint[], %(waits)s::float8[]) AS p(id, wait_s) WHERE o.id = p.id
"""
_MARK = """
WITH claimed AS (
    UPDATE outreach o SET state = 'calling', attempts = o.attempts + 1, lease_until = %(lease_until)s, not_before = NULL
     WHERE o.id = ANY (%(ids)s) RETURNING o.id, o.attempts
)
INSERT INTO call_attempts (outreach_id, number, provider, sender, started_at)
SELECT c.id, claimed.attempts, c.provider, c.sender, %(now)s
  FROM unnest(%(ids)s::bigint[], %(providers)s::text[], %(senders)s::text[]) AS c(id, provider, sender)
  JOIN claimed ON claimed.id = c.id
"""
_LEAVE = """
UPDATE call_attempts a SET left_at = %(now)s
  FROM unnest(%(ids)s::bigint[], %(numbers)s::int[]) AS l(id, number)
 WHERE a.outreach_id = l.id AND a.number = l.number AND a.outcome IS NULL
RETURNING a.outreach_id
"""


class Waiting(NamedTuple):
    """One second text that is due; `used` are the ways (`provider/sender`) that its first one has taken."""

    id: int
    attempt: int
    phone: str
    variant: str
    language: str
    traveller_id: int
    parts: int
    first_state: str | None
    reason: str | None
    used: list[str]


class Taken(NamedTuple):
    """A claimed second text with its way; it may leave `leaves_s` seconds after the claim."""

    text: Waiting
    way: Way
    leaves_s: float


@dataclass
class Claim:
    """What one claim found: texts to send and what was agreed for their alert; `seen` rows were looked at."""

    taken: list[Taken]
    seen: int
    alert_id: int
    agreed: Agreed | None
    probing: set[str]


def send(services: Services) -> int:
    """Send the second texts that are due, for a bounded time; the job `silent.text`. How many were handed over."""
    try:
        providers = sms_providers(services)
    except NotConfigured:
        return 0  # the alerts' own lanes raise the fault
    sent, stop_at = 0, time.monotonic() + RUN_S
    while time.monotonic() < stop_at:
        claimed_at = time.monotonic()
        claim = claim_batch(services, providers)
        if not claim.seen:
            return sent
        sent += _hand_over(services, providers, claim, claimed_at)
    jobs.enqueue(services, JOB)
    return sent


def claim_batch(services: Services, providers: dict[str, SmsProvider]) -> Claim:
    """Claim up to BATCH second texts of the most severe alert that has any, and settle those that are not to be sent.

    The senders' rows are locked before the alert's, in the order of every lane.
    """
    now, default = services.clock.now(), next(iter(providers.values()))
    with services.db.connection() as connection:
        table = load(connection, providers, default.name, default.sender)
        choice = Choice(connection, now, table, providers)
        row = connection.execute(NEXT_ALERT, {"now": now, "channel": SMS}).fetchone()
        agreed = lock_agreed(connection, row[0], now) if row else None
        if row is None or agreed is None:
            return Claim([], 0, 0, None, set())
        values = {
            "alert": row[0], "root": agreed.root, "drill": agreed.drill, "now": now, "channel": SMS, "most": BATCH,
        }  # fmt: skip
        texts = [Waiting(*each) for each in connection.execute(_LOOK, values).fetchall()]
        taken = _decide(connection, now, texts, table, choice)
        if taken:
            _mark(services, connection, now, taken)
        spend(connection, choice.budgets)
    return Claim(taken, len(texts), row[0], agreed, choice.probing)


def _decide(
    connection: psycopg.Connection[Any], now: datetime, texts: Sequence[Waiting], table: RouteTable, choice: Choice
) -> list[Taken]:
    """Take what can go now; skip and put off the rest in the caller's transaction."""
    taken: list[Taken] = []
    skipped: dict[int, str] = {}
    put_off: dict[int, float] = {}
    for text in texts:
        if reason := why_not(text, table):
            skipped[text.id] = reason
        elif text.first_state not in _SETTLED:
            put_off[text.id] = WAIT_FOR_FIRST_S
        elif (way := table.choose_second(text.id, text.phone, text.used, choice.usable)) is not None:
            taken.append(Taken(text, way, choice.take(way, text.parts)))
        else:
            put_off[text.id] = NO_WAY_S
    if skipped:
        connection.execute(_SKIP, {"now": now, "ids": list(skipped), "reasons": list(skipped.values())})
    if put_off:
        connection.execute(_PUT_OFF, {"now": now, "ids": list(put_off), "waits": list(put_off.values())})
    return taken


def why_not(text: Waiting, table: RouteTable) -> str | None:
    """Return why a second text is not sent at all: judged in SQL, its first is gone, or nothing but the same way; pure."""
    if text.reason is not None:
        return text.reason
    if text.first_state in ("withdrawn", "lapsed"):
        return "ended"
    if text.first_state is None:
        return "gone"
    return None if table.has_second(text.phone, text.used) else "no_route"


def _mark(services: Services, connection: psycopg.Connection[Any], now: datetime, taken: Sequence[Taken]) -> None:
    connection.execute(
        _MARK,
        {
            "now": now, "lease_until": now + timedelta(seconds=lease_s(services)),
            "ids": [each.text.id for each in taken],
            "providers": [each.way.provider for each in taken], "senders": [each.way.address for each in taken],
        },
    )  # fmt: skip


def _hand_over(services: Services, providers: dict[str, SmsProvider], claim: Claim, claimed_at: float) -> int:
    """Hand a batch over, provider by provider; a provider's failure does not keep the others' texts."""
    failures: list[Exception] = []
    for name in sorted({each.way.provider for each in claim.taken}):
        own = [each for each in claim.taken if each.way.provider == name]
        try:
            _hand_to(services, providers[name], claim, own, claimed_at)
        except Exception as failure:  # noqa: BLE001 - its texts have their results; all are raised below for the job
            failures.append(failure)
    if failures:
        raise ExceptionGroup("second texts could not be handed over", failures)
    return len(claim.taken)


def _hand_to(services: Services, provider: SmsProvider, claim: Claim, own: Sequence[Taken], claimed_at: float) -> None:
    """Stream a batch to one provider and record what came of each, whatever breaks."""
    terms, now = Terms.of(services.settings), services.clock.now()
    assert claim.agreed is not None
    requests = [
        (claimed_at + each.leaves_s, _request(services, terms, claim.alert_id, claim.agreed, each, now)) for each in own
    ]  # fmt: skip
    if not provider.keeps_record:
        leaving = _leave(services, now, [request for _, request in requests])
        requests = [each for each in requests if each[1].message_id in leaving]
    feed = BatchFeed(sorted(requests), provider.breaker, claimed_at + terms.hand_over_s, lambda: False)
    try:
        provider.stream(feed, in_flight=terms.in_flight)
    finally:
        results = feed.close()
        record(services, [settle(each) for each in results])
        phones = {each.text.id: each.text.phone for each in own}
        mark_people(services, claim.alert_id, [(phones[each.message_id], each.error_code or "") for each in results])
    _tell_faults(services, provider, feed.blocked, results, probing=provider.name in claim.probing)


def _leave(services: Services, now: datetime, requests: Sequence[SmsRequest]) -> set[int]:
    """Write down that these are about to leave, for a provider that could not be asked afterwards; those still ours."""
    with services.db.connection() as connection:
        rows = connection.execute(
            _LEAVE,
            {"now": now, "ids": [each.message_id for each in requests], "numbers": [each.attempt for each in requests]},
        ).fetchall()
    return {row[0] for row in rows}


def _request(
    services: Services, terms: Terms, alert_id: int, agreed: Agreed, taken: Taken, now: datetime
) -> SmsRequest:  # fmt: skip
    text = taken.text
    body = personal(
        services.settings, agreed.texts[text.variant][text.language], text.traveller_id, alert_id, agreed.approved_at
    )
    callback_url = f"{services.settings.public_url}{PATH}?outreach={text.id}&attempt={text.attempt}"
    validity_s = terms.validity_s(agreed.expires - now)
    return SmsRequest(text.id, text.attempt, text.phone, taken.way.address, body, callback_url, validity_s)


def _tell_faults(
    services: Services, provider: SmsProvider, blocked: SmsResult | None, results: Sequence[SmsResult], *, probing: bool
) -> None:
    with services.db.connection() as connection:
        if blocked is not None:
            code = blocked.error_code or "unknown"
            detail = f"The provider refuses our account or sender (code {code}): mend the settings; sending goes on by itself."
            log.error("silent.provider_fault", provider=provider.name, code=code)
            faults.raise_fault(connection, services.clock.now(), provider.name, code, detail)
        elif probing and any(each.outcome is Outcome.ACCEPTED for each in results):
            faults.clear(connection, provider.name)


def settle(result: SmsResult) -> Settlement:
    """Say what follows from one answer; pure."""
    outcome, code = result.outcome, result.error_code
    if outcome is Outcome.ACCEPTED:
        return Settlement(result.message_id, result.attempt, outcome, "sent", result.provider_sid)
    if outcome is Outcome.REFUSED or (outcome is Outcome.RETRY_LATER and result.attempt >= MAX_RETRIES_LATER):
        return Settlement(result.message_id, result.attempt, outcome, "failed", code=(code or "refused")[:10])
    if outcome is Outcome.UNANSWERED:
        return Settlement(result.message_id, result.attempt, outcome, "in_doubt", wait_s=1.0)
    wait_s = max(1.0, min(result.retry_after_s or back_off_s(result.attempt, result.message_id), 600.0))
    return Settlement(result.message_id, result.attempt, outcome, "queued", code=code, wait_s=wait_s)
