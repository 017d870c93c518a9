"""Who must act on what needs attention, by rule; pure.

What is addressed to somebody may be acknowledged by them and by nobody else; and what has climbed over an owner's head, never
by that owner.
"""

from __future__ import annotations

from datetime import timedelta

SOON, OVERDUE, GIVEN_UP, NUMBER_DEAD = "soon", "overdue", "given_up", "number_dead"
KINDS = (OVERDUE, GIVEN_UP, NUMBER_DEAD, SOON)
"""The gravest first, which is also the order of the list."""
OWNER, SENIORS, EVERYBODY = "owner", "seniors", "everybody"
CLIMBS_AFTER = timedelta(minutes=15)
"""What no senior has acknowledged for so long is everybody's: seniors may all be on a call, or none is on duty."""


def addressed_to(kind: str, *, owned: bool, waits: timedelta) -> tuple[str, ...]:
    """Return who must act on one that nobody has acknowledged for `waits`; `owned` says whether its callback has an owner.

    A promise that is due soon is its owner's. One that is overdue is the seniors', and everybody's after CLIMBS_AFTER. What
    was given up is the owner's and the seniors'. An agent's dead number stays the seniors': nobody else may change an agent.
    """
    if kind == NUMBER_DEAD:
        return (SENIORS,)
    if not owned or waits >= CLIMBS_AFTER:
        return (SENIORS, EVERYBODY)
    if kind == SOON:
        return (OWNER,)
    return (OWNER, SENIORS) if kind == GIVEN_UP else (SENIORS,)
