"""Texts, addresses, status codes and receipts of SMPP: pure, so that every line can be held."""

from __future__ import annotations

import gsm0338
import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from hotline.providers.smpp import texts, wire
from hotline.providers.smpp.address import read_addresses
from hotline.providers.smpp.texts import GSM7, UCS2, encode, split, with_header
from hotline.providers.smpp.words import is_receipt, outcome_of, plain_id, read_receipt
from hotline.providers.sms import Outcome

CODEC = gsm0338.Codec()


def decoded(coding: int, octets: bytes) -> str:
    return octets.decode("utf-16-be") if coding == UCS2 else str(CODEC.decode(octets)[0])


@pytest.mark.parametrize(
    ("text", "coding", "parts"),
    [("x" * 160, GSM7, 1), ("x" * 161, GSM7, 2), ("€" * 80, GSM7, 1), ("€" * 81, GSM7, 2), ("가" * 70, UCS2, 1),
     ("가" * 71, UCS2, 2), ("x" * 306, GSM7, 2), ("x" * 307, GSM7, 3), ("₩", UCS2, 1), ("", GSM7, 1)],
)  # fmt: skip
def test_alphabet_and_number_of_parts(text: str, coding: int, parts: int) -> None:
    encoded = encode(text)
    assert (encoded.coding, len(split(encoded))) == (coding, parts)


@given(st.text(st.sampled_from("aä€{[~^| 가나🌊\n"), max_size=900))
def test_parts_put_together_are_the_text_and_each_is_readable_by_itself(text: str) -> None:
    encoded = encode(text)
    parts = split(encoded)
    assert b"".join(parts) == encoded.octets
    assert "".join(decoded(encoded.coding, part) for part in parts) == text
    assert all(
        len(with_header(part, 1, 1, len(parts))) <= 140 + (20 if encoded.coding == GSM7 else 0) for part in parts
    )


def test_a_text_beyond_every_header_is_refused() -> None:
    with pytest.raises(ValueError, match="parts"):
        split(encode("x" * 153 * 256))


def test_the_header_says_which_part_of_how_many() -> None:
    assert with_header(b"abc", 300, 2, 3) == bytes([5, 0, 3, 300 & 0xFF, 3, 2]) + b"abc"
    assert texts.MAX_PARTS == 255


def test_an_address_has_everything_a_bind_needs() -> None:
    text = "smpp://desk:p%40ss@10.0.0.1:2775?name=smpp-kt&sender=%2B821544&window=25&long=udh, smpps://b:c@host?name=smpp-skt"
    first, second = read_addresses(text, "+8215441234")
    assert (first.name, first.host, first.port, first.system_id, first.password) == (
        "smpp-kt",
        "10.0.0.1",
        2775,
        "desk",
        "p@ss",
    )
    assert (first.sender, first.window, first.payload, first.tls) == ("+821544", 25, False, False)
    assert (second.name, second.port, second.sender, second.tls, second.payload) == (
        "smpp-skt",
        2775,
        "+8215441234",
        True,
        True,
    )
    assert read_addresses("", "") == []


@pytest.mark.parametrize(
    "wrong",
    ["http://a:b@c", "smpp://c:2775", "smpp://a:topsecret@c?name=twilio", "smpp://a:topsecret@c?window=0",
     "smpp://a:topsecret@c?window=9999", "smpp://a:topsecret@c?long=maybe", "smpp://a:topsecret@c?colour=red",
     "smpp://a:topsecret@c smpp://a:topsecret@d", " ".join(f"smpp://a:b@c?name=smpp-{n}" for n in range(20))],
)  # fmt: skip
def test_a_wrong_address_is_refused_without_telling_the_password(wrong: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_addresses(wrong, "+1")
    assert "topsecret" not in str(refused.value)


def test_an_address_without_any_sender_is_refused() -> None:
    with pytest.raises(ValueError, match="sender"):
        read_addresses("smpp://a:b@c", "")


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [(0, Outcome.ACCEPTED, None), (0x58, Outcome.RETRY_LATER, "20429"), (0x14, Outcome.RETRY_LATER, "30001"),
     (0x08, Outcome.RETRY_LATER, "smpp8"), (0x0B, Outcome.REFUSED, "21211"), (0x0A, Outcome.BLOCKED, "21606"),
     (0x0E, Outcome.BLOCKED, "20003"), (0x400, Outcome.REFUSED, "smpp400"), (0xFFFFFFFF, Outcome.REFUSED, "smppffffff")],
)  # fmt: skip
def test_status_codes_in_the_words_of_the_house(status: int, outcome: Outcome, code: str | None) -> None:
    assert outcome_of(status) == (outcome, code)
    assert code is None or len(code) <= 10


def deliver(text: bytes, *tlvs: smpp34.Tlv, esm_class: int = 4) -> smpp34.DeliverSm:
    return smpp34.DeliverSm("821012345678", "15005550006", text, esm_class=esm_class, tlvs=list(tlvs))


def test_a_receipt_is_read_from_its_text() -> None:
    found = read_receipt(deliver(b"id:00AbC sub:001 dlvrd:001 submit date:1 done date:2 stat:UNDELIV err:001 text:x"))
    assert found is not None
    assert (found.message_id, found.status, found.code, found.recipient) == (
        "abc",
        "undelivered",
        "30008",
        "+821012345678",
    )


def test_parameters_go_before_the_text() -> None:
    found = read_receipt(
        deliver(
            b"id:other stat:UNDELIV",
            smpp34.Tlv(wire.RECEIPTED_MESSAGE_ID, b"77\0"),
            smpp34.Tlv(wire.MESSAGE_STATE, b"\2"),
        )
    )
    assert found is not None and (found.message_id, found.status) == ("77", "delivered")


@pytest.mark.parametrize(
    "text", [b"", b"hello", b"id:1", b"stat:DELIVRD", b"id:1 stat:STRANGE", b"\xff\xfe\x00", b"id:" + b"9" * 500]
)
def test_what_is_no_receipt_says_nothing(text: bytes) -> None:
    assert read_receipt(deliver(text[:250])) is None


@given(st.binary(max_size=254))
def test_any_octets_are_read_without_an_error(octets: bytes) -> None:
    found = read_receipt(deliver(octets))
    assert found is None or len(found.message_id) <= 40


def test_a_text_from_somebody_is_no_receipt() -> None:
    assert is_receipt(deliver(b"", esm_class=4))
    assert not is_receipt(deliver(b"hello", esm_class=0))
    assert not is_receipt(deliver(b"hello", esm_class=0x40))


@pytest.mark.parametrize(("given_id", "kept"), [("00012AB", "12ab"), ("0", "0"), (" 7 ", "7")])
def test_ids_are_compared_without_noughts_and_case(given_id: str, kept: str) -> None:
    assert plain_id(given_id) == kept
