"""Whatever is done to a document, the reader answers with a reading or a refusal and with nothing else."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.cap.faults import MESSAGES, CapFault, CapRefused
from alerts.cap.read import CapReading, read_cap
from tests.alerts.cap.factories import SEOUL, make_area, make_cap, make_info

VALID = make_cap(
    rest="<note>가나다 – a</note><references>a,b,2026-11-21T11:00:00+09:00</references>",
    infos=make_info(
        times="<expires>2026-11-22T11:00:00+09:00</expires>",
        areas=make_area(shapes=f"<polygon>{SEOUL}</polygon><circle>37.5,127 10</circle>"),
    ),
).encode()

fragments = st.sampled_from(
    [
        b"<", b">", b"&", b"&#0;", b"&#xD800;", b"&x;", b"<!DOCTYPE a>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?x",
        b"\x00", b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b"<alert>", b"</alert>", b"<info/>", b"<area/>", b"<sent/>",
        b"<polygon>1,1 2,2</polygon>", b"<circle>nan,inf -1</circle>", b" xmlns=''", b"\xef\xbb\xbf", b"9" * 400,
        b"1e308", b",", b"%s", b"%(x)s", b"{x}",
    ]
)  # fmt: skip
edits = st.lists(
    st.tuples(st.integers(0, len(VALID)), st.integers(0, 40), fragments | st.binary(max_size=12)), max_size=6
)


def answer(data: bytes) -> None:
    """Read, and hold every finding to its promise: a known problem, a message, a short value."""
    try:
        reading = read_cap(data)
    except CapRefused as refused:
        assert refused.faults
        findings: tuple[CapFault, ...] = refused.faults + refused.warnings
    else:
        assert isinstance(reading, CapReading)
        assert reading.alerts
        findings = reading.warnings + reading.refused
        for alert in reading.alerts:
            assert alert.sent.tzinfo is not None
            for area in alert.area_json():
                assert area["polygons"] or area["circles"]
    for finding in findings:
        assert finding.problem in MESSAGES
        assert finding.message
        assert len(finding.value) <= 80


@settings(max_examples=400, deadline=None)
@given(edits)
def test_damaged_document_is_read_or_refused(changes: list[tuple[int, int, bytes]]) -> None:
    data = VALID
    for start, length, insert in changes:
        data = data[:start] + insert + data[start + length :]
    answer(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
@example(b"<")
@example(b"<?xml?>")
@example(b"\xff\xfe<\x00")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    answer(data)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["identifier", "sent", "status", "scope", "event", "expires", "areaDesc", "polygon", "circle"]),
    st.text(st.characters(codec="utf-8", exclude_characters="<&"), max_size=80),
)
def test_any_text_in_any_element_is_read_or_refused(name: str, text: str) -> None:
    document = VALID.decode()
    start, end = document.index(f"<{name}>") + len(name) + 2, document.index(f"</{name}>")
    answer((document[:start] + text + document[end:]).encode())
