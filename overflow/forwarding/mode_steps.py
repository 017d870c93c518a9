"""What disaster mode does to forwarding: all calls of the missions concerned are taken for a while."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput, Refused
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.registry import CHANGED_BY_HAND, ModeStep
from hotline.core.services import Services
from hotline.incidents.fields import refuse
from hotline.incidents.filling import fill, incident_of, number_of
from hotline.incidents.holding import refuse_held
from hotline.missions import missions as missions_room
from hotline.missions.mode_steps import HOURS, MAX_HOURS, MISSIONS, checked_missions, chosen, missions_words
from overflow.forwarding import take_all
from overflow.forwarding.models import TakeAll


def _check(session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
    faults: list[InvalidInput] = []
    kept = {
        "missions": checked_missions(session, params, faults),
        "hours": number_of(params, "hours", 1, MAX_HOURS, faults),
    }
    refuse(faults, "The step has faults.")
    return kept


def _describe(_session: Session, params: Mapping[str, Any]) -> str:
    return gettext(
        "All calls of %(missions)s are taken for %(hours)s hours",
        missions=missions_words(params),
        hours=params["hours"],
    )


def _apply(
    session: Session, services: Services, actor: Actor, incident_id: int, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Take all calls of each mission; a drill takes none, because no mission's line is a drill's alone."""
    incident, now = incident_of(session, incident_id), services.clock.now()
    missions = chosen(session, incident, params)
    if incident.drill:
        return {"taken": {}, "rehearsed": True}
    until, reason = now + timedelta(hours=params["hours"]), fill("{incident}", incident, "ko")
    taken: dict[str, Any] = {}
    ours = {str(mission.id) for mission in missions}
    for mission_id in sorted(mission.id for mission in missions):
        missions_room.get(session, mission_id, lock=True)
    refuse_held(session, incident_id, "take_all", lambda theirs, _drill: bool(ours & set(theirs.get("taken", {}))))
    for mission in missions:
        before = take_all.current(session, mission.id, now)
        if before is not None and before.until >= until:
            continue  # The mission has asked for longer; that is its own and stays.
        row = take_all.request(session, services.clock, actor, mission.id, until, reason)
        former = {"until": before.until.isoformat(), "reason": before.reason} if before is not None else None
        taken[str(mission.id)] = {"row": row.id, "before": former}
    return {"taken": taken}


def _revert(
    session: Session, services: Services, actor: Actor, _incident_id: int, _params: Mapping[str, Any],
    kept: Mapping[str, Any],
) -> None:  # fmt: skip
    """End what was taken, and let an earlier request of a mission go on; refused where one asked anew since."""
    now, anew = services.clock.now(), list[int]()
    for key, each in kept["taken"].items():
        live = take_all.current(session, int(key), now)
        if live is not None and live.id != each["row"]:
            anew.append(int(key))
    if anew and not kept["force"]:
        raise Refused(f"Missions asked anew since: {anew}.", code=CHANGED_BY_HAND)
    for key, each in kept["taken"].items():
        mine = session.get_one(TakeAll, each["row"])
        if mine.ended_at is not None and int(key) not in anew:
            continue  # Somebody ended it by hand: their word stands, and no earlier request comes back.
        if mine.ended_at is None or int(key) in anew:
            take_all.end(session, services.clock, actor, int(key))
        former = each["before"]
        until = datetime.fromisoformat(former["until"]) if former is not None else now
        if until > now:
            take_all.request(session, services.clock, actor, int(key), until, former["reason"])


TAKE_ALL = ModeStep(
    "take_all", gettext_noop("Take all calls of missions"), 20, _describe, _apply, _revert, _check, (MISSIONS, HOURS)
)
