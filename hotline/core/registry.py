"""What each package brings to the house; its `wiring.register(registry)` fills this, and `wsgi.py` reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from flask import Blueprint
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.outbox import Handler
from hotline.core.services import Services

QUEUES = ("urgent", "default", "slow")
"""Every job queue of the house, most urgent first; a worker serves all of them unless told otherwise."""


@dataclass(frozen=True)
class Job:
    """A function the worker may run, by name, on one queue, with a time limit; arguments are ids, never content."""

    name: str
    function: Callable[..., Any]
    queue: str
    timeout_s: int = 120


@dataclass(frozen=True)
class Schedule:
    """A job that the scheduler enqueues every so often; it is skipped while the previous one still waits."""

    name: str
    job: str
    every: timedelta


@dataclass(frozen=True)
class MenuEntry:
    """A line of the console's menu: shown to those who hold the permission, in this order."""

    endpoint: str
    label: str
    permission: str
    order: int
    key: str = ""
    """Keyboard shortcut after `g`, as in `g a`."""
    group: str = ""
    """One of `hotline.core.menu_groups`; empty stands in the bar by itself."""


@dataclass(frozen=True)
class Panel:
    """A part of the overview page, brought by the room that knows its content.

    `endpoint` names a GET view without arguments that returns the panel's HTML as text; the overview calls it for the
    first picture and open pages fetch it again when the live `topic` changes.
    """

    title: str
    endpoint: str
    permission: str
    order: int
    topic: str = "system"
    wide: bool = False
    """Takes the whole width of the page."""
    link: str = ""
    """Endpoint of the page that shows more, when there is one."""


@dataclass(frozen=True)
class Received:
    """Something that a room above sent to somebody, for what lies below and shows a person's whole story.

    `holds` says whether it still means something; `endpoint` is the page about it, which takes `arguments`.
    """

    at: datetime
    kind: str
    number: int
    words: str
    severity: str
    holds: bool
    endpoint: str
    arguments: dict[str, int]


@dataclass(frozen=True)
class SubjectKind:
    """What the audit trail calls a kind of thing, and the page that shows one (`argument` takes its id)."""

    label: str
    endpoint: str = ""
    argument: str = ""
    permission: str = ""


@dataclass
class Registry:
    """All routes, jobs, schedules, handlers, menu entries, overview panels and commands."""

    blueprints: list[Blueprint] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    schedules: list[Schedule] = field(default_factory=list)
    handlers: dict[str, list[tuple[str, Handler]]] = field(default_factory=dict)
    menu: list[MenuEntry] = field(default_factory=list)
    """Labels are message ids (marked with `gettext_noop`); the console translates them where it shows them."""
    panels: list[Panel] = field(default_factory=list)
    traveller_panels: list[Panel] = field(default_factory=list)
    """Parts of a traveller's page; the endpoint takes `traveller_id` and returns HTML as text (for example: texts they got)."""
    case_panels: list[Panel] = field(default_factory=list)
    """Parts of a case's page that rooms above bring; the endpoint takes `case_id` and returns HTML as text."""
    explanations: dict[str, str] = field(default_factory=dict)
    """Texts for people by error code (see `hotline.core.explain`), marked with `gettext_noop`."""
    action_labels: dict[str, str] = field(default_factory=dict)
    """What the audit trail's actions are called, by action, marked with `gettext_noop`."""
    subjects: dict[str, SubjectKind] = field(default_factory=dict)
    """The audit trail's kinds of subject, by kind."""
    static: dict[str, Path] = field(default_factory=dict)
    """Folders of static files by the first part of their address: `static["alerts"]` is served at `/static/alerts/`."""
    commands: list[click.Command] = field(default_factory=list)
    starters: list[Callable[[Services], None]] = field(default_factory=list)
    """Called once in each web process after the application is made (for example: load the position index)."""
    rehearsals: list[Callable[[Services], None]] = field(default_factory=list)
    """Called as `starters` are, but only in a process that serves: what makes its first answers as quick as the later ones."""
    worker_starters: list[Callable[[Services], None]] = field(default_factory=list)
    """Called once in each worker process that serves the queue `default` (for example: bind to message centres)."""
    link_receipts: Callable[[Services, str, Any], None] | None = None
    """Takes a delivery receipt that came over a provider's link (provider, what it says); returns after the commit."""
    link_texts: Callable[[Services, str, Any], None] | None = None
    """Takes a text that somebody sent over a provider's link (provider, what it carries); returns after the commit."""
    readiness: list[Callable[[Services], dict[str, str]]] = field(default_factory=list)
    """What `/readyz` tells besides whether this process is ready: trouble by name, in words anybody may read."""
    received: Callable[[Session, Sequence[str], int, datetime], Sequence[Received]] | None = None
    """Tells what was sent to these numbers (E.164), the latest first, at most so many."""
    context: list[Callable[[], dict[str, Any]]] = field(default_factory=list)
    demo: list[Callable[[Services, Actor], None]] = field(default_factory=list)
    """Called by `hotline demo load` with the demo author, to add made-up content of this room; may be called again."""

    def job(self, name: str, function: Callable[..., Any], *, queue: str, timeout_s: int = 120) -> None:
        """Add a job; raises ValueError when the name is taken or the queue has no consumer."""
        if name in self.jobs:
            raise ValueError(f"job {name} is registered twice")
        if queue not in QUEUES:
            raise ValueError(f"job {name}: queue {queue!r} has no consumer; use one of {', '.join(QUEUES)}")
        self.jobs[name] = Job(name, function, queue, timeout_s)

    def every(self, seconds: float, job: str) -> None:
        """Have the scheduler enqueue a job every so many seconds."""
        self.schedules.append(Schedule(f"{job}.every", job, timedelta(seconds=seconds)))

    def on(self, topic: str, name: str, handler: Handler) -> None:
        """Add an idempotent handler of an outbox topic under a stable name."""
        entries = self.handlers.setdefault(topic, [])
        if any(existing == name for existing, _ in entries):
            raise ValueError(f"handler {name} of {topic} is registered twice")
        entries.append((name, handler))
