"""What rooms above do in the same transaction as a change of state: guards that refuse it, and postings that go with it.

A room adds its function under its own name when it is wired; added twice it is there once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from remittance.requests.models import Remittance


@dataclass(frozen=True)
class Step:
    """One change that is about to be committed: `before` led to `after` by `event`; `held` is the state that was on hold."""

    before: str
    after: str
    event: str
    actor: Actor
    held: str | None = None

    @property
    def left(self) -> str:
        """The state that is left for good: where a hold ends, the one that was held."""
        return self.held if self.held is not None and self.before == "on_hold" else self.before


Effect = Callable[[Session, Clock, Remittance, Step], None]
"""Called with the remittance's row locked and its new state set; raises Refused to undo the whole change."""

EFFECTS: dict[str, Effect] = {}


def apply(session: Session, clock: Clock, one: Remittance, step: Step) -> None:
    """Run every effect, in the order of their names."""
    for name in sorted(EFFECTS):
        EFFECTS[name](session, clock, one, step)
