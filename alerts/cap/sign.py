"""Sign a CAP message: an enveloped XML signature as the last element of the alert (CAP 1.2 section 3.3.4.1)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from hotline.core.keypair import KeyPair


def sign_cap(document: bytes, pair: KeyPair) -> bytes:
    """Return the document with a signature over all of it; the certificate comes along for those who do not have it.

    Exclusive canonicalisation lets the alert be lifted out of an Atom or EDXL wrapper without breaking the signature.
    """
    by_curve = isinstance(pair.key, ec.EllipticCurvePrivateKey)
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256 if by_curve else SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    signed = signer.sign(root, key=pair.key, cert=[pair.certificate])
    result: bytes = etree.tostring(signed, encoding="UTF-8", xml_declaration=True)
    return result
