"""Making the calls: claimed at the pace of the account, placed, and what came of each recorded."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog

from alerts.silent.claiming import BACK_OFF_S, Claimed, Pace, Settlement, claim_paced, record
from alerts.silent.looking import CALL_JOB
from alerts.silent.plan import VOICE
from alerts.silent.reports import TALK_MAX
from hotline.core import jobs
from hotline.core.services import Services
from hotline.providers import faults
from hotline.providers.carriers import NotConfigured
from hotline.providers.sms import Outcome
from hotline.providers.twilio_voice import TwilioVoice, voice_provider
from hotline.providers.voice import CallRequest, CallResult

log = structlog.get_logger(__name__)

JOB = CALL_JOB
RUN_S = 2.0
"""How long one job makes calls before it lets others have its worker."""
MAX_AT_ONCE = 50
PATH = "/webhooks/twilio/voice/outreach"
BEGUN = f"""
SELECT count(*) FROM call_attempts
 WHERE started_at > %(since)s AND started_at <= %(now)s AND provider = '{TwilioVoice.name}'
"""  # noqa: S608 - put together from constants, no value comes from outside
WAITING = """
SELECT EXISTS (SELECT 1 FROM outreach o JOIN silent_plans s ON s.alert_id = o.alert_id AND s.stopped_at IS NULL
                WHERE o.state = 'queued' AND o.channel = 'voice' AND (o.not_before IS NULL OR o.not_before <= %(now)s))
"""
"""For those whose calls stand behind these: how many began, and whether more wait."""


def call(services: Services) -> int:
    """Make the calls that are due, at the configured pace, for a bounded time; the job `silent.call`. How many were made."""
    try:
        provider = voice_provider(services)
    except NotConfigured as fault:
        with services.db.connection() as connection:
            faults.raise_fault(
                connection, services.clock.now(), TwilioVoice.name, faults.NOT_CONFIGURED, str(fault)
            )  # fmt: skip
        return 0
    made, stop_at = 0, time.monotonic() + RUN_S
    while time.monotonic() < stop_at:
        batch, seen, wait_s = claim(services, provider)
        if batch:
            _place(services, provider, batch)
            made += len(batch)
        elif not seen and not wait_s:
            return made
        elif wait_s:
            time.sleep(min(wait_s, max(0.0, stop_at - time.monotonic())))
    jobs.enqueue(services, JOB)
    return made


def claim(services: Services, provider: TwilioVoice) -> tuple[list[Claimed], int, float]:
    """Claim the calls that may begin now (see `claim_paced`)."""
    pace = Pace(VOICE, provider.name, services.settings.voice_calls_per_s, provider.breaker, MAX_AT_ONCE)
    return claim_paced(services, pace)


def _place(services: Services, provider: TwilioVoice, batch: Sequence[Claimed]) -> None:
    results = provider.place([_request(services, provider, each) for each in batch])
    record(services, [settle(result) for result in results])
    blocked = next((each for each in results if each.outcome is Outcome.BLOCKED), None)
    with services.db.connection() as connection:
        if blocked is not None:
            code = blocked.error_code or "unknown"
            detail = f"The provider refuses calls of our account (code {code}): mend the settings; calling goes on by itself."
            log.error("silent.provider_fault", code=code)
            faults.raise_fault(connection, services.clock.now(), provider.name, code, detail)
        elif any(each.outcome is Outcome.ACCEPTED for each in results):
            faults.clear(connection, provider.name)


def _request(services: Services, provider: TwilioVoice, claimed: Claimed) -> CallRequest:
    base, query = services.settings.public_url + PATH, f"outreach={claimed.id}&attempt={claimed.attempt}"
    return CallRequest(
        claimed.id, claimed.attempt, claimed.phone, provider.sender, f"{base}/say?{query}", f"{base}/status?{query}",
        services.settings.voice_ring_s,
    )  # fmt: skip


def settle(result: CallResult) -> Settlement:
    """Say what follows from one answer; pure."""
    outcome, code = result.outcome, result.error_code
    if outcome is Outcome.ACCEPTED:
        wait_s = TALK_MAX.total_seconds()
        return Settlement(result.message_id, result.attempt, outcome, "ringing", result.provider_sid, wait_s=wait_s)
    if outcome is Outcome.REFUSED:
        return Settlement(result.message_id, result.attempt, outcome, "failed", code=(code or "refused")[:10])
    if outcome is Outcome.UNANSWERED:
        return Settlement(result.message_id, result.attempt, outcome, "in_doubt")
    wait_s = max(BACK_OFF_S, min(result.retry_after_s or 0.0, 600.0))
    return Settlement(result.message_id, result.attempt, outcome, "queued", code=code, wait_s=wait_s)
