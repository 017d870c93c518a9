"""Signatures of hand-over summaries: canonical JSON, a detached signature by the service's key, and the check of both.

The key is the one that published warnings are signed with (`hotline.core.keypair`). Canonical means: UTF-8, members sorted, no
blanks between tokens, no number that is not an integer; so that whoever holds the parts can make the very bytes again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from hotline.core.errors import InvalidInput
from hotline.core.keypair import KeyPair, KeyPairFault, fingerprint_of, read_certificate

MAX_ENVELOPE_BYTES = 256 * 1024
RSA, ECDSA = "RSA-SHA256", "ECDSA-SHA256"
BEGIN, END = "-----BEGIN HANDOVER-----", "-----END HANDOVER-----"
LINE_CHARS = 72
_BLOCK = re.compile(re.escape(BEGIN) + r"([A-Za-z0-9+/=\s>]{1,400000})" + re.escape(END))

TRUSTED, UNKNOWN, UNSIGNED, BROKEN = "trusted", "unknown", "unsigned", "broken"


@dataclass(frozen=True)
class Signature:
    """A detached signature: base64 value, and the certificate (PEM) with its fingerprint; all empty when unsigned."""

    algorithm: str = ""
    value: str = ""
    certificate: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a check found: trusted, unknown (intact, but by a key that is not ours), unsigned or broken."""

    outcome: str
    summary: dict[str, Any]
    fingerprint: str = ""


def canonical(summary: Mapping[str, Any]) -> str:
    """Return a summary as the text that is signed."""
    return json.dumps(summary, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest(content: str) -> str:
    """Return the SHA-256 of a summary's text in hex, which people compare."""
    return hashlib.sha256(content.encode()).hexdigest()


def sign(content: str, pair: KeyPair | None) -> Signature:
    """Return the signature of a summary's text; an empty one without a key."""
    if pair is None:
        return Signature()
    data = content.encode()
    if isinstance(pair.key, rsa.RSAPrivateKey):
        algorithm, value = RSA, pair.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    else:
        algorithm, value = ECDSA, pair.key.sign(data, ec.ECDSA(hashes.SHA256()))
    pem = pair.certificate.public_bytes(serialization.Encoding.PEM).decode()
    return Signature(algorithm, base64.b64encode(value).decode(), pem, pair.fingerprint)


def envelope(content: str, signature: Signature) -> str:
    """Return summary and signature together as one JSON text, which is what missions keep and verify."""
    return canonical(
        {
            "summary": json.loads(content),
            "signature": {
                "algorithm": signature.algorithm, "value": signature.value, "certificate": signature.certificate,
            },
        }
    )  # fmt: skip


def block(text: str) -> str:
    """Return an envelope as lines that survive every mail program."""
    encoded = base64.b64encode(text.encode()).decode()
    lines = [encoded[at : at + LINE_CHARS] for at in range(0, len(encoded), LINE_CHARS)]
    return "\n".join([BEGIN, *lines, END])


def verify(given: bytes, ours: Collection[str]) -> Verdict:
    """Check an envelope, or a mail that holds one; `ours` are the fingerprints of the certificates we sign with.

    Raises InvalidInput for what is no envelope. A changed summary or signature is *broken*, never an error.
    """
    whole = _read(given)
    summary, signature = whole["summary"], whole["signature"]
    if not signature["value"]:
        return Verdict(UNSIGNED, summary)
    try:
        certificate = read_certificate(signature["certificate"].encode())
        value = base64.b64decode(signature["value"], validate=True)
        _check(certificate.public_key(), signature["algorithm"], value, canonical(summary).encode())
    except (KeyPairFault, InvalidSignature, binascii.Error, ValueError):
        return Verdict(BROKEN, summary)
    print_ = fingerprint_of(certificate)
    return Verdict(TRUSTED if print_ in ours else UNKNOWN, summary, print_)


def _check(public: object, algorithm: str, value: bytes, data: bytes) -> None:
    """Raise InvalidSignature unless the value is the key's signature of these bytes by this algorithm."""
    if algorithm == RSA and isinstance(public, rsa.RSAPublicKey):
        public.verify(value, data, padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == ECDSA and isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(value, data, ec.ECDSA(hashes.SHA256()))
    else:
        raise InvalidSignature(algorithm)


def _read(given: bytes) -> dict[str, Any]:
    mend = "give the file from the hand-over's page, or the whole mail with its block"
    if not 1 <= len(given) <= MAX_ENVELOPE_BYTES:
        raise InvalidInput("file", f"{len(given)} bytes", f"use 1 to {MAX_ENVELOPE_BYTES} bytes; {mend}")
    try:
        text = given.decode()
        found = _BLOCK.search(text)
        if found is not None:
            text = base64.b64decode(re.sub(r"[\s>]", "", found[1]), validate=True).decode()
        whole = json.loads(text)
    except (UnicodeDecodeError, binascii.Error, ValueError, RecursionError) as error:
        raise InvalidInput("file", f"{len(given)} bytes", mend) from error
    if not _is_envelope(whole):
        raise InvalidInput("file", f"{len(given)} bytes", mend)
    return dict(whole)


def _is_envelope(whole: object) -> bool:
    if not isinstance(whole, dict) or set(whole) != {"summary", "signature"}:
        return False
    signature = whole["signature"]
    return (
        isinstance(whole["summary"], dict)
        and isinstance(signature, dict)
        and set(signature) == {"algorithm", "value", "certificate"}
        and all(isinstance(each, str) for each in signature.values())
        and _is_plain(whole["summary"])
    )


def _is_plain(value: object, depth: int = 0) -> bool:
    """Say whether a value holds only what summaries hold; no numbers that have several spellings."""
    if depth > 4:
        return False
    if isinstance(value, dict):
        return all(_is_plain(each, depth + 1) for each in value.values())
    if isinstance(value, list):
        return all(_is_plain(each, depth + 1) for each in value)
    if isinstance(value, str):
        return value.isprintable() or value == ""
    return value is None or isinstance(value, bool | int)
