"""The bytes of a file are read whatever their encoding says, and damage is reported."""

from __future__ import annotations

import codecs as python_codecs

import pytest

from alerts.cap.read import read_cap
from tests.alerts.cap.factories import codes, faults_of, make_cap

ACCENTS = "Höhe – “Größe” naïve"
KOREAN = "서울 홍수 경보가 발령되었습니다"


def make_document(note: str, declared: str | None) -> str:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
    return declaration + make_cap(rest=f"<note>{note}</note>")


def note_of(data: bytes) -> tuple[str, list[str]]:
    reading = read_cap(data)
    return reading.alert.note, codes(reading.warnings)


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        (None, "utf-8"),
        ("utf-8", "utf-8-sig"),
        (None, "utf-8-sig"),
        ("UTF-16", "utf-16"),
        (None, "utf-16"),
        ("UTF-16", "utf-16-le"),
        ("UTF-16", "utf-16-be"),
        ("EUC-KR", "euc-kr"),
        ("ks_c_5601-1987", "cp949"),
    ],
)
def test_korean_survives_each_encoding(declared: str | None, codec: str) -> None:
    assert note_of(make_document(KOREAN, declared).encode(codec)) == (KOREAN, [])


def test_byte_order_marks_tell_the_encoding() -> None:
    text = make_document(KOREAN, None)
    assert note_of(python_codecs.BOM_UTF16_BE + text.encode("utf-16-be")) == (KOREAN, [])
    assert note_of(python_codecs.BOM_UTF32_LE + text.encode("utf-32-le")) == (KOREAN, [])


@pytest.mark.parametrize("declared", ["ISO-8859-1", "windows-1252", "latin1"])
def test_declared_western_encoding_is_read_with_its_quotation_marks(declared: str) -> None:
    assert note_of(make_document(ACCENTS, declared).encode("cp1252")) == (ACCENTS, [])


@pytest.mark.parametrize("declared", ["UTF-8", None, "us-ascii"])
def test_western_bytes_declared_as_utf_8_survive_with_a_warning(declared: str | None) -> None:
    assert note_of(make_document(ACCENTS, declared).encode("cp1252")) == (ACCENTS, ["encoding_mismatch"])


def test_utf_8_declared_as_utf_16_survives_with_a_warning() -> None:
    assert note_of(make_document(KOREAN, "UTF-16").encode()) == (KOREAN, ["encoding_mismatch"])


def test_one_damaged_byte_does_not_turn_the_whole_text_into_nonsense() -> None:
    data = make_document(KOREAN, "UTF-8").encode().replace("홍".encode(), "홍".encode()[:2])
    note, warnings = note_of(data)
    assert note == KOREAN.replace("홍", "\ufffd")
    assert warnings == ["broken_characters"]


def test_bytes_that_no_western_code_page_has_still_give_a_text() -> None:
    note, warnings = note_of(make_document("@", "UTF-8").encode().replace(b"@", b"a\x81b"))
    assert (note, warnings) == ("a\x81b", ["encoding_mismatch"])


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"\x1f\x8b\x08\x00rest", "compressed"),
        (b"PK\x03\x04rest", "compressed"),
        (b"BZh9rest", "compressed"),
        (b"\xfd7zXZ\x00rest", "compressed"),
        (b'{"alert": 1}', "not_xml"),
        (b"%PDF-1.7", "not_xml"),
        (b"\xff\xfe\x00\xd8", "undecodable"),
        (make_document("x", "UTF-7").encode(), "unknown_encoding"),
        (make_document("x", "rot13").encode(), "unknown_encoding"),
        (make_document("x", "EUC-KR").encode() + b"\xff\xff", "undecodable"),
        (make_document("x", "UTF-8").encode() + b"\x00", "not_well_formed"),
    ],
)
def test_file_that_cannot_be_text_is_refused_for_its_own_reason(data: bytes, fault: str) -> None:
    assert faults_of(data) == [fault]
