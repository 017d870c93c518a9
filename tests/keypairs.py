"""Keys and certificates for tests, made fresh each run."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from hotline.core.keypair import KeyPair, SigningKey

VALID_FROM = datetime(2026, 1, 1, tzinfo=UTC)
VALID_UNTIL = datetime(2036, 1, 1, tzinfo=UTC)


@functools.cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """RSA keys take long to find; each size is made once."""
    return rsa.generate_private_key(65537, bits)


def make_pair(
    name: str = "Test Authority",
    *,
    rsa_bits: int | None = None,
    valid_from: datetime = VALID_FROM,
    valid_until: datetime = VALID_UNTIL,
    issuer: KeyPair | None = None,
    may_issue: bool = False,
) -> KeyPair:
    """Make a key (on a curve unless `rsa_bits` is given) and its certificate, self-signed or by an issuer."""
    key: SigningKey = rsa_key(rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_until)
        .add_extension(x509.BasicConstraints(ca=may_issue, path_length=None), critical=True)
    )
    return KeyPair(key, builder.sign(issuer.key if issuer else key, hashes.SHA256()))


def write_pair(pair: KeyPair, directory: Path) -> tuple[str, str]:
    """Write key and certificate as PEM files; their names."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    key.write_bytes(
        pair.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate.write_bytes(pair.certificate.public_bytes(serialization.Encoding.PEM))
    return str(key), str(certificate)
