"""A kind of step that changes rows of its own, fails, or dies when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.core import jobs
from hotline.core.actor import Actor
from hotline.core.errors import HotlineError, InvalidInput, Refused
from hotline.core.registry import CHANGED_BY_HAND, ModeField, ModeStep
from hotline.core.services import Services
from hotline.incidents import log


@dataclass
class Board:
    """What steps `flag` have done in committed or rolled back transactions, and what shall go wrong."""

    applied: list[str] = field(default_factory=list)
    reverted: list[tuple[str, bool]] = field(default_factory=list)
    fails: dict[str, Exception] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    before_commit: Callable[[], None] | None = None

    def check(self, _session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
        """Take a word."""
        if not params.get("word"):
            raise InvalidInput("word", "", "write a word")
        return {"word": str(params["word"])}

    def apply(
        self, session: Session, services: Services, actor: Actor, incident_id: int, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Write a line into the log, so that what is rolled back is seen to be."""
        word = params["word"]
        log.write(session, services.clock, incident_id, actor, f"flag {word}")
        if word in self.fails:
            raise self.fails[word]
        self.applied.append(word)
        return {"word": word}

    def revert(
        self, session: Session, services: Services, actor: Actor, incident_id: int, params: Mapping[str, Any],
        kept: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """Take it back, unless somebody changed it."""
        word = kept["word"]
        if word in self.fails:
            raise self.fails[word]
        if word in self.changed and not kept["force"]:
            raise Refused("changed", code=CHANGED_BY_HAND)
        self.reverted.append((word, kept["force"]))


class Passing(HotlineError):
    """An error that passes."""

    status = 503


@pytest.fixture
def board(services: Services) -> Board:
    """Register the step `flag` in this test's registry."""
    made = Board()
    step = ModeStep(
        "flag", "Flag", 1, lambda _session, params: f"Hoist {params['word']}", made.apply, made.revert, made.check,
        (ModeField("word", "Word", most=20), ModeField("loud", "Loud", "yes")),
    )  # fmt: skip
    jobs.registry().mode_step(step)
    return made


@pytest.fixture
def flags(app: Any, board: Board) -> Iterator[Board]:
    """Make the step `flag` known to the application as well; it is built once for many tests."""
    step: ModeStep = jobs.registry().mode_steps["flag"]
    app.extensions["registry"].mode_steps["flag"] = step
    jobs.set_registry(app.extensions["registry"])
    yield board
    del app.extensions["registry"].mode_steps["flag"]
