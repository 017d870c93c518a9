"""Which provider this installation sends through; one per process, so that its connections stay open between lanes."""

from __future__ import annotations

from hotline.core.config import Settings
from hotline.core.services import Services
from hotline.providers.sms import SmsProvider
from hotline.providers.twilio_sms import TwilioSms

ROOM = "sms_provider"
MORE = "sms_providers"
"""Providers beside the default one, by name."""


class NotConfigured(Exception):
    """No provider can be reached with the settings as they are; the text names the ones that are missing."""


def sms_provider(services: Services) -> SmsProvider:
    """Return the provider that texts without a route go through, made on first use; raises NotConfigured."""
    provider: SmsProvider | None = services.rooms.get(ROOM)
    if provider is None:
        provider = services.rooms[ROOM] = make_sms_provider(services.settings)
    return provider


def sms_providers(services: Services) -> dict[str, SmsProvider]:
    """Return every provider the settings name, by name, the default first; raises NotConfigured when there is none."""
    default = sms_provider(services)
    more: dict[str, SmsProvider] = services.rooms.get(MORE, {})
    return {default.name: default} | more


def configured_names(settings: Settings) -> list[str]:
    """Return the names of the providers the settings name, without connecting to any; raises NotConfigured."""
    missing = _missing(settings)
    if missing:
        raise NotConfigured(f"{', '.join(missing)} not set")
    return [TwilioSms.name]


def make_sms_provider(settings: Settings) -> SmsProvider:
    """Make the provider the settings name; raises NotConfigured."""
    sender = settings.twilio_messaging_service_sid or settings.twilio_from
    missing = _missing(settings)
    if missing:
        raise NotConfigured(f"{', '.join(missing)} not set")
    return TwilioSms(
        base_url=settings.twilio_api_base_url,
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        sender=sender,
        timeout_s=settings.dispatch_timeout_s,
    )


def _missing(settings: Settings) -> list[str]:
    needed = {
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token.get_secret_value(),
        "TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID": settings.twilio_messaging_service_sid or settings.twilio_from,
    }
    return [name for name, value in needed.items() if not value]
