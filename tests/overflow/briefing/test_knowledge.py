"""Knowledge tests: pass mark, validity, waiting, replays, and the certificate that a skill rests on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotline.agents.models import Agent
from hotline.core.clock import FrozenClock
from hotline.core.errors import Conflict, Forbidden, NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from overflow.briefing import knowledge, questions
from overflow.briefing.models import KnowledgeTest, KnowledgeTry
from overflow.volunteers.candidates import candidates
from overflow.volunteers.models import Certificate, CertifiedSkill, Volunteer
from tests.factories import NOW
from tests.overflow.briefing.making import QUESTIONS, acting, make_volunteer, someone

FOUR = [*QUESTIONS, {**QUESTIONS[0], "text": {"ko": "질문 4", "en": "Question 4"}}]
"""Four questions; right are 0, 1, 2 and 0."""
FORM = {
    "name_ko": "여권 기초", "name_en": "Passports, first level", "skill": "passport", "level": "1", "pass_percent": "75",
    "months": "6", "wait_hours": "24", "active": "1",
} | questions.as_form(FOUR)  # fmt: skip


class Room:
    """One volunteer and one test."""

    def __init__(self, services: Services, clock: FrozenClock) -> None:
        """Make both."""
        self.services, self.clock = services, clock
        with services.db.transaction() as session:
            self.volunteer = make_volunteer(session).id
            self.chief = acting(session, "duty_chief")
            self.test = knowledge.save(session, clock, self.chief, None, FORM, 0).id

    def take(self, wanted: list[int], number: int, version: int = 1) -> KnowledgeTry:
        """Answer as kept options."""
        with self.services.db.transaction() as session:
            test = session.get_one(KnowledgeTest, self.test)
            seed = f"test:{test.id}:{version}:{self.volunteer}:{number}"
            shown = {each.number: each for each in questions.shown(test.questions, seed, mix_questions=True)}
            given = {
                f"q{place}": str(shown[place].options.index(test.questions[place]["options"][option]))
                for place, option in enumerate(wanted)
            }
            return knowledge.answer(
                session,
                self.clock,
                self.volunteer,
                self.test,
                version=version,
                number=number,
                given=given,
                by=someone(),
            )

    def certificates(self) -> list[Certificate]:
        """Return what was given."""
        with self.services.db.transaction() as session:
            return list(session.query(Certificate).order_by(Certificate.id))


@pytest.fixture
def room(services: Services, clock: FrozenClock) -> Room:
    """Return the room."""
    return Room(services, clock)


def test_enough_right_answers_give_the_certificate_for_so_many_months(room: Room) -> None:
    made = room.take([0, 1, 2, 1], 1)
    assert (made.passed, made.rights, made.asked) == (True, 3, 4)
    (found,) = room.certificates()
    assert (found.volunteer_id, found.skill, found.level, found.source) == (
        room.volunteer, "passport", 1, f"test:{room.test}",
    )  # fmt: skip
    assert (found.issued_at, found.expires_at) == (NOW, datetime(2027, 5, 21, 3, 0, tzinfo=UTC))
    assert made.certificate_id == found.id


def test_whoever_proves_a_skill_is_a_candidate_for_it_and_an_agent_with_it(room: Room) -> None:
    with room.services.db.transaction() as session:
        session.add(CertifiedSkill(skill="passport"))
        volunteer = session.get_one(Volunteer, room.volunteer)
        volunteer.languages, volunteer.skills, volunteer.quiet_from, volunteer.quiet_to = ["ko"], {"visa": 3}, 0, 0
        session.get_one(Agent, volunteer.agent_id).state = "offline"
    wanted: dict[str, Any] = {
        "skills": {"passport": 1}, "languages": ["ko"], "drill": False, "until": NOW + timedelta(hours=6), "most": 10,
    }  # fmt: skip
    with room.services.db.transaction() as session:
        assert candidates(session, room.clock, **wanted) == []
    room.take([0, 1, 2, 1], 1)
    with room.services.db.transaction() as session:
        (found,) = candidates(session, room.clock, **wanted)
        assert found.volunteer_id == room.volunteer
        assert session.get_one(Volunteer, room.volunteer).skills == {"visa": 3, "passport": 1}
        assert "passport:1" in session.get_one(Agent, found.agent_id).marks


def test_a_test_never_lowers_a_skill_and_makes_nobody_an_agent_who_is_not_approved(room: Room) -> None:
    with room.services.db.transaction() as session:
        waiting = Volunteer(
            name="Kim", phone="+821077770009", skills={"passport": 4}, languages=["ko"], created_at=NOW, updated_at=NOW
        )
        session.add(waiting)
        session.flush()
        room.volunteer = waiting.id
    assert room.take([0, 1, 2, 1], 1).passed
    with room.services.db.transaction() as session:
        waiting = session.get_one(Volunteer, room.volunteer)
        assert waiting.skills == {"passport": 4} and waiting.agent_id is None


def test_one_too_few_gives_none_and_the_next_try_waits(room: Room) -> None:
    assert not room.take([0, 1, 0, 1], 1).passed and room.certificates() == []
    with pytest.raises(Refused) as refusal:
        room.take([0, 1, 2, 0], 2)
    assert refusal.value.code == "test-wait"
    with room.services.db.transaction() as session:
        (standing,) = knowledge.standings(session, room.clock, room.volunteer)
        assert standing.not_before == NOW + timedelta(hours=24)
        with pytest.raises(Refused):
            knowledge.paper(session, room.clock, room.volunteer, room.test)
    room.clock.advance(timedelta(hours=24))
    assert room.take([0, 1, 2, 0], 2).passed and len(room.certificates()) == 1


def test_the_same_form_twice_is_one_try_and_one_certificate(room: Room) -> None:
    first, again = room.take([0, 1, 2, 0], 1), room.take([3, 3, 3, 3], 1)
    assert (first.id, again.passed) == (again.id, True) and len(room.certificates()) == 1


def test_a_certificate_is_renewed_by_the_next_try_and_the_later_end_counts(room: Room) -> None:
    room.take([0, 1, 2, 0], 1)
    room.clock.advance(timedelta(days=100))
    room.take([0, 1, 2, 0], 2)
    with room.services.db.transaction() as session:
        (standing,) = knowledge.standings(session, room.clock, room.volunteer)
    assert standing.until == max(each.expires_at for each in room.certificates())


def test_a_test_that_was_changed_since_it_was_shown_is_begun_again(room: Room) -> None:
    with room.services.db.transaction() as session:
        with pytest.raises(Conflict):
            knowledge.save(session, room.clock, room.chief, room.test, FORM, 9)
        knowledge.save(session, room.clock, room.chief, room.test, FORM | {"months": "3"}, 1)
    with pytest.raises(Conflict):
        room.take([0, 1, 2, 0], 1, version=1)
    assert room.take([0, 1, 2, 0], 1, version=2).passed


def test_a_retired_test_is_not_offered(room: Room) -> None:
    with room.services.db.transaction() as session:
        knowledge.save(session, room.clock, room.chief, room.test, FORM | {"active": ""}, 1)
        assert knowledge.standings(session, room.clock, room.volunteer) == []
        with pytest.raises(NotFound):
            knowledge.paper(session, room.clock, room.volunteer, room.test)
    with pytest.raises(Conflict):
        room.take([0, 1, 2, 0], 1, version=2)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name_ko": ""}, "name_ko"), ({"name_en": "x" * 121}, "name_en"), ({"skill": "Passport!"}, "skill"),
        ({"skill": "senior"}, "skill"), ({"skill": "staff"}, "skill"), ({"level": "6"}, "level"),
        ({"pass_percent": "0"}, "pass_percent"), ({"months": "1.5"}, "months"), ({"wait_hours": "-1"}, "wait_hours"),
        ({"q0_ko": "", "q0_en": "", "q0_options_ko": "", "q0_options_en": "", "q1_ko": "", "q1_en": "",
          "q1_options_ko": "", "q1_options_en": ""}, "q2_ko"),
    ],
)  # fmt: skip
def test_faults_of_a_test_name_their_fields(room: Room, change: dict[str, str], field: str) -> None:
    with room.services.db.transaction() as session, pytest.raises(SeveralFaults) as faults:
        knowledge.save(session, room.clock, room.chief, None, FORM | change, 0)
    assert field in [each["field"] for each in faults.value.faults]


def test_only_who_may_write_keeps_tests_and_there_is_a_bound(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    with room.services.db.transaction() as session:
        agent = acting(session, "agent")
        with pytest.raises(Forbidden):
            knowledge.save(session, room.clock, agent, None, FORM, 0)
        monkeypatch.setattr(knowledge, "MAX_TESTS", 1)
        with pytest.raises(Refused):
            knowledge.save(session, room.clock, room.chief, None, FORM, 0)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [((2026, 8, 31), 6, (2027, 2, 28)), ((2027, 8, 31), 6, (2028, 2, 29)), ((2026, 12, 1), 1, (2027, 1, 1)),
     ((2026, 1, 15), 60, (2031, 1, 15))],
)  # fmt: skip
def test_months_are_those_of_the_calendar(start: tuple[int, int, int], months: int, end: tuple[int, int, int]) -> None:
    assert knowledge.months_later(datetime(*start, tzinfo=UTC), months) == datetime(*end, tzinfo=UTC)
