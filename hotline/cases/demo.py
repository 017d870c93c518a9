"""A short ladder of officials to practise with."""

from __future__ import annotations

from hotline.auth.officers import find_by_name
from hotline.cases.escalating import live_rules, set_rule
from hotline.core.actor import Actor
from hotline.core.services import Services

LADDER = (("official", 1, 60), ("official-2", 2, 30))
"""Sign-in name of the demo account, level, minutes to answer."""


def add_ladder(services: Services, actor: Actor) -> None:
    """Set a rule for each demo official, once; without those accounts nothing is made."""
    with services.db.transaction() as session:
        if live_rules(session):
            return
        for name, level, minutes in LADDER:
            officer = find_by_name(session, name)
            if officer is not None:
                set_rule(
                    session, services.clock, actor, country="", risk="", level=level, official_id=officer.id,
                    deadline_minutes=minutes, phone="",
                )  # fmt: skip
