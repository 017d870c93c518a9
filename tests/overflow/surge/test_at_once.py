"""Several transactions at once over call-outs: nobody is asked twice, and none waits for another in a circle."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from sqlalchemy import select, text

from hotline.agents import presence
from hotline.core import audit
from overflow.surge import asking, looking, opening, reading
from overflow.surge.models import AskedPerson
from overflow.surge.moving import get_callout
from overflow.surge.opening import CalloutFields
from tests.overflow.briefing.making import make_incident
from tests.overflow.surge.world import World


def wait_for_a_lock(world: World) -> None:
    """Return once another transaction waits for what this one holds, at the latest after ten seconds."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(200):
        with world.services.db.transaction() as other:
            if other.scalar(waiting):
                return
        time.sleep(0.05)


def test_ending_a_call_out_holds_no_line_of_the_trail_while_it_waits_for_an_agent(world: World) -> None:
    world.people(4)
    world.start(1)
    first = world.asked()[0]
    world.comes(first.id)
    world.look()
    ending = threading.Thread(target=world.act, args=("cancel",))
    with world.services.db.transaction() as session:
        presence.get_agent(session, first.agent_id, lock=True)
        ending.start()
        wait_for_a_lock(world)
        session.execute(text("SET LOCAL lock_timeout = '3s'"))
        audit.record(session, world.clock, world.chief(session), "agent.kept", "agent", first.agent_id)
    ending.join(120)
    assert not ending.is_alive() and world.state == "cancelling" and world.person(first.id).state == "leaving"


def test_two_call_outs_looked_at_at_once_never_ask_the_same_person(world: World) -> None:
    with world.services.db.transaction() as session:
        chief, now = world.chief(session), world.clock.now()
        incidents = (world.incident_id, make_incident(session, opened_by_id=world.chief_id).id)
        wanted = [CalloutFields(each, 2, now + timedelta(minutes=30), now + timedelta(hours=6)) for each in incidents]
        one, two = (opening.start(session, world.services, chief, each).id for each in wanted)
    world.people(3)
    other = threading.Thread(target=looking.look_at, args=(world.services, two))
    with world.services.db.transaction() as session:
        callout = get_callout(session, one, lock=True)
        wave, found = asking.next_people(session, world.services, callout, reading.standing(session, callout, now))
        other.start()
        wait_for_a_lock(world)
        asking.ask(session, world.services, callout, wave, found)
    other.join(120)
    assert not other.is_alive()
    with world.services.db.transaction() as session:
        asked = session.scalars(select(AskedPerson.volunteer_id)).all()
    assert len(asked) == len(set(asked)) == 3
