"""The check of an exchange's way as the centre makes it: what is wrong with the mission's lines, then each line's way to us."""

from __future__ import annotations

from sqlalchemy import select

from hotline.core.services import Services
from hotline.missions.models import Mission, MissionLine
from overflow.forwarding import client, keys, warnings, words
from overflow.forwarding.client import Finding
from overflow.forwarding.warnings import Warned

TOLD_BY_THE_KEY = "no_key"


def at_the_centre(services: Services, code: str, *, url: str = "", called: str = "") -> list[Finding]:
    """Return what is found of a mission, with the newest good key of its exchange; `called` names one line, else each is tried.

    Announcements are tests, over HTTP to our own public address, so that the name server and the proxy are in it too.
    """
    now, secret = services.clock.now(), services.settings.secret_key.get_secret_value()
    with services.db.transaction() as session:
        mission = session.scalar(select(Mission).where(Mission.code == code))
        if mission is None:
            return [Finding("mission", False, f"There is no mission with the code {code}.", "Its page shows it.")]
        lines = session.scalars(
            select(MissionLine.number)
            .where(MissionLine.mission_id == mission.id, MissionLine.closed_at.is_(None))
            .order_by(MissionLine.id)
        ).all()
        findings = [
            _told(each) for each in warnings.of(session, services, mission.id) if each.message != TOLD_BY_THE_KEY
        ]
        good = keys.good_keys(session, mission.id, now)
    if not good:
        mend = f"Give it one: `hotline overflow key {code}`."
        return [
            *findings,
            Finding("key", False, f"The exchange of {code} has no good key: its webhooks are refused.", mend),
        ]
    key = good[0]
    findings.append(
        Finding("key", True, f"{key.key_id}, the newest one; the exchange itself may still use an earlier one.")
    )
    sender = client.Exchange(
        url or services.settings.public_url, code, key.key_id, keys.secret_of(secret, key.key_id, key.salt)
    )
    for number in [called] if called else lines or [""]:
        found = client.check(sender, called=number)
        if number:
            findings.append(Finding("line", True, number))
        findings += found
        if not found[0].well:
            break  # what cannot be reached is not reached by the next line either
    return findings


def _told(warned: Warned) -> Finding:
    """Return a warning of the centre's own page in English, with times in UTC."""
    name = warned.names["en"]
    since = f"{warned.since:%Y-%m-%d %H:%M} UTC" if warned.since else ""
    found = words.WARNINGS[warned.message] % {
        "mission": name, "line": warned.line or name, "number": warned.number, "since": since, "calls": warned.calls,
    }  # fmt: skip
    mend = "Directory, Missions, the mission's lines; Overflow, Exchanges for its keys." if warned.grave else ""
    return Finding("look at" if not warned.grave else "lines", not warned.grave, found, mend)
