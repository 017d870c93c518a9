"""One load of everything made up: officers, missions, travellers, what the rooms above bring, and two files.

Loading again changes nothing that is there: people who were edited, erased or moved stay as they are, accounts keep their
secrets; only the addresses in `demo.json` follow the service.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of, find_by_name
from hotline.calls.models import PhoneBookEntry
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.demo.accounts import OFFICERS, ensure_accounts, read_accounts, write_accounts
from hotline.demo.mission_list import MISSIONS
from hotline.demo.people import REFERENCE_PREFIX, Invented, invent
from hotline.demo.pilots import fill_pilots
from hotline.missions import missions
from hotline.missions.models import Mission
from hotline.people.models import Traveller
from hotline.people.upsert import store_rows
from hotline.platform.data_dir import write_private

DEMO = Actor(kind="system", id=None, name="demo data", via="cli")
AUTHOR = "author"
DemoStep = Callable[[Services, Actor], None]
"""What a room above this one adds, done by the demo author."""


@dataclass(frozen=True)
class Loaded:
    """What a load made anew, and where the accounts are."""

    officers: int
    missions: int
    travellers: int
    accounts_file: Path


def load(services: Services, sandbox_url: str, steps: Sequence[DemoStep] = ()) -> Loaded:
    """Load the made-up data; `sandbox_url` is the practice carrier's address, empty when there is none.

    Raises Refused unless the service's public address is on loopback, because the accounts' secrets lie in a file.
    """
    settings = services.settings
    if not on_loopback(settings.public_url):
        raise Refused(
            f"Demo accounts are only made on this machine itself, and HOTLINE_PUBLIC_URL is {settings.public_url}. "
            "Use an address such as http://127.0.0.1:8000, or do without demo data.",
            code="not-loopback",
        )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    accounts_file = settings.data_dir / "demo.json"
    kept = read_accounts(accounts_file)
    handsets_file = settings.data_dir / "sandbox" / "handsets.json"
    with services.db.transaction() as session:
        _refuse_real_installation(session)
        accounts = ensure_accounts(session, services.clock, DEMO, kept)
        made_missions = _add_missions(session, services)
        fill_pilots(session, services, DEMO)
        people = [] if handsets_file.exists() and _has_travellers(session) else invent(services.clock.now())
        # Written before the commit: a token that is in the database and in no file could never be used again.
        write_accounts(accounts_file, settings.public_url, sandbox_url, accounts)
        made_travellers = 0 if _has_travellers(session) else _add_travellers(session, services, people)
    if people:
        _write_handsets(handsets_file, people)
    with services.db.transaction() as session:
        author = find_by_name(session, AUTHOR)
        assert author is not None
        actor = actor_of(author, "cli")
    for step in steps:
        step(services, actor)
    _name_handsets_of_centre(services, handsets_file)
    fresh = {account.token for account in accounts} - {account.get("token") for account in kept}
    return Loaded(len(fresh), made_missions, made_travellers, accounts_file)


def _refuse_real_installation(session: Session) -> None:
    """Refuse a database that people really work with: one with officers or travellers and nothing made up in it yet."""
    names = set(session.scalars(select(Officer.name)))
    in_use = bool(names) or session.scalar(select(Traveller.id).limit(1)) is not None
    if in_use and not names & set(OFFICERS) and not _has_travellers(session):
        raise Refused(
            "This database holds officers or travellers of a real installation; demo accounts are not added to it. "
            "Use an empty database (HOTLINE_DATABASE_URL), or start without demo data: hotline up.",
            code="not-empty",
        )


def on_loopback(url: str) -> bool:
    """Say whether an address is reachable from this machine only."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _add_missions(session: Session, services: Services) -> int:
    known = set(session.scalars(select(Mission.code)))
    new = [mission for mission in MISSIONS if mission.code not in known]
    for mission in new:
        missions.save(session, services.clock, DEMO, mission)
    return len(new)


def _has_travellers(session: Session) -> bool:
    """Say whether the made-up people are there: they are added once, and may have been changed on purpose since."""
    found = session.scalar(select(Traveller.id).where(Traveller.reference.startswith(REFERENCE_PREFIX)).limit(1))
    return found is not None


def _add_travellers(session: Session, services: Services, people: Sequence[Invented]) -> int:
    """Store all people in a few statements."""
    raw = session.connection().connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    now = services.clock.now()
    stored = store_rows(raw, [person.row for person in people], now=now, source="demo")
    for column, references in (
        ("opted_out_at", [person.row.reference for person in people if person.opted_out]),
        ("number_bad_at", [person.row.reference for person in people if person.number_bad]),
    ):
        raw.execute(f"UPDATE travellers SET {column} = %s WHERE reference = ANY(%s)", (now, references))  # noqa: S608  # two fixed names
    audit.record(
        session, services.clock, DEMO, "travellers.imported", "traveller", None,
        after={"format": "demo", "completed": True, "created": stored.created, "updated": stored.updated, "refused": 0},
    )  # fmt: skip
    return stored.created


def _name_handsets_of_centre(services: Services, path: Path) -> None:
    """Name the handsets of agents and of the phone book as well, so that who tries the centre finds whose telephone rings."""
    known = json.loads(path.read_text(encoding="utf-8"))
    numbers = {handset["number"] for handset in known}
    with services.db.transaction() as session:
        agents = session.execute(
            select(Agent.phone, Officer.display_name, Officer.name)
            .join(Officer, Officer.id == Agent.officer_id)
            .where(Agent.phone.startswith("+"))
            .order_by(Agent.id)
        ).all()
        book = session.execute(select(PhoneBookEntry.phone, PhoneBookEntry.name_ko, PhoneBookEntry.name_en)).all()
    named = [(phone, name, f"agent · {sign_in}") for phone, name, sign_in in agents]
    named += [(phone, name_ko, name_en) for phone, name_ko, name_en in book]
    new = [
        {"number": phone, "name": name[:80], "country": "", "language": "ko", "place": place[:80], "email": ""}
        for phone, name, place in named
        if phone not in numbers
    ]
    if new:
        write_private(path, json.dumps(new + known, ensure_ascii=False))


def _write_handsets(path: Path, people: Sequence[Invented]) -> None:
    """Tell the practice carrier who has which phone, so that its handsets carry names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handsets = [
        {
            "number": person.row.phone, "name": person.row.name, "country": person.row.country,
            "language": person.row.language, "place": person.place, "email": person.row.email or "",
        }
        for person in people
    ]  # fmt: skip
    write_private(path, json.dumps(handsets, ensure_ascii=False))
