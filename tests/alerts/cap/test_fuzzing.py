"""Whatever is done to a document, the reader answers with a reading or a refusal and with nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from alerts.cap.faults import MESSAGES, CapFault, CapRefused
from alerts.cap.model import CapAlert
from alerts.cap.read import CapReading, read_cap
from alerts.cap.schema import schema_remarks
from alerts.cap.verify import seals_of
from hotline.core.errors import InvalidInput
from hotline.geo.area import Area
from tests.alerts.cap.factories import SEOUL, make_area, make_cap, make_info
from tests.alerts.cap.sealing import as_bytes, sign
from tests.keypairs import make_pair

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
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
        # Whatever is read can be checked, drafted and said, too: nothing behind the reader trusts the document.
        assert len(seals_of(data, reading.alerts, [], NOW)) == len(reading.alerts) or reading.refused
        assert all(each.message for each in schema_remarks(data))
        assert isinstance(reading, CapReading)
        assert reading.alerts
        findings = reading.warnings + reading.refused
        for alert in reading.alerts:
            assert alert.sent.tzinfo is not None
            for area in alert.area_json():
                assert area["polygons"] or area["circles"]
            _draw(alert)
    for finding in findings:
        assert finding.problem in MESSAGES
        assert finding.message
        assert len(finding.value) <= 80


def _draw(alert: CapAlert) -> None:
    """What a reading calls an area is one that can be kept, or is refused by name when it is drafted."""
    try:
        Area.from_json(alert.area_json(), "areas")
    except InvalidInput as refused:
        assert refused.mend


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


SIGNED = as_bytes(sign(etree.fromstring(VALID), make_pair()))
signature_edits = st.lists(
    st.tuples(
        st.integers(SIGNED.index(b"Signature"), len(SIGNED)),
        st.integers(0, 60),
        fragments | st.sampled_from([b"<ds:Reference URI=''/>", b"Id='x'", b"#x", b"=", b"AAAA", b"xmlns:ds='x'"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(signature_edits)
def test_damaged_signatures_are_judged_and_never_trusted(changes: list[tuple[int, int, bytes]]) -> None:
    data = SIGNED
    for start, length, insert in changes:
        data = data[:start] + insert + data[start + length :]
    answer(data)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@settings(max_examples=30_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits)
def test_damaged_document_is_read_or_refused_through_the_night(changes: list[tuple[int, int, bytes]]) -> None:
    data = VALID
    for start, length, insert in changes:
        data = data[:start] + insert + data[start + length :]
    answer(data)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(signature_edits)
def test_damaged_signatures_are_judged_through_the_night(changes: list[tuple[int, int, bytes]]) -> None:
    data = SIGNED
    for start, length, insert in changes:
        data = data[:start] + insert + data[start + length :]
    answer(data)
