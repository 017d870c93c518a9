"""A volunteer asks in a call that a senior listen, by one button; the senior's desk shows it and joins with one.

Listening itself is the calls' own (`handling.watch_as_asked`). Whoever is asked first is the volunteer's own senior; one who
is in a call, says that they cannot, or does not answer in ASK_LIMIT is passed over for the next who is free.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.auth.permissions import ROLES
from hotline.calls import handling
from hotline.calls.handling import Desk
from hotline.calls.models import Call
from hotline.calls.starring import may_pass_on
from hotline.calls.states import MONITOR, TALKING
from hotline.core import audit
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, NotFound, Refused
from hotline.core.services import Services
from overflow.briefing.models import ListenWish
from overflow.briefing.states import ASKED, JOINED, LISTENING, OPEN_WISHES, OVER

ASK_LIMIT = timedelta(seconds=45)
"""So long a senior has to answer before another one is asked."""
BATCH = 500
_NEXT = """
SELECT a.id
  FROM agents a JOIN officers o ON o.id = a.officer_id LEFT JOIN volunteers v ON v.agent_id = a.id
  LEFT JOIN volunteers asks ON asks.agent_id = :agent
 WHERE a.active AND a.state IN ('ready', 'not_ready') AND o.disabled_at IS NULL AND a.id <> :agent
   AND CASE WHEN v.id IS NULL THEN o.roles && CAST(:roles AS text[])
            ELSE v.senior AND v.state = 'approved' AND v.drill IS NOT DISTINCT FROM asks.drill END
   AND NOT a.id = ANY(CAST(:passed_over AS bigint[]))
   AND NOT EXISTS (SELECT FROM listen_wishes w WHERE w.senior_id = a.id AND w.state <> 'over')
 ORDER BY NOT EXISTS (SELECT FROM buddies b WHERE b.agent_id = :agent AND b.senior_id = a.id AND b.until IS NULL),
          a.state <> 'ready', a.idle_since, a.id
 LIMIT 1
"""
"""The volunteer's own senior first, then who is ready, then who takes a break; nobody who is in a call or asked already."""


@dataclass(frozen=True)
class Wish:
    """A wish as a desk shows it."""

    wish: ListenWish
    volunteer: str
    senior: str


def ask(session: Session, desk: Desk, call_id: int) -> ListenWish:
    """Ask a senior to listen to the call that the volunteer is in; asking twice is asking once.

    Raises Refused (`nobody-to-listen`) while every senior is in a call, and what `handling.own` raises.
    """
    call = handling.own(session, desk, call_id)
    if call.state != TALKING or not may_pass_on(session, desk.agent_id):
        raise Refused("Only a volunteer asks, and in a call.", code="not-talking")
    known = session.scalar(select(ListenWish).where(ListenWish.call_id == call_id, ListenWish.state.in_(OPEN_WISHES)))
    if known is not None:
        return known
    senior = _next(session, desk.agent_id, [])
    if senior is None:
        raise Refused("Every senior is in a call; pass this one on if it is too hard.", code="nobody-to-listen")
    wish = ListenWish(
        call_id=call_id, agent_id=desk.agent_id, senior_id=senior, passed_over=[], state=ASKED,
        asked_at=desk.services.clock.now(),
    )  # fmt: skip
    session.add(wish)
    session.flush()
    audit.record(session, desk.services.clock, desk.actor, "listening.asked", "call", call_id, after={"senior": senior})
    return wish


def _next(session: Session, agent_id: int, passed_over: list[int]) -> int | None:
    roles = sorted(role for role, permissions in ROLES.items() if MONITOR in permissions)
    found: int | None = session.scalar(text(_NEXT), {"agent": agent_id, "roles": roles, "passed_over": passed_over})
    return found


def join(session: Session, desk: Desk, wish_id: int, mode: str) -> ListenWish:
    """Listen, whisper or join as the senior who is asked; once in, the mode may be changed.

    Raises NotFound, Forbidden for anybody else, Refused when the wish or the call is over.
    """
    wish = _asked_of(session, desk, wish_id)
    handling.watch_as_asked(session, desk, wish.call_id, mode)
    if wish.state == ASKED:
        wish.state, wish.joined_at = LISTENING.next_state(ASKED, "join", SYSTEM), desk.services.clock.now()
    session.flush()
    return wish


def pass_over(session: Session, desk: Desk, wish_id: int) -> ListenWish:
    """Say that one cannot listen now: the next senior is asked, or the volunteer hears that nobody can."""
    wish = _asked_of(session, desk, wish_id)
    if wish.state == ASKED:
        _move_on(session, desk.services.clock, wish)
    return wish


def _asked_of(session: Session, desk: Desk, wish_id: int) -> ListenWish:
    wish = session.get(ListenWish, wish_id, with_for_update=True, populate_existing=True)
    if wish is None:
        raise NotFound("wish for a listener", wish_id)
    if wish.senior_id != desk.agent_id:
        raise Forbidden("Somebody else was asked.", code="not-asked")
    if wish.state == OVER:
        raise Refused("The wish is over, or somebody else was asked meanwhile.", code="wish-over")
    return wish


def take_back(session: Session, desk: Desk, wish_id: int) -> None:
    """Take one's own wish back while nobody has joined; afterwards it changes nothing."""
    wish = session.get(ListenWish, wish_id, with_for_update=True, populate_existing=True)
    if wish is None or wish.agent_id != desk.agent_id:
        raise NotFound("wish for a listener", wish_id)
    if wish.state == ASKED:
        _end(session, desk.services.clock, wish, "taken_back")


def _move_on(session: Session, clock: Clock, wish: ListenWish) -> None:
    wish.passed_over = [*wish.passed_over, wish.senior_id]
    following = _next(session, wish.agent_id, wish.passed_over)
    if following is None:
        _end(session, clock, wish, "nobody")
        return
    wish.state = LISTENING.next_state(wish.state, "pass_over", SYSTEM)
    wish.senior_id, wish.asked_at = following, clock.now()
    session.flush()


def _end(session: Session, clock: Clock, wish: ListenWish, why: str) -> None:
    wish.state, wish.ended_at, wish.why = LISTENING.next_state(wish.state, "end", SYSTEM), clock.now(), why
    session.flush()


def tend(services: Services) -> set[int]:
    """End wishes whose call is over or has gone to somebody else, and ask the next senior where one does not answer."""
    touched: set[int] = set()
    with services.db.transaction() as session:
        found = session.scalars(
            select(ListenWish)
            .where(ListenWish.state.in_(OPEN_WISHES))
            .order_by(ListenWish.asked_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for wish in found:
            call, before = session.get_one(Call, wish.call_id), wish.senior_id
            if call.state != TALKING or call.agent_id != wish.agent_id:
                _end(session, services.clock, wish, "call_over")
            elif wish.state == ASKED and services.clock.now() - wish.asked_at >= ASK_LIMIT:
                _move_on(session, services.clock, wish)
            else:
                continue
            touched |= {wish.agent_id, before, wish.senior_id}
    return touched


def open_for(session: Session, agent_id: int) -> list[Wish]:
    """Return the open wishes of an agent, as the one who asked or as the one who is asked."""
    volunteer, senior = Officer.__table__.alias("volunteer"), Officer.__table__.alias("senior")
    asks, asked = Agent.__table__.alias("asks"), Agent.__table__.alias("asked")
    rows = session.execute(
        select(ListenWish, volunteer.c.display_name, senior.c.display_name)
        .join(asks, asks.c.id == ListenWish.agent_id)
        .join(volunteer, volunteer.c.id == asks.c.officer_id)
        .join(asked, asked.c.id == ListenWish.senior_id)
        .join(senior, senior.c.id == asked.c.officer_id)
        .where(
            ListenWish.state.in_((ASKED, JOINED)),
            (ListenWish.agent_id == agent_id) | (ListenWish.senior_id == agent_id),
        )
        .order_by(ListenWish.id)
        .limit(20)
    ).tuples()
    return [Wish(wish, name, other) for wish, name, other in rows]
