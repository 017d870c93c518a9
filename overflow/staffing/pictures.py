"""What the curves of the pages are made of: names, colours and values, in the form that `staffing.js` draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hotline.core.i18n import gettext

Line = dict[str, Any]


def _line(label: str, values: Sequence[float | None], colour: str, **more: Any) -> Line:
    return {"label": label, "values": list(values), "colour": colour, **more}


def of_advice(lines: Mapping[str, Sequence[float | None]], at: datetime, zone: str) -> dict[str, Any]:
    """Return the pictures of calls and of people; `band` names the lines that a pale area lies between."""
    offset = at.astimezone(UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return {
        "x": list(lines["t"]),
        "offset": int(offset.total_seconds()) // 60,
        "now": at.timestamp(),
        "charts": {
            "calls": {
                "lines": [
                    _line(gettext("came"), lines["came"], "ink"),
                    _line(gettext("expected"), lines["per_hour"], "accent"),
                    _line(gettext("at least (80 %)"), lines["low"], "accent", thin=True),
                    _line(gettext("at most (80 %)"), lines["high"], "accent", thin=True),
                ],
                "band": [3, 2],
            },
            "people": {
                "lines": [
                    _line(gettext("needed"), lines["needed"], "accent", stepped=True),
                    _line(gettext("at least (80 %)"), lines["needed_low"], "accent", thin=True, stepped=True),
                    _line(gettext("at most (80 %)"), lines["needed_high"], "accent", thin=True, stepped=True),
                    _line(gettext("on duty"), lines["on_duty"], "good", stepped=True),
                ],
                "band": [2, 1],
            },
        },
    }


def of_answer(curves: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the pictures of a question's two answers; `x` is minutes since the surge began. Empty while there are none."""
    if not curves:
        return {"x": [], "charts": {}}
    charts = {}
    for name, values in (("wait", "wait_s"), ("abandoned", "abandoned"), ("occupancy", "occupancy")):
        charts[name] = {
            "lines": [
                _line(names["a"], curves["a"][values], "warn"),
                _line(names["b"], curves["b"][values], "accent"),
            ]
        }
    return {"x": [60 * minute for minute in curves["a"]["minutes"]], "minutes": True, "charts": charts}
