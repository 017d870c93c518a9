"""Who signed a CAP message, and whether it still says what they signed.

A signature that fits proves nothing about the elements that a reader happens to look at: signed content can be moved aside
and other content put in its place (XML signature wrapping). So the signed bytes themselves are read once more, and only
when that gives exactly the alert that was read from the file does the signature count.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature as BadIssuer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidDigest, InvalidInput, SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from alerts.cap.decode import decode_document
from alerts.cap.faults import CapRefused, Findings
from alerts.cap.limits import DEFAULT_LIMITS
from alerts.cap.model import CapAlert
from alerts.cap.read import read_cap
from alerts.cap.tree import find_alerts, parse_document
from hotline.core.keypair import KeyPairFault, fingerprint_of, refuse_weak

Status = Literal["none", "trusted", "unknown", "broken"]

MAX_SIGNATURES: Final = 4
"""Of one alert. Two occur: the authority's own and that of the network which passes it on."""
MAX_CERTIFICATES: Final = 8
"""Certificates that one signature may bring along."""
MAX_CHECKED_ALERTS: Final = 50
"""Of one bundle; alerts beyond count as signed by nobody known."""

_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_METHODS: Final = frozenset(
    method
    for method in SignatureMethod
    if method.name in {"RSA_SHA256", "RSA_SHA384", "RSA_SHA512", "ECDSA_SHA256", "ECDSA_SHA384", "ECDSA_SHA512"}
)
_DIGESTS: Final = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
_INSTANT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class TrustedSigner:
    """A certificate that somebody here has decided to believe, or that of an authority that issues such certificates."""

    name: str
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Seal:
    """What the signatures of one alert are worth.

    none: there is no signature · trusted: intact, and at least one signer is trusted · unknown: intact, or of a kind that
    cannot be checked, and nobody trusted signed · broken: a signature does not fit what the message says.
    `signers` names who signed, trusted ones by the name given here; `detail` is a code for what is odd.
    """

    status: Status
    signers: tuple[str, ...] = ()
    detail: str = ""


def seals_of(data: bytes, alerts: Sequence[CapAlert], trusted: Sequence[TrustedSigner], now: datetime) -> list[Seal]:
    """Return the seal of every alert that was read from a file, in their order.

    Args:
        data: the file as it came; it was read before, so that it is within the limits and holds no entities.
        alerts: what `read_cap` made of it, none refused.
        trusted: certificates that are believed now.
        now: aware time for which certificates must be valid.
    """
    findings = Findings(DEFAULT_LIMITS)
    elements = find_alerts(parse_document(decode_document(data, findings), findings), findings)
    if len(elements) != len(alerts):
        return [Seal("broken" if alert.signed else "none", detail="not_read") for alert in alerts]
    seals = []
    for position, (element, alert) in enumerate(zip(elements, alerts, strict=True)):
        if not alert.signed:
            seals.append(Seal("none"))
        elif position >= MAX_CHECKED_ALERTS:
            seals.append(Seal("unknown", detail="too_many"))
        else:
            seals.append(_seal_of(element, alert, trusted, now))
    return seals


def _seal_of(element: etree._Element, alert: CapAlert, trusted: Sequence[TrustedSigner], now: datetime) -> Seal:
    document = etree.tostring(element, with_tail=False, encoding="UTF-8")
    count = len(element.findall(f"{_DS}Signature"))
    if not 1 <= count <= MAX_SIGNATURES:
        return Seal("broken", detail="too_many_signatures")
    found = [_check_one(document, position, alert, trusted, now) for position in range(count)]
    signers = tuple(dict.fromkeys(name for each in found for name in each.signers))
    for status in ("broken", "trusted", "unknown"):
        for each in found:
            if each.status == status:
                return Seal(each.status, signers, each.detail)
    raise AssertionError("a signature is broken, trusted or unknown")


def _check_one(
    document: bytes, position: int, alert: CapAlert, trusted: Sequence[TrustedSigner], now: datetime
) -> Seal:
    """Check one signature against the message as its signer saw it: without the later ones, or without all others."""
    verdict = Seal("broken", detail="does_not_fit")
    for view in _views(document, position):
        verdict = _check_view(view, alert, trusted, now)
        if verdict.status != "broken" or verdict.detail == "wrapped":
            return verdict
    return verdict


def _views(document: bytes, position: int) -> Iterator[etree._Element]:
    """Give the document with this signature and those before it, then with this one alone."""
    for alone in (False, True):
        root = etree.fromstring(document, _parser())
        signatures = root.findall(f"{_DS}Signature")
        others = [each for index, each in enumerate(signatures) if index > position or (alone and index != position)]
        for each in others:
            _remove(each)
        # signxml takes the first signature it meets, so this one has to stand before those it was put after.
        own = signatures[position]
        if not alone and position:
            before = signatures[position - 1]
            before.tail, own.tail = (before.tail or "") + (own.tail or ""), None
            root.insert(root.index(signatures[0]), own)
        yield root
        if not position:
            return


def _remove(element: etree._Element) -> None:
    """Take an element out and leave the text behind it, which belongs to the alert and may be signed."""
    parent, before = element.getparent(), element.getprevious()
    assert parent is not None, "a signature stands inside its alert"
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _check_view(root: etree._Element, alert: CapAlert, trusted: Sequence[TrustedSigner], now: datetime) -> Seal:
    signature = root.find(f"{_DS}Signature")
    assert signature is not None, "each view keeps its signature"
    current = [each for each in trusted if _is_current(each.certificate, now)]
    own = _certificates_in(signature)
    for certificate in own:
        # Whether it fits is asked for the time of the certificate itself; whether it is believed, for now.
        verdict = _fits(root, certificate, certificate.not_valid_before_utc + _INSTANT, alert)
        if verdict == "fits":
            name = _believed(certificate, current, now)
            return Seal("trusted", (name,)) if name else Seal("unknown", (_subject(certificate),))
        if verdict in ("weak", "wrapped"):
            return Seal("unknown" if verdict == "weak" else "broken", (_subject(certificate),), detail=verdict)
    if own:
        return Seal("broken", (_subject(own[0]),), detail="does_not_fit")
    for each in current:
        verdict = _fits(root, each.certificate, now, alert)
        if verdict in ("fits", "wrapped"):
            return Seal(
                "trusted" if verdict == "fits" else "broken", (each.name,), "" if verdict == "fits" else verdict
            )
    return Seal("unknown", detail="no_certificate")


def _certificates_in(signature: etree._Element) -> list[x509.Certificate]:
    found = []
    for element in list(signature.iterfind(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate"))[:MAX_CERTIFICATES]:
        try:
            der = base64.b64decode("".join((element.text or "").split()), validate=True)
            found.append(x509.load_der_x509_certificate(der))
        except (ValueError, binascii.Error):
            continue
    return found


def _believed(signing: x509.Certificate, current: Sequence[TrustedSigner], now: datetime) -> str:
    """Return the name to show when the certificate is trusted itself or was issued by a trusted authority, else nothing."""
    for each in current:
        if fingerprint_of(each.certificate) == fingerprint_of(signing):
            return each.name
    if _is_current(signing, now):
        for each in current:
            if _issued_by(signing, each.certificate):
                return f"{_subject(signing)} ({each.name})"
    return ""


def _is_current(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


def _issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether an authority's key signed the certificate, and that authority may issue any (RFC 5280 basicConstraints)."""
    try:
        basic = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(authority)
    except (x509.ExtensionNotFound, ValueError, TypeError, BadIssuer, UnsupportedAlgorithm):
        return False
    return basic.ca


def _fits(root: etree._Element, certificate: x509.Certificate, at: datetime, alert: CapAlert) -> str:
    """Say whether the signature fits: `fits`, `weak` (an outdated algorithm), `wrapped`, or `does_not_fit`."""
    try:
        refuse_weak(certificate.public_key())
    except (KeyPairFault, ValueError, UnsupportedAlgorithm):
        return "weak"
    signature = root.find(f"{_DS}Signature")
    method = None if signature is None else signature.find(f"{_DS}SignedInfo/{_DS}SignatureMethod")
    if method is None or method.get("Algorithm") not in {each.value for each in SignatureMethod}:
        return "weak"
    config = SignatureConfiguration(
        location="./", expect_references=1, signature_methods=_METHODS, digest_algorithms=_DIGESTS,
        verification_time=at,
    )  # fmt: skip
    try:
        result = XMLVerifier().verify(
            etree.tostring(root, encoding="UTF-8"), x509_cert=certificate, expect_config=config, parser=_parser()
        )
    except InvalidDigest:
        return "does_not_fit"
    except InvalidInput as fault:
        return "weak" if "forbidden by configuration" in str(fault) else "does_not_fit"
    except (SignXMLException, ValueError, TypeError, KeyError, etree.LxmlError, UnsupportedAlgorithm):
        # signxml lets errors of base64, numbers and curves through as they come; none of them is a valid signature.
        return "does_not_fit"
    assert not isinstance(result, list), "one reference gives one result"
    return "fits" if _says_the_same(result.signed_data, alert) else "wrapped"


def _says_the_same(signed: bytes, alert: CapAlert) -> bool:
    """Whether the signed bytes are exactly the alert that was read; its other signatures aside."""
    try:
        reading = read_cap(signed)
    except CapRefused:
        return False
    return len(reading.alerts) == 1 and replace(reading.alert, signed=alert.signed) == alert


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _subject(certificate: x509.Certificate) -> str:
    names = [
        str(attribute.value)
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for attribute in certificate.subject.get_attributes_for_oid(oid)
    ]
    return (names[0] if names else certificate.subject.rfc4514_string())[:200]
