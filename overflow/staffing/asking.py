"""What if: a question in plain numbers, checked, kept as a row, and played by a job with two answers side by side."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hotline.core import jobs, live
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from overflow.staffing import simulation
from overflow.staffing.formulas import Calls
from overflow.staffing.models import WhatIf
from overflow.staffing.simulation import SLOT_S, Scenario, Slot, TooLong, simulate

JOB, SWEEP = "staffing.what_if", "staffing.sweep_what_ifs"
TOPIC = "whatif"
TIMEOUT_S = 150
DEADLINE_S = 90.0
TOLD_EVERY_S = 1.0
MAX_OPEN = 3
MAX_CALLS = 150_000
"""First calls of one question, so that a minute and a half is enough for two answers with callers who come back."""
LOST_AFTER = timedelta(minutes=10)
KEPT = timedelta(days=30)
SLOTS_BEFORE, SLOTS_AFTER = 2, 8
FEW_CALLS, RUNS = 20_000, 3
"""Where there are few calls three days are played and taken together, because one alone is a matter of luck."""


@dataclass(frozen=True)
class Field:
    """A number that is asked for: the least, the most and what stands there at first; `whole` takes no fractions."""

    least: float
    most: float
    usual: float
    whole: bool = True


FIELDS: dict[str, Field] = {
    "per_hour": Field(1, 20_000, 120),
    "factor": Field(1, 100, 10, whole=False),
    "hours": Field(0.5, 48, 6, whole=False),
    "agents": Field(0, 1_000, 20),
    "handling_s": Field(10, 3_600, 300),
    "patience_s": Field(10, 3_600, 120),
    "redial": Field(0, 95, 50),
    "within_s": Field(1, 600, 20),
    "volunteers_a": Field(0, 1_000, 0),
    "minutes_a": Field(0, 1_440, 20),
    "volunteers_b": Field(0, 1_000, 40),
    "minutes_b": Field(0, 1_440, 20),
}
"""Usual first calls an hour, times how many, for how many hours, agents on duty, seconds of a call and of patience, per cent that
call again, the service level's seconds; and for each of two answers how many volunteers come after how many minutes."""


@dataclass(frozen=True)
class Question:
    """A question that can be played; the fields are those of `FIELDS`."""

    per_hour: int
    factor: float
    hours: float
    agents: int
    handling_s: int
    patience_s: int
    redial: int
    within_s: int
    volunteers_a: int
    minutes_a: int
    volunteers_b: int
    minutes_b: int

    def scenario(self, answer: str, seed: int) -> Scenario:
        """Return what is played for answer `a` or `b`: half an hour as usual, the surge, and two hours after it."""
        volunteers, minutes = (
            (self.volunteers_a, self.minutes_a) if answer == "a" else (self.volunteers_b, self.minutes_b)
        )
        usual, surge = float(self.per_hour), self.per_hour * self.factor
        slots = [usual] * SLOTS_BEFORE + [surge] * max(1, round(self.hours * 4)) + [usual] * SLOTS_AFTER
        staff = [(0.0, self.agents)]
        if volunteers:
            staff.append((SLOTS_BEFORE * SLOT_S / 60 + minutes, self.agents + volunteers))
        calls = Calls(self.handling_s, self.patience_s, self.redial / 100)
        return Scenario(tuple(slots), calls, tuple(staff), self.within_s, seed=seed)

    @property
    def first_calls(self) -> float:
        """First calls that are expected in all."""
        return sum(self.scenario("a", 1).per_hour) / 4


def read(given: Mapping[str, Any]) -> Question:
    """Return the question of a form or of JSON; raises SeveralFaults that name each field, its value and the mend."""
    values: dict[str, float] = {}
    faults: list[dict[str, object]] = []
    for name, field in FIELDS.items():
        value = _number(given.get(name, field.usual), field)
        if value is None:
            kind = "a whole number" if field.whole else "a number"
            shown = str(given.get(name))[:40]
            mend = f"give {kind} from {field.least:g} to {field.most:g}"
            faults.append(
                {"field": name, "value": shown, "mend": mend, "message": f"{name}: {shown} cannot be used; {mend}"}
            )
        else:
            values[name] = value
    if faults:
        raise SeveralFaults(faults)
    question = Question(**values)  # type: ignore[arg-type]  # every value is of its field's kind now
    if question.first_calls > MAX_CALLS:
        calls = f"{question.first_calls:,.0f}"
        mend = f"give fewer arrivals or hours, for {MAX_CALLS:,} calls at most"
        raise SeveralFaults(
            [{"field": "hours", "value": calls, "mend": mend, "message": f"hours: {calls} calls; {mend}"}]
        )
    return question


def _number(given: Any, field: Field) -> float | None:
    """Return a number within its limits, or None; text may have a decimal point."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    text = str(given).strip()
    if len(text) > 20 or not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    value = float(text)
    if not field.least <= value <= field.most or (field.whole and value != int(value)):
        return None
    return int(value) if field.whole else value


def ask(session: Session, clock: Clock, actor: Actor, question: Question) -> WhatIf:
    """Keep a question for the job to play; raises Refused when the asker has too many open ones."""
    open_now = session.scalar(
        select(func.count()).where(WhatIf.asked_by_id == actor.id, WhatIf.state.in_(("waiting", "running")))
    )
    if (open_now or 0) >= MAX_OPEN:
        raise Refused(f"{MAX_OPEN} questions are still being played; wait for one.", code="what-ifs-open")
    asked = WhatIf(asked_by_id=actor.id, asked_at=clock.now(), question=asdict(question), curves={})
    session.add(asked)
    session.flush()
    return asked


def find(session: Session, what_if_id: int) -> WhatIf:
    """Return a question with its answers; raises NotFound."""
    found = session.get(WhatIf, what_if_id)
    if found is None:
        raise NotFound("what-if", what_if_id)
    return found


def recent(session: Session, officer_id: int | None, most: int = 8) -> Sequence[WhatIf]:
    """Return an officer's latest questions."""
    return session.scalars(
        select(WhatIf).where(WhatIf.asked_by_id == officer_id).order_by(WhatIf.id.desc()).limit(most)
    ).all()


class _TooSlow(Exception):
    """The time for one question is up."""


def play(services: Services, what_if_id: int) -> str:
    """Play a question and keep its curves; returns the state it has come to. The job of that name.

    Only a question that waits is begun, so that a job that runs twice plays once.
    """
    with services.db.transaction() as session:
        begun = session.execute(
            update(WhatIf)
            .where(WhatIf.id == what_if_id, WhatIf.state == "waiting")
            .values(state="running", begun_at=services.clock.now())
            .returning(WhatIf.question)
        ).scalar()
    if begun is None:
        return "not-waiting"
    question, progress = Question(**begun), _Progress(services, what_if_id)
    changes: dict[str, Any]
    try:
        curves = {answer: _curves(question, answer, progress, half) for half, answer in enumerate(("a", "b"))}
        changes = {"state": "done", "curves": curves, "progress": 100}
    except TooLong:
        changes = {"state": "failed", "failure": "too_long"}
    except _TooSlow:
        changes = {"state": "failed", "failure": "too_slow"}
    with services.db.transaction() as session:
        session.execute(
            update(WhatIf)
            .where(WhatIf.id == what_if_id, WhatIf.state == "running")
            .values(ended_at=services.clock.now(), **changes)
        )
    live.notify(services.redis, f"{TOPIC}:{what_if_id}")
    return str(changes["state"])


@dataclass
class _Progress:
    """Writes down how far a question is, once a second, and ends it when its time is up."""

    services: Services
    what_if_id: int

    def __post_init__(self) -> None:
        self.began = self.told = time.monotonic()

    def tell(self, share: float) -> None:
        """Take the share of all that is done."""
        now = time.monotonic()
        if now - self.began > DEADLINE_S:
            raise _TooSlow
        if now - self.told < TOLD_EVERY_S:
            return
        self.told = now
        with self.services.db.transaction() as session:
            session.execute(
                update(WhatIf).where(WhatIf.id == self.what_if_id).values(progress=min(99, int(share * 100)))
            )
        live.notify(self.services.redis, f"{TOPIC}:{self.what_if_id}")


def _curves(question: Question, answer: str, progress: _Progress, half: int) -> dict[str, Any]:
    runs = RUNS if question.first_calls < FEW_CALLS else 1
    slots: list[Slot] = []
    for run in range(runs):

        def watch(share: float, run: int = run) -> None:
            progress.tell((half + (run + share) / runs) / 2)

        played = simulate(question.scenario(answer, seed=run + 1), watch=watch)
        slots = [kept.added(new) for kept, new in zip(slots, played, strict=True)] if slots else played
    total = simulation.whole(slots)
    return {
        "minutes": [(number - SLOTS_BEFORE) * SLOT_S // 60 for number in range(len(slots))],
        "wait_s": [round(slot.mean_wait_s, 1) for slot in slots],
        "abandoned": [round(slot.abandoned * 100, 1) for slot in slots],
        "occupancy": [round(slot.occupancy * 100, 1) for slot in slots],
        "per_hour": [round(slot.arrivals * 4 / runs) for slot in slots],
        "on_duty": [round(slot.duty_s / runs / SLOT_S, 1) for slot in slots],
        "total": {
            "wait_s": round(total.mean_wait_s, 1), "answer_s": round(total.mean_answer_s, 1),
            "abandoned": round(total.abandoned * 100, 1), "occupancy": round(total.occupancy * 100, 1),
            "level": round(total.level * 100, 1), "calls": round(total.arrivals / runs),
        },
    }  # fmt: skip


def sweep(services: Services) -> int:
    """Enqueue what waits, give up what a worker left behind, and forget old questions; how many were enqueued."""
    now = services.clock.now()
    with services.db.transaction() as session:
        session.execute(
            update(WhatIf)
            .where(WhatIf.state == "running", WhatIf.begun_at < now - LOST_AFTER)
            .values(state="failed", failure="lost", ended_at=now)
        )
        session.execute(delete(WhatIf).where(WhatIf.asked_at < now - KEPT))
        waiting = session.scalars(
            select(WhatIf.id).where(WhatIf.state == "waiting").order_by(WhatIf.id).limit(100)
        ).all()
    for what_if_id in waiting:
        jobs.enqueue(services, JOB, what_if_id)
    return len(waiting)
