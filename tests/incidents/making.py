"""Makers of incidents for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.incidents import opening
from hotline.incidents.fields import IncidentFields
from hotline.incidents.models import Incident
from tests.factories import NOW, make_officer

QUAKE = IncidentFields(
    name_ko="후쿠시마 지진", name_en="Earthquake off Fukushima", kind="earthquake", severity="Extreme", countries=("JP",),
    began_at=NOW - timedelta(minutes=20), place="Fukushima", lat=37.4, lon=141.0, radius_km=200,
    summary="규모 9.0\n지진해일 경보",
)  # fmt: skip


def chief(session: Session, *roles: str) -> tuple[Officer, Actor]:
    """Add a duty chief, or an officer with other roles."""
    officer = make_officer(session, roles=roles or ("duty_chief",))
    return officer, actor_of(officer, "console")


def make_incident(session: Session, services: Services, who: Actor | None = None, **more: Any) -> Incident:
    """Open an incident."""
    by = who or chief(session)[1]
    return opening.open_incident(session, services.clock, by, replace(QUAKE, **more))
