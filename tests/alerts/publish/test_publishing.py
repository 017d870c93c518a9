"""What was approved becomes a CAP document for everybody, once, and what was stopped is withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from alerts.cap.read import read_cap
from alerts.cap.schema import schema_faults
from alerts.publish import publishing
from alerts.publish.models import CapDocument
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from hotline.links.tokens import blank_url
from tests.factories import NOW
from tests.keypairs import make_pair, write_pair

Send = Callable[..., int]
Deliver = Callable[[], int]
Published = Callable[[], list[CapDocument]]
OFFICIAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "cap" / "CAP-v1.2.xsd"


def test_what_began_to_be_sent_is_published_as_it_was_approved(
    services: Services, send: Send, deliver: Deliver, published: Published
) -> None:
    alert_id = send(texts={"ko": "[외교부] 마닐라 홍수 12:00", "en": "Flood in Manila 12:00"})
    deliver()
    (row,) = published()
    reading = read_cap(row.body)
    cap = reading.alert
    assert reading.warnings == ()
    assert (cap.status, cap.msg_type, cap.scope, cap.references) == ("Actual", "Alert", "Public", ())
    assert cap.identifier == row.identifier == f"AL-{alert_id:06d}-alert-20261121T030000Z"
    assert [info.language for info in cap.infos] == ["ko", "en"]
    assert [info.description for info in cap.infos] == ["[외교부] 마닐라 홍수 12:00", "Flood in Manila 12:00"]
    assert cap.area_json()[0]["polygons"] == [[[0.0, 0.0], [0.0, 10.0], [10.0, 10.0], [10.0, 0.0], [0.0, 0.0]]], (
        "the same square, counter-clockwise"
    )
    assert row.body.count(b"+09:00") == 3, "the publisher's own hour: sent, and expires in two languages"
    assert schema_faults(row.body) == []


def test_the_schema_we_ship_is_the_official_one(send: Send, deliver: Deliver, published: Published) -> None:
    if not OFFICIAL.exists():
        pytest.skip("the official schema file is not on this machine")
    send()
    deliver()
    official = etree.XMLSchema(etree.parse(str(OFFICIAL)))
    assert official.validate(etree.fromstring(published()[0].body)), official.error_log


def test_a_fact_that_is_told_twice_publishes_once(
    services: Services, send: Send, deliver: Deliver, published: Published
) -> None:
    alert_id = send()
    deliver()
    publishing.on_dispatched(services, {"alert_id": alert_id})
    publishing.on_cancelled(services, {"alert_id": alert_id + 1000})
    assert len(published()) == 1


def test_nothing_is_published_before_sending_begins(services: Services, deliver: Deliver, published: Published) -> None:
    from tests.alerts.senders import make_approved

    with services.db.transaction() as session:
        make_approved(session)
    deliver()
    assert published() == []


@pytest.mark.parametrize(
    "more",
    [{"status": "Exercise"}, {"status": "Test"}, {"scope": "Restricted"}, {"scope": "Private"}, {"cap_status": "Test"}],
)
def test_drills_and_what_is_not_for_the_public_never_go_out(
    send: Send, deliver: Deliver, published: Published, more: dict[str, str]
) -> None:
    send(**more)
    deliver()
    assert published() == []


def test_a_stopped_alert_is_withdrawn_with_a_reference_and_without_all_clear(
    services: Services, send: Send, deliver: Deliver, published: Published, stop: Callable[[int], None]
) -> None:
    alert_id = send()
    deliver()
    stop(alert_id)
    deliver()
    publishing.on_cancelled(services, {"alert_id": alert_id})
    first, second = published()
    cap = read_cap(second.body).alert
    assert (cap.msg_type, cap.infos) == ("Cancel", ())
    assert "do not use" in cap.note
    (reference,) = cap.references
    assert reference.match(sender=first.sender, identifier=first.identifier, sent=first.sent) == "exact"
    assert schema_faults(second.body) == []


def test_what_was_stopped_before_its_fact_arrived_is_not_published_at_all(
    send: Send, deliver: Deliver, published: Published, stop: Callable[[int], None]
) -> None:
    stop(send())
    deliver()
    assert published() == []


def test_a_warning_that_is_over_when_its_fact_arrives_is_not_published(
    clock: FrozenClock, send: Send, deliver: Deliver, published: Published
) -> None:
    send()
    clock.advance(timedelta(hours=7))
    deliver()
    assert published() == []


def test_what_is_not_what_was_approved_is_not_published_and_the_fact_says_why(
    services: Services, send: Send, deliver: Deliver, published: Published
) -> None:
    alert_id = send()
    with services.db.transaction() as session:
        session.execute(text("UPDATE approvals SET areas = '[]' WHERE alert_id = :id"), {"id": alert_id})
    deliver()
    assert published() == []
    with services.db.transaction() as session:
        event = session.scalars(select(OutboxEvent).where(OutboxEvent.topic == "AlertDispatched")).one()
        assert event.last_error is not None and "area" in event.last_error
        assert event.delivered_at is None


def test_a_personal_link_never_reaches_the_public(send: Send, deliver: Deliver, published: Published) -> None:
    send(texts={"en": "Flood in Manila 12:00. Answer: {link} Stay safe."})
    deliver()
    (row,) = published()
    assert read_cap(row.body).alert.infos[0].description == "Flood in Manila 12:00. Answer: Stay safe."


def test_the_stand_in_of_a_personal_link_is_left_out_with_the_sentence_that_leads_to_it(
    services: Services, send: Send, deliver: Deliver, published: Published
) -> None:
    address = blank_url(services.settings)
    send(texts={"en": f"Flood in Manila 12:00. Safe or need help? Tell us: {address}"})
    deliver()
    (row,) = published()
    assert read_cap(row.body).alert.infos[0].description == "Flood in Manila 12:00."


def test_published_documents_cannot_be_changed_or_deleted(
    services: Services, send: Send, deliver: Deliver, published: Published
) -> None:
    send()
    deliver()
    for statement in ("UPDATE cap_documents SET title = 'x'", "DELETE FROM cap_documents"):
        with pytest.raises(DBAPIError, match="never change"), services.db.transaction() as session:
            session.execute(text(statement))
    assert len(published()) == 1


def test_publishing_is_on_the_trail(services: Services, send: Send, deliver: Deliver) -> None:
    alert_id = send()
    deliver()
    with services.db.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "alert.published")).one()
        assert (entry.subject_id, entry.actor_kind) == (alert_id, "system")
        assert entry.after is not None and entry.after["msg_type"] == "Alert" and entry.after["signed_by"] is None


def test_with_a_key_the_document_is_signed_and_still_valid(
    services: Services, send: Send, deliver: Deliver, published: Published, tmp_path: Path
) -> None:
    pair = make_pair()
    services.settings.cap_key_file, services.settings.cap_certificate_file = write_pair(pair, tmp_path)
    send()
    deliver()
    (row,) = published()
    assert row.signed_by == pair.fingerprint
    assert read_cap(row.body).alert.signed
    assert etree.QName(etree.fromstring(row.body)[-1]).localname == "Signature", "the last element"
    assert schema_faults(row.body) == []


def test_a_key_that_cannot_be_used_does_not_keep_a_warning_from_the_public(
    services: Services, send: Send, deliver: Deliver, published: Published, tmp_path: Path
) -> None:
    services.settings.cap_key_file = str(tmp_path / "absent.pem")
    services.settings.cap_certificate_file = str(tmp_path / "absent-too.pem")
    send()
    deliver()
    (row,) = published()
    assert row.signed_by is None


def test_crossing_outlines_and_people_over_the_date_line_are_published_simple(
    send: Send, deliver: Deliver, published: Published
) -> None:
    bow = [[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]
    fiji = [[-17, 179], [-17, -179], [-18, -179], [-18, 179], [-17, 179]]
    send(areas=[{"description": "", "polygons": [bow, fiji], "circles": [{"center": [1, 2], "radius_km": 3.5}]}])
    deliver()
    (row,) = published()
    reading = read_cap(row.body)
    assert reading.warnings == (), "no crossing ring, no open ring, no wrapped longitude"
    (area,) = reading.alert.infos[0].areas
    assert area.description == "Manila"
    assert len(area.polygons) == 3 and len(area.circles) == 1
    assert row.sent == NOW
