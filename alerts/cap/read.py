"""Read CAP 1.2: from the bytes of a stranger's file to alerts that mean something, or to every reason why not.

The schema alone does not make a message safe, and real messages break it in harmless ways. So nothing is validated
against the schema: what is certain is read with a warning, what is doubtful is a fault, and all of them are
collected with their lines before the message is refused. Standard: OASIS CAP 1.2, with the mistakes that real
senders make; decision 0004 gives the reasons.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from alerts.cap import section as layout
from alerts.cap import values
from alerts.cap.decode import decode_document
from alerts.cap.faults import CapFault, Findings
from alerts.cap.limits import DEFAULT_LIMITS, Limits
from alerts.cap.model import CapAlert, CapArea, CapCircle, CapInfo, CapReference, CapResource, CapValue, Ring
from alerts.cap.section import Section, open_section
from alerts.cap.shapes import ShapeReader
from alerts.cap.tree import CAP_11, find_alerts, name_of, parse_document

# Stands in for a time with a fault, so that the rest of the alert can be judged; such an alert is never returned.
_NEVER_KEPT = datetime.max.replace(tzinfo=UTC)
_BAD_IN_IDENTIFIER = frozenset(" \t\r\n,<&")


@dataclass(frozen=True, slots=True)
class CapReading:
    """What a file held: its readable alerts in the order of the file, and everything odd about them.

    `refused` is empty except for a bundle in which some alerts were readable and others were not: it holds the
    faults of the others, so that nobody takes the bundle for complete.
    """

    alerts: tuple[CapAlert, ...]
    warnings: tuple[CapFault, ...] = ()
    refused: tuple[CapFault, ...] = ()

    @property
    def alert(self) -> CapAlert:
        """The first alert of the file, which is the only one unless it is a bundle."""
        return self.alerts[0]


def read_cap(
    data: bytes, *, limits: Limits = DEFAULT_LIMITS, monotonic: Callable[[], float] = time.monotonic
) -> CapReading:
    """Read a CAP 1.2 file, alone or wrapped in an Atom, EDXL or SOAP bundle.

    Args:
        data: the file as it came, in any common encoding.
        limits: the largest message that is accepted.
        monotonic: a clock in seconds for the time budget.

    Raises:
        CapRefused: nothing in the file can be used; it carries every fault with its line.
    """
    findings = Findings(limits, monotonic)
    root = parse_document(decode_document(data, findings), findings)
    elements = find_alerts(root, findings)
    alerts = []
    for position, element in enumerate(elements):
        path = "alert" if len(elements) == 1 else f"alert[{position + 1}]"
        alert = _read_alert(element, path, findings)
        if alert is not None:
            alerts.append(alert)
    if not alerts:
        raise findings.refusal()
    return CapReading(tuple(alerts), findings.all_warnings(), findings.all_faults())


def _read_alert(element: etree._Element, path: str, findings: Findings) -> CapAlert | None:
    """Read one alert; None when it has faults, which are then among the findings."""
    faults_before = findings.faults_met
    section = open_section(element, path, layout.ALERT_ORDER, findings)
    _judge_namespace(section, name_of(element)[0])
    sent = _time(section, "sent", required=True)
    msg_type = _choice(section, "msgType", values.MSG_TYPES)
    shapes = ShapeReader(findings)
    infos = _read_infos(section, sent, msg_type, shapes)
    shapes.close()
    alert = CapAlert(
        identifier=_identifier(section, "identifier"),
        sender=_identifier(section, "sender"),
        sent=sent or _NEVER_KEPT,
        status=_choice(section, "status", values.STATUSES),
        msg_type=msg_type,
        scope=_choice(section, "scope", values.SCOPES),
        source=section.text("source"),
        restriction=section.text("restriction"),
        addresses=values.read_words(section.text("addresses", lines=True)),
        codes=tuple(text for _, text in section.texts("code") if text),
        note=section.text("note", lines=True),
        references=_references(section),
        incidents=values.read_words(section.text("incidents", lines=True)),
        infos=infos,
        signed=section.signed,
    )
    _judge_alert(section, alert)
    return alert if findings.faults_met == faults_before else None


def _judge_namespace(section: Section, namespace: str) -> None:
    if namespace == CAP_11:
        section.findings.warn(section.spot, "old_namespace", namespace)
    elif not namespace:
        section.findings.warn(section.spot, "no_namespace")


def _judge_alert(section: Section, alert: CapAlert) -> None:
    """Hold the message against what its own elements promise (CAP 1.2 section 3.2.1)."""
    findings = section.findings
    if alert.status not in ("Actual", ""):
        findings.warn(section.spot_of("status"), "not_actual", alert.status, status=alert.status)
    if alert.scope not in ("Public", ""):
        findings.warn(section.spot_of("scope"), "not_public", alert.scope, scope=alert.scope)
    if alert.scope == "Restricted" and not alert.restriction:
        findings.fault(section.spot_of("restriction"), "restriction_missing")
    if alert.scope == "Private" and not alert.addresses:
        findings.fault(section.spot_of("addresses"), "addresses_missing")
    if alert.msg_type in ("Ack", "Error"):
        findings.warn(section.spot_of("msgType"), "about_messages", alert.msg_type, msg_type=alert.msg_type)
    if alert.msg_type not in ("Alert", "") and not alert.references:
        findings.fault(section.spot_of("references"), "references_missing", msg_type=alert.msg_type)
    if alert.msg_type == "Alert" and alert.references:
        findings.warn(section.spot_of("references"), "references_on_alert", alert.references[0].raw)
    if alert.msg_type in ("Alert", "Update") and not alert.infos:
        findings.warn(section.spot, "no_info")


def _identifier(section: Section, name: str) -> str:
    text = section.text(name, required=True)
    if _BAD_IN_IDENTIFIER.intersection(text):
        section.findings.warn(section.spot_of(name), "bad_identifier", text)
    return text


def _choice(section: Section, name: str, allowed: tuple[str, ...]) -> str:
    text = section.text(name, required=True)
    return values.read_choice(section.spot_of(name), text, allowed, section.findings)


def _time(section: Section, name: str, *, required: bool = False) -> datetime | None:
    return values.read_time(section.spot_of(name), section.text(name, required=required), section.findings)


def _references(section: Section) -> tuple[CapReference, ...]:
    text = section.text("references", lines=True)
    return values.read_references(section.spot_of("references"), text, section.findings)


def _read_infos(section: Section, sent: datetime | None, msg_type: str, shapes: ShapeReader) -> tuple[CapInfo, ...]:
    limit = section.findings.limits.infos
    if len(section.children.get("info", [])) > limit:
        section.findings.stop(section.spot_of("info", limit, of_many=True), "too_many_infos", limit=limit)
    infos = []
    for child in section.sections("info", layout.INFO_ORDER):
        info = _read_info(child, shapes)
        _judge_times(child, info, sent, msg_type)
        if not info.areas and msg_type in ("Alert", "Update"):
            section.findings.warn(child.spot, "no_area")
        infos.append(info)
    return tuple(infos)


def _read_info(section: Section, shapes: ShapeReader) -> CapInfo:
    return CapInfo(
        language=values.read_language(section.spot_of("language"), section.text("language"), section.findings),
        categories=_choices(section, "category", values.CATEGORIES, "Other"),
        event=section.text("event", required=True),
        response_types=_choices(section, "responseType", values.RESPONSE_TYPES, "None"),
        urgency=_choice(section, "urgency", values.URGENCIES),
        severity=_choice(section, "severity", values.SEVERITIES),
        certainty=_choice(section, "certainty", values.CERTAINTIES),
        audience=section.text("audience", lines=True),
        event_codes=_pairs(section, "eventCode"),
        effective=_time(section, "effective"),
        onset=_time(section, "onset"),
        expires=_time(section, "expires"),
        sender_name=section.text("senderName"),
        headline=section.text("headline"),
        description=section.text("description", lines=True),
        instruction=section.text("instruction", lines=True),
        web=section.text("web"),
        contact=section.text("contact"),
        parameters=_pairs(section, "parameter"),
        resources=tuple(_read_resource(each) for each in section.sections("resource", layout.RESOURCE_ORDER)),
        areas=_read_areas(section, shapes),
    )


def _judge_times(section: Section, info: CapInfo, sent: datetime | None, msg_type: str) -> None:
    """Refuse a warning that was over before it began; a message that ends another may expire at once."""
    if info.expires is None or msg_type not in ("Alert", "Update"):
        return
    spot, text = section.spot_of("expires"), info.expires.isoformat()
    if sent is not None and info.expires <= sent:
        section.findings.fault(spot, "expires_before_sent", text)
    elif info.effective is not None and info.expires <= info.effective:
        section.findings.fault(spot, "expires_before_effective", text)
    elif info.onset is not None and info.expires <= info.onset:
        section.findings.warn(spot, "expires_before_onset", text)


def _choices(section: Section, name: str, allowed: tuple[str, ...], instead: str) -> tuple[str, ...]:
    """Read the values of an element that may repeat; a value unknown to CAP only costs a warning."""
    if name == "category" and name not in section.children:
        section.findings.fault(section.spot_of(name), "missing")
    taken: list[str] = []
    for spot, text in section.texts(name):
        value = values.read_choice(spot, text, allowed, section.findings, instead)
        if value and value not in taken:
            taken.append(value)
    return tuple(taken)


def _pairs(section: Section, name: str) -> tuple[CapValue, ...]:
    pairs = []
    for child in section.sections(name, layout.PAIR_ORDER):
        pair = CapValue(child.text("valueName"), child.text("value", lines=True))
        if pair.name:
            pairs.append(pair)
        else:
            section.findings.warn(child.spot, "incomplete_pair", pair.value)
    return tuple(pairs)


def _read_resource(section: Section) -> CapResource:
    if "derefUri" in section.children:
        section.findings.warn(section.spot_of("derefUri"), "embedded_resource")
    size = _number(section, "size")
    return CapResource(
        description=section.text("resourceDesc"),
        mime_type=section.text("mimeType"),
        size=None if size is None else int(size),
        uri=section.text("uri"),
        digest=section.text("digest"),
    )


def _read_areas(section: Section, shapes: ShapeReader) -> tuple[CapArea, ...]:
    limit = section.findings.limits.areas
    if len(section.children.get("area", [])) > limit:
        section.findings.stop(section.spot_of("area", limit, of_many=True), "too_many_areas", limit=limit)
    areas = []
    for child in section.sections("area", layout.AREA_ORDER):
        area = CapArea(
            description=child.text("areaDesc", required=True),
            polygons=_polygons(child, shapes),
            circles=_circles(child, shapes),
            geocodes=_pairs(child, "geocode"),
            altitude=_number(child, "altitude"),
            ceiling=_number(child, "ceiling"),
        )
        if not area.has_shape:
            section.findings.warn(child.spot, "area_without_shape", area.description)
        areas.append(area)
    return tuple(areas)


def _polygons(section: Section, shapes: ShapeReader) -> tuple[Ring, ...]:
    read = (shapes.read_polygon(spot, text) for spot, text in section.raw_texts("polygon"))
    return tuple(ring for ring in read if ring is not None)


def _circles(section: Section, shapes: ShapeReader) -> tuple[CapCircle, ...]:
    read = (shapes.read_circle(spot, text) for spot, text in section.raw_texts("circle"))
    return tuple(circle for circle in read if circle is not None)


def _number(section: Section, name: str) -> float | None:
    """Read a decimal number that nothing depends on; a bad one is left out with a warning."""
    text = section.text(name)
    if not text:
        return None
    number = values.read_number(text)
    if number is None:
        section.findings.warn(section.spot_of(name), "bad_number", text)
    return number
