"""The wallboard's figures, to the number: who waits, how fast they were answered, who hung up, and who is there for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.queues import callbacks, figures
from hotline.queues.entering import leave
from hotline.queues.models import QueueEntry
from tests.auth.conftest import Visitor
from tests.factories import make_officer
from tests.queues.making import call_in, make_agent, make_queue


def waited(session: Session, clock: FrozenClock, seconds: int, **more: Any) -> None:
    """Let somebody have been answered after a wait."""
    entry: QueueEntry = call_in(session, clock, **more)
    entry.enqueued_at, entry.taken_at = clock.now() - timedelta(seconds=seconds), clock.now()
    entry.state, entry.left_at, entry.left_reason, entry.ended_at = "left", clock.now(), "answered", clock.now()


def hung_up(session: Session, clock: FrozenClock, seconds: int, **more: Any) -> None:
    """Let somebody hang up after a wait."""
    entry = call_in(session, clock, **more)
    entry.enqueued_at = clock.now() - timedelta(seconds=seconds)
    session.flush()
    leave(session, clock, entry.call_ref, "hangup")


@pytest.fixture
def day(db: Database, clock: FrozenClock) -> None:
    """A day of one queue, with an exercise beside it, and another queue in which nobody waits."""
    with db.transaction() as session:
        make_queue(session, service_level_s=20, abandon_callback=False, short_abandon_s=5)
        make_queue(session, code="quiet", name_en="Quiet")
        for seconds in (10, 20, 60):
            waited(session, clock, seconds)
        waited(session, clock, 500, drill=True)
        hung_up(session, clock, 40)
        hung_up(session, clock, 2)
        hung_up(session, clock, 90, drill=True)
        for seconds, language in ((100, "ko"), (30, "en"), (5, "ko")):
            call_in(session, clock, language=language).enqueued_at = clock.now() - timedelta(seconds=seconds)
        call_in(session, clock, language="vi", drill=True).enqueued_at = clock.now() - timedelta(seconds=900)
        for state in ("ready", "ready", "not_ready", "offline"):
            make_agent(session, state=state, **({"reason": "meal"} if state == "not_ready" else {}))
        make_agent(session, languages=["ko", "en"])
        make_agent(session, languages=["vi"], drill=True)
        make_agent(session, active=False)
        callbacks.reserve(session, clock, queue="general", phone="+821012345678", at=clock.now() + timedelta(hours=1))


@pytest.mark.usefixtures("day")
def test_every_figure_is_what_counting_by_hand_gives(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        general, quiet = figures.queue_figures(session, clock)
        states, languages = figures.agents_by_state(session), figures.agents_by_language(session)
    assert (general.waiting, general.longest_s, general.languages, general.exercise) == (3, 100, {"ko": 2, "en": 1}, 1)
    assert (general.answered, general.asa_s) == (3, 30.0)
    assert general.service_level == 2 / 4, "10 and 20 s of three answered and one who hung up late"
    assert (general.abandoned, general.short) == (1, 1), "who hung up at once is counted apart"
    assert general.callbacks == 1
    assert (quiet.waiting, quiet.longest_s, quiet.service_level, quiet.asa_s, quiet.answered) == (0, 0, None, None, 0)
    assert {state: count for state, count in states.items() if count} == {"ready": 3, "not_ready": 1, "offline": 1}
    assert languages == {"ko": (3, 3), "en": (1, 1)}


@pytest.mark.usefixtures("day")
def test_the_wallboard_shows_them_and_an_exercise_apart(app: Any, db: Database) -> None:
    with db.transaction() as session:
        make_officer(session, roles=("senior_agent",), name="senior")
    visitor = Visitor(app.test_client())
    visitor.sign_in("senior")
    page = visitor.get("/wallboard").get_data(as_text=True)
    first = page[page.index("board-queue") : page.index("Quiet")]
    assert "<dt>Waiting</dt><dd>3 <" in first and "DRILL 1" in first
    assert "<dt>Answered in 20 s</dt><dd>50 %" in first and "<dt>Hung up at once</dt><dd>1<" in first
    assert "DRILL" not in page[page.index("Quiet") :]


def test_a_made_up_caller_who_waits_for_nobody_is_no_fault_of_the_centre(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        make_queue(session)
        call_in(session, clock, drill=True)
        (only,) = figures.queue_figures(session, clock)
        assert (only.waiting, only.exercise, only.fault) == (0, 1, False)
        call_in(session, clock)
        (only,) = figures.queue_figures(session, clock)
    assert (only.waiting, only.fault) == (1, True)
