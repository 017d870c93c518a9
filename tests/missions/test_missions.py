"""Missions: who looks after which country, and a trail of every change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import NotFound, SeveralFaults
from hotline.demo.mission_list import MISSIONS
from hotline.missions import missions
from hotline.missions.missions import MissionChanges
from tests.factories import make_mission

TOKYO = next(mission for mission in MISSIONS if mission.code == "tokyo")


def _actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)))


def codes(session: Session, country: str, place: str = "") -> list[str]:
    return [mission.code for mission in missions.in_charge(session, country, place)]


def test_a_mission_that_stands_in_the_country_comes_before_one_that_covers_it(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        make_mission(session, code="afar", country="PH", countries=["PH", "PW"])
        assert codes(session, "PW") == ["afar"]
        there = make_mission(session, code="there", country="PW", countries=["PW"])
        assert codes(session, "pw") == ["there", "afar"]
        missions.close(session, clock, SYSTEM, there.id)
        assert codes(session, "PW") == ["afar"]
        assert codes(session, "JP") == []


@pytest.mark.parametrize(
    ("place", "first"),
    [
        ("", "beijing"), ("상하이 푸둥 공항", "shanghai"), ("Pudong, SHANGHAI", "shanghai"), ("항저우, 저장성", "shanghai"),
        ("Hangzhou, Zhejiang", "shanghai"), ("다롄, 랴오닝성", "shenyang"), ("Inner Mongolia, Hohhot", "shenyang"),
        ("Shenyang Taoxian airport", "shenyang"), ("Newshanghaitown", "beijing"), ("Mongolia road, Beijing", "beijing"),
        ("(.*)[", "beijing"),
    ],
)  # fmt: skip
def test_the_mission_whose_region_a_place_names_is_in_charge(db: Database, place: str, first: str) -> None:
    with db.transaction() as session:
        for code, city, regions in (
            ("beijing", "Beijing", []),
            ("shanghai", "Shanghai", ["상하이 Shanghai", "저장 Zhejiang"]),
            ("shenyang", "Shenyang", ["랴오닝 Liaoning", "네이멍구 Inner Mongolia"]),
        ):
            make_mission(session, code=code, country="CN", countries=["CN"], city=city, regions=regions)
        found = codes(session, "CN", place)
        assert (found[0], len(found)) == (first, 3)


def test_a_mission_looks_after_its_own_country_when_nothing_is_said(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        saved = missions.save(session, clock, SYSTEM, replace(TOKYO, countries=()))
        assert saved.countries == ["JP"]


def test_every_change_is_on_the_trail_and_no_change_is_not(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission = missions.save(session, clock, SYSTEM, TOKYO)
        missions.save(session, clock, SYSTEM, TOKYO)
        missions.update(session, clock, SYSTEM, mission.id, MissionChanges(city="Tōkyō", zone="Asia/Tokyo"))
        missions.close(session, clock, SYSTEM, mission.id)
        missions.close(session, clock, SYSTEM, mission.id)
        missions.reopen(session, clock, SYSTEM, mission.id)
        assert _actions(session) == ["mission.added", "mission.changed", "mission.closed", "mission.changed"]
        changed = session.scalars(select(AuditEntry).where(AuditEntry.seq == 2)).one()
        assert (changed.before, changed.after) == ({"city": "Tokyo"}, {"city": "Tōkyō"})


def test_saving_a_closed_mission_opens_it_again(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        mission = missions.save(session, clock, SYSTEM, TOKYO)
        missions.close(session, clock, SYSTEM, mission.id)
        assert missions.list_missions(session) == []
        assert missions.save(session, clock, SYSTEM, TOKYO).closed_at is None
        assert missions.list_missions(session) == [mission]


def test_all_faults_are_named_at_once(db: Database, clock: FrozenClock) -> None:
    wrong = replace(TOKYO, code="-", lat=100.0, zone="Tokyo", phone="1")
    with db.transaction() as session, pytest.raises(SeveralFaults) as caught:
        missions.save(session, clock, SYSTEM, wrong)
    assert [fault["field"] for fault in caught.value.faults] == ["code", "lat", "zone", "phone"]


def test_an_unknown_mission_is_not_found(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session, pytest.raises(NotFound):
        missions.update(session, clock, SYSTEM, 404, MissionChanges(city="Nowhere"))


def test_every_practice_mission_can_be_kept(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        for mission in MISSIONS:
            assert missions.save(session, clock, SYSTEM, mission).country == mission.country
