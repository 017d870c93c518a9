"""What this room brings: the roster, volunteers' own pages, and their words."""

from __future__ import annotations

import overflow.volunteers.own_acts
import overflow.volunteers.roster_pages
import overflow.volunteers.statement_pages  # noqa: F401 - these three add their routes to the blueprints of the pages
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Registry, SubjectKind
from overflow.volunteers import (
    api,
    demo,
    desk_pages,
    fatigue,
    inviting,
    joining_pages,
    leaving,
    own_page,
    pages,
    twice,
    words,
)
from overflow.volunteers.states import READ


def register(registry: Registry) -> None:
    """Add the room's routes, job and words."""
    registry.blueprints += [own_page.blueprint, joining_pages.blueprint, pages.blueprint, api.blueprint]
    registry.blueprints.append(desk_pages.blueprint)
    registry.menu.append(MenuEntry("volunteers.index", gettext_noop("Volunteers"), READ, 31, group=groups.INCIDENTS))
    registry.job(leaving.JOB, leaving.erase_gone, queue="slow", timeout_s=300)
    registry.every(leaving.EVERY_S, leaving.JOB)
    registry.job(fatigue.JOB, fatigue.sweep, queue="default", timeout_s=120)
    registry.every(fatigue.EVERY_S, fatigue.JOB)
    registry.ready_guards += [fatigue.guard, twice.guard]
    registry.on("VolunteerApproved", "volunteers.welcome", inviting.welcome)
    registry.action_labels |= words.ACTIONS
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["volunteer"] = SubjectKind(gettext_noop("Volunteer"), "volunteers.show", "volunteer_id", READ)
    registry.demo.append(demo.load)
