"""Files as offices make them: encodings, delimiters, line ends, stray bytes; and whatever comes, a bounded answer."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from hotline.people.import_lines import MAX_LINE_BYTES, SAMPLE_BYTES, BadLine, Reading, Record

KOREAN = "이름,전화번호,위도,경도\n홍길동,+821020000001,37.5,127.0\n똠방각하,+821020000002,37.5,127.0\n"


def _read(data: bytes, format: str = "csv") -> list[Record | BadLine]:  # noqa: A002
    return list(Reading(io.BytesIO(data), format).records())


def _names(data: bytes) -> list[str]:
    return [record.values["name"] if isinstance(record, Record) else f"bad {record.line}" for record in _read(data)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encodings_delimiters_and_line_ends_of_offices_are_read(encoding: str, delimiter: str, line_end: str) -> None:
    data = KOREAN.replace(",", delimiter).replace("\n", line_end).encode(encoding)
    first, second = _read(data)
    assert isinstance(first, Record) and isinstance(second, Record)
    assert first.values == {"name": "홍길동", "phone": "+821020000001", "lat": "37.5", "lon": "127.0"}
    assert (first.line, second.line, second.values["name"]) == (2, 3, "똠방각하")


def test_the_encoding_is_found_late_when_the_beginning_is_plain() -> None:
    plain = b"name,phone\n" + b"A,+821020000001\n" * (SAMPLE_BYTES // 16 + 10)
    for encoding in ("utf-8", "cp949"):
        assert _names(plain + "홍길동,+821020000002\n".encode(encoding))[-1] == "홍길동"


def test_a_character_on_the_edge_of_the_sample_spoils_nothing() -> None:
    for shift in range(4):
        head = b"name,phone\n" + b"A,+821020000001\n" * ((SAMPLE_BYTES - 64) // 16)
        fill = b"x" * (SAMPLE_BYTES - len(head) - 4 + shift)
        data = head + fill + "홍길동홍길동,+821020000002\n".encode()
        assert _names(data)[-1].endswith("홍길동홍길동")


def test_a_line_in_another_encoding_is_one_bad_line() -> None:
    data = KOREAN.encode() + "성춘향,+821020000003,1,1\n".encode("cp949") + b"Last,+821020000004,1,1\n"
    assert _names(data) == ["홍길동", "똠방각하", "bad 4", "Last"]


def test_unicode_text_of_spreadsheets_is_refused_with_the_mend() -> None:
    with pytest.raises(InvalidInput, match="CSV UTF-8"):
        _read(KOREAN.encode("utf-16"))


def test_an_endless_line_costs_one_row_and_bounded_memory() -> None:
    data = b"name,phone\n" + b"x" * (MAX_LINE_BYTES * 20) + b"\nB,+821020000001\n"
    assert _names(data) == ["bad 2", "B"]


def test_a_stray_quote_spoils_one_row() -> None:
    assert _names(b'name,phone\n"A,1\n"B ""b"" ; x",2\nC,3\n') == ["bad 2", 'B "b" ; x', "C"]


def test_blank_lines_and_a_missing_end_are_no_rows() -> None:
    assert _names(b"\n\r\nname,phone\n\nA,1\n  \nB,2") == ["A", "B"]


def test_another_format_is_refused() -> None:
    with pytest.raises(InvalidInput, match="csv or ndjson"):
        Reading(io.BytesIO(b""), "xlsx")


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), min_size=1, max_size=20),
            st.text(st.characters(codec="ascii", exclude_characters="\r\n\x00"), max_size=20),
        ),
        max_size=20,
    ),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
def test_whatever_is_written_as_csv_is_read_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["name", "phone"])
    writer.writerows(rows)
    # A first line beyond ASCII settles the encoding, as the letters in a real list do.
    data = written.getvalue().encode("utf-8-sig")
    records = _read(data)
    assert [(r.values["name"], r.values["phone"]) for r in records if isinstance(r, Record)] == rows
    assert len(records) == len(rows)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=400), format=st.sampled_from(["csv", "ndjson"]), header=st.booleans())
def test_any_bytes_give_records_bad_lines_or_one_named_refusal(data: bytes, format: str, header: bool) -> None:  # noqa: A002
    try:
        found = _read(b"name,phone\n" + data if header else data, format)
    except InvalidInput as refusal:
        assert refusal.field in ("header", "line", "file")
        return
    lines = [each.line for each in found]
    assert lines == sorted(set(lines))
    assert all(each.fault.mend for each in found if isinstance(each, BadLine))
