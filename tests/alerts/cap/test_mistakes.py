"""Real mistakes: what is certain is read with a warning, what is doubtful is refused with its line and the mend."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alerts.cap.faults import MESSAGES, CapRefused
from alerts.cap.read import read_cap
from tests.alerts.cap.factories import (
    CAP_12,
    codes,
    faults_of,
    make_area,
    make_cap,
    make_info,
    read_text,
    warnings_of,
)


@pytest.mark.parametrize("name", ["identifier", "sender", "sent", "status", "msg_type", "scope"])
def test_missing_required_element_of_the_alert_is_a_fault(name: str) -> None:
    assert faults_of(make_cap(**{name: ""})) == ["missing"]


@pytest.mark.parametrize("name", ["event", "urgency", "severity", "certainty", "category"])
def test_missing_required_element_of_the_info_is_a_fault(name: str) -> None:
    info = make_info()
    start, end = info.index(f"<{name}>"), info.index(f"</{name}>") + len(name) + 3
    assert faults_of(make_cap(infos=info[:start] + info[end:])) == ["missing"]


def test_missing_area_name_is_a_fault() -> None:
    assert faults_of(make_cap(infos=make_info(areas="<area><circle>1,1 1</circle></area>"))) == ["missing"]


def test_blank_required_element_is_a_fault() -> None:
    assert faults_of(make_cap(identifier="<identifier>  </identifier>")) == ["blank"]


def test_all_faults_are_named_at_once_with_their_lines() -> None:
    text = make_cap(
        sent="\n<sent>yesterday</sent>", status="\n<status>Real</status>", scope="\n<scope>Private</scope>\n"
    )
    with pytest.raises(CapRefused) as caught:
        read_text(text)
    found = [(each.line, each.element, each.value, each.problem) for each in caught.value.faults]
    assert found == [
        (2, "alert/sent", "yesterday", "bad_time"),
        (3, "alert/status", "Real", "unknown_value"),
        (1, "alert/addresses", "", "addresses_missing"),
    ]
    assert "Actual, Exercise, System, Test, Draft" in str(caught.value)


@pytest.mark.parametrize(
    ("replaced", "by"),
    [
        ("<status>Actual", "<status>Real"),
        ("<msgType>Alert", "<msgType>New"),
        ("<scope>Public", "<scope>World"),
        ("<urgency>Immediate", "<urgency>Now"),
        ("<severity>Severe", "<severity>Bad"),
        ("<certainty>Likely", "<certainty>Sure"),
    ],
)
def test_unknown_value_of_an_enumeration_is_a_fault(replaced: str, by: str) -> None:
    assert "unknown_value" in faults_of(make_cap().replace(replaced, by))


@pytest.mark.parametrize("written", ["actual", "ACTUAL", " Actual ", "\n  Actual\n"])
def test_value_in_another_case_or_with_blanks_is_read(written: str) -> None:
    reading = read_text(make_cap(status=f"<status>{written}</status>"))
    assert reading.alert.status == "Actual"
    assert codes(reading.warnings) == ([] if written.strip() == "Actual" else ["spelling"])


def test_very_likely_of_cap_1_0_is_read_as_likely() -> None:
    reading = read_text(make_cap().replace("<certainty>Likely", "<certainty>Very Likely"))
    assert reading.alert.infos[0].certainty == "Likely"
    assert codes(reading.warnings) == ["spelling"]


def test_unknown_category_and_response_type_cost_a_warning_only() -> None:
    info = make_info(head="<category>Weather</category>", event="<event>x</event><responseType>Run</responseType>")
    reading = read_text(make_cap(infos=info))
    assert (reading.alert.infos[0].categories, reading.alert.infos[0].response_types) == (("Other",), ("None",))
    assert codes(reading.warnings) == ["unknown_value_ignored", "unknown_value_ignored"]


@pytest.mark.parametrize(
    ("written", "warnings"),
    [
        ("2026-11-21T03:00:00Z", ["time_zulu"]),
        ("2026-11-21T03:00:00.123Z", ["time_fraction", "time_zulu"]),
        ("2026-11-21T12:00:00.5+09:00", ["time_fraction"]),
        ("2026-11-21T12:00:00+0900", ["time_spelling"]),
        ("2026-11-21 12:00:00+09:00", ["time_spelling"]),
        ("2026-11-21T12:00+09:00", ["time_spelling"]),
        ("2026-11-21T03:00:00+00:00", []),
        ("2026-11-21T03:00:00-00:00", []),
    ],
)
def test_time_in_another_spelling_is_read_with_a_warning(written: str, warnings: list[str]) -> None:
    reading = read_text(make_cap(sent=f"<sent>{written}</sent>"))
    assert reading.alert.sent == datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert codes(reading.warnings) == warnings


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("2026-11-21T12:00:00", "time_without_offset"),
        ("2026-11-21", "bad_time"),
        ("21.11.2026 12:00", "bad_time"),
        ("2026-02-30T12:00:00+09:00", "bad_time"),
        ("2026-11-21T25:00:00+09:00", "bad_time"),
        ("2026-11-21T12:00:00+25:00", "bad_time"),
        ("2026-11-21T12:00:00+09:75", "bad_time"),
        ("0001-01-01T00:00:00+09:00", "bad_time"),
        ("9999-12-31T23:59:59-09:00", "bad_time"),
        ("２０２６-11-21T12:00:00+09:00", "bad_time"),
    ],
)
def test_time_that_nobody_can_place_is_a_fault(written: str, fault: str) -> None:
    assert faults_of(make_cap(sent=f"<sent>{written}</sent>")) == [fault]


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        ("<expires>2026-11-21T11:59:59+09:00</expires>", "expires_before_sent"),
        ("<expires>2026-11-21T12:00:00+09:00</expires>", "expires_before_sent"),
        (
            "<effective>2026-11-22T12:00:00+09:00</effective><expires>2026-11-22T11:00:00+09:00</expires>",
            "expires_before_effective",
        ),
    ],
)
def test_warning_that_is_over_before_it_begins_is_refused(times: str, fault: str) -> None:
    assert faults_of(make_cap(infos=make_info(times=times))) == [fault]


def test_expiry_is_compared_across_offsets() -> None:
    times = "<expires>2026-11-21T03:30:00-00:00</expires>"
    assert warnings_of(make_cap(infos=make_info(times=times))) == []


def test_warning_that_expires_before_the_onset_is_only_warned_of() -> None:
    times = "<onset>2026-11-23T12:00:00+09:00</onset><expires>2026-11-22T12:00:00+09:00</expires>"
    assert warnings_of(make_cap(infos=make_info(times=times))) == ["expires_before_onset"]


def test_cancel_may_expire_at_once() -> None:
    text = make_cap(
        msg_type="<msgType>Cancel</msgType>",
        rest="<references>kma.go.kr,KR-0,2026-11-21T11:00:00+09:00</references>",
        infos=make_info(times="<expires>2026-11-21T12:00:00+09:00</expires>"),
    )
    assert warnings_of(text) == []


@pytest.mark.parametrize("msg_type", ["Update", "Cancel", "Ack", "Error"])
def test_message_about_another_must_name_it(msg_type: str) -> None:
    assert faults_of(make_cap(msg_type=f"<msgType>{msg_type}</msgType>")) == ["references_missing"]


def test_new_alert_with_references_is_read_with_a_warning() -> None:
    text = make_cap(rest="<references>kma.go.kr,KR-0,2026-11-21T11:00:00+09:00</references>")
    assert warnings_of(text) == ["references_on_alert"]


def test_restricted_message_must_say_to_whom() -> None:
    assert faults_of(make_cap(scope="<scope>Restricted</scope>")) == ["restriction_missing"]
    text = make_cap(scope="<scope>Restricted</scope><restriction>missions only</restriction>")
    assert warnings_of(text) == ["not_public"]


def test_private_message_must_have_addresses() -> None:
    assert faults_of(make_cap(scope="<scope>Private</scope>")) == ["addresses_missing"]


@pytest.mark.parametrize("status", ["Exercise", "System", "Test", "Draft"])
def test_message_that_is_not_actual_is_flagged_and_may_not_reach_the_public(status: str) -> None:
    reading = read_text(make_cap(status=f"<status>{status}</status>"))
    assert codes(reading.warnings) == ["not_actual"]
    assert not reading.alert.may_reach_public


def test_elements_out_of_order_are_read() -> None:
    reading = read_text(make_cap(identifier="", end="<identifier>KR-9</identifier>"))
    assert reading.alert.identifier == "KR-9"
    assert codes(reading.warnings) == ["out_of_order"]


@pytest.mark.parametrize(
    ("extra", "warning"),
    [
        ("<colour>red</colour>", "unknown_element"),
        ('<x:note xmlns:x="urn:x">n</x:note>', "foreign_element"),
        ('<note xmlns="">n</note>', "mixed_namespace"),
        ("<note>a</note><note>b</note>", "repeated"),
        ("<note>a <b>bold</b> word</note>", "markup_in_text"),
    ],
)
def test_strange_element_costs_a_warning(extra: str, warning: str) -> None:
    assert warning in warnings_of(make_cap(rest=extra))


def test_second_identifier_with_another_text_is_a_contradiction() -> None:
    twice = "<identifier>KR-1</identifier><identifier>{}</identifier>"
    assert faults_of(make_cap(identifier=twice.format("KR-2"))) == ["contradiction"]
    assert warnings_of(make_cap(identifier=twice.format("KR-1"))) == ["repeated"]


@pytest.mark.parametrize("identifier", ["KR 1", "KR,1", "KR&lt;1", "KR&amp;1"])
def test_identifier_that_others_cannot_refer_to_is_reported(identifier: str) -> None:
    assert warnings_of(make_cap(identifier=f"<identifier>{identifier}</identifier>")) == ["bad_identifier"]


def test_cap_1_1_is_read_with_a_warning() -> None:
    assert warnings_of(make_cap(attributes='xmlns="urn:oasis:names:tc:emergency:cap:1.1"')) == ["old_namespace"]


def test_alert_without_namespace_is_read_with_a_warning() -> None:
    assert warnings_of(make_cap(attributes="")) == ["no_namespace"]


def test_alert_of_another_namespace_is_refused() -> None:
    assert faults_of(make_cap(attributes='xmlns="urn:other"')) == ["unknown_namespace"]
    assert faults_of(f"<w>{make_cap(attributes='xmlns=' + chr(34) + 'urn:other' + chr(34))}</w>") == [
        "unknown_namespace"
    ]


def test_file_without_an_alert_is_refused() -> None:
    assert faults_of('<rss version="2.0"><channel/></rss>') == ["no_alert"]


@pytest.mark.parametrize(
    ("infos", "warning"),
    [
        ("", "no_info"),
        (make_info(areas=""), "no_area"),
        (make_info(areas=make_area(shapes="")), "area_without_shape"),
        (make_info(areas=make_area(shapes="<polygon/>")), "empty_shape"),
    ],
)
def test_missing_area_is_warned_of_because_somebody_must_draw_it(infos: str, warning: str) -> None:
    assert warning in warnings_of(make_cap(infos=infos))


def test_language_is_mended_or_unknown() -> None:
    underlined = make_info(head="<language>ko_KR</language><category>Met</category>")
    words = make_info(head="<language>Korean (South)</language><category>Met</category>")
    reading = read_text(make_cap(infos=underlined + words))
    assert [info.language for info in reading.alert.infos] == ["ko-KR", "und"]
    assert codes(reading.warnings) == ["spelling", "bad_language"]


@pytest.mark.parametrize(
    ("rest", "warning"),
    [
        ("<parameter><value>3</value></parameter>", "incomplete_pair"),
        ("<resource><mimeType>image/png</mimeType><derefUri>AAAA</derefUri></resource>", "embedded_resource"),
        ("<resource><mimeType>image/png</mimeType><size>big</size></resource>", "bad_number"),
    ],
)
def test_incomplete_extra_costs_a_warning(rest: str, warning: str) -> None:
    assert warnings_of(make_cap(infos=make_info(rest=rest))) == [warning]


def test_blanks_and_comments_around_the_declaration_are_survived() -> None:
    text = f'\n\n<?xml version="1.0" encoding="UTF-8"?>\n<!-- sent by fax -->\n{make_cap(sent="")}'
    with pytest.raises(CapRefused) as caught:
        read_text(text)
    assert [(each.problem, each.line) for each in caught.value.faults] == [("missing", 5)]
    assert codes(caught.value.warnings) == ["blank_before_declaration"]


def test_broken_xml_is_refused_with_its_line() -> None:
    with pytest.raises(CapRefused) as caught:
        read_cap(f'<alert xmlns="{CAP_12}">\n<sender>a</sendr>\n</alert>'.encode())
    assert (caught.value.faults[0].problem, caught.value.faults[0].line) == ("not_well_formed", 2)


def test_named_characters_of_html_are_refused_with_a_reason() -> None:
    with pytest.raises(CapRefused) as caught:
        read_text(make_cap(rest="<note>a&nbsp;b</note>"))
    assert "nbsp" in caught.value.faults[0].message


def test_many_warnings_of_one_kind_do_not_hide_another() -> None:
    open_rings = "<polygon>1,1 1,2 2,2</polygon>" * 300
    found = warnings_of(make_cap(status="<status>Test</status>", infos=make_info(areas=make_area(shapes=open_rings))))
    assert "not_actual" in found
    assert found.count("ring_closed") == 20
    assert found[-1] == "too_many_findings"


def test_every_message_takes_its_placeholders_by_name() -> None:
    for code, message in MESSAGES.items():
        assert "%s" not in message and "%d" not in message, code
        assert message.endswith("."), code
