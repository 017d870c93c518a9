"""`hotline demo load`: everything is there after one load, and a second one disturbs nothing."""

from __future__ import annotations

import json
import re
import stat
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from alerts.demo import add_practice_warning
from alerts.models import Alert
from hotline.auth.officers import find_by_name, verify_password
from hotline.auth.permissions import ROLES
from hotline.auth.tokens import officer_of_token
from hotline.calls import demo as calls_demo
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.demo.load import load, on_loopback
from hotline.demo.people import invent
from hotline.missions.models import Mission
from hotline.people.models import Position, Traveller
from hotline.queues import demo as queues_demo
from hotline.sandbox.handsets import Handsets
from tests.factories import make_officer
from wsgi import main

SANDBOX = "http://127.0.0.1:5002"


def _file(services: Services) -> Any:
    return json.loads((services.settings.data_dir / "demo.json").read_text(encoding="utf-8"))


def test_the_first_load_makes_people_missions_and_accounts(services: Services) -> None:
    done = load(services, SANDBOX)
    assert (done.officers, done.missions, done.travellers) == (20, 20, 5030)
    with services.db.transaction() as session:
        drill = session.scalar(select(func.count()).select_from(Traveller).where(Traveller.drill))
        opted_out = session.scalar(
            select(func.count()).select_from(Traveller).where(Traveller.opted_out_at.isnot(None))
        )
        positions = session.execute(select(Position.country, func.count()).group_by(Position.country)).all()
    assert drill == 30
    assert 20 < (opted_out or 0) < 200
    by_country = {country: people for country, people in positions}
    assert {"PH", "JP", "TR", "FJ", "KR"} <= set(by_country)
    assert by_country["PH"] > 500


def test_a_second_load_keeps_secrets_and_people_and_follows_the_address(services: Services) -> None:
    load(services, SANDBOX)
    first = _file(services)
    with services.db.transaction() as session:
        session.scalars(select(Traveller).where(Traveller.reference == "demo-00001")).one().name = "Renamed"
    services.settings.public_url = "http://127.0.0.1:5999"
    again = load(services, "http://127.0.0.1:6001")
    second = _file(services)
    assert (again.officers, again.missions, again.travellers) == (0, 0, 0)
    assert second["officers"] == first["officers"]
    assert (second["url"], second["sandbox_url"]) == ("http://127.0.0.1:5999", "http://127.0.0.1:6001")
    with services.db.transaction() as session:
        assert session.scalars(select(Traveller).where(Traveller.reference == "demo-00001")).one().name == "Renamed"


def test_every_role_has_an_account_that_works(services: Services) -> None:
    load(services, SANDBOX)
    content = _file(services)
    assert {role for account in content["officers"] for role in account["roles"]} == set(ROLES)
    names = {account["name"]: account for account in content["officers"]}
    pilots = {f"mission-officer-{city}" for city in ("beijing", "shanghai", "shenyang", "hong-kong")}
    seconds = {"duty-chief-2", "approver-2", "official-2", "finance-officer-2"}
    assert {role.replace("_", "-") for role in ROLES} | seconds | pilots == set(names)
    assert names["duty-chief"]["role"] == "author+approver+duty_chief"
    with services.db.transaction() as session:
        for name, account in names.items():
            officer = officer_of_token(session, services.clock, account["token"])
            assert officer is not None and officer.name == name and officer.roles == account["roles"]
        assert verify_password(find_by_name(session, "author"), names["author"]["password"])
        assert len({account["password"] for account in names.values()}) == len(names)


def test_the_accounts_file_is_readable_by_its_owner_alone(services: Services) -> None:
    done = load(services, SANDBOX)
    assert stat.S_IMODE(done.accounts_file.stat().st_mode) == 0o600


def test_a_lost_or_spoilt_accounts_file_is_made_again_and_the_old_secrets_end(services: Services) -> None:
    done = load(services, SANDBOX)
    old = _file(services)["officers"]
    done.accounts_file.write_text("{broken", encoding="utf-8")
    assert load(services, SANDBOX).officers == len(old)
    new = _file(services)["officers"]
    with services.db.transaction() as session:
        for before, after in zip(old, new, strict=True):
            assert before["password"] != after["password"]
            assert officer_of_token(session, services.clock, before["token"]) is None
            assert officer_of_token(session, services.clock, after["token"]) is not None


def test_a_service_that_others_reach_gets_no_demo_accounts(services: Services) -> None:
    services.settings.public_url = "https://hotline.example.org"
    with pytest.raises(Refused, match="only made on this machine"):
        load(services, SANDBOX)
    with services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Traveller)) == 0
    assert not (services.settings.data_dir / "demo.json").exists()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", True), ("http://localhost:8000", True), ("http://[::1]:8000", True),
        ("http://127.9.9.9", True), ("http://0.0.0.0:8000", False), ("https://example.org", False),
        ("http://localhost.example.org", False), ("", False),
    ],
)  # fmt: skip
def test_loopback_is_told_from_everything_else(url: str, expected: bool) -> None:
    assert on_loopback(url) is expected


def test_the_practice_carrier_learns_who_has_which_phone(services: Services) -> None:
    load(services, SANDBOX)
    handsets = json.loads((services.settings.data_dir / "sandbox" / "handsets.json").read_text("utf-8"))
    assert Handsets(100_000).name_all(handsets) == 5030
    with services.db.transaction() as session:
        assert {handset["number"] for handset in handsets} == set(session.scalars(select(Traveller.phone)))


def test_the_practice_carrier_learns_whose_telephones_the_centre_rings(services: Services) -> None:
    for _again in range(2):
        load(services, SANDBOX, [queues_demo.load, calls_demo.load])
        named = json.loads((services.settings.data_dir / "sandbox" / "handsets.json").read_text("utf-8"))
        assert Handsets(100_000).name_all(named) == 5030 + len(queues_demo.AGENTS) + len(calls_demo.BOOK)
        found = {handset["number"]: handset for handset in named}
        assert "senior-agent" in found["+821055500002"]["place"]
        assert found["+82255550103"]["name"] == "중국어 통역"


def test_numbers_cannot_be_anybodys(services: Services) -> None:
    for person in invent(services.clock.now()):
        phone = person.row.phone
        assert re.fullmatch(r"\+82100[19]00\d{4}|\+447700900\d{3}|\+3363998\d{4}|\+1\d{3}55501\d{2}", phone), phone


def test_people_are_the_same_on_every_machine(services: Services) -> None:
    first, second = invent(services.clock.now()), invent(services.clock.now() + timedelta(days=3))
    assert [(p.row.name, p.row.phone, p.row.lat, p.row.lon) for p in first] == [
        (p.row.name, p.row.phone, p.row.lat, p.row.lon) for p in second
    ]
    assert len({person.row.phone for person in first}) == len(first)


def test_fijis_people_stand_on_both_sides_of_the_antimeridian(services: Services) -> None:
    taveuni = [person.row.lon or 0 for person in invent(services.clock.now()) if person.place == "Taveuni"]
    assert min(taveuni) < -179.5 and max(taveuni) > 179.5


def test_the_practice_warning_is_drafted_once_and_holds_people(services: Services, clock: FrozenClock) -> None:
    load(services, SANDBOX, [add_practice_warning])
    load(services, SANDBOX, [add_practice_warning])
    with services.db.transaction() as session:
        alert = session.scalars(select(Alert)).one()
        author = find_by_name(session, "author")
        mission = session.scalars(select(Mission).where(Mission.code == "manila")).one()
        assert author is not None
        assert (alert.state, alert.author_id, alert.mission_id) == ("draft", author.id, mission.id)
        assert alert.expires > clock.now() + timedelta(hours=6)
        assert {text.language for text in alert.texts} == {"ko", "en"}
        assert sum(len(part["polygons"]) + len(part["circles"]) for part in alert.areas) == 2


def test_a_practice_warning_that_has_expired_is_drafted_again(services: Services, clock: FrozenClock) -> None:
    load(services, SANDBOX, [add_practice_warning])
    clock.advance(timedelta(days=1))
    load(services, SANDBOX, [add_practice_warning])
    with services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 2


def test_the_command_says_what_is_wrong_in_one_line(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = services.settings
    for name, value in {
        "HOTLINE_DATABASE_URL": settings.database_url, "HOTLINE_REDIS_URL": settings.redis_url,
        "HOTLINE_SECRET_KEY": "x" * 32, "HOTLINE_DATA_DIR": str(settings.data_dir),
        "HOTLINE_PUBLIC_URL": "https://hotline.example.org",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    refused = CliRunner().invoke(main, ["demo", "load"])
    assert refused.exit_code == 2
    assert refused.output.startswith("hotline: Demo accounts are only made on this machine itself")
    assert refused.output.count("\n") == 1
    monkeypatch.setenv("HOTLINE_PUBLIC_URL", "http://127.0.0.1:8000")
    assert "20 accounts, 20 missions and 5,030 travellers" in CliRunner().invoke(main, ["demo", "load"]).output


def test_a_database_that_people_work_with_gets_no_demo_accounts(services: Services) -> None:
    with services.db.transaction() as session:
        make_officer(session, name="kim.minseo")
    with pytest.raises(Refused, match="real installation") as refusal:
        load(services, SANDBOX)
    assert refusal.value.code == "not-empty"
    assert not (services.settings.data_dir / "demo.json").exists()
