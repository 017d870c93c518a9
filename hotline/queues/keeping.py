"""The rules of a queue: changed in the console as data, each change checked, versioned and on the audit trail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import AgentGroup
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, InvalidInput, NotFound
from hotline.queues.choosing import STRATEGIES
from hotline.queues.models import Queue
from hotline.queues.steps import Step, check_steps

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,29}")
ACTIONS = ("none", "callback", "voicemail", "queue")
LIMITS = {
    "priority_s": (1, 3600), "sticky_s": (0, 600), "ring_s": (5, 60), "wrap_up_s": (0, 3600), "max_waiting": (1, 100_000),
    "service_level_s": (1, 3600), "short_abandon_s": (0, 60), "usual_talk_s": (10, 3600), "callback_after_s": (0, 7200),
    "overflow_wait_s": (1, 7200), "overflow_expected_s": (1, 7200),
}  # fmt: skip
"""Least and most of every number; seconds, but for the callers of `max_waiting`."""


@dataclass(frozen=True, kw_only=True)
class QueueFacts:
    """The rules of a queue; seconds throughout, None where a rule is off. See `Queue` for what each means."""

    code: str
    name_ko: str
    name_en: str
    active: bool = True
    strategy: str = "longest_idle"
    steps: Sequence[Step] = (Step(),)
    group_ids: Sequence[int] = field(default=())
    priority_s: int = 60
    sticky_s: int = 60
    ring_s: int = 20
    wrap_up_s: int = 180
    max_waiting: int = 10_000
    service_level_s: int = 20
    short_abandon_s: int = 5
    usual_talk_s: int = 240
    callback_after_s: int | None = None
    abandon_callback: bool = True
    overflow_action: str = "none"
    overflow_queue_id: int | None = None
    overflow_wait_s: int | None = None
    overflow_expected_s: int | None = None
    overflow_no_staff: bool = False


def get_queue(session: Session, queue_id: int, *, lock: bool = False) -> Queue:
    """Return a queue; raises NotFound."""
    queue = session.get(Queue, queue_id, with_for_update=lock, populate_existing=lock)
    if queue is None:
        raise NotFound("queue", queue_id)
    return queue


def keep_queue(
    session: Session, clock: Clock, actor: Actor, facts: QueueFacts, *, queue_id: int | None = None, version: int = 0
) -> Queue:
    """Add a queue, or change one that was read at `version`; those who wait are asked for by the new rules as they widen.

    Raises InvalidInput naming the field, Conflict when somebody changed the queue meanwhile.
    """
    queue = get_queue(session, queue_id, lock=True) if queue_id is not None else None
    values = _checked(session, facts, queue)
    if queue is None:
        queue = Queue(**values, version=1, updated_at=clock.now())
        session.add(queue)
        before = None
    else:
        if queue.version != version:
            raise Conflict("Somebody changed this queue meanwhile; look at it again.", code="queue-changed")
        before = {name: getattr(queue, name) for name in values if getattr(queue, name) != values[name]}
        for name, value in values.items():
            setattr(queue, name, value)
        queue.version, queue.updated_at = queue.version + 1, clock.now()
    session.flush()
    after = values if before is None else {name: values[name] for name in before}
    audit.record(session, clock, actor, "queue.kept", "queue", queue.id, before=before, after=after)
    return queue


def _checked(session: Session, facts: QueueFacts, queue: Queue | None) -> dict[str, Any]:
    if not _CODE.fullmatch(facts.code):
        raise InvalidInput("code", facts.code, "use small letters, digits, dashes and underscores, at most 30")
    taken = session.scalar(select(Queue.id).where(Queue.code == facts.code))
    if taken is not None and (queue is None or queue.id != taken):
        raise InvalidInput("code", facts.code, "another queue has this name already")
    for name in ("name_ko", "name_en"):
        if not 1 <= len(getattr(facts, name).strip()) <= 80:
            raise InvalidInput(name, getattr(facts, name), "use 1 to 80 characters")
    for name, (least, most) in LIMITS.items():
        given = getattr(facts, name)
        if given is not None and not least <= given <= most:
            raise InvalidInput(name, given, f"use {least} to {most}")
    if facts.strategy not in STRATEGIES:
        raise InvalidInput("strategy", facts.strategy, f"use one of {', '.join(STRATEGIES)}")
    _check_groups(session, facts)
    _check_overflow(session, facts, queue)
    steps = [step.as_json() for step in check_steps(facts.steps, len(facts.group_ids))]
    return asdict(facts) | {"steps": steps, "group_ids": list(facts.group_ids)}


def _check_groups(session: Session, facts: QueueFacts) -> None:
    known = set(session.scalars(select(AgentGroup.id).where(AgentGroup.id.in_(facts.group_ids))))
    if known != set(facts.group_ids) or len(known) != len(facts.group_ids):
        raise InvalidInput("group_ids", list(facts.group_ids), "name groups that exist, each once")


def _check_overflow(session: Session, facts: QueueFacts, queue: Queue | None) -> None:
    if facts.overflow_action not in ACTIONS:
        raise InvalidInput("overflow_action", facts.overflow_action, f"use one of {', '.join(ACTIONS)}")
    if (facts.overflow_action == "queue") != (facts.overflow_queue_id is not None):
        raise InvalidInput(
            "overflow_queue_id", facts.overflow_queue_id, "name the queue that takes them, and only then"
        )
    seen = {queue.id} if queue is not None else set()
    following = facts.overflow_queue_id
    while following is not None:
        if following in seen:
            raise InvalidInput("overflow_queue_id", facts.overflow_queue_id, "callers would go round in a circle")
        seen.add(following)
        target = session.get(Queue, following)
        if target is None:
            raise InvalidInput("overflow_queue_id", following, "choose a queue that exists")
        following = target.overflow_queue_id
