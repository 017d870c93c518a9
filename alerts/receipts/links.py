"""Receipts that come over a message centre's link: durable before the link acknowledges them, folded like all others."""

from __future__ import annotations

from alerts.receipts.intake import IncomingReceipt, append
from hotline.core.services import Services
from hotline.providers.smpp.words import ReceiptWord


def take(services: Services, provider: str, said: ReceiptWord) -> None:
    """Write a receipt down; returns after the commit. Raises Unavailable, so that the centre keeps it and comes again."""
    append(
        services,
        IncomingReceipt(
            message_id=None,
            provider_sid=f"{provider}:{said.message_id}"[:64],
            provider_status=said.status,
            error_code=said.code,
            recipient=said.recipient,
            received_at=services.clock.now(),
            provider=provider,
        ),
    )
