"""A provider, callers and agents that do anything at any moment: webhooks late, twice and out of order, over a real house."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select, text
from werkzeug.test import TestResponse

from hotline.agents import presence
from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.calls import dialling, handling
from hotline.calls.handling import Desk
from hotline.calls.models import Call, Leg
from hotline.core import outbox
from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError
from hotline.core.jobs import registry
from hotline.core.services import Services
from hotline.queues import tending
from hotline.queues.assigning import assign_due
from hotline.queues.models import QueueEntry, Reservation
from tests.calls.conftest import CENTRE, Hook, action_of, sid, twiml
from tests.calls.telephones import Telephones
from tests.factories import NOW
from tests.queues.making import make_agent, make_queue

AGENTS = 3
MAX_CALLERS = 6


@dataclass
class Caller:
    """Somebody on the line, with the document that their telephone follows now."""

    number: int
    answer: TestResponse | None = None
    gone: bool = False

    @property
    def phone(self) -> str:
        """Return their number."""
        return f"+8210{self.number * 7_654_321 % 100_000_000:08d}"


@dataclass
class World:
    """Three agents, one queue and a provider that is driven by events, each of which may make no sense at its moment."""

    hook: Hook
    services: Services
    clock: FrozenClock
    telephones: Telephones
    callers: list[Caller] = field(default_factory=list)
    told: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    agents: list[int] = field(default_factory=list)
    obeyed: int = 0

    def __post_init__(self) -> None:
        """Begin with nobody on the line, at the beginning of everybody's duty."""
        self.clock.set(NOW)
        with self.services.db.transaction() as session:
            session.execute(
                text("SET LOCAL session_replication_role = replica")
            )  # vouchers, which hang on cases, refuse to be emptied
            session.execute(
                text(
                    "TRUNCATE calls, call_legs, call_events, call_orders, contacts, screened_calls, number_flags, queues,"
                    " queue_entries, agents, outbox_events RESTART IDENTITY CASCADE"
                )
            )
            session.execute(text("SET LOCAL session_replication_role = origin"))
            make_queue(session, abandon_callback=False)
            self.agents = [
                make_agent(session, phone=f"+8221555{n:04d}", languages=["ko", "en"]).id for n in range(AGENTS)
            ]
        self.telephones.made.clear()
        self.telephones.commands.clear()

    # What happens ------------------------------------------------------------------------------------------------------

    def do(self, event: str, pick: int, seconds: int) -> None:
        """Let one thing happen."""
        self.clock.advance(timedelta(seconds=seconds))
        acts: dict[str, Callable[[], object]] = {
            "call": lambda: self.call("10"), "danger": lambda: self.call("9"), "come_round": lambda: self.come_round(pick),
            "hang_up": lambda: self.hang_up(pick), "assign": self.assign, "deliver": self.deliver,
            "work": lambda: dialling.carry_out(self.services), "take": lambda: self.picks_up(pick, "1"),
            "refuse": lambda: self.picks_up(pick, "5"), "silent": lambda: self.picks_up(pick, ""),
            "rings": lambda: self.leg_word(pick, "ringing"), "ends": lambda: self.leg_word(pick, "completed"),
            "no_answer": lambda: self.leg_word(pick, "no-answer"), "breaks": lambda: self.leg_word(pick, "failed"),
            "busy": lambda: self.leg_word(pick, "busy"), "again": lambda: self.again(pick), "obey": self.obey,
            "finish": lambda: self.at_desk(pick, handling.finish), "hold": lambda: self.at_desk(pick, handling.hold, on=True),
            "requeue": lambda: self.at_desk(pick, handling.requeue, queue="general"),
            "wrap": lambda: self.wrap(pick), "rest": lambda: self.choose(pick, "not_ready", "meal"),
            "ready": lambda: self.choose(pick, "ready"), "tend": lambda: tending.tend(self.services),
            "reconcile": lambda: dialling.reconcile(self.services),
        }  # fmt: skip
        acts[event]()

    def post(self, page: str, fields: dict[str, str]) -> TestResponse:
        """Post a webhook and remember what was answered."""
        answer = self.hook(page, **fields)
        self.told.append((page, fields, answer.data))
        return answer

    def call(self, keys: str) -> None:
        """Let somebody call and press keys."""
        if len(self.callers) >= MAX_CALLERS:
            return
        caller = Caller(len(self.callers) + 1)
        self.callers.append(caller)
        caller.answer = self.post("inbound", self._from(caller) | {"CallStatus": "ringing"})
        for key in keys:
            self._follow(caller, key)

    def _from(self, caller: Caller) -> dict[str, str]:
        return {"CallSid": sid(caller.number), "From": caller.phone, "To": CENTRE, "CallStatus": "in-progress"}

    def _follow(self, caller: Caller, key: str = "") -> None:
        """Go where the caller's document leads, if it leads anywhere."""
        if caller.answer is None:
            return
        root = twiml(caller.answer)
        dial = root.find("Dial")
        if dial is not None or (root.find("Gather") is None and root.find("Redirect") is None):
            return
        caller.answer = self.post(action_of(root), self._from(caller) | ({"Digits": key} if key else {}))

    def come_round(self, pick: int) -> None:
        """Let a caller's telephone finish what it plays."""
        here = [each for each in self.callers if not each.gone]
        if here:
            self._follow(here[pick % len(here)])

    def hang_up(self, pick: int) -> None:
        """Let a caller hang up, also one who did already."""
        if self.callers:
            caller = self.callers[pick % len(self.callers)]
            caller.gone = True
            self.post("status", self._from(caller) | {"CallStatus": "completed", "SequenceNumber": "9"})

    def assign(self) -> None:
        """Let two workers assign at once."""
        passes = [threading.Thread(target=assign_due, args=(self.services,)) for _ in range(2)]
        for each in passes:
            each.start()
        for each in passes:
            each.join()

    def deliver(self) -> None:
        """Deliver the outbox."""
        outbox.deliver_due(self.services, registry().handlers)

    def picks_up(self, pick: int, key: str) -> None:
        """Let somebody pick up a telephone that was dialled, and press a key or none."""
        if not self.telephones.made:
            return
        request, leg_sid, _ = self.telephones.made[pick % len(self.telephones.made)]
        fields = {"CallSid": leg_sid, "CallStatus": "in-progress"}
        screen = twiml(self.post(request.url, fields))
        if screen.find("Gather") is not None:
            self.post(action_of(screen), fields | ({"Digits": key} if key else {}))

    def leg_word(self, pick: int, word: str) -> None:
        """Report a word about a telephone that was dialled, at any time."""
        if self.telephones.made:
            request, leg_sid, _ = self.telephones.made[pick % len(self.telephones.made)]
            fields = {"CallSid": leg_sid, "CallStatus": word, "SequenceNumber": "7"}
            self.post(request.callback_url, fields)

    def again(self, pick: int) -> None:
        """Repeat a webhook: it is answered as it was."""
        if self.told:
            page, fields, data = self.told[-1 - pick % len(self.told)]
            assert self.hook(page, **fields).data == data, page

    def obey(self) -> None:
        """Let the provider do the next thing it was ordered to."""
        if self.obeyed >= len(self.telephones.commands):
            return
        command = self.telephones.commands[self.obeyed]
        self.obeyed += 1
        fields = dict(command.fields)
        caller = next((each for each in self.callers if sid(each.number) == command.call), None)
        if "Url" in fields and caller is not None and not caller.gone:
            caller.answer = self.post(fields["Url"], self._from(caller))
        elif fields.get("Status") == "completed":
            made = [each for each in self.telephones.made if each[1] == command.call]
            for request, leg_sid, _ in made:
                self.post(request.callback_url, {"CallSid": leg_sid, "CallStatus": "completed", "SequenceNumber": "8"})

    def at_desk(self, pick: int, act: Any, **more: Any) -> None:
        """Let an agent do something in the call that is theirs, if one is."""
        self._quietly(pick, lambda session, desk, call: act(session, desk, call.id, **more))

    def wrap(self, pick: int) -> None:
        """Let an agent write up."""
        self._quietly(
            pick, lambda session, desk, _call: handling.write_up(session, desk, disposition="other"), any_call=True
        )

    def _quietly(self, pick: int, act: Callable[..., object], *, any_call: bool = False) -> None:
        agent_id = self.agents[pick % AGENTS]
        try:
            with self.services.db.transaction() as session:
                call = handling.current_call(session, agent_id)
                if call is None and not any_call:
                    return
                officer = session.get_one(Officer, session.get_one(Agent, agent_id).officer_id)
                act(session, Desk(actor_of(officer, "console"), agent_id, self.services), call)
        except HotlineError:
            pass  # not possible at this moment: refused, and nothing changed

    def choose(self, pick: int, state: str, reason: str = "") -> None:
        """Let an agent choose what to do."""
        with self.services.db.transaction() as session:
            presence.choose(session, self.clock, self.agents[pick % AGENTS], state, reason)

    # What must hold ----------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Hold everything to its rules, at any moment."""
        with self.services.db.transaction() as session:
            calls = {call.id: call for call in session.scalars(select(Call))}
            legs = list(session.scalars(select(Leg)))
            entries = {entry.call_ref: entry for entry in session.scalars(select(QueueEntry))}
            held = {
                each.agent_id: each
                for each in session.scalars(select(Reservation).where(Reservation.state == "talking"))
            }
        talking = [leg for leg in legs if leg.role == "agent" and leg.state == "joined"]
        assert len({leg.call_id for leg in talking}) == len(talking), "a call has two agents"
        assert len({leg.agent_id for leg in talking}) == len(talking), "an agent is in two calls"
        assert {leg.agent_id: leg.token for leg in talking} == {agent: each.token for agent, each in held.items()}
        for call in calls.values():
            entry = entries.get(call.queue_ref)
            waits = entry is not None and entry.state in ("waiting", "reserved")
            assert waits == (call.state == "waiting"), (call.state, entry.state if entry else None)
            others = [leg for leg in legs if leg.call_id == call.id and leg.role != "caller" and leg.state == "joined"]
            assert call.state != "talking" or others, "somebody talks to nobody"
            if call.state == "ended":
                assert call.ended_at is not None and call.end_reason

    def drain(self) -> None:
        """Let everybody do what they have to do: then nobody may be left, neither caller nor agent."""
        for _ in range(60):
            if not self._left():
                return
            self.clock.advance(timedelta(seconds=30))
            tending.tend(self.services)
            for agent in range(AGENTS):
                self.wrap(agent)
                self.choose(agent, "ready")
            self.assign()
            self.deliver()
            dialling.carry_out(self.services)
            for nth, (request, leg_sid, _) in enumerate(list(self.telephones.made)):
                self.picks_up(nth, "1")
                if not self._is_open(leg_sid):
                    self.post(
                        request.callback_url, {"CallSid": leg_sid, "CallStatus": "completed", "SequenceNumber": "9"}
                    )
            dialling.carry_out(self.services)
            while self.obeyed < len(self.telephones.commands):
                self.obey()
            for agent in range(AGENTS):
                self.at_desk(agent, handling.finish)
            dialling.carry_out(self.services)
            while self.obeyed < len(self.telephones.commands):
                self.obey()
            self._parting_ones_hang_up()
        raise AssertionError(f"somebody is stuck: {self._left()}")

    def _is_open(self, leg_sid: str) -> bool:
        with self.services.db.transaction() as session:
            return session.scalar(select(Leg.id).where(Leg.provider_sid == leg_sid, Leg.state != "over")) is not None

    def _parting_ones_hang_up(self) -> None:
        """A telephone ends the call when its document says so; one that stays in the menu presses a key."""
        for nth, caller in enumerate(self.callers):
            if caller.gone or caller.answer is None:
                continue
            root = twiml(caller.answer)
            if root.find("Hangup") is not None:
                self.hang_up(nth)
            elif root.find("Dial") is None:
                self._follow(caller, "0" if "menu" in urlsplit(action_of(root)).path else "")

    def _left(self) -> list[tuple[str, object]]:
        with self.services.db.transaction() as session:
            calls = session.execute(select(Call.id, Call.state).where(Call.state != "ended")).tuples().all()
            agents = session.execute(
                select(Agent.id, Agent.state).where(Agent.state.in_(("reserved", "ringing", "talking")))
            ).tuples()
            entries = session.execute(
                select(QueueEntry.id, QueueEntry.state).where(QueueEntry.state.not_in(("done", "left")))
            ).tuples()
            return [
                *((f"call {each}", state) for each, state in calls), *((f"agent {each}", state) for each, state in agents),
                *((f"entry {each}", state) for each, state in entries),
            ]  # fmt: skip
