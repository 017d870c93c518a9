"""What each package brings to the house; its `wiring.register(registry)` fills this, and `wsgi.py` reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from flask import Blueprint
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
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
class Alerted:
    """People of a country (ISO code) to whom an alert has gone out or goes out, and when that began."""

    country: str
    at: datetime
    people: int


@dataclass(frozen=True)
class IncomingCall:
    """A call that has just come in, for the room above that knows who forwards to us; numbers are E.164 or empty.

    `context` is the one-time token of the forwarding webhook and `diversion` the forwarded number, where a telephone
    exchange sent them along as headers of its own.
    """

    call_id: int
    phone: str
    called: str
    forwarded_from: str
    context: str
    diversion: str


@dataclass(frozen=True)
class Recognised:
    """Whose call it is: the mission that is answered as, the language to begin in (empty: ask), and whether it is a drill.

    `test`: the greeting is all that is to be heard, because a machine of ours checks the line.
    """

    mission_id: int | None
    language: str = ""
    drill: bool = False
    test: bool = False


@dataclass(frozen=True)
class ModeStep:
    """A kind of step of disaster mode, brought by the room that knows how to do it and how to take it back.

    `apply` and `revert` run in one transaction with the step's row, so they change rows only: a provider is reached by rows that
    are sent afterwards, and a crash undoes the step whole. `apply` returns what `revert` needs (JSON values). Both read
    `Incident.drill` and reach only people and lines of drills where it is true. `revert` raises `Refused` with the code
    `CHANGED_BY_HAND` where somebody changed the thing meanwhile; it is called again with `kept["force"] = True` when an officer
    has seen that and wants it restored all the same. `check` returns the parameters as they are kept; it raises InvalidInput or
    SeveralFaults that name them. `describe` says what the step will do, in the reader's language.
    """

    kind: str
    label: str
    order: int
    describe: Callable[[Session, Mapping[str, Any]], str]
    apply: Callable[[Session, Services, Actor, int, Mapping[str, Any]], dict[str, Any]]
    revert: Callable[[Session, Services, Actor, int, Mapping[str, Any], Mapping[str, Any]], None]
    check: Callable[[Session, Mapping[str, Any]], dict[str, Any]] = lambda _session, params: dict(params)
    fields: tuple[ModeField, ...] = ()
    """What the plan's editor asks for."""
    for_readers: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
    """What of the parameters everybody may read who neither switches nor writes plans: partners by name, without numbers."""


CHANGED_BY_HAND = "changed-by-hand"
"""Code of the refusal to restore what somebody changed since a step of disaster mode was done."""


@dataclass(frozen=True)
class ModeField:
    """One parameter in the editor of plans: `kind` is `text`, `lines`, `number`, `choice`, `choices` or `yes`.

    `options` gives value and label of each choice; `label` and `help` are message ids.
    """

    name: str
    label: str
    kind: str = "text"
    help: str = ""
    options: Callable[[Session], list[tuple[str, str]]] | None = None
    most: int = 2_000
    """Characters of a text, the largest number, or how many choices."""
    optional: bool = False
    """May be left empty; the step then does what is usual."""


@dataclass(frozen=True)
class IncidentFigures:
    """What a room counts of an incident, for its page and its report.

    `read` returns counts by message id, in order; `by_hour` how many fell into which hour (its
    beginning, aware UTC), for a plot. Both take the incident's id.
    """

    title: str
    order: int
    read: Callable[[Session, int], list[tuple[str, int]]]
    plotted: str = ""
    """Message id of what the plot shows; empty for none."""
    by_hour: Callable[[Session, int], list[tuple[datetime, int]]] | None = None


@dataclass(frozen=True)
class CallStarts:
    """Where one room's calls in bulk stand, in SQL: `begun` counts attempts after %(since)s up to %(now)s, `waiting` says whether
    more wait at %(now)s. Used by `hotline.providers.call_starts`."""

    name: str
    begun: str
    waiting: str


@dataclass(frozen=True)
class OwnLink:
    """A page of a room that somebody reaches from their own page `/p/{token}`, at `path` below the same token.

    `labels` names it by language, English at least; `shown` says whether whoever the token's claims name may be led there.
    """

    path: str
    labels: Mapping[str, str]
    shown: Callable[[Session, Any], bool]


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
    remittance_panels: list[Panel] = field(default_factory=list)
    """Parts of a remittance's page; views take `remittance_id` and return HTML, empty for nothing to show now."""
    mission_panels: list[Panel] = field(default_factory=list)
    """Parts of a mission's own page; the endpoint takes `mission_id` and returns HTML as text (for example: its line tests)."""
    incident_panels: list[Panel] = field(default_factory=list)
    """Parts of an incident's page; the endpoint takes `incident_id` and returns HTML as text (for example: its alerts)."""
    incident_figures: list[IncidentFigures] = field(default_factory=list)
    """What rooms count of an incident."""
    mode_steps: dict[str, ModeStep] = field(default_factory=dict)
    """What disaster mode can do, by kind; rooms add theirs with `mode_step`."""
    desk_panels: list[Panel] = field(default_factory=list)
    """Parts beneath an agent's own state on the desk; the endpoint takes `agent_id` and returns HTML as text, empty for nothing.

    Forms in it that are marked `data-desk-form` are sent in the background: answer them with 204 where the header
    `X-Fragment` is 1. The desk looks again at every hint about `desk:<agent>` (`hotline.core.live.notify_desk`).
    """
    volunteer_panels: list[Panel] = field(default_factory=list)
    """Parts of a volunteer's own page, which opens by a link and without an account.

    The endpoint takes `volunteer_id` and returns HTML as text, in the reader's language; nobody is signed in, so `permission`
    is not asked for. Forms in it go to the room's own routes below `/v/<token>/`; the token is `g.volunteer_token`.
    """
    volunteer_duties: list[Callable[[Session, Clock, int], datetime | None]] = field(default_factory=list)
    """Each tells until when there is work at a desk for a volunteer (by id); None when its room has none for them now."""
    own_links: list[OwnLink] = field(default_factory=list)
    """Where somebody's own page leads on."""
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
    recognise: Callable[[Session, Services, IncomingCall], Recognised | None] | None = None
    """Tells which mission a call was meant for, in the transaction that writes it down; None leaves it to the number called."""
    ready_guards: list[Callable[[Session, Clock, Any], None]] = field(default_factory=list)
    """Asked, with the locked agent, before anybody becomes ready; each raises Refused to say no and changes nothing.

    The refusal's code names the reason: `briefing-due` becomes the reason `briefing_due` of `hotline.agents.states.BENCHED`.
    """
    people_in_alerts: Callable[[Session, datetime, bool], Sequence[Alerted]] | None = None
    """Tells how many people alerts that began after a moment are meant for, by country; drills' or the real ones."""
    volunteers_coming: Callable[[Session, bool], int] | None = None
    """Tells how many have said yes to a call-out (a drill's or a real one) and are not on duty yet."""
    on_shift: Callable[[Session, datetime], set[int]] | None = None
    """Tells the agents (by id) whose planned shift holds a moment."""
    minutes_to_come: Callable[[Session, bool], float | None] | None = None
    """Tells how many minutes volunteers took to come at past call-outs; None where there were too few."""
    month_checks: list[Callable[[Session, str], Sequence[Any]]] = field(default_factory=list)
    """Tell what stands against closing a month (`2026-11`) of the books, as hindrances (see `remittance.ledger.closing`)."""
    text_answers: list[Callable[[Session, Clock, str, str, datetime | None], tuple[str, ...] | None]] = field(
        default_factory=list
    )
    """Each may take a text that somebody sent (number in E.164, words, when an alert was sent to that number last) for an answer
    to a question of its own room: the live topics that changed, None to leave it to the others. In the caller's transaction."""
    call_starts: list[CallStarts] = field(default_factory=list)
    """Calls in bulk that go before those of rooms above (see `CallStarts`)."""
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

    def mode_step(self, step: ModeStep) -> None:
        """Add a kind of step of disaster mode; raises ValueError when the kind is taken."""
        if step.kind in self.mode_steps:
            raise ValueError(f"step {step.kind} of disaster mode is registered twice")
        self.mode_steps[step.kind] = step

    def on(self, topic: str, name: str, handler: Handler) -> None:
        """Add an idempotent handler of an outbox topic under a stable name."""
        entries = self.handlers.setdefault(topic, [])
        if any(existing == name for existing, _ in entries):
            raise ValueError(f"handler {name} of {topic} is registered twice")
        entries.append((name, handler))
