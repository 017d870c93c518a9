"""Structured logs, one JSON line per event on standard error, with personal data and secrets kept out."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_KEYS = re.compile(r"password|token|secret|authorization|cookie|body|text|phone$|^to$|^from$", re.IGNORECASE)
_PHONE = re.compile(r"\+\d{7,15}")


def _without_personal_data(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank values under telling names and any E.164 number inside text, whatever the caller put in."""
    for key, value in list(event.items()):
        if _SECRET_KEYS.search(key):
            event[key] = "[withheld]"
        elif isinstance(value, str):
            event[key] = _PHONE.sub("[number]", value)
    return event


def configure(process: str, *, level: int = logging.INFO) -> None:
    """Set up logging for a process whose name (`web`, `worker`, …) stands in every line."""
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_personal_data,
    ]
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors, processor=structlog.processors.JSONRenderer(ensure_ascii=False)
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
