"""Vouchers: made once after a payout, signed, and kept as issued; every download gives the same bytes.

Drawing and signing take a moment and need no lock: they are done outside of any transaction, after the payout is committed.
Two who do so at once keep one, the first; whoever died in between is made up for by the sweeper, or by the next who asks.
"""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.core import audit, ids, turns
from hotline.core.actor import SYSTEM
from hotline.core.errors import NotFound, Refused
from hotline.core.services import Services
from hotline.missions import missions
from remittance.money.amounts import Money
from remittance.payouts import keys, voucher_sheet
from remittance.payouts.models import Payout, Voucher
from remittance.payouts.states import PAID
from remittance.payouts.voucher_sheet import Facts
from remittance.payouts.words import DOCUMENTS, DOCUMENTS_KO
from remittance.quotes.models import Quote
from remittance.requests import moving

log = structlog.get_logger(__name__)

FIELD = "Voucher"
MAX_A_RUN = 200
SIGNING_S = 30
TOKEN_CHARS = 43


@dataclass(frozen=True)
class Verified:
    """What anybody who holds a voucher may be told: no name, no number of a document."""

    number: str
    paid_at: datetime
    paid: Money
    document_last: str
    digest: str
    mission: tuple[str, str]
    state: str
    """The remittance's state now: a payout can be disputed later."""


def of_payout(services: Services, payout_id: int) -> Voucher:
    """Return the voucher of a payout, issuing it where it is not there yet.

    Raises NotFound, Refused (`not-paid`) before the money is paid, Unavailable where the key cannot be opened.
    """
    with services.db.transaction() as session:
        kept = _kept(session, payout_id)
        if kept is not None:
            return kept
        token = ids.new_token()
        facts = _facts(session, services, payout_id, token)
    key = keys.load(services.settings, services.clock.now())
    content = sign(voucher_sheet.draw(facts), key, place=facts.mission[1])
    with services.db.transaction() as session:
        made = session.scalar(
            insert(Voucher)
            .values(
                payout_id=payout_id, token_hash=ids.hash_token(token), issued_at=facts.issued_at, content=content,
                digest=hashlib.sha256(content).hexdigest(), signed_by=key.fingerprint,
            )
            .on_conflict_do_nothing(index_elements=[Voucher.payout_id])
            .returning(Voucher.id)
        )  # fmt: skip
        kept = _kept(session, payout_id)
        if made is not None and kept is not None:
            # The trail's chain holds the digest: a voucher exchanged behind our back would not fit it.
            audit.record(
                session, services.clock, SYSTEM, "voucher.issued", "remittance", facts.remittance_id,
                after={"payout_id": payout_id, "digest": kept.digest, "signed_by": kept.signed_by},
            )  # fmt: skip
    assert kept is not None, "it was there or was kept"
    return kept


def issue_missing(services: Services) -> int:
    """Issue the vouchers of payouts that have none, the oldest first; how many.

    One that cannot be made (a key that does not open) is logged and keeps none of the others waiting.
    """
    with services.db.transaction() as session:
        missing = session.scalars(
            select(Payout.id)
            .outerjoin(Voucher, Voucher.payout_id == Payout.id)
            .where(Payout.state == PAID, Voucher.id.is_(None), Payout.document_name != "")
            .order_by(Payout.id)
            .limit(MAX_A_RUN)
        ).all()
    return turns.each_alone(missing, partial(of_payout, services), "payouts.voucher_missing")


def verify(session: Session, token: str) -> Verified | None:
    """Return what a voucher's token stands for; None for a token that is none of ours."""
    if len(token) != TOKEN_CHARS:
        return None
    found = session.execute(
        select(Voucher.digest, Payout)
        .join(Payout, Payout.id == Voucher.payout_id)
        .where(Voucher.token_hash == ids.hash_token(token))
    ).first()
    if found is None:
        return None
    digest, payout = found
    one, mission = moving.get(session, payout.remittance_id), missions.get(session, payout.mission_id)
    return Verified(
        one.number, payout.paid_at, Money(payout.paid_minor, payout.currency), payout.document_last, digest,
        (mission.name_ko, mission.name_en), one.state,
    )  # fmt: skip


def sign(page: bytes, key: keys.Key, *, place: str) -> bytes:
    """Return a PDF with an invisible signature (PAdES) over every byte of it; a later change shows as one."""
    metadata = PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", reason="Payout of an emergency remittance", location=place,
        subfilter=SigSeedSubFilter.PADES,
    )  # fmt: skip
    signer, file = PdfSigner(metadata, signer=key.signer), IncrementalPdfFileWriter(io.BytesIO(page))
    # The library signs in an event loop of its own, which must not begin in a thread that runs one already.
    with ThreadPoolExecutor(max_workers=1) as apart:
        signed = apart.submit(signer.sign_pdf, file).result(timeout=SIGNING_S)
    return bytes(signed.getvalue())


def _kept(session: Session, payout_id: int) -> Voucher | None:
    return session.scalar(select(Voucher).where(Voucher.payout_id == payout_id))


def _facts(session: Session, services: Services, payout_id: int, token: str) -> Facts:
    payout = session.get(Payout, payout_id)
    if payout is None:
        raise NotFound("payout", payout_id)
    if payout.state != PAID or payout.paid_at is None:
        raise Refused("There is a voucher only once the money is paid.", code="not-paid")
    one, mission = moving.get(session, payout.remittance_id), missions.get(session, payout.mission_id)
    quote = session.scalars(select(Quote).where(Quote.remittance_id == one.id, Quote.nth == payout.quote_nth)).one()
    names = dict(
        session.execute(
            select(Officer.id, Officer.display_name).where(Officer.id.in_([payout.prepared_by_id, payout.witness_id]))
        )
        .tuples()
        .all()
    )
    return Facts(
        remittance_id=one.id,
        number=one.number, mission=(mission.name_ko, mission.name_en), payee=payout.document_name,
        document=(DOCUMENTS_KO[payout.document_kind], DOCUMENTS[payout.document_kind]), document_last=payout.document_last,
        paid=Money(payout.paid_minor, payout.currency), due=Money(quote.due_minor, quote.due_currency),
        fee=Money(quote.fee_minor, quote.due_currency), rate=rate_in_digits(quote.rate),
        notes=[(value, count) for value, count in payout.notes],
        paid_at=f"{payout.paid_at.astimezone(ZoneInfo(mission.zone)):%Y-%m-%d %H:%M} {mission.zone}",
        cashier=names[payout.prepared_by_id], witness=names[payout.witness_id or 0],
        outside_hours=payout.hours_exception_id is not None,
        verify_url=f"{services.settings.public_url}/verify/{token}", issued_at=services.clock.now(),
    )  # fmt: skip


def rate_in_digits(rate: str) -> str:
    """Return an exact rate (`1385432/1000`) as a decimal of six significant places after the point, at most."""
    exact = Fraction(rate)
    scaled = round(exact * 10**6)
    whole, part = divmod(scaled, 10**6)
    return f"{whole:,}" + (f".{part:06d}".rstrip("0") if part else "")
