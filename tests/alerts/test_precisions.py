"""Whom an alert reaches by how exactly they are known: counted, agreed to, written and joined by one rule."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from alerts import approval, audience, drafting, gather, materialise
from alerts.draft_fields import DraftChanges
from alerts.follow import joins
from alerts.models import Alert, Message
from hotline.auth.officers import actor_of
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.geo.area import Area
from hotline.geo.index import Change, PositionIndex
from hotline.geo.touching import countries_touched
from hotline.people.placing import record_sighting
from tests.factories import NOW, make_alert, make_officer, make_token, make_traveller
from tests.geo.oracles import make_area

TEXT = {"en": "Flood in Manila 21 Nov 12:00. Go to high ground."}
CEBU = make_area(circles=[(10.3, 123.9, 60.0)])
IN_CEBU: dict[str, Any] = {"lat": 10.31, "lon": 123.9}
IN_MANILA: dict[str, Any] = {"lat": 14.6, "lon": 121.0}
"""Where people stand who are known by country only: the capital, far outside of the area."""


def people(db: Database) -> dict[str, int]:
    """One person of each kind, by a word for them."""
    with db.transaction() as session:
        return {
            "exact": make_traveller(session, **IN_CEBU).id,
            "city": make_traveller(session, **IN_CEBU, precision="city").id,
            "country": make_traveller(session, **IN_MANILA, precision="country").id,
            "elsewhere": make_traveller(session, **IN_MANILA).id,
            "other_country": make_traveller(session, lat=35.7, lon=139.7, country="JP", precision="country").id,
            "lapsed": make_traveller(session, **IN_MANILA, precision="country", valid_until=at(-1)).id,
        }


def at(hours: float) -> Any:
    return NOW + timedelta(hours=hours)


def test_country_only_people_count_wherever_the_area_reaches_into_their_country(services: Services) -> None:
    people(services.db)
    counts = audience.estimate(services, CEBU.to_json(), services.clock.now(), False)
    assert (counts.source, counts.total) == (audience.DATABASE, 3)
    assert counts.by_precision == {"exact": 1, "city": 1, "country": 1}
    some = audience.estimate(services, CEBU.to_json(), services.clock.now(), False, ("exact", "city"))
    assert (some.total, some.by_precision, some.left_out) == (2, {"exact": 1, "city": 1}, {"country": 1})


def test_the_resident_index_counts_them_by_the_same_rule_also_after_changes() -> None:
    index = PositionIndex()
    manila = {"lat": 14.6, "lon": 121.0, "country": "PH"}
    index.apply([Change(n, **manila, precision="country") for n in range(5)])  # type: ignore[arg-type]
    index.apply([Change(10, lat=10.31, lon=123.9, country="PH")])
    index.merge()
    index.apply([Change(0, lat=35.7, lon=139.7, country="JP", precision="country"), Change(1)])
    index.apply([Change(2, **manila, precision="country", valid_until=at(-1))])  # type: ignore[arg-type]
    index.apply([Change(11, lat=14.6, lon=121.0, country="PH", precision="country", language="en", drill=True)])
    for area, expected in (
        (CEBU, {("PH", "ko", "exact"): 1, ("PH", "ko", "country"): 2}),
        (make_area(circles=[(35.7, 139.7, 1.0)]), {("JP", "ko", "country"): 1}),
    ):
        assert index.groups(area, at(0), False, country_only=countries_touched(area)) == expected
    assert index.groups(CEBU, at(0), None, country_only=["PH"])["PH", "en", "country"] == 1
    assert index.groups(CEBU, at(0), False) == {("PH", "ko", "exact"): 1}, "without the rule only the place counts"


@pytest.mark.parametrize(
    ("precisions", "reached"),
    [
        (["exact", "city", "country"], ["exact", "city", "country"]),
        (["exact", "city"], ["exact", "city"]),
        (["country"], ["country"]),
    ],
)
def test_messages_go_to_whom_the_officer_included(
    services: Services, clock: FrozenClock, precisions: list[str], reached: list[str]
) -> None:
    ids = people(services.db)
    alert_id = approved(services, clock, precisions)
    assert materialise.materialise(services, alert_id) == "dispatching"
    with services.db.transaction() as session:
        got = session.scalars(select(Message.traveller_id).where(Message.alert_id == alert_id)).all()
    assert sorted(got) == sorted(ids[each] for each in reached)


def approved(services: Services, clock: FrozenClock, precisions: list[str]) -> int:
    """An alert for Cebu that two officers agreed to."""
    with services.db.transaction() as session:
        author, approver = make_officer(session), make_officer(session, roles=("approver",))
        alert = make_alert(session, author=author, areas=CEBU.to_json(), texts=TEXT)
        changes = DraftChanges.model_validate({"precisions": precisions})
        drafting.edit(session, clock, actor_of(author, "test"), alert.id, alert.version, changes)
        approval.submit(session, clock, services.settings, actor_of(author, "test"), alert.id)
        approval.approve(
            session, clock, services.settings, actor_of(approver, "test"), alert.id, audience_estimate=3
        )  # fmt: skip
        return alert.id


def test_who_is_reached_is_part_of_what_was_approved(services: Services, clock: FrozenClock) -> None:
    people(services.db)
    alert_id = approved(services, clock, ["exact"])
    with services.db.transaction() as session:
        alert = session.get_one(Alert, alert_id)
        assert alert.approval is not None
        assert alert.approval.precisions == ["exact"]
        assert materialise.why_not(alert) is None
        alert.precisions = ["exact", "country"]
        assert "who is reached" in (materialise.why_not(alert) or "")
        alert.precisions = alert.approval.precisions = ["exact", "country"]
        assert "who is reached" in (materialise.why_not(alert) or "")


def test_whoever_is_known_to_have_entered_the_country_later_joins_where_that_was_agreed(
    services: Services, clock: FrozenClock
) -> None:
    db = services.db
    with db.transaction() as session:
        make_traveller(session, **IN_CEBU)
        joining = [make_traveller(session, lat=35.7, lon=139.7, country="JP").id for _ in range(2)]
    wide, narrow = approved(services, clock, ["exact", "country"]), approved(services, clock, ["exact"])
    for alert_id in (wide, narrow):
        materialise.materialise(services, alert_id)
    clock.advance(timedelta(minutes=1))
    with db.transaction() as session:
        record_sighting(session, clock, joining[0], country="PH", precision="country", source="roaming:kt")
        record_sighting(session, clock, joining[1], country="TH", precision="country", source="roaming:kt")
    joins.sweep(services)
    with db.transaction() as session:
        joined = select(Message.alert_id).where(Message.traveller_id.in_(joining))
        assert session.scalars(joined).all() == [wide]


def test_a_point_inside_counts_also_where_its_country_is_not_touched(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_traveller(session, **IN_CEBU, country="VN", precision="country")
    assert audience.estimate(services, CEBU.to_json(), clock.now(), False).by_country == {"VN": 1}
    index = PositionIndex()
    index.apply([Change(1, **IN_CEBU, country="VN", precision="country")])
    assert index.groups(CEBU, clock.now(), False, country_only=["PH"]) == {("VN", "ko", "country"): 1}
    with services.db.connection() as connection:
        gather.people_inside(connection, CEBU, clock.now(), drill=False)
        assert gather.count(connection).by_country == {"VN": 1}
        connection.rollback()


def test_the_age_of_what_is_known_is_told_by_precision(services: Services, clock: FrozenClock) -> None:
    people(services.db)
    clock.advance(timedelta(hours=3))
    with services.db.transaction() as session:
        person = make_traveller(session, lat=None, lon=None).id
        record_sighting(session, clock, person, lat=10.3, lon=123.9, precision="city", source="app")
    seen = audience.median_seen(services, CEBU.to_json(), clock.now(), False)
    assert seen == {"exact": at(0), "city": at(0), "country": at(0)}


def test_the_age_is_read_by_the_index_of_cells(db: Database) -> None:
    with db.connection() as connection:
        connection.execute(
            "INSERT INTO travellers (name, phone, phone_region, created_at, updated_at)"
            " SELECT 'T', '+82' || n, 'KR', now(), now() FROM generate_series(1, 20000) n"
        )
        connection.execute(
            "INSERT INTO positions (traveller_id, lat, lon, cell, country, precision, source, observed_at)"
            " SELECT id, 1, 1, id, 'PH', CASE WHEN id % 20 = 0 THEN 'country' ELSE 'exact' END, 'x', now() FROM travellers"
        )
        connection.execute("ANALYZE travellers, positions")
        given = {"first": [5], "last": [9], "countries": ["FJ"], "drill": False, "at": at(0), "most": 100}
        shown = "\n".join(row[0] for row in connection.execute("EXPLAIN " + audience.AGES, given))
        assert "ix_positions_cell" in shown and "Seq Scan" not in shown
        people_of = "EXPLAIN " + gather.PEOPLE_OF_COUNTRIES
        shown = "\n".join(
            row[0] for row in connection.execute(people_of, {"countries": ["FJ"], "drill": False, "at": at(0)})
        )
        assert "ix_positions_country" in shown and "Seq Scan on positions" not in shown


def test_the_api_takes_and_shows_whom_an_alert_reaches(client: FlaskClient, services: Services) -> None:
    people(services.db)
    with services.db.transaction() as session:
        author = make_officer(session)
        headers = {"Authorization": f"Bearer {make_token(session, author)}"}
        alert_id = make_alert(session, author=author, areas=CEBU.to_json()).id
    changed = client.patch(
        f"/api/v1/alerts/{alert_id}", json={"version": 1, "precisions": ["city", "exact", "city"]}, headers=headers
    )
    assert (changed.status_code, changed.get_json()["precisions"]) == (200, ["exact", "city"])
    shown = client.get(f"/api/v1/alerts/{alert_id}/audience", headers=headers).get_json()
    assert (shown["total"], shown["left_out"]) == (2, {"country": 1})
    for wrong in ([], ["street"]):
        answer = client.patch(f"/api/v1/alerts/{alert_id}", json={"version": 2, "precisions": wrong}, headers=headers)
        assert answer.status_code == 422


def test_the_union_of_both_kinds_is_everybody_once(services: Services) -> None:
    ids = people(services.db)
    whole = make_area(circles=[(12.0, 122.0, 700.0)])
    with services.db.connection() as connection:
        gather.people_inside(connection, Area.from_json(whole.to_json(), "areas"), services.clock.now(), drill=False)
        found = sorted(row[0] for row in connection.execute("SELECT traveller_id FROM audience"))
        connection.rollback()
    assert found == sorted(ids[each] for each in ("exact", "city", "country", "elsewhere"))
