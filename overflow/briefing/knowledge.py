"""Knowledge tests: kept in the console, taken on a volunteer's own page, and what a passed one proves: a certificate."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.agents.skills import MAX_LEVEL, SENIOR, check_skill
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from overflow.briefing import questions
from overflow.briefing.models import KnowledgeTest, KnowledgeTry
from overflow.briefing.questions import Shown
from overflow.briefing.states import WRITE
from overflow.volunteers.approving import keep_as_agent
from overflow.volunteers.models import Certificate, Volunteer
from overflow.volunteers.states import APPROVED

LEAST_QUESTIONS, MOST_QUESTIONS = 3, 20
MAX_TESTS = 100
MAX_TRIES = 1_000
MAX_NAME_CHARS = 120
LIMITS = {"level": (1, MAX_LEVEL), "pass_percent": (1, 100), "months": (1, 60), "wait_hours": (0, 8760)}


@dataclass(frozen=True)
class Standing:
    """Where one volunteer stands with a test: the certificate that holds until, or the moment of the next try."""

    test: KnowledgeTest
    until: datetime | None
    not_before: datetime | None
    last: KnowledgeTry | None


@dataclass(frozen=True)
class Paper:
    """A test as one volunteer sees it."""

    test: KnowledgeTest
    shown: list[Shown]
    number: int


def get(session: Session, test_id: int, *, lock: bool = False) -> KnowledgeTest:
    """Return a test; raises NotFound."""
    found = session.get(KnowledgeTest, test_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("knowledge test", test_id)
    return found


def listed(session: Session, *, with_retired: bool = False) -> Sequence[KnowledgeTest]:
    """Return tests by skill and level."""
    wanted = select(KnowledgeTest).order_by(KnowledgeTest.skill, KnowledgeTest.level, KnowledgeTest.id).limit(MAX_TESTS)
    return session.scalars(wanted if with_retired else wanted.where(KnowledgeTest.active)).all()


def save(
    session: Session, clock: Clock, actor: Actor, test_id: int | None, form: Mapping[str, str], version: int
) -> KnowledgeTest:
    """Add a test or change one that was read at `version`; certificates that were given hold on.

    Raises SeveralFaults naming every field, Conflict when it was changed meanwhile, Refused beyond MAX_TESTS, Forbidden.
    """
    if not actor.may(WRITE):
        raise Forbidden(f"Writing tests needs the permission {WRITE}.")
    values = _read(form)
    found = get(session, test_id, lock=True) if test_id is not None else None
    if found is None:
        if (session.scalar(select(func.count()).select_from(KnowledgeTest)) or 0) >= MAX_TESTS:
            raise Refused(f"There are at most {MAX_TESTS} tests.", code="too-many-tests")
        found = KnowledgeTest(**values, version=1, updated_at=clock.now())
        session.add(found)
    else:
        if found.version != version:
            raise Conflict("Somebody changed this test meanwhile; look at it again.", code="test-changed")
        for name, value in values.items():
            setattr(found, name, value)
        found.version, found.updated_at = found.version + 1, clock.now()
    session.flush()
    kept = {name: value for name, value in values.items() if name != "questions"}
    audit.record(
        session, clock, actor, "knowledge_test.saved", "knowledge_test", found.id,
        after=kept | {"questions": len(values["questions"]), "version": found.version},
    )  # fmt: skip
    return found


def _read(form: Mapping[str, str]) -> dict[str, Any]:
    faults: list[dict[str, object]] = []
    values: dict[str, Any] = {"active": form.get("active", "") == "1"}
    for name in ("name_ko", "name_en"):
        values[name] = form.get(name, "").strip()
        if not 1 <= len(values[name]) <= MAX_NAME_CHARS:
            faults.append(
                {"field": name, "value": values[name][:80], "mend": f"write 1 to {MAX_NAME_CHARS} characters"}
            )
    try:
        values["skill"] = check_skill(form.get("skill", "").strip(), "skill")
    except InvalidInput as fault:
        faults.append({"field": "skill", "value": fault.shown_value, "mend": fault.mend})
    if values.get("skill") == SENIOR:
        faults.append({"field": "skill", "value": SENIOR, "mend": "no test makes a senior; an officer does"})
    for name, (least, most) in LIMITS.items():
        given = form.get(name, "").strip()
        if given.isascii() and given.isdigit() and len(given) < 6 and least <= int(given) <= most:
            values[name] = int(given)
        else:
            faults.append({"field": name, "value": given[:80], "mend": f"use a whole number from {least} to {most}"})
    try:
        values["questions"] = questions.read_form(form, least=LEAST_QUESTIONS, most=MOST_QUESTIONS)
    except SeveralFaults as several:
        faults += several.faults
    if faults:
        raise SeveralFaults(faults)
    return values


def standings(session: Session, clock: Clock, volunteer_id: int) -> list[Standing]:
    """Return every test that can be taken, with where a volunteer stands."""
    return [_standing(session, clock, test, volunteer_id) for test in listed(session)]


def _standing(session: Session, clock: Clock, test: KnowledgeTest, volunteer_id: int) -> Standing:
    last = session.scalars(
        select(KnowledgeTry)
        .where(KnowledgeTry.test_id == test.id, KnowledgeTry.volunteer_id == volunteer_id)
        .order_by(KnowledgeTry.number.desc())
        .limit(1)
    ).first()
    until = session.scalar(
        select(func.max(Certificate.expires_at)).where(
            Certificate.volunteer_id == volunteer_id, Certificate.skill == test.skill, Certificate.level >= test.level,
            Certificate.withdrawn_at.is_(None), Certificate.expires_at > clock.now(),
        )
    )  # fmt: skip
    again = last.at + timedelta(hours=test.wait_hours) if last is not None and not last.passed else None
    return Standing(test, until, again if again is not None and again > clock.now() else None, last)


def paper(session: Session, clock: Clock, volunteer_id: int, test_id: int) -> Paper:
    """Return a test as a volunteer takes it now; raises NotFound for a retired one, Refused while they must wait."""
    test = get(session, test_id)
    if not test.active:
        raise NotFound("knowledge test", test_id)
    standing = _standing(session, clock, test, volunteer_id)
    _demand_turn(standing)
    number = (standing.last.number if standing.last is not None else 0) + 1
    return Paper(test, questions.shown(test.questions, _seed(test, volunteer_id, number), mix_questions=True), number)


def _demand_turn(standing: Standing) -> None:
    if standing.not_before is not None:
        raise Refused(
            "The next try is possible later.", code="test-wait", params={"at": standing.not_before.isoformat()}
        )


def _seed(test: KnowledgeTest, volunteer_id: int, number: int) -> str:
    return f"test:{test.id}:{test.version}:{volunteer_id}:{number}"


def answer(
    session: Session, clock: Clock, volunteer_id: int, test_id: int, *, version: int, number: int,
    given: Mapping[str, str], by: Actor,
) -> KnowledgeTry:  # fmt: skip
    """Take one try, and give the certificate when enough is right; the same try again returns what it was.

    Raises SeveralFaults for questions without an answer (no try is used up), Conflict when the test was changed since it was
    shown or the number is not the next one, Refused (`test-wait`), NotFound.
    """
    volunteer = session.get(Volunteer, volunteer_id, with_for_update=True, populate_existing=True)
    if volunteer is None:
        raise NotFound("volunteer", volunteer_id)
    known = session.scalar(
        select(KnowledgeTry).where(
            KnowledgeTry.test_id == test_id, KnowledgeTry.volunteer_id == volunteer_id, KnowledgeTry.number == number
        )
    )
    if known is not None:
        return known
    test = get(session, test_id)
    standing = _standing(session, clock, test, volunteer_id)
    following = (standing.last.number if standing.last is not None else 0) + 1
    if not test.active or test.version != version or number != following or number > MAX_TRIES:
        raise Conflict("The test was changed meanwhile; begin again.", code="test-changed")
    _demand_turn(standing)
    answers = questions.read_answers(test.questions, _seed(test, volunteer_id, number), given)
    right, asked = questions.count_right(test.questions, answers), len(test.questions)
    passed = right * 100 >= test.pass_percent * asked
    certificate = _certify(session, clock, test, volunteer, by) if passed else None
    made = KnowledgeTry(
        test_id=test.id, volunteer_id=volunteer_id, number=number, version=version, answers=answers, rights=right, asked=asked,
        passed=passed, certificate_id=certificate.id if certificate is not None else None, at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def months_later(at: datetime, months: int) -> datetime:
    """Return the same day so many months of the calendar later, or that month's last day where it has no such day."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


def _certify(session: Session, clock: Clock, test: KnowledgeTest, volunteer: Volunteer, by: Actor) -> Certificate:
    """Give the certificate, and lift the skill to its level, also for the agent that they are: else nobody would be called by it.

    Months are those of the calendar, so that one of 31 August for six ends on 28 February.
    """
    now = clock.now()
    made = Certificate(
        volunteer_id=volunteer.id, skill=test.skill, level=test.level, source=f"test:{test.id}", issued_at=now,
        expires_at=months_later(now, test.months),
    )  # fmt: skip
    session.add(made)
    volunteer.skills = volunteer.skills | {test.skill: max(test.level, int(volunteer.skills.get(test.skill, 0)))}
    volunteer.updated_at = now
    session.flush()
    if volunteer.state == APPROVED:
        keep_as_agent(session, clock, by, volunteer, active=True)
    audit.record(
        session, clock, by, "volunteer.certified", "volunteer", volunteer.id,
        after={"skill": test.skill, "level": test.level, "source": made.source, "expires_at": made.expires_at.isoformat()},
    )  # fmt: skip
    return made
