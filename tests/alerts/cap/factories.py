"""CAP documents to test with: valid by default, wrong exactly where a test says."""

from __future__ import annotations

from alerts.cap.faults import CapFault, CapRefused
from alerts.cap.read import CapReading, read_cap

CAP_12 = "urn:oasis:names:tc:emergency:cap:1.2"
SEOUL = "37.40,126.80 37.70,126.80 37.70,127.20 37.40,127.20 37.40,126.80"


def make_area(*, name: str = "Seoul", shapes: str = f"<polygon>{SEOUL}</polygon>", rest: str = "") -> str:
    return f"<area><areaDesc>{name}</areaDesc>{shapes}{rest}</area>"


def make_info(
    *,
    head: str = "<language>en-US</language><category>Met</category>",
    event: str = "<event>Flood</event>",
    grades: str = "<urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>",
    times: str = "",
    rest: str = "",
    areas: str | None = None,
) -> str:
    return f"<info>{head}{event}{grades}{times}{rest}{make_area() if areas is None else areas}</info>"


def make_cap(
    *,
    identifier: str = "<identifier>KR-1</identifier>",
    sender: str = "<sender>kma.go.kr</sender>",
    sent: str = "<sent>2026-11-21T12:00:00+09:00</sent>",
    status: str = "<status>Actual</status>",
    msg_type: str = "<msgType>Alert</msgType>",
    scope: str = "<scope>Public</scope>",
    rest: str = "",
    infos: str | None = None,
    end: str = "",
    attributes: str = f'xmlns="{CAP_12}"',
) -> str:
    body = f"{identifier}{sender}{sent}{status}{msg_type}{scope}{rest}{make_info() if infos is None else infos}{end}"
    return f"<alert {attributes}>{body}</alert>"


def with_shapes(shapes: str) -> str:
    return make_cap(infos=make_info(areas=make_area(shapes=shapes)))


def read_text(text: str) -> CapReading:
    return read_cap(text.encode())


def codes(findings: tuple[CapFault, ...]) -> list[str]:
    return [each.problem for each in findings]


def warnings_of(text: str) -> list[str]:
    return codes(read_text(text).warnings)


def faults_of(document: str | bytes) -> list[str]:
    try:
        read_cap(document if isinstance(document, bytes) else document.encode())
    except CapRefused as refused:
        return codes(refused.faults)
    raise AssertionError("the document was read and should have been refused")
