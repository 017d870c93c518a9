"""Lifecycles as tables of transitions: (state, event) → new state, with the permission that the event needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, Refused


@dataclass(frozen=True)
class Transition:
    """One line of a lifecycle's table.

    `permission` is None for what only the system does.
    """

    state: str
    event: str
    target: str
    permission: str | None = None


class Lifecycle:
    """A table of transitions, asked before every change of state."""

    def __init__(self, name: str, transitions: Iterable[Transition]) -> None:
        self.name = name
        self.transitions = tuple(transitions)
        self._table = {(t.state, t.event): t for t in self.transitions}
        if len(self._table) != len(self.transitions):
            raise ValueError(f"lifecycle {name}: a state and event stand twice in the table")
        self.states = frozenset(t.state for t in self.transitions) | frozenset(t.target for t in self.transitions)

    def next_state(self, state: str, event: str, actor: Actor) -> str:
        """Return the state that `event` by `actor` leads to.

        Raises Refused when the event is impossible in this state, Forbidden when the actor may not cause it.
        """
        transition = self._table.get((state, event))
        if transition is None:
            raise Refused(
                f"{self.name} is {state}: '{event}' is not possible now.",
                code="wrong-state",
                params={"state": state, "event": event},
            )
        if transition.permission is None:
            if actor.kind != "system":
                raise Forbidden(f"Only the system itself may do '{event}'.")
        elif not actor.may(transition.permission) and actor.kind != "system":
            raise Forbidden(f"'{event}' needs the permission {transition.permission}.")
        return transition.target

    def events_for(self, state: str, actor: Actor) -> frozenset[str]:
        """Return what this actor could do now; pages show exactly these buttons."""
        return frozenset(
            t.event
            for t in self.transitions
            if t.state == state and t.permission is not None and actor.may(t.permission)
        )
