"""The times and sizes that notices are sent by, derived from the same settings as alerts."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.core.config import Settings

BATCH = 200
"""Texts claimed at once; all of them are handed over before the next ones are claimed."""


@dataclass(frozen=True)
class Terms:
    """Limits of a lane; durations in seconds.

    `lease_s` is how long a claim may stay without a result. A batch is handed over at once, and a text that could not
    leave in `hand_over_s` goes back.
    """

    in_flight: int
    timeout_s: float
    lease_s: float
    settle_s: float
    lane_s: float
    max_attempts: int
    public_url: str

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        """Derive the terms; a lease that is too short for the request time limit is lengthened."""
        return cls(
            in_flight=min(BATCH, settings.dispatch_in_flight),
            timeout_s=settings.dispatch_timeout_s,
            lease_s=max(settings.dispatch_lease_s, 2 * settings.dispatch_timeout_s),
            settle_s=settings.dispatch_settle_s,
            lane_s=settings.dispatch_lane_s,
            max_attempts=settings.dispatch_max_attempts,
            public_url=settings.public_url,
        )

    @property
    def hand_over_s(self) -> float:
        """How long after its claim a text may still be handed to the provider."""
        return self.lease_s - self.timeout_s

    def callback_url(self, notice_id: int, attempt: int) -> str:
        """Return the address the provider reports to; its path says that it is a notice, its query which attempt of which."""
        return f"{self.public_url}/webhooks/twilio/notices/status?notice={notice_id}&attempt={attempt}"
