"""Certificates that are believed: added by a person who compared the fingerprint, withdrawn at once when in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.cap.faults import CapFault
from alerts.cap.model import CapAlert
from alerts.cap.verify import Seal, TrustedSigner, seals_of
from alerts.publish.models import CapSigner
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.core.keypair import KeyPairFault, fingerprint_of, read_certificate

MAX_SIGNERS = 100
MAX_NAME_CHARS = 120

WARNINGS = {"broken": "signature_broken", "unknown": "signature_unknown"}
"""Seals of which a draft's remarks say something, and the problem's code (see `alerts.cap.faults.MESSAGES`)."""


def trust(session: Session, clock: Clock, actor: Actor, *, name: str, pem: bytes) -> CapSigner:
    """Believe a certificate from now on.

    Raises InvalidInput for a bad name or certificate, Refused when it is trusted already or there are too many.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise InvalidInput("name", name, f"say in 1 to {MAX_NAME_CHARS} characters whose certificate it is")
    try:
        certificate = read_certificate(pem)
    except KeyPairFault as fault:
        raise InvalidInput("certificate", pem[:30].decode("latin-1"), str(fault)) from fault
    if certificate.not_valid_after_utc <= clock.now():
        raise InvalidInput(
            "certificate",
            f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}",
            "ask its owner for the present one",
        )
    held = session.scalars(select(CapSigner).where(CapSigner.removed_at.is_(None)).with_for_update()).all()
    fingerprint = fingerprint_of(certificate)
    if any(each.fingerprint == fingerprint for each in held):
        raise Refused("This certificate is trusted already.", code="signer-known")
    if len(held) >= MAX_SIGNERS:
        raise Refused(f"There are {MAX_SIGNERS} trusted certificates already; withdraw one first.", code="signers-full")
    row = CapSigner(
        name=name, fingerprint=fingerprint, certificate=pem.decode("ascii", "replace"),
        valid_until=certificate.not_valid_after_utc, added_at=clock.now(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.record(
        session, clock, actor, "signer.trusted", "signer", row.id, after={"name": name, "fingerprint": fingerprint}
    )
    return row


def distrust(session: Session, clock: Clock, actor: Actor, signer_id: int) -> CapSigner:
    """Stop believing a certificate; raises NotFound when it is not trusted now."""
    row = session.scalar(
        select(CapSigner).where(CapSigner.id == signer_id, CapSigner.removed_at.is_(None)).with_for_update()
    )
    if row is None:
        raise NotFound("trusted certificate", signer_id)
    row.removed_at = clock.now()
    audit.record(
        session, clock, actor, "signer.distrusted", "signer", row.id,
        before={"name": row.name, "fingerprint": row.fingerprint},
    )  # fmt: skip
    return row


def replace(session: Session, clock: Clock, actor: Actor, signer_id: int, *, pem: bytes) -> CapSigner:
    """Believe a signer's new certificate instead of the present one, at once; raises as `trust` and `distrust` do."""
    old = distrust(session, clock, actor, signer_id)
    session.flush()
    return trust(session, clock, actor, name=old.name, pem=pem)


def list_signers(session: Session) -> Sequence[CapSigner]:
    """Return the certificates that are trusted now, by name."""
    return session.scalars(select(CapSigner).where(CapSigner.removed_at.is_(None)).order_by(CapSigner.name)).all()


def seals_now(session: Session, clock: Clock, data: bytes, alerts: Sequence[CapAlert]) -> list[Seal]:
    """Return the seal of each alert that was read from a file, against the certificates that are trusted now."""
    if not any(alert.signed for alert in alerts):
        return [Seal("none") for _ in alerts]
    trusted = [
        TrustedSigner(each.name, read_certificate(each.certificate.encode("ascii"))) for each in list_signers(session)
    ]
    return seals_of(data, alerts, trusted, clock.now())


def seal_json(seal: Seal) -> dict[str, Any]:
    """Return what a draft keeps of its seal."""
    return {"status": seal.status, "signers": list(seal.signers), "detail": seal.detail}


def seal_warnings(seal: Seal) -> list[CapFault]:
    """Return what the remarks about the CAP file say of its signatures."""
    problem = "signature_weak" if seal.detail in ("weak", "no_certificate") else WARNINGS.get(seal.status)
    if problem is None:
        return []
    who = ", ".join(seal.signers) or "?"
    return [CapFault(None, "alert/Signature", "", problem, (("signers", who),))]
