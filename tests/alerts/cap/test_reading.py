"""What a CAP message says is what the alert holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from alerts.cap.model import CapArea, CapCircle, CapReference, CapResource, CapValue
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

KST = timezone(timedelta(hours=9))
FULL = make_cap(
    msg_type="<msgType>Update</msgType><source>radar</source>",
    rest=(
        '<restriction>none</restriction><addresses>a@x.org "two words" b</addresses><code>C1</code><code>C2</code>'
        "<note>first\nsecond</note><references>kma.go.kr,KR-0,2026-11-21T11:00:00+09:00</references>"
        '<incidents>one "storm two"</incidents>'
    ),
    infos=make_info(
        head="<language>ko-KR</language><category>Met</category><category>Safety</category>",
        event="<event>홍수</event><responseType>Evacuate</responseType><responseType>Avoid</responseType>",
        grades=(
            "<urgency>Expected</urgency><severity>Extreme</severity><certainty>Observed</certainty>"
            "<audience>all</audience><eventCode><valueName>SAME</valueName><value>FFW</value></eventCode>"
        ),
        times=(
            "<effective>2026-11-21T12:00:00+09:00</effective><onset>2026-11-21T13:00:00+09:00</onset>"
            "<expires>2026-11-21T18:00:00+09:00</expires>"
        ),
        rest=(
            "<senderName>기상청</senderName><headline>홍수 경보</headline><description>line one\nline two</description>"
            "<instruction>대피하십시오</instruction><web>https://example.org</web><contact>131</contact>"
            "<parameter><valueName>level</valueName><value>3</value></parameter>"
            "<resource><resourceDesc>map</resourceDesc><mimeType>image/png</mimeType><size>12</size>"
            "<uri>https://example.org/m.png</uri><digest>ab</digest></resource>"
        ),
        areas=make_area(
            shapes="<polygon>1,1 1,2 2,2 1,1</polygon><circle>37.5,127 12.5</circle>",
            rest=(
                "<geocode><valueName>code</valueName><value>11</value></geocode>"
                "<altitude>100</altitude><ceiling>200.5</ceiling>"
            ),
        ),
    ),
)


def test_every_element_of_the_alert_is_read() -> None:
    alert = read_text(FULL).alert
    assert (alert.identifier, alert.sender, alert.status, alert.msg_type, alert.scope) == (
        "KR-1", "kma.go.kr", "Actual", "Update", "Public",
    )  # fmt: skip
    assert alert.sent == datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert (alert.source, alert.restriction, alert.note) == ("radar", "none", "first\nsecond")
    assert alert.addresses == ("a@x.org", "two words", "b")
    assert (alert.codes, alert.incidents) == (("C1", "C2"), ("one", "storm two"))
    assert not alert.signed


def test_every_element_of_the_info_is_read() -> None:
    info = read_text(FULL).alert.infos[0]
    assert (info.language, info.event, info.categories) == ("ko-KR", "홍수", ("Met", "Safety"))
    assert info.response_types == ("Evacuate", "Avoid")
    assert (info.urgency, info.severity, info.certainty, info.audience) == ("Expected", "Extreme", "Observed", "all")
    assert info.event_codes == (CapValue("SAME", "FFW"),)
    assert info.effective == datetime(2026, 11, 21, 12, tzinfo=KST)
    assert info.onset == datetime(2026, 11, 21, 13, tzinfo=KST)
    assert info.expires == datetime(2026, 11, 21, 18, tzinfo=KST)
    assert (info.sender_name, info.headline, info.instruction) == ("기상청", "홍수 경보", "대피하십시오")
    assert info.description == "line one\nline two"
    assert (info.web, info.contact, info.parameters) == ("https://example.org", "131", (CapValue("level", "3"),))
    assert info.resources == (CapResource("map", "image/png", 12, "https://example.org/m.png", "ab"),)


def test_every_element_of_the_area_is_read() -> None:
    assert read_text(FULL).alert.infos[0].areas == (
        CapArea(
            description="Seoul",
            polygons=(((1, 1), (1, 2), (2, 2), (1, 1)),),
            circles=(CapCircle(37.5, 127, 12.5),),
            geocodes=(CapValue("code", "11"),),
            altitude=100,
            ceiling=200.5,
        ),
    )


def test_valid_message_is_read_without_a_warning() -> None:
    assert warnings_of(FULL) == []
    assert warnings_of(make_cap()) == []


def test_times_keep_the_offset_that_the_sender_wrote() -> None:
    assert read_text(make_cap()).alert.sent.utcoffset() == timedelta(hours=9)
    assert read_text(make_cap(sent="<sent>2026-11-21T12:00:00-00:00</sent>")).alert.sent.tzinfo is UTC


def test_language_is_american_english_when_it_is_not_given() -> None:
    text = make_cap(infos=make_info(head="<category>Met</category>"))
    assert read_text(text).alert.infos[0].language == "en-US"


def test_references_are_split_at_their_times() -> None:
    one = "kma.go.kr,KR-0,2026-11-21T11:00:00+09:00"
    two = "National Weather Service,KR 5,2026-11-21T11:30:00-00:00"
    text = make_cap(msg_type="<msgType>Update</msgType>", rest=f"<references>{one}\n   {two}</references>")
    first, second = read_text(text).alert.references
    assert first == CapReference("kma.go.kr", "KR-0", datetime(2026, 11, 21, 11, tzinfo=KST), one)
    assert (second.sender, second.identifier) == ("National Weather Service", "KR 5")


@pytest.mark.parametrize(
    ("written", "sender", "identifier", "warning"),
    [
        ("KR-0", "", "KR-0", "bad_reference"),
        ("kma.go.kr,KR-0", "kma.go.kr", "KR-0", "bad_reference"),
        ("kma.go.kr,KR-0,2026-11-21T11:00:00", "kma.go.kr", "KR-0", "reference_time"),
    ],
)
def test_reference_in_another_form_keeps_its_identifier(
    written: str, sender: str, identifier: str, warning: str
) -> None:
    reading = read_text(make_cap(msg_type="<msgType>Update</msgType>", rest=f"<references>{written}</references>"))
    assert reading.alert.references == (CapReference(sender, identifier, None, written),)
    assert codes(reading.warnings) == [warning]


def test_cancel_needs_no_info() -> None:
    reference = "<references>kma.go.kr,KR-0,2026-11-21T11:00:00+09:00</references>"
    reading = read_text(make_cap(msg_type="<msgType>Cancel</msgType>", rest=reference, infos=""))
    assert reading.alert.infos == ()
    assert reading.warnings == ()


def test_signature_is_noted_and_left_alone() -> None:
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><alert/></SignedInfo></Signature>'
    reading = read_text(make_cap(end=signature + signature))
    assert reading.alert.signed
    assert reading.warnings == ()


@pytest.mark.parametrize(
    "wrapper",
    [
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="text/xml">{}</content></entry></feed>',
        '<EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0"><contentObject><xmlContent>'
        "<embeddedXMLContent>{}</embeddedXMLContent></xmlContent></contentObject></EDXLDistribution>",
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><r>{}</r></s:Body></s:Envelope>',
    ],
    ids=["atom", "edxl", "soap"],
)
def test_alerts_inside_a_wrapper_are_found(wrapper: str) -> None:
    reading = read_text(wrapper.format(FULL + make_cap()))
    assert [alert.msg_type for alert in reading.alerts] == ["Update", "Alert"]


def test_bundle_of_59_alerts_is_read_in_its_order() -> None:
    bundle = "".join(make_cap(identifier=f"<identifier>KR-{number}</identifier>") for number in range(59))
    reading = read_text(f"<alerts>{bundle}</alerts>")
    assert [alert.identifier for alert in reading.alerts] == [f"KR-{number}" for number in range(59)]


def test_bundle_with_one_bad_alert_gives_the_others_and_names_the_bad_one() -> None:
    reading = read_text(f"<alerts>{make_cap()}{make_cap(sent='')}{make_cap()}</alerts>")
    assert len(reading.alerts) == 2
    assert [(each.problem, each.element) for each in reading.refused] == [("missing", "alert[2]/sent")]


def test_bundle_without_one_good_alert_is_refused() -> None:
    assert faults_of(f"<alerts>{make_cap(sent='')}{make_cap(scope='')}</alerts>") == ["missing", "missing"]


def test_prefixed_elements_are_read_like_plain_ones() -> None:
    prefixed = make_cap(attributes=f'xmlns:cap="{CAP_12}"').replace("</", "</cap:").replace("<", "<cap:")
    assert read_text(prefixed.replace("<cap:/cap:", "</cap:")).alert.identifier == "KR-1"
