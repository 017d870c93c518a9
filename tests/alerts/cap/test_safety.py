"""Nothing in a file makes the reader open another, grow without bound, or work for long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from alerts.cap.faults import CapRefused, Findings, Spot
from alerts.cap.limits import DEFAULT_LIMITS
from alerts.cap.read import read_cap
from tests.alerts.cap.factories import CAP_12, codes, faults_of, make_area, make_cap, make_info, read_text

LAUGHS = "<!DOCTYPE a [<!ENTITY l0 'ha'>" + "".join(
    f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10)
) + "]>"  # fmt: skip


def test_external_entity_is_refused_and_its_file_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    doctype = f'<!DOCTYPE alert [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    with pytest.raises(CapRefused) as caught:
        read_text(doctype + make_cap(rest="<note>&x;</note>"))
    assert [each.problem for each in caught.value.faults] == ["doctype"]
    assert "the secret" not in str(caught.value)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE alert SYSTEM "http://127.0.0.1:9/cap.dtd">',
        '<!DOCTYPE alert [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p.dtd"> %p;]>',
        "<!DOCTYPE alert>",
        "<!DOCTYPE alert [<!ATTLIST alert xmlns CDATA 'urn:x'>]>",
        LAUGHS,
        f"<!DOCTYPE a [<!ENTITY big '{'x' * 50_000}'>]>",
    ],
    ids=["system", "parameter", "bare", "attlist", "billion-laughs", "quadratic"],
)
@pytest.mark.parametrize(
    "before",
    ["", '<?xml version="1.0"?>\n', "<!-- a --><?pi b?>\n  ", "\ufeff"],
    ids=["first", "xml", "comment", "bom"],
)
def test_every_doctype_is_refused_wherever_it_stands(doctype: str, before: str) -> None:
    assert faults_of(before + doctype + make_cap(rest=f"<note>{'&l9;&big;' * 1_000}</note>")) == ["doctype"]


def test_doctype_behind_utf_16_is_refused_too() -> None:
    assert faults_of((LAUGHS + make_cap()).encode("utf-16")) == ["doctype"]


def test_the_word_doctype_inside_a_text_is_only_text() -> None:
    note = "<note><![CDATA[<!DOCTYPE html>]]></note>"
    assert read_text(make_cap(rest=note)).alert.note == "<!DOCTYPE html>"


def test_included_files_are_not_included() -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    reading = read_text(make_cap(rest=f"<note>a{include}</note>"))
    assert reading.alert.note == "a"


def test_file_above_the_size_limit_is_refused_before_it_is_decoded() -> None:
    data = make_cap(rest=f"<note>{'x' * DEFAULT_LIMITS.size_bytes}</note>").encode()
    assert faults_of(data) == ["too_large"]


@pytest.mark.parametrize("depth", [40, 200, 5_000, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    assert faults_of("<a>" * depth + make_cap() + "</a>" * depth)[0] in ("too_deep", "not_well_formed")


def test_too_many_elements_are_refused() -> None:
    assert faults_of(f"<w>{'<a/>' * DEFAULT_LIMITS.elements}{make_cap()}</w>") == ["too_many_elements"]


def test_unclosed_comments_and_instructions_are_refused() -> None:
    assert faults_of("<!--" * 100_000) == ["not_well_formed"]
    assert faults_of("<?a " * 100_000) == ["not_well_formed"]


@pytest.mark.parametrize(
    ("limit", "document"),
    [
        ("alerts", f"<w>{make_cap() * 3}</w>"),
        ("infos", make_cap(infos=make_info() * 3)),
        ("areas", make_cap(infos=make_info(areas=make_area() * 3))),
        (
            "references",
            make_cap(
                msg_type="<msgType>Update</msgType>",
                rest="<references>" + "a,b,2026-11-21T11:00:00+09:00 " * 3 + "</references>",
            ),
        ),
    ],
)
def test_each_limit_is_a_fault_of_its_own(limit: str, document: str) -> None:
    read_cap(document.encode())
    with pytest.raises(CapRefused) as caught:
        read_cap(document.encode(), limits=replace(DEFAULT_LIMITS, **{limit: 2}))
    assert codes(caught.value.faults) == [f"too_many_{limit}"]


@pytest.mark.parametrize(
    "rest", [f"<source>{'x' * 1_001}</source>", f"<note>{'x' * 50_001}</note>"], ids=["name", "text"]
)
def test_text_above_its_limit_is_a_fault(rest: str) -> None:
    assert faults_of(make_cap(rest=rest)) == ["text_too_long"]


def test_shown_values_are_short_and_of_one_line() -> None:
    with pytest.raises(CapRefused) as caught:
        read_text(make_cap(status="<status>" + "very\n" * 150 + "</status>"))
    assert len(caught.value.faults[0].value) <= 80
    assert "\n" not in caught.value.faults[0].value


def test_reading_stops_when_its_time_is_over() -> None:
    ticks = iter(range(1_000))
    with pytest.raises(CapRefused) as caught:
        read_cap(
            make_cap(infos=make_info(areas=make_area() * 50)).encode(),
            limits=replace(DEFAULT_LIMITS, time_s=10),
            monotonic=lambda: float(next(ticks)),
        )
    assert codes(caught.value.faults) == ["too_slow"]


def test_a_megabyte_of_blanks_is_read_like_one_blank() -> None:
    # A pattern that looks for "blanks, then a comma" would try every start and take hours; the test run would stop.
    blanks = " " * 1_000_000
    ring = f"<polygon>1,1 1,2{blanks}2,2 1,1</polygon>"
    assert read_text(make_cap(infos=make_info(areas=make_area(shapes=ring)))).warnings == ()
    references = f"<references>a{' ' * 49_000}b</references>"
    reading = read_text(make_cap(msg_type="<msgType>Update</msgType>", rest=references))
    assert [each.identifier for each in reading.alert.references] == ["a", "b"]


def test_problem_without_a_message_is_a_mistake_of_the_reader() -> None:
    with pytest.raises(LookupError):
        Findings(DEFAULT_LIMITS).warn(Spot("alert"), "never_heard_of")


def test_lines_beyond_what_the_parser_counts_are_unknown_and_not_wrong() -> None:
    with pytest.raises(CapRefused) as caught:
        read_cap(f'<alert xmlns="{CAP_12}">{chr(10) * 70_000}<sent>x</sent></alert>'.encode())
    sent = next(each for each in caught.value.faults if each.element == "alert/sent")
    assert sent.line in (None, 70_001)
