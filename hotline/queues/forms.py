"""The editor's form of a queue, to and from its rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.core.errors import InvalidInput
from hotline.queues.keeping import QueueFacts
from hotline.queues.models import Queue
from hotline.queues.steps import MAX_STEPS, Step, read_steps

NUMBERS = (
    "priority_s", "sticky_s", "ring_s", "wrap_up_s", "max_waiting", "service_level_s", "short_abandon_s", "usual_talk_s",
)  # fmt: skip
OPTIONAL = ("callback_after_s", "overflow_wait_s", "overflow_expected_s")
_PLAIN = ("code", "name_ko", "name_en", "strategy", "overflow_action", "overflow_queue_id")
_FLAGS = ("active", "abandon_callback", "overflow_no_staff")


def form_of_queue(queue: Queue | None) -> dict[str, Any]:
    """Return the fields of the editor for a queue, or for a new one."""
    facts: Any = queue if queue is not None else QueueFacts(code="", name_ko="", name_en="")
    steps = read_steps(queue.steps) if queue is not None else (Step(),)
    fields = {name: getattr(facts, name) for name in (*_PLAIN, *NUMBERS, *OPTIONAL)}
    fields |= {name: "1" if getattr(facts, name) else "" for name in _FLAGS}
    for number, step in enumerate(steps):
        fields |= {
            f"after-{number}": step.after_s, f"level-{number}": step.level, f"groups-{number}": step.groups or "",
            f"drop-{number}": ", ".join(step.drop), f"language-{number}": "1" if step.language else "",
        }  # fmt: skip
    fields |= {f"group-{group_id}": place for place, group_id in enumerate(facts.group_ids, 1)}
    rows = min(MAX_STEPS, len(steps) + 2)
    return {"version": queue.version if queue is not None else 0, "step_rows": rows} | fields


def facts_of_form(form: Mapping[str, str]) -> QueueFacts:
    """Return the rules that the editor sent; raises InvalidInput naming the field."""
    overflow_queue = form.get("overflow_queue_id", "") if form.get("overflow_action") == "queue" else ""
    values: dict[str, Any] = {name: _number(name, form.get(name, "")) for name in NUMBERS}
    values |= {name: _number(name, form[name]) if form.get(name) else None for name in OPTIONAL}
    values |= {name: form.get(name) == "1" for name in _FLAGS}
    values |= {name: form.get(name, "").strip() for name in _PLAIN if name != "overflow_queue_id"}
    return QueueFacts(
        overflow_queue_id=_number("overflow_queue_id", overflow_queue) if overflow_queue else None,
        steps=_steps(form),
        group_ids=_groups(form),
        **values,
    )


def _steps(form: Mapping[str, str]) -> tuple[Step, ...]:
    return tuple(
        Step(
            after_s=_number("steps", form[f"after-{number}"]),
            level=_number("steps", form.get(f"level-{number}") or "1"),
            language=form.get(f"language-{number}") == "1",
            drop=tuple(each.strip() for each in form.get(f"drop-{number}", "")[:400].split(",") if each.strip()),
            groups=_number("steps", form.get(f"groups-{number}") or "0"),
        )
        for number in range(MAX_STEPS)
        if form.get(f"after-{number}")
    )


def _groups(form: Mapping[str, str]) -> list[int]:
    """Return the groups in the order of the numbers written beside them."""
    places = [
        (_number("group_ids", place), _number("group_ids", name.removeprefix("group-")))
        for name, place in form.items()
        if name.startswith("group-") and place.strip()
    ]
    return [group_id for _, group_id in sorted(places)]


def _number(field: str, written: str) -> int:
    given = written.strip()
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise InvalidInput(field, written, "write a whole number")
    return int(given)
