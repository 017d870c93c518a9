"""A senior beside every six volunteers, and listening in on request: even, found anew, shown on both desks."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.calls.handling import Desk
from hotline.calls.models import Leg
from hotline.cases.contact_models import Contact
from hotline.cases.protection_models import AbuseIncident
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, NotFound, Refused
from hotline.core.services import Services
from overflow.briefing import buddies, listening
from overflow.briefing.models import Buddy, ListenWish
from overflow.volunteers.links import token_for
from overflow.volunteers.models import Volunteer
from tests.auth.conftest import Visitor
from tests.calls.centre import Centre
from tests.calls.conftest import Hook, Rows, hook, rows, telephones  # noqa: F401 - fixtures by their names
from tests.calls.telephones import Telephones
from tests.factories import make_officer
from tests.overflow.briefing.making import make_volunteer
from tests.queues.making import make_agent


def senior(session: Any, **more: Any) -> int:
    return make_agent(session, officer=make_officer(session, roles=("senior_agent",)), **more).id


def pairs(services: Services) -> dict[int, int]:
    """Return who stands beside whom now."""
    with services.db.transaction() as session:
        return {each.agent_id: each.senior_id for each in session.query(Buddy).filter(Buddy.until.is_(None))}


def put(services: Services, agent_id: int | None, **values: Any) -> None:
    with services.db.transaction() as session:
        session.query(Agent).filter_by(id=agent_id).update(values)


class TestSpreading:
    """Who stands beside whom."""

    def test_thirteen_volunteers_and_three_seniors_are_spread_evenly(self, services: Services) -> None:
        with services.db.transaction() as session:
            seniors = {senior(session) for _ in range(3)}
            for _ in range(13):
                make_volunteer(session, agent={"state": "ready"})
        buddies.tend(services)
        found = pairs(services)
        assert sorted(Counter(found.values()).values()) == [4, 4, 5] and set(found.values()) == seniors
        assert buddies.tend(services) == 0, "a second pass changes nothing and tells nobody"

    def test_nobody_gets_a_seventh_and_the_next_senior_takes_the_rest(self, services: Services) -> None:
        with services.db.transaction() as session:
            first = senior(session)
            for _ in range(8):
                make_volunteer(session, agent={"state": "ready"})
        buddies.tend(services)
        assert Counter(pairs(services).values()) == {first: 6}
        with services.db.transaction() as session:
            second = senior(session, state="not_ready", reason="break")
        buddies.tend(services)
        assert Counter(pairs(services).values()) == {first: 6, second: 2}

    def test_when_a_senior_leaves_their_volunteers_go_to_the_others(self, services: Services) -> None:
        with services.db.transaction() as session:
            first, second = senior(session), senior(session)
            for _ in range(6):
                make_volunteer(session, agent={"state": "ready"})
        buddies.tend(services)
        assert Counter(pairs(services).values()) == {first: 3, second: 3}
        put(services, first, state="offline")
        assert buddies.tend(services) > 0
        assert Counter(pairs(services).values()) == {second: 6}
        with services.db.transaction() as session:
            assert Counter(each.why for each in session.query(Buddy)) == {"senior_left": 3, "": 6}

    def test_a_volunteer_who_goes_off_duty_is_off_the_seniors_hands(self, services: Services) -> None:
        with services.db.transaction() as session:
            senior(session)
            volunteer = make_volunteer(session, agent={"state": "ready"})
            make_volunteer(session, agent={"state": "not_ready"})
        buddies.tend(services)
        assert set(pairs(services)) == {volunteer.agent_id}
        put(services, volunteer.agent_id, state="not_ready", reason="break")
        buddies.tend(services)
        assert set(pairs(services)) == {volunteer.agent_id}, "a break ends nothing"
        put(services, volunteer.agent_id, state="offline")
        buddies.tend(services)
        assert pairs(services) == {}

    def test_a_senior_volunteer_stands_beside_their_own_kind(self, services: Services) -> None:
        with services.db.transaction() as session:
            old = make_volunteer(session, senior=True, agent={"state": "ready"})
            real = make_volunteer(session, agent={"state": "ready"})
            make_volunteer(session, drill=True, agent={"state": "ready"})
        buddies.tend(services)
        assert pairs(services) == {real.agent_id: old.agent_id}

    @given(
        st.lists(st.booleans(), max_size=40),
        st.lists(st.tuples(st.sampled_from([None, True, False]), st.integers(0, 6)), max_size=6),
    )
    def test_whoever_is_there_nobody_has_more_than_six_and_nobody_is_left_out_needlessly(
        self, kinds: list[bool], loads: list[tuple[bool | None, int]]
    ) -> None:
        alone = [(number, kind) for number, kind in enumerate(kinds)]
        seniors = [(1000 + number, kind, load) for number, (kind, load) in enumerate(loads)]
        made = buddies.spread(alone, seniors)
        count = Counter(each for _, each in made)
        assert all(load + count[each] <= 6 for each, _, load in seniors)
        paired = {volunteer for volunteer, _ in made}
        for number, kind in alone:
            if number not in paired:
                assert all(load + count[each] == 6 for each, own, load in seniors if own in (None, kind))


class Room:
    """A centre whose caller talks with a volunteer, and seniors beside them."""

    def __init__(self, centre: Centre, services: Services) -> None:
        """Make a volunteer and two seniors."""
        self.centre, self.services = centre, services
        with services.db.transaction() as session:
            session.query(Agent).update({"active": False})
            volunteer = make_volunteer(session, speaks="en", agent={"state": "ready", "languages": ["ko", "en"]})
            self.volunteer, self.agent = volunteer.id, volunteer.agent_id or 0
        centre.talk()
        with services.db.transaction() as session:
            self.first = senior(session, phone="+82215551010")
            self.second = senior(session, phone="+82215551011")
        buddies.tend(services)
        self.call = centre.rows.call().id

    def desk(self, agent_id: int) -> Desk:
        """Return who acts as an agent."""
        with self.services.db.transaction() as session:
            agent = session.get_one(Agent, agent_id)
            return Desk(actor_of(session.get_one(Officer, agent.officer_id), "console"), agent_id, self.services)

    def do(self, act: Any, agent_id: int, *args: Any) -> Any:
        """Do one thing as an agent."""
        desk = self.desk(agent_id)
        with self.services.db.transaction() as session:
            result = act(session, desk, *args)
        self.centre.carry_out()
        return result

    def wish(self) -> ListenWish:
        """Return the only wish."""
        with self.services.db.transaction() as session:
            return session.query(ListenWish).one()


@pytest.fixture
def room(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> Room:  # noqa: F811
    """Return the room."""
    return Room(Centre(hook, rows, services, telephones), services)


class TestListening:
    """Asked with one button, joined with one."""

    def test_ones_own_senior_is_asked_and_joins_muted_by_telephone(self, room: Room) -> None:
        wish = room.do(listening.ask, room.agent, room.call)
        assert wish.senior_id == pairs(room.services)[room.agent]
        assert room.do(listening.ask, room.agent, room.call).id == wish.id, "two taps are one wish"
        room.do(listening.join, wish.senior_id, wish.id, "listen")
        assert room.wish().state == "joined"
        request, leg_sid, _ = room.centre.telephones.made[-1]
        assert request.to in ("+82215551010", "+82215551011")
        screen = room.centre.hook(request.url, CallSid=leg_sid)
        bridge = room.centre.hook.key(screen, "1", int(leg_sid[2:], 16))
        assert b'muted="true"' in bridge.data
        room.do(listening.join, wish.senior_id, wish.id, "join")
        assert room.wish().state == "joined", "the mode is changed, the wish is the same"

    def test_one_who_cannot_is_passed_over_for_the_next_and_then_nobody_is_left(self, room: Room) -> None:
        wish = room.do(listening.ask, room.agent, room.call)
        first, second = wish.senior_id, {room.first, room.second} - {wish.senior_id}
        room.do(listening.pass_over, first, wish.id)
        assert {room.wish().senior_id} == second and room.wish().state == "asked"
        with pytest.raises(Forbidden):
            room.do(listening.join, first, wish.id, "listen")
        room.do(listening.pass_over, second.pop(), wish.id)
        assert (room.wish().state, room.wish().why) == ("over", "nobody")
        with pytest.raises(Refused):
            room.do(listening.join, room.wish().senior_id, wish.id, "listen")

    def test_one_who_does_not_answer_in_time_is_passed_over(self, room: Room, clock: FrozenClock) -> None:
        wish = room.do(listening.ask, room.agent, room.call)
        clock.advance(timedelta(seconds=44))
        assert listening.tend(room.services) == set()
        clock.advance(timedelta(seconds=1))
        assert listening.tend(room.services) == {room.agent, room.first, room.second}
        assert room.wish().senior_id != wish.senior_id

    def test_with_every_senior_in_a_call_the_volunteer_is_told(self, room: Room) -> None:
        for each in (room.first, room.second):
            put(room.services, each, state="offline")
        with pytest.raises(Refused) as refusal:
            room.do(listening.ask, room.agent, room.call)
        assert refusal.value.code == "nobody-to-listen"

    def test_the_end_of_the_call_ends_the_wish(self, room: Room) -> None:
        room.do(listening.ask, room.agent, room.call)
        room.centre.hook.status("completed", 1, 8)
        listening.tend(room.services)
        assert (room.wish().state, room.wish().why) == ("over", "call_over")

    def test_only_the_volunteer_takes_it_back_and_only_in_their_own_call_is_asked(self, room: Room) -> None:
        wish = room.do(listening.ask, room.agent, room.call)
        with pytest.raises(NotFound):
            room.do(listening.take_back, room.first, wish.id)
        room.do(listening.take_back, room.agent, wish.id)
        assert room.wish().why == "taken_back"
        with pytest.raises(Forbidden):
            room.do(listening.ask, room.first, room.call)

    def test_both_desks_and_the_phone_show_it(self, room: Room, visitor: Visitor, other_visitor: Visitor) -> None:
        wish = room.do(listening.ask, room.agent, room.call)
        with room.services.db.transaction() as session:
            names = {
                each: session.get_one(Officer, session.get_one(Agent, each).officer_id).name
                for each in (room.agent, wish.senior_id)
            }
        visitor.sign_in(names[room.agent])
        desk = visitor.get("/desk/state").text
        assert "Beside you:" in desk and "is asked to listen in" in desk
        other_visitor.sign_in(names[wish.senior_id])
        theirs = other_visitor.get("/desk").text
        assert "asks you to listen in." in theirs and "Volunteers beside you:" in theirs
        assert other_visitor.get(f"/desk/beside/{room.agent}").status_code == 404, "a desk is its agent's"
        listened = other_visitor.post(f"/desk/wishes/{wish.id}/whisper", headers={"X-Fragment": "1"})
        assert listened.status_code == 204 and room.wish().state == "joined"
        assert other_visitor.post(f"/desk/wishes/{wish.id}/sing").status_code == 404
        assert visitor.post(f"/desk/wishes/{wish.id}/join", headers={"X-Fragment": "1"}).status_code == 403
        assert "is in your call" in visitor.get(f"/v/{token_for(room.services, room.volunteer)}").text

    def test_from_the_phone_a_call_is_passed_on_with_its_note(self, room: Room, visitor: Visitor) -> None:
        token = token_for(room.services, room.volunteer)
        page = visitor.get(f"/v/{token}").text
        assert "pass it on to staff" in page and "Listen in, please" in page
        assert visitor.post(f"/v/{token}/calls/{room.call}/listener").status_code == 302
        assert room.wish().state == "asked"
        sent = visitor.post(f"/v/{token}/calls/{room.call}/pass-on", {"note": "Building fell"}, follow_redirects=True)
        assert "Passed on to staff. Thank you." in sent.text
        assert room.centre.rows.call().state == "waiting" and room.centre.entry().hard
        with room.services.db.transaction() as session:
            line = session.query(AuditEntry).filter_by(action="call.passed_on").one()
            assert line.actor_name == f"volunteer {room.volunteer}", "the trail names nobody who may want to be erased"
        again = visitor.post(f"/v/{token}/calls/{room.call}/pass-on", follow_redirects=True)
        assert again.status_code == 200 and "Thank you" not in again.text
        assert visitor.post(f"/v/{token}/calls/{room.call}/dance").status_code == 404

    @pytest.mark.parametrize(
        ("speaks", "act", "said"),
        [
            ("ko", "listener", "선임"),
            ("ko", "pass-on", "감사합니다"),
            ("ko", "protect", "상대방에게"),
            ("en", "listener", "A senior is asked."),
        ],
    )  # fmt: skip
    def test_what_came_of_it_is_said_in_the_volunteers_language(
        self, room: Room, visitor: Visitor, speaks: str, act: str, said: str
    ) -> None:
        with room.services.db.transaction() as session:
            session.get_one(Volunteer, room.volunteer).speaks = speaks
        page = f"/v/{token_for(room.services, room.volunteer)}"
        sent = visitor.post(f"{page}/calls/{room.call}/{act}", follow_redirects=True).text
        assert said in sent[: sent.index("<h1")], "above the page's title"

    def test_from_the_phone_an_abusive_caller_is_warned_twice_and_then_the_call_ends(
        self, room: Room, visitor: Visitor
    ) -> None:
        page = f"/v/{token_for(room.services, room.volunteer)}"
        for label, state in (("first warning", "talking"), ("last warning", "talking"), ("end the call", "")):
            assert label in visitor.get(page).text, label
            sent = visitor.post(f"{page}/calls/{room.call}/protect", follow_redirects=True)
            assert "The caller hears it now." in sent.text
            assert not state or room.centre.rows.call().state == state
        assert room.centre.rows.call().state != "talking"
        with room.services.db.transaction() as session:
            assert {session.query(AbuseIncident).one().state} == {"ended"}

    def test_from_the_phone_a_call_that_is_over_is_written_up_and_the_next_one_may_come(
        self, room: Room, visitor: Visitor
    ) -> None:
        page = f"/v/{token_for(room.services, room.volunteer)}"
        assert "What the call was about" not in visitor.get(page).text, "not while somebody talks"
        visitor.post(f"{page}/calls/{room.call}/write-up", {"disposition": "general"})
        assert room.centre.rows.call().state == "talking"
        room.centre.hook.status("completed", 1, 8)
        with room.services.db.transaction() as session:
            leg = session.query(Leg).filter_by(agent_id=room.agent, role="agent").one()
        room.centre.hook.status("completed", int(leg.provider_sid[2:], 16), 9)
        assert room.centre.agent_state(room.agent) == "wrap_up"
        shown = visitor.get(page).text
        assert "What the call was about" in shown and f"/calls/{room.call}/write-up" in shown
        empty = visitor.post(f"{page}/calls/{room.call}/write-up", {"note": "x"}, follow_redirects=True)
        assert "Choose what the call was about." in empty.text and room.centre.agent_state(room.agent) == "wrap_up"
        given = {"disposition": "missing", "mood": "worried", "risk": "minor", "note": "Two children, hotel gone"}
        sent = visitor.post(f"{page}/calls/{room.call}/write-up", given, follow_redirects=True)
        assert "Written up." in sent.text and "What the call was about" not in sent.text
        assert room.centre.agent_state(room.agent) == "ready"
        with room.services.db.transaction() as session:
            contact = session.get_one(Contact, room.centre.rows.call().contact_id)
            assert (contact.disposition, contact.mood, contact.risks) == ("missing", "worried", ["minor"])
            assert contact.state == "closed" and "Two children" in contact.note

    def test_a_link_of_somebody_else_does_nothing_in_this_call(self, room: Room, visitor: Visitor) -> None:
        with room.services.db.transaction() as session:
            stranger = make_volunteer(session, agent={"state": "ready"}).id
            assert session.query(Volunteer).count() == 2
        visitor.post(f"/v/{token_for(room.services, stranger)}/calls/{room.call}/pass-on")
        assert room.centre.rows.call().state == "talking"
