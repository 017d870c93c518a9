"""Who signed it is said truthfully: trusted, unknown or broken, and what is verified is what is read."""

from __future__ import annotations

import base64
import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from alerts.cap.faults import CapRefused
from alerts.cap.read import read_cap
from alerts.cap.sign import sign_cap
from alerts.cap.verify import MAX_SIGNATURES, Seal, TrustedSigner, seals_of
from hotline.core.keypair import KeyPair
from tests.alerts.cap.factories import make_cap
from tests.alerts.cap.sealing import CAP, DS, as_bytes, sign, sign_without_first, unsigned
from tests.keypairs import make_pair

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
AUTHORITY = make_pair("Weather Service")
STRANGER = make_pair("Somebody Else")
FILES = Path(__file__).resolve().parents[4] / "shared" / "data" / "cap"


def seal(data: bytes, *trusted: KeyPair, now: datetime = NOW) -> Seal:
    signers = [TrustedSigner(f"trusted {index}", pair.certificate) for index, pair in enumerate(trusted)]
    (found,) = seals_of(data, read_cap(data).alerts, signers, now)
    return found


def test_without_a_signature_nobody_signed() -> None:
    assert seal(make_cap().encode(), AUTHORITY) == Seal("none")


@pytest.mark.parametrize("rsa_bits", [None, 2048])
def test_what_we_sign_ourselves_is_verified(rsa_bits: int | None) -> None:
    pair = make_pair(rsa_bits=rsa_bits)
    assert seal(sign_cap(make_cap().encode(), pair), pair) == Seal("trusted", ("trusted 0",))


def test_a_strangers_signature_is_intact_and_unknown() -> None:
    assert seal(as_bytes(sign(unsigned(), STRANGER)), AUTHORITY) == Seal("unknown", ("Somebody Else",))


def test_a_certificate_that_a_trusted_authority_issued_is_trusted() -> None:
    root = make_pair("Root", may_issue=True)
    issued = make_pair("Province", issuer=root)
    assert seal(as_bytes(sign(unsigned(), issued)), root) == Seal("trusted", ("Province (trusted 0)",))


def test_a_trusted_signer_that_may_not_issue_certificates_cannot_vouch_for_others() -> None:
    issued = make_pair("Province", issuer=AUTHORITY)
    assert seal(as_bytes(sign(unsigned(), issued)), AUTHORITY).status == "unknown"


@pytest.mark.parametrize("at", [datetime(2025, 12, 31, tzinfo=UTC), datetime(2036, 1, 2, tzinfo=UTC)])
def test_a_certificate_out_of_its_time_is_not_believed(at: datetime) -> None:
    assert seal(as_bytes(sign(unsigned(), AUTHORITY)), AUTHORITY, now=at).status == "unknown"


def test_a_signature_without_its_certificate_is_found_by_the_trusted_one() -> None:
    data = as_bytes(sign(unsigned(), AUTHORITY, certificate=False))
    assert seal(data, STRANGER, AUTHORITY) == Seal("trusted", ("trusted 1",))
    assert seal(data, STRANGER) == Seal("unknown", detail="no_certificate")


def test_an_outdated_algorithm_is_not_believed_and_not_called_broken() -> None:
    pair = make_pair("Old Service", rsa_bits=2048)
    assert seal(as_bytes(sign(unsigned(), pair, old=True)), pair) == Seal("unknown", ("Old Service",), "weak")


def test_a_weak_key_is_not_believed() -> None:
    pair = make_pair("Weak", rsa_bits=1024)
    assert seal(as_bytes(sign(unsigned(), pair)), pair) == Seal("unknown", ("Weak",), "weak")


def with_another_kind_of_key(pair: KeyPair, before: bytes) -> tuple[x509.Certificate, str]:
    """Return the certificate with a kind of key, or a curve, that no library knows; as it is and as it stands in a message."""
    der = pair.certificate.public_bytes(Encoding.DER)
    assert der.count(before) == 1
    changed = der.replace(before, before[:-1] + b"\x7f")
    return x509.load_der_x509_certificate(changed), base64.b64encode(changed).decode()


EC_KEY, P256 = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107")


@pytest.mark.parametrize("kind", [EC_KEY, P256], ids=["algorithm", "curve"])
def test_a_kind_of_key_that_the_library_does_not_know_is_not_believed_and_raises_nothing(kind: bytes) -> None:
    pair = make_pair("Unheard Of", may_issue=True)
    certificate, text = with_another_kind_of_key(pair, kind)
    with pytest.raises(UnsupportedAlgorithm):
        certificate.public_key()
    trusted = [TrustedSigner("trusted 0", certificate)]
    root = sign(unsigned(), pair)
    for element in root.iter(f"{DS}X509Certificate"):
        element.text = text
    brought = as_bytes(root)
    assert seals_of(brought, read_cap(brought).alerts, trusted, NOW) == [Seal("unknown", ("Unheard Of",), "weak")]
    bare = as_bytes(sign(unsigned(), pair, certificate=False))
    assert seals_of(bare, read_cap(bare).alerts, trusted, NOW) == [Seal("unknown", detail="no_certificate")]
    issued = as_bytes(sign(unsigned(), make_pair("Province", issuer=pair)))
    assert seals_of(issued, read_cap(issued).alerts, trusted, NOW) == [Seal("unknown", ("Province",))]


@pytest.mark.parametrize("over_the_first", [True, False])
def test_two_signatures_are_both_checked(over_the_first: bool) -> None:
    once = sign(unsigned(), AUTHORITY)
    twice = sign(once, STRANGER) if over_the_first else sign_without_first(once, STRANGER)
    assert len(twice.findall(f"{DS}Signature")) == 2
    assert seal(as_bytes(twice), AUTHORITY) == Seal("trusted", ("trusted 0", "Somebody Else"))
    assert seal(as_bytes(twice), STRANGER).status == "trusted"


def test_one_broken_signature_of_two_is_loud() -> None:
    twice = sign(sign(unsigned(), AUTHORITY), STRANGER)
    value = twice[-1].find(f"{DS}SignatureValue")
    assert value is not None and value.text is not None
    value.text = value.text[:8] + ("A" if value.text[8] != "A" else "B") + value.text[9:]
    assert seal(as_bytes(twice), AUTHORITY).status == "broken"


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"<severity>Severe", b"<severity>Minor"), (b"37.40,126.80", b"37.41,126.80"), (b"kma.go.kr", b"kma.go.xx")],
)
def test_a_changed_message_is_broken(before: bytes, after: bytes) -> None:
    data = as_bytes(sign(unsigned(), AUTHORITY)).replace(before, after)
    assert seal(data, AUTHORITY) == Seal("broken", ("Weather Service",), "does_not_fit")


def forged() -> etree._Element:
    """Return another message that an attacker would like to be taken for the signed one."""
    root = etree.fromstring(make_cap(identifier="<identifier>FORGED</identifier>"))
    return root


def test_wrapping_a_signed_alert_aside_does_not_lend_its_signature() -> None:
    """The classic attack: the signed alert moves under an element that nobody reads, its Signature stays in sight."""
    with_id = unsigned()
    with_id.set("Id", "signed")
    signer_root = sign_by_id(with_id, AUTHORITY)
    genuine = seal(as_bytes(signer_root), AUTHORITY)
    assert genuine.status == "trusted", "the attack needs a signature that is good where it belongs"
    attack = forged()
    signature = copy.deepcopy(signer_root[-1])
    hidden = etree.SubElement(attack, "{urn:attacker}aside")
    hidden.append(signer_root)
    attack.append(signature)
    reading = read_cap(as_bytes(attack))
    assert reading.alert.identifier == "FORGED", "the reader takes the outer alert"
    assert seal(as_bytes(attack), AUTHORITY).status == "broken"


def test_a_signature_over_a_part_only_does_not_count_for_the_whole() -> None:
    root = unsigned()
    info = root.find(f"{CAP}info")
    assert info is not None
    info.set("Id", "part")
    signed = sign_by_id(root, AUTHORITY, reference="#part")
    found = seal(as_bytes(signed), AUTHORITY)
    assert found.status == "broken"


def sign_by_id(root: etree._Element, pair: KeyPair, reference: str = "#signed") -> etree._Element:
    from signxml.algorithms import CanonicalizationMethod, SignatureMethod
    from signxml.signer import XMLSigner

    signer = XMLSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    return signer.sign(root, key=pair.key, cert=[pair.certificate], reference_uri=reference)


def test_a_second_alert_beside_the_signed_one_has_no_signature() -> None:
    signed = as_bytes(sign(unsigned(), AUTHORITY)).split(b"?>\n", 1)[-1]
    bundle = b"<bundle>" + signed + etree.tostring(forged()) + b"</bundle>"
    reading = read_cap(bundle)
    found = seals_of(bundle, reading.alerts, [TrustedSigner("authority", AUTHORITY.certificate)], NOW)
    assert [each.status for each in found] == ["trusted", "none"]


def test_an_alert_out_of_an_atom_feed_keeps_its_signature() -> None:
    signed = as_bytes(sign(unsigned(), AUTHORITY)).split(b"?>\n", 1)[-1]
    feed = b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:x="urn:x"><entry><content>' + signed
    feed += b"</content></entry></feed>"
    assert seal(feed, AUTHORITY).status == "trusted"


def test_many_signatures_are_refused_instead_of_checked() -> None:
    signed = sign(unsigned(), AUTHORITY)
    for _ in range(MAX_SIGNATURES):
        signed.append(copy.deepcopy(signed[-1]))
    assert seal(as_bytes(signed), AUTHORITY) == Seal("broken", detail="too_many_signatures")


@pytest.mark.parametrize(
    "inside", ["", "<ds:SignedInfo/>", "<ds:SignedInfo><ds:SignatureMethod Algorithm='x'/></ds:SignedInfo>", "text"]
)
def test_half_a_signature_is_never_trusted(inside: str) -> None:
    end = f'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{inside}</ds:Signature>'
    assert seal(make_cap(end=end).encode(), AUTHORITY).status in ("broken", "unknown")


SIGNED = as_bytes(sign(unsigned(), AUTHORITY))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(SIGNED) - 1), st.binary(min_size=1, max_size=3))
def test_whatever_byte_is_changed_the_alert_is_the_same_or_the_seal_is_not_trusted(place: int, other: bytes) -> None:
    changed = SIGNED[:place] + other + SIGNED[place + len(other) :]
    try:
        reading = read_cap(changed)
    except CapRefused:
        return
    found = seals_of(changed, reading.alerts, [TrustedSigner("authority", AUTHORITY.certificate)], NOW)
    if len(found) == 1 and found[0].status == "trusted":
        assert reading.alert == read_cap(SIGNED).alert


@pytest.mark.parametrize(("name", "status"), [("ph.cap", "unknown"), ("no_info_tag.cap", "unknown")])
def test_real_signatures_of_unknown_authorities_are_not_called_broken(name: str, status: str) -> None:
    if not (FILES / name).exists():
        pytest.skip("the real messages are not on this machine")
    found = seal((FILES / name).read_bytes(), AUTHORITY, now=NOW + timedelta(days=1))
    assert found.status == status, found
