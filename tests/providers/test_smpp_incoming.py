"""Texts from handsets as message centres deliver them: alphabets, parts, numbers, and octets that make no sense."""

from __future__ import annotations

import pytest
import smpp34
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st

from hotline.providers.smpp.incoming import MAX_CHARS, MISSING, Joint, Piece, body_of, fingerprint, read_text

HANDSET, OURS = "821012345678", "15005550006"


def deliver(octets: bytes = b"", *, sender: str = HANDSET, to: str = OURS, **more: object) -> smpp34.DeliverSm:
    """Make a deliver_sm from a Korean handset."""
    values = {"source_addr_ton": 1, "dest_addr_ton": 1, **more}
    return smpp34.DeliverSm(sender, to, octets, **values)  # type: ignore[arg-type]


def words(octets: bytes, coding: int) -> str:
    return body_of([read_text(deliver(octets, data_coding=coding)).piece])


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        (b"I am safe", 0, "I am safe"),
        (b"\x1b\x65 5 \x00 \x11", 0, "€ 5 @ _"),
        (b"caf\xe9", 0, "café"),
        (b"SAFE", 1, "SAFE"),
        ("à l'aide, je suis blessé".encode("latin-1"), 3, "à l'aide, je suis blessé"),
        ("안전합니다 👍".encode("utf-16-be"), 8, "안전합니다 👍"),
        ("안전".encode("utf-16-be") + b"\xc5", 8, "안전\ufffd"),
        (b"class 0", 0xF0, "class 0"),
        (b"octets \xe9", 0xF4, "octets é"),
        (b"a\x00b", 3, "ab"),
    ],
)
def test_every_alphabet_is_read(octets: bytes, coding: int, text: str) -> None:
    assert words(octets, coding) == text


def test_a_text_may_come_as_payload() -> None:
    text = "도와주세요 " * 100
    payload = smpp34.Tlv(0x0424, text.encode("utf-16-be"))
    assert body_of([read_text(deliver(data_coding=8, tlvs=[payload])).piece]) == text


@pytest.mark.parametrize(
    ("octets", "more", "joint"),
    [
        (b"\x05\x00\x03\x2a\x02\x01text", {"esm_class": 0x40}, Joint(0x2A, 2, 1)),
        (b"\x06\x08\x04\x01\x02\x03\x03text", {"esm_class": 0x40}, Joint(0x0102, 3, 3)),
        (b"\x0b\x05\x04\x0b\x84\x0b\x84\x00\x03\x07\x02\x02text", {"esm_class": 0x40}, Joint(7, 2, 2)),
        (b"\x05\x00\x03\x2a\x01\x01text", {"esm_class": 0x40}, None),
        (b"\x05\x00\x03\x2a\x02\x03text", {"esm_class": 0x40}, None),
        (b"text", {}, None),
    ],
)
def test_headers_tell_the_parts_of_a_long_text(octets: bytes, more: dict[str, int], joint: Joint | None) -> None:
    found = read_text(deliver(octets, **more))
    assert (found.joint, found.piece.octets) == (joint, b"text")


def test_parameters_tell_the_parts_as_well() -> None:
    tlvs = [smpp34.Tlv(0x020C, b"\x01\x02"), smpp34.Tlv(0x020E, b"\x03"), smpp34.Tlv(0x020F, b"\x02")]
    assert read_text(deliver(b"text", tlvs=tlvs)).joint == Joint(0x0102, 3, 2)


@pytest.mark.parametrize("text", ["Überschwemmung in Manila €" * 10, "구조해 주세요 👨‍👩‍👧 여기는 마닐라 " * 12])
def test_parts_that_an_independent_library_cut_are_put_together(text: str) -> None:
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    found = [read_text(deliver(bytes(part), data_coding=coding, esm_class=esm_class)) for part in parts]
    assert [each.joint.number for each in found if each.joint] == list(range(1, len(parts) + 1))
    assert body_of([each.piece for each in found]) == text


def test_a_character_may_straddle_two_parts_and_a_missing_part_is_marked() -> None:
    whole = "😀".encode("utf-16-be")
    assert body_of([Piece(8, whole[:2]), Piece(8, whole[2:])]) == "😀"
    assert body_of([Piece(0, b"a"), None, Piece(8, "b".encode("utf-16-be"))]) == f"a{MISSING}b"
    assert len(body_of([Piece(3, b"x" * 60_000)])) == MAX_CHARS


@pytest.mark.parametrize(
    ("address", "ton", "number"),
    [("821012345678", 1, "+821012345678"), ("+821012345678", 1, "+821012345678"), ("821012345678", 0, "+821012345678"),
     ("01012345678", 2, "+821012345678"), ("01012345678", 0, "+821012345678"), ("0404", 0, "+0404"),
     ("MINISTRY", 5, "MINISTRY"), ("", 0, "")],
)  # fmt: skip
def test_a_handsets_number_is_known_however_it_is_written(address: str, ton: int, number: str) -> None:
    assert read_text(deliver(b"", sender=address, source_addr_ton=ton)).sender == number


def test_our_own_number_keeps_its_form() -> None:
    assert read_text(deliver(b"")).recipient == "+15005550006"
    assert read_text(deliver(b"", to="1505", dest_addr_ton=3)).recipient == "1505"


@given(octets=st.binary(max_size=254), coding=st.integers(0, 255), esm_class=st.sampled_from([0, 0x40, 0x43]))
def test_whatever_octets_come_become_words_that_can_be_kept(octets: bytes, coding: int, esm_class: int) -> None:
    found = read_text(deliver(octets, data_coding=coding, esm_class=esm_class))
    text = body_of([found.piece])
    assert "\x00" not in text
    text.encode("utf-8")


def test_a_fingerprint_is_the_same_for_what_is_delivered_again_only() -> None:
    text = read_text(deliver(b"HELP"))
    same = fingerprint("smpp", text, [text.piece])
    assert same == fingerprint("smpp", read_text(deliver(b"HELP", sequence_number=9)), [text.piece])
    other = read_text(deliver(b"HELP", tlvs=[smpp34.Tlv(0x0204, b"\0\7")]))
    assert len({same, fingerprint("smpp-b", text, [text.piece]), fingerprint("smpp", other, [other.piece])}) == 3
