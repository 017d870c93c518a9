"""Which provider this installation sends through; one per process, so that its connections stay open between lanes."""

from __future__ import annotations

from hotline.core.config import Settings
from hotline.core.services import Services
from hotline.providers.sms import SmsProvider
from hotline.providers.twilio_sms import TwilioSms

ROOM = "sms_provider"


class NotConfigured(Exception):
    """No provider can be reached with the settings as they are; the text names the ones that are missing."""


def sms_provider(services: Services) -> SmsProvider:
    """Return this process's provider, made on first use; raises NotConfigured."""
    provider: SmsProvider | None = services.rooms.get(ROOM)
    if provider is None:
        provider = services.rooms[ROOM] = make_sms_provider(services.settings)
    return provider


def make_sms_provider(settings: Settings) -> SmsProvider:
    """Make the provider the settings name; raises NotConfigured."""
    sender = settings.twilio_messaging_service_sid or settings.twilio_from
    needed = {
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token.get_secret_value(),
        "TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID": sender,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise NotConfigured(f"{', '.join(missing)} not set")
    return TwilioSms(
        base_url=settings.twilio_api_base_url,
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        sender=sender,
        timeout_s=settings.dispatch_timeout_s,
    )
