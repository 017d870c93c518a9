"""The times and sizes one process works by, derived once from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hotline.core.config import Settings
from hotline.providers.sms import VALIDITY_MAX_S, VALIDITY_MIN_S


@dataclass(frozen=True)
class Terms:
    """Limits of a lane; durations in seconds.

    `lease_s` is how long a claim may stay without a result. It is longer than two request time limits, so that a text can
    be handed over during `hand_over_s` after its claim and still be answered before anybody else looks at it.
    """

    in_flight: int
    timeout_s: float
    lease_s: float
    settle_s: float
    lane_s: float
    max_attempts: int
    public_url: str
    longest_validity_s: int = VALIDITY_MAX_S

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        """Derive the terms; a lease that is too short for the request time limit is lengthened."""
        return cls(
            in_flight=settings.dispatch_in_flight,
            timeout_s=settings.dispatch_timeout_s,
            lease_s=max(settings.dispatch_lease_s, 2 * settings.dispatch_timeout_s),
            settle_s=settings.dispatch_settle_s,
            lane_s=settings.dispatch_lane_s,
            max_attempts=settings.dispatch_max_attempts,
            public_url=settings.public_url,
            longest_validity_s=settings.sms_validity_max_s,
        )

    @property
    def hand_over_s(self) -> float:
        """How long after its claim a text may still be handed to the provider."""
        return self.lease_s - self.timeout_s

    def callback_url(self, message_id: int, attempt: int) -> str:
        """Return the address the provider reports to; it says which attempt of which message a receipt is about."""
        return f"{self.public_url}/webhooks/twilio/sms/status?message={message_id}&attempt={attempt}"

    def validity_s(self, left: timedelta) -> int:
        """Return how long the provider may keep trying: while the alert lasts, and never longer than policy allows."""
        return int(max(VALIDITY_MIN_S, min(VALIDITY_MAX_S, self.longest_validity_s, left.total_seconds())))
