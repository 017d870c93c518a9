"""The key with which this installation signs, and its certificate: read from two PEM files, checked before each use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

MAX_FILE_BYTES = 64 * 1024
MIN_RSA_BITS = 2048
EXPIRY_NOTICE = timedelta(days=30)
"""How long before its end a certificate is spoken of; a new one takes an authority days to issue."""

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class KeyPairFault(Exception):
    """The key or the certificate cannot be used; the message says why and never holds anything of the key."""


@dataclass(frozen=True)
class KeyPair:
    """A private key (RSA or ECDSA) with the certificate that belongs to it."""

    key: SigningKey
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in hex, by which people compare certificates."""
        return fingerprint_of(self.certificate)

    def expires_soon(self, now: datetime) -> bool:
        """Whether it is time to ask for a new certificate."""
        return self.certificate.not_valid_after_utc - now < EXPIRY_NOTICE


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate in hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def load_key_pair(key_file: str, certificate_file: str, now: datetime) -> KeyPair | None:
    """Return the pair, or None when none is configured (both names empty).

    Raises:
        KeyPairFault: one of the two is missing, unreadable, too weak, out of its time, or they do not belong together.
    """
    if not key_file and not certificate_file:
        return None
    if not key_file or not certificate_file:
        raise KeyPairFault("only one of key and certificate is configured; both are needed")
    key = _read_key(key_file)
    certificate = read_certificate(_read(certificate_file))
    if _public_bytes(key.public_key()) != _public_bytes(certificate.public_key()):
        raise KeyPairFault(f"{certificate_file} does not belong to the key")
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        raise KeyPairFault(f"{certificate_file} is valid only until {certificate.not_valid_after_utc:%Y-%m-%d}")
    return KeyPair(key, certificate)


def read_certificate(data: bytes) -> x509.Certificate:
    """Return the first certificate of a PEM text.

    Raises:
        KeyPairFault: there is none, or its key is too weak to be believed.
    """
    try:
        certificate = x509.load_pem_x509_certificate(data)
        public = certificate.public_key()
    except ValueError as error:
        raise KeyPairFault("this is no certificate in PEM form (BEGIN CERTIFICATE)") from error
    refuse_weak(public)
    return certificate


def _read_key(name: str) -> SigningKey:
    try:
        key = serialization.load_pem_private_key(_read(name), password=None)
    except (ValueError, TypeError) as error:
        raise KeyPairFault(f"{name} is no unencrypted private key in PEM form") from error
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise KeyPairFault(f"{name} is neither an RSA nor an ECDSA key")
    refuse_weak(key.public_key())
    return key


def refuse_weak(public: object) -> None:
    """Raise KeyPairFault for a public key that is too weak to be believed, or of a kind that is not used here."""
    if isinstance(public, rsa.RSAPublicKey):
        if public.key_size < MIN_RSA_BITS:
            raise KeyPairFault(f"an RSA key of {public.key_size} bits can be forged; use at least {MIN_RSA_BITS}")
    elif not isinstance(public, ec.EllipticCurvePublicKey):
        raise KeyPairFault("the key is neither RSA nor ECDSA")


def _public_bytes(public: object) -> bytes:
    assert isinstance(public, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)), (
        "weak and strange keys were refused before"
    )
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _read(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise KeyPairFault(f"{name} cannot be read ({error.strerror})") from error
