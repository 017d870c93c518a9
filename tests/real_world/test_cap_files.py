"""Real CAP messages of seven authorities: area, severity and references as a person reads them in the file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from alerts.cap.model import CapAlert
from alerts.cap.read import read_cap
from alerts.cap.write import write_cap
from alerts.texts import PLACEHOLDERS, check_text, fill, suggest_texts
from tests.real_world.material import load_bytes

AGENCY = "www.gov.uk/environment-agency"
WAINFLEET = "50385fcb0ab7aa447bbd46d848ce8466E"


@dataclass(frozen=True)
class Expected:
    """What stands in the file; boxes are (south, west, north, east) of all shapes in degrees."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    msg_type: str
    references: tuple[tuple[str, str], ...]
    languages: tuple[str, ...]
    severities: tuple[str, ...]
    areas: tuple[str, ...]
    corners: tuple[int, ...]
    box: tuple[float, float, float, float] | None
    signed: bool = False
    warnings: tuple[tuple[str, str], ...] = ()


FILES = {
    "WAINFLEET.xml": Expected(
        identifier=WAINFLEET,
        sender=AGENCY,
        sent=datetime(2020, 2, 16, 23, 1, 13, tzinfo=UTC),
        status="Actual",
        msg_type="Alert",
        references=(),
        languages=("en-GB",),
        severities=("Severe",),
        areas=("River Steeping in Wainfleet All Saints",),
        corners=(29,),
        box=(53.10541, 0.24022, 53.10805, 0.24453),
    ),
    "WAINFLEET_CANCEL_WITH_REFERENCES.xml": Expected(
        identifier="5fc99d720abb86020b233422a503af78E",
        sender=AGENCY,
        sent=datetime(2020, 2, 16, 23, 2, 26, tzinfo=UTC),
        status="Actual",
        msg_type="Cancel",
        references=((AGENCY, WAINFLEET),),
        languages=("en-GB",),
        severities=("Severe",),
        areas=("River Steeping in Wainfleet All Saints",),
        corners=(29,),
        box=(53.10541, 0.24022, 53.10805, 0.24453),
    ),
    "LONG_UCS2.xml": Expected(
        identifier=WAINFLEET,
        sender=AGENCY,
        sent=datetime(2020, 2, 16, 23, 1, 13, tzinfo=UTC),
        status="Actual",
        msg_type="Alert",
        references=((AGENCY, "4f6d28b10ab7aa447bbd46d85f1e9effE"),),
        languages=("en-GB",),
        severities=("Severe",),
        areas=("River Steeping in Wainfleet All Saints",),
        corners=(29,),
        box=(53.10541, 0.24022, 53.10805, 0.24453),
        warnings=(("references_on_alert", "alert/references"),),
    ),
    "canada.cap": Expected(
        identifier="2.49.0.1.124.6bddbc91.2012",
        sender="cap@ec.gc.ca",
        sent=datetime(2012, 5, 2, 23, 21, 4, tzinfo=UTC),
        status="Actual",
        msg_type="Update",
        references=(
            ("cap@ec.gc.ca", "2.49.0.1.124.a3f342a4.2012"),
            ("cap@ec.gc.ca", "2.49.0.1.124.60f31a3a.2012"),
        ),
        languages=("en-CA", "fr-CA"),
        severities=("Minor", "Minor"),
        areas=("Windsor - Leamington - Essex County", "Chatham-Kent - Rondeau Park"),
        corners=(17, 38),
        box=(41.7134, -83.1224, 42.651, -81.5498),
    ),
    "iceland_met_office.cap": Expected(
        identifier="is-IMO-2a4c2db8-07fd-4a0f-b372-9667280d46d1",
        sender="IMO-Icelandic_Met_Office",
        sent=datetime(2021, 9, 10, 13, 30, 26, tzinfo=UTC),
        status="Actual",
        msg_type="Alert",
        references=(),
        languages=("is-IS", "en-US"),
        severities=("Moderate", "Moderate"),
        areas=("Reykjavik - Capital Region",),
        corners=(8,),
        box=(64.04, -22.07, 64.19, -21.68),
    ),
    "mexico.xml": Expected(
        identifier="avisossmn-ciclontropical-4063",
        sender="smn.cna.gob.mx",
        sent=datetime(2018, 10, 20, 12, 15, tzinfo=UTC),
        status="Actual",
        msg_type="Update",
        references=(("smn.cna.gob.mx", "avisossmn-ciclontropical-4061"),),
        languages=("es-419",),
        severities=("Unknown",),
        areas=("Chis,Oax",),
        corners=(29,),
        box=(14.508052405563477, -98.14731370413199, 18.889628180617784, -90.40195237600699),
    ),
    "noaa_multiple_polygons.cap": Expected(
        identifier="NWS-IDP-PROD-4412298-3677414",
        sender="w-nws.webmaster@noaa.gov",
        sent=datetime(2020, 8, 26, 9, 14, tzinfo=UTC),
        status="Actual",
        msg_type="Update",
        references=tuple(
            ("w-nws.webmaster@noaa.gov", f"NWS-IDP-PROD-{number}")
            for number in (
                "4410291-3675936", "4410291-3675935", "4410291-3675937", "4410291-3675938",
                "4411079-3676518", "4411079-3676519", "4411932-3677172", "4411932-3677173",
            )
        ),
        languages=("en-US",),
        severities=("Extreme",),
        areas=("Acadia",),
        corners=(4, 69),
        box=(30.050, -92.632, 30.481, -92.142),
    ),
    "no_info_tag.cap": Expected(
        identifier="1017033100951096-517189320160225203219800_Cancel",
        sender="AtHoc",
        sent=datetime(2016, 2, 25, 20, 47, 9, tzinfo=UTC),
        status="Actual",
        msg_type="Cancel",
        references=(("AtHoc", "1017033100951096-517189320160225203219800"),),
        languages=(),
        severities=(),
        areas=(),
        corners=(),
        box=None,
        signed=True,
    ),
    "ph.cap": Expected(
        identifier="103ff55e-b538-49a2-a94a-64470ddea2cc",
        sender="PAGASA-DOST",
        sent=datetime(2014, 11, 3, 6, 57, 33, tzinfo=UTC),
        status="Test",
        msg_type="Alert",
        references=(),
        languages=("en-US",),
        severities=("Minor",),
        areas=("Philippine Area of Responsibility",),
        corners=(7,),
        box=(5, 113, 21, 130),
        signed=True,
        warnings=(("not_actual", "alert/status"),),
    ),
    "wcatwc-warning.cap": Expected(
        identifier="PAAQ-2-lqw6d6",
        sender="http://newwcatwc.arh.noaa.gov/tsuPortal/",
        sent=datetime(2011, 9, 2, 11, 36, 50, tzinfo=UTC),
        status="Actual",
        msg_type="Update",
        references=(("PAAQ", "PAAQ-1-lqw6d6"),),
        languages=("en-US",),
        severities=("Extreme",),
        areas=(),
        corners=(),
        box=None,
        warnings=(("area_without_shape", "alert/info[1]/area[1]"),),
    ),
}  # fmt: skip

each_file = pytest.mark.parametrize("name", sorted(FILES))


def read(name: str) -> CapAlert:
    return read_cap(load_bytes(f"cap/{name}")).alert


@each_file
def test_message_is_read_as_it_stands_in_the_file(name: str) -> None:
    alert, expected = read(name), FILES[name]
    assert (alert.identifier, alert.sender, alert.sent) == (expected.identifier, expected.sender, expected.sent)
    assert (alert.status, alert.msg_type, alert.scope) == (expected.status, expected.msg_type, "Public")
    assert alert.signed is expected.signed
    assert alert.may_reach_public is (expected.status == "Actual")
    assert tuple(info.language for info in alert.infos) == expected.languages
    assert tuple(info.severity for info in alert.infos) == expected.severities


@each_file
def test_references_are_those_of_the_file(name: str) -> None:
    references = read(name).references
    assert tuple((each.sender, each.identifier) for each in references) == FILES[name].references
    assert all(each.sent is not None for each in references)


@each_file
def test_area_is_that_of_the_file(name: str) -> None:
    expected = FILES[name]
    area = read(name).area_json(preferred=("en",))
    assert tuple(each["description"] for each in area) == expected.areas
    polygons = [polygon for each in area for polygon in each["polygons"]]
    assert tuple(len(polygon) for polygon in polygons) == expected.corners
    assert all(polygon[0] == polygon[-1] for polygon in polygons)
    if expected.box is not None:
        points = [point for polygon in polygons for point in polygon]
        lats, lons = [lat for lat, _ in points], [lon for _, lon in points]
        assert (min(lats), min(lons), max(lats), max(lons)) == pytest.approx(expected.box)


@each_file
def test_only_what_is_odd_is_warned_of(name: str) -> None:
    reading = read_cap(load_bytes(f"cap/{name}"))
    assert tuple((each.problem, each.element) for each in reading.warnings) == FILES[name].warnings
    assert reading.refused == ()


@each_file
def test_message_that_is_written_again_is_the_same_and_fits_the_official_schema(name: str) -> None:
    alert = replace(read(name), signed=False)
    data = write_cap(alert)
    assert read_cap(data).alert == alert
    schema = etree.XMLSchema(etree.fromstring(load_bytes("cap/CAP-v1.2.xsd")))
    schema.assertValid(etree.fromstring(data))


@each_file
def test_drafts_can_be_filled_and_have_no_gap_that_refuses_them(name: str) -> None:
    alert = read(name)
    names = [area.description for info in alert.infos for area in info.areas]
    for language, draft in suggest_texts(alert).items():
        assert fill(draft, {placeholder: "x" for placeholder in PLACEHOLDERS})
        refused = [each.code for each in check_text(draft, language=language, places=names) if each.refuse]
        assert refused == []


def test_cancel_refers_to_the_warning_it_ends() -> None:
    warning, cancel = read("WAINFLEET.xml"), read("WAINFLEET_CANCEL_WITH_REFERENCES.xml")
    (reference,) = cancel.references
    assert reference.match(sender=warning.sender, identifier=warning.identifier, sent=warning.sent) == "exact"


def test_tsunami_centre_refers_under_another_name_than_it_sends() -> None:
    update = read("wcatwc-warning.cap")
    first = replace(update, identifier="PAAQ-1-lqw6d6", sent=datetime(2011, 9, 2, 10, 55, 55, tzinfo=UTC))
    (reference,) = update.references
    assert reference.match(sender=first.sender, identifier=first.identifier, sent=first.sent) == "identifier"


def test_every_real_file_is_expected_here() -> None:
    load_bytes("cap/WAINFLEET.xml")
    from tests.real_world.material import DATA

    found = {path.name for path in (DATA / "cap").iterdir() if path.suffix in (".cap", ".xml")}
    assert found == set(FILES)
