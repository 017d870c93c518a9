"""Signed messages as strangers make them, whole and tampered with."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from hotline.core.keypair import KeyPair
from tests.alerts.cap.factories import make_cap

DS = "{http://www.w3.org/2000/09/xmldsig#}"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


class OldSigner(XMLSigner):
    """Signs with SHA-1, as some authorities still do; the library refuses unless told so."""

    def check_deprecated_methods(self) -> None:
        """Allow what nobody should use any more."""


def unsigned() -> etree._Element:
    """Return a message without a signature."""
    return etree.fromstring(make_cap())


def sign(root: etree._Element, pair: KeyPair, *, certificate: bool = True, old: bool = False) -> etree._Element:
    """Return the element with one more signature at its end, over everything it held before."""
    is_rsa = isinstance(pair.key, rsa.RSAPrivateKey)
    if old:
        signer: XMLSigner = OldSigner(
            signature_algorithm=SignatureMethod.RSA_SHA1, digest_algorithm=DigestAlgorithm.SHA1
        )
    else:
        signer = XMLSigner(
            signature_algorithm=SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
    signed = signer.sign(root, key=pair.key, cert=[pair.certificate])
    if not certificate:
        info = signed[-1].find(f"{DS}KeyInfo")
        assert info is not None
        signed[-1].remove(info)
    return signed


def sign_without_first(root: etree._Element, pair: KeyPair) -> etree._Element:
    """Return the element with a second signature that was made over the message before the first one was added."""
    first = root[-1]
    assert first.tag == f"{DS}Signature"
    root.remove(first)
    signed = sign(root, pair)
    signed.insert(len(signed) - 1, first)
    return signed


def as_bytes(root: etree._Element) -> bytes:
    """Return the message as a file."""
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document
