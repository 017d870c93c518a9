"""Texts on arrival: two people, versions, the right words for country and language, and the page for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from alerts.arrivals import demo, sweep, texts, wording
from alerts.arrivals.models import Arrival, ArrivalText
from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, NotFound, Refused
from hotline.core.services import Services
from hotline.notices.models import Notice
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_mission, make_officer, make_traveller

BODY = "Welcome to {place}. Call {mission} {mission_phone}."
HOTLINE = "+82232100404"
Write = Callable[..., int]


@pytest.fixture
def people(db: Database) -> dict[str, Actor]:
    """An author, an approver and a duty chief who is both."""
    with db.transaction() as session:
        return {
            name: actor_of(make_officer(session, name=name, roles=roles), "console")
            for name, roles in {
                "author": ("author",), "approver": ("approver",), "chief": ("author", "approver"), "agent": ("agent",),
            }.items()
        }  # fmt: skip


@pytest.fixture
def write(db: Database, clock: FrozenClock, people: dict[str, Actor]) -> Write:
    """Return what writes a text, approved unless told otherwise; its id."""

    def make(
        body: str = BODY, *, country: str = "ZZ", language: str = "en", approved: bool = True, by: str = "author"
    ) -> int:
        with db.transaction() as session:
            made = texts.write(
                session, clock, people[by], country=country, language=language, body=body, hotline=HOTLINE
            )
            if approved:
                texts.approve(session, clock, people["approver"], made.id)
            return made.id

    return make


def states(db: Database) -> list[tuple[int, str]]:
    with db.transaction() as session:
        rows = session.execute(select(ArrivalText.version, ArrivalText.state).order_by(ArrivalText.id))
        return [tuple(row) for row in rows]  # type: ignore[misc]


def test_a_second_officer_approves_and_the_version_before_goes(
    db: Database, clock: FrozenClock, people: dict[str, Actor], write: Write
) -> None:
    write()
    second = write(BODY + " Stay safe.", approved=False, by="chief")
    assert states(db) == [(1, "approved"), (2, "draft")]
    for who, fault in (("chief", Refused), ("author", Forbidden), ("agent", Forbidden)):
        with pytest.raises(fault), db.transaction() as session:
            texts.approve(session, clock, people[who], second)
    with db.transaction() as session:
        texts.approve(session, clock, people["approver"], second)
    assert states(db) == [(1, "withdrawn"), (2, "approved")]
    with pytest.raises(Refused), db.transaction() as session:
        texts.approve(session, clock, people["approver"], second)
    with pytest.raises(NotFound), db.transaction() as session:
        texts.approve(session, clock, people["approver"], 999)
    with db.transaction() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)).all()
    assert actions[-2:] == ["arrival_text.written", "arrival_text.approved"]


def test_a_new_draft_takes_the_place_of_the_old_one(db: Database, write: Write) -> None:
    write(approved=False)
    write(approved=False)
    assert states(db) == [(1, "withdrawn"), (2, "draft")]


def test_the_database_itself_refuses_one_person_for_both(db: Database, write: Write) -> None:
    made = write(approved=False)
    with pytest.raises(Exception, match="two_people"), db.transaction() as session:
        session.execute(text("UPDATE arrival_texts SET approved_by_id = author_id WHERE id = :id"), {"id": made})


@pytest.mark.parametrize(
    "change",
    [{"body": ""}, {"body": "x" * 1001}, {"body": "Call us."}, {"body": "{mission_phone} {link}"},
     {"body": "{mission_phone} {nonsense}"}, {"body": "{mission_phone"}, {"body": "{hotline} " + "가" * 300},
     {"country": "QQ"}, {"language": "Englisch!"}],
)  # fmt: skip
def test_a_text_that_could_not_be_sent_is_refused(write: Write, change: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        write(**change)


def test_only_those_who_may_write_do(write: Write) -> None:
    with pytest.raises(Forbidden):
        write(by="agent")


def test_words_are_the_countrys_own_in_the_persons_language(services: Services, db: Database, write: Write) -> None:
    with db.transaction() as session:
        make_mission(session)
    write()
    write("{place}: {mission} {mission_phone}", language="ko")
    write("Philippines only {hotline}", country="PH")
    with db.connection() as connection:
        words = wording.load(connection, HOTLINE)

    def said(country: str, language: str) -> str:
        greeting = words.for_person(country, language)
        return greeting.body if greeting else ""

    assert said("PH", "ko") == "Philippines only +82 2-3210-0404"
    assert said("JP", "ko") == "일본: 영사콜센터 +82 2-3210-0404"
    assert said("JP", "en-gb") == said("JP", "vi") == "Welcome to Japan. Call the consular centre +82 2-3210-0404."
    with db.transaction() as session:
        session.execute(text("UPDATE arrival_texts SET state = 'withdrawn' WHERE country = 'PH'"))
    with db.connection() as connection:
        words = wording.load(connection, HOTLINE)
    assert said("PH", "ko") == "필리핀: 주필리핀 대사관 +63 917 817 5703"
    assert said("PH", "") == "Welcome to Philippines. Call Embassy in Manila +63 917 817 5703."


def test_without_an_approved_text_nobody_is_greeted_and_the_reason_is_kept(
    services: Services, db: Database, write: Write
) -> None:
    write(approved=False)
    with db.transaction() as session:
        traveller = make_traveller(session, lat=None, lon=None)
        session.execute(
            text(
                "INSERT INTO crossings (traveller_id, country, home, at, seen_until, received_at)"
                " VALUES (:id, 'PH', false, :now, :now, :now)"
            ),
            {"id": traveller.id, "now": NOW},
        )
    services.clock.advance(timedelta(minutes=30))  # type: ignore[attr-defined]
    report = sweep.sweep(services)
    assert (report.taken, report.decided, report.greeted) == (1, 1, 0)
    with db.transaction() as session:
        assert session.scalars(select(Arrival.reason)).all() == ["no_text"]
        assert session.scalars(select(Notice)).all() == []
    assert sweep.forget_old(services) == 0
    services.clock.advance(timedelta(days=121))  # type: ignore[attr-defined]
    assert sweep.forget_old(services) == 1


def test_demo_texts_are_approved_by_a_second_officer_and_added_once(
    services: Services, db: Database, people: dict[str, Actor]
) -> None:
    for _ in range(2):
        demo.add_practice_texts(services, people["author"])
    assert states(db) == [(1, "approved"), (1, "approved")]


@pytest.fixture
def pages(app: Any, people: dict[str, Actor]) -> Callable[[str], Visitor]:
    """Return what signs an officer in."""

    def sign_in(name: str) -> Visitor:
        visitor = Visitor(app.test_client())
        visitor.sign_in(name)
        return visitor

    return sign_in


def test_the_page_takes_a_text_from_draft_to_withdrawal(db: Database, pages: Callable[[str], Visitor]) -> None:
    author, approver, agent = pages("author"), pages("approver"), pages("agent")
    assert "No texts yet" in author.get("/arrivals").get_data(as_text=True)
    wrong = author.post("/arrivals", {"country": "PH", "language": "en", "body": "Call us"})
    assert wrong.status_code == 422 and "Say whom to call" in wrong.get_data(as_text=True)
    author.post("/arrivals", {"country": "PH", "language": "en", "body": BODY})
    assert author.post("/arrivals/1/approve").status_code == 403
    assert agent.post("/arrivals", {"country": "PH", "language": "en", "body": BODY}).status_code == 403
    assert "Approved" in approver.post("/arrivals/1/approve", follow_redirects=True).get_data(as_text=True)
    assert states(db) == [(1, "approved")]
    assert "Only a draft" in approver.post("/arrivals/1/approve", follow_redirects=True).get_data(as_text=True)
    assert "Withdrawn" in agent.post("/arrivals/1/withdraw", follow_redirects=True).get_data(as_text=True)
    assert "withdrawn already" in agent.post("/arrivals/1/withdraw", follow_redirects=True).get_data(as_text=True)


def test_an_author_sets_rules_of_a_country(pages: Callable[[str], Visitor]) -> None:
    author = pages("author")
    good = {"policy_country": "AE", "settle_minutes": "240", "quiet_days": "30", "greets": "1"}
    page = author.post("/arrivals/policy", good, follow_redirects=True).get_data(as_text=True)
    assert "United Arab Emirates" in page and "240" in page
    for change in ({"settle_minutes": "721"}, {"quiet_days": "x"}, {"policy_country": "QQ"}, {"quiet_days": "91"}):
        assert author.post("/arrivals/policy", good | change).status_code == 422
    assert pages("approver").post("/arrivals/policy", good).status_code == 403


def test_errors_are_named(write: Write, db: Database, clock: FrozenClock, people: dict[str, Actor]) -> None:
    made = write()
    with pytest.raises(HotlineError) as refused, db.transaction() as session:
        texts.approve(session, clock, people["approver"], made)
    assert refused.value.code == "arrival-no-draft"
