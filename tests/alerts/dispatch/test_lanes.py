"""A lane sends each message once, whatever the provider answers."""

from __future__ import annotations

from tests.alerts.dispatch.conftest import Running
from tests.providers.loopback_twilio import LoopbackTwilio


def test_every_message_is_handed_over_once_and_the_alert_finishes(running: Running, twilio: LoopbackTwilio) -> None:
    report = running.lane()
    assert (report.claimed, report.recorded, report.ended) == (3, 3, "nothing due")
    assert running.states() == {"sent": 3}
    assert twilio.copies == dict.fromkeys(running.phones, 1)
    assert running.alert().state == "finished"
    assert running.outcomes() == ["accepted"] * 3
