"""Which providers this installation sends through; one of each per process, so that connections stay open between lanes."""

from __future__ import annotations

import threading

import structlog

from hotline.core import jobs
from hotline.core.config import Settings
from hotline.core.services import Services
from hotline.providers.smpp.address import BindAddress, read_addresses
from hotline.providers.smpp.incoming import LinkText
from hotline.providers.smpp.smpp_sms import SmppSms
from hotline.providers.smpp.words import ReceiptWord
from hotline.providers.sms import SmsProvider
from hotline.providers.twilio_sms import TwilioSms

log = structlog.get_logger(__name__)

ROOM = "sms_provider"
MORE = "sms_providers"
"""Providers beside the default one, by name."""
_making = threading.Lock()


class NotConfigured(Exception):
    """No provider can be reached with the settings as they are; the text names the ones that are missing."""


def sms_provider(services: Services) -> SmsProvider:
    """Return the provider that texts without a route go through, made on first use; raises NotConfigured."""
    provider: SmsProvider | None = services.rooms.get(ROOM)
    if provider is None:
        links = _links(services)
        http = not _missing(services.settings) or not links
        provider = make_sms_provider(services.settings) if http else next(iter(links.values()))
        services.rooms[ROOM] = provider
    return provider


def sms_providers(services: Services) -> dict[str, SmsProvider]:
    """Return every provider the settings name, by name, the default first; raises NotConfigured when there is none."""
    default = sms_provider(services)
    return {default.name: default} | _links(services)


def start_links(services: Services) -> None:
    """Bind to every message centre the settings name, so that receipts come in; for processes that send texts."""
    for link in _links(services).values():
        if isinstance(link, SmppSms):
            link.start()


def _links(services: Services) -> dict[str, SmsProvider]:
    with _making:
        links: dict[str, SmsProvider] | None = services.rooms.get(MORE)
        if links is None:
            try:
                addresses = bind_addresses(services.settings)
            except NotConfigured as fault:
                # The other providers go on; `hotline doctor` and this line say what is wrong.
                log.warning("smpp.not_configured", fault=str(fault))
                addresses = []
            links = services.rooms[MORE] = {address.name: _make_link(services, address) for address in addresses}
    return links


def _make_link(services: Services, address: BindAddress) -> SmppSms:
    def on_receipt(name: str, said: ReceiptWord) -> None:
        take = jobs.registry().link_receipts
        if take is None:
            raise LookupError("no room takes receipts over links")
        take(services, name, said)

    def on_text(name: str, text: LinkText) -> None:
        take = jobs.registry().link_texts
        if take is None:
            raise LookupError("no room takes texts over links")
        take(services, name, text)

    return SmppSms(address, answer_s=services.settings.dispatch_timeout_s, on_receipt=on_receipt, on_text=on_text)


def bind_addresses(settings: Settings) -> list[BindAddress]:
    """Return the binds of `SMPP_URL`; raises NotConfigured when it cannot be read."""
    try:
        return read_addresses(settings.smpp_url.get_secret_value(), settings.twilio_from)
    except ValueError as error:
        raise NotConfigured(f"SMPP_URL: {error}") from error


def configured_names(settings: Settings) -> list[str]:
    """Return the names of the providers the settings name, without connecting to any; raises NotConfigured."""
    missing, links = _missing(settings), [address.name for address in bind_addresses(settings)]
    if missing and not links:
        raise NotConfigured(f"{', '.join(missing)} not set")
    return ([] if missing else [TwilioSms.name]) + links


def make_sms_provider(settings: Settings) -> SmsProvider:
    """Make the provider over HTTP that the settings name; raises NotConfigured."""
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
