"""The key that signs vouchers: a PKCS#12 file of the ministry's own, or one that is made here at the first need.

`HOTLINE_VOUCHER_KEY` names the file and `HOTLINE_VOUCHER_KEY_PASSWORD` opens it. Without it a key with a certificate that
signs itself is made in the data directory, closed with a password that follows from the installation's secret: the file
alone opens nothing.
Installations on several machines name one file for all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.sign.signers import SimpleSigner

from hotline.core.config import Settings
from hotline.core.errors import Unavailable

NAME = "voucher-key.p12"
LASTS = timedelta(days=3653)
BEGINS = datetime(2025, 1, 1, tzinfo=UTC)
"""The certificate's beginning; a fixed one, so that a machine whose clock is behind still finds it valid."""
HOLDER = "Consular crisis hotline: payout vouchers"


@dataclass(frozen=True)
class Key:
    """What signs; `fingerprint` is the SHA-256 of its certificate (DER) in hex, `pem` the certificate for those who check."""

    signer: SimpleSigner
    fingerprint: str
    pem: str


def load(settings: Settings, now: datetime) -> Key:
    """Return the key, making one where none is named and none is there yet; raises Unavailable where it cannot be opened."""
    path, password = _place(settings)
    if not settings.voucher_key and not path.exists():
        _make(path, password, now)
    try:
        content = path.read_bytes()
        key, certificate, others = pkcs12.load_key_and_certificates(content, password)
        signer = SimpleSigner.load_pkcs12_data(content, other_certs=[], passphrase=password)
    except (OSError, ValueError) as error:
        raise Unavailable(f"The key of vouchers cannot be opened: {path}", code="voucher-key") from error
    if key is None or certificate is None or signer is None:
        raise Unavailable(f"The file holds no key with a certificate: {path}", code="voucher-key")
    del others  # the chain above it is told to those who check, not put into each voucher
    return Key(
        signer, certificate.fingerprint(hashes.SHA256()).hex(), certificate.public_bytes(Encoding.PEM).decode()
    )  # fmt: skip


def _place(settings: Settings) -> tuple[Path, bytes]:
    if settings.voucher_key:
        return Path(settings.voucher_key), settings.voucher_key_password.get_secret_value().encode()
    secret = settings.secret_key.get_secret_value().encode()
    return settings.data_dir / NAME, hmac.new(secret, b"voucher key", hashlib.sha256).hexdigest().encode()


def _make(path: Path, password: bytes, now: datetime) -> None:
    """Make a key; of two processes at once the first one's stays."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOLDER)])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(now + LASTS)
        .add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    content = pkcs12.serialize_key_and_certificates(
        HOLDER.encode(), key, certificate, None, BestAvailableEncryption(password)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".voucher-key-") as file:  # readable by its owner alone
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return
