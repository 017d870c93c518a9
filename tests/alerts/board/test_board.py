"""The live board: running counts that equal the rows, a true curve, lists of people, and reports that hold no formula."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.board.figures import board
from alerts.board.models import BoardMinute
from alerts.board.people import _ANSWERED, _MESSAGES, _WITHOUT_ANSWER, PAGE, STATES, people_in
from alerts.board.places import BY_CELL, places
from alerts.board.sampling import SAMPLE, SAMPLE_SPLITS, curve, sample
from alerts.inbound import IncomingText, receive
from alerts.models import Alert
from alerts.replies.models import Standing, UnclearText
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import InvalidInput
from hotline.core.services import Services
from hotline.core.tables import plain_cell
from tests.alerts.replies.people import Warned, make_warned, warn
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_alert, make_officer, make_traveller

STATES_SENT = ["delivered", "delivered", "delivered", "sent", "failed", "queued"]


@pytest.fixture
def six(services: Services) -> list[Warned]:
    """One alert, six people: three have it for certain, one probably, one failed, one waits; the first is in Japan."""
    first = make_warned(services, alert={"started_at": NOW, "headline": "=cmd|'/c calc'!A1 Flood"}, name="Person 0")
    made = [first]
    with services.db.transaction() as session:
        for nth, state in enumerate(STATES_SENT[1:], start=1):
            person = make_traveller(session, name=f"Person {nth}", phone=f"+8210300000{nth:02d}")
            warn(session, first.alert_id, person, state=state, country="JP" if nth == 3 else "PH")
            made.append(Warned(services, person.id, first.alert_id, person.phone))
    return made


def figures(services: Services, alert_id: int) -> tuple[int, ...]:
    with services.db.transaction() as session:
        total = board(session, alert_id).total
        return (total.people, total.waiting, total.delivered, total.not_reached, total.safe, total.help, total.silent)


def test_the_board_counts_who_is_reached_safe_in_need_and_silent(services: Services, six: list[Warned]) -> None:
    assert figures(services, six[0].alert_id) == (6, 1, 3, 1, 0, 0, 4)
    six[0].say("safe")
    six[1].say("help")
    six[3].say("help")
    assert figures(services, six[0].alert_id) == (6, 1, 3, 1, 1, 2, 1)
    six[1].say("safe", "k2")
    assert figures(services, six[0].alert_id) == (6, 1, 3, 1, 2, 1, 1)
    with services.db.transaction() as session:
        by_country = board(session, six[0].alert_id).by_country
        assert list(by_country) == ["JP", "PH"], "whoever needs help stands first"
        assert (by_country["JP"].help, by_country["PH"].safe, by_country["PH"].people) == (1, 2, 5)


def test_running_counts_equal_the_standings(services: Services, six: list[Warned]) -> None:
    for turn, status in enumerate(["help", "safe", "help", "safe"]):
        for nth, each in enumerate(six):
            if (turn + nth) % 3:
                each.say(status, f"{turn}")
    with services.db.transaction() as session:
        standing = session.scalars(select(Standing.status)).all()
        total = board(session, six[0].alert_id).total
        assert (total.safe, total.help) == (standing.count("safe"), standing.count("help"))


def test_silence_is_never_less_than_nothing(services: Services, six: list[Warned]) -> None:
    for each in six:
        each.say("safe")
    assert figures(services, six[0].alert_id)[-1] == 0


def test_the_curve_has_a_point_for_each_minute_in_which_something_moved(
    services: Services, six: list[Warned], clock: FrozenClock
) -> None:
    assert sample(services) == 1
    assert sample(services) == 0, "nothing has moved"
    six[0].say("help")
    sample(services)
    clock.advance(timedelta(minutes=1))
    sample(services)
    clock.advance(timedelta(minutes=5))
    six[1].say("safe")
    sample(services)
    with services.db.transaction() as session:
        lines = curve(session, six[0].alert_id)
    start = int(NOW.timestamp())
    assert lines == {
        "t": [start, start + 360], "delivered": [3, 3], "safe": [0, 1], "help": [1, 1], "silent": [3, 2],
    }  # fmt: skip


def test_alerts_of_long_ago_are_not_looked_at_any_more(
    services: Services, six: list[Warned], clock: FrozenClock
) -> None:
    clock.advance(timedelta(days=8))
    assert sample(services) == 0


def test_a_long_curve_is_thinned_and_keeps_its_end(services: Services, six: list[Warned]) -> None:
    with services.db.transaction() as session:
        session.add_all(
            BoardMinute(alert_id=six[0].alert_id, minute=NOW + timedelta(minutes=nth), accepted=nth, delivered=nth,
                        failed=0, safe=0, help=0)
            for nth in range(4000)
        )  # fmt: skip
        session.flush()
        lines = curve(session, six[0].alert_id)
    assert 1000 < len(lines["t"]) <= 1501 and lines["delivered"][-1] == 3999


def names(services: Services, alert_id: int, state: str, **more: Any) -> list[str]:
    with services.db.transaction() as session:
        return [person.name for person in people_in(session, alert_id, state, **more).people]


def test_each_figure_leads_to_its_people(services: Services, six: list[Warned]) -> None:
    six[0].say("safe")
    six[1].say("help")
    alert_id = six[0].alert_id
    assert names(services, alert_id, "safe") == ["Person 0"]
    assert names(services, alert_id, "help") == ["Person 1"]
    assert names(services, alert_id, "silent") == ["Person 2", "Person 3"]
    assert names(services, alert_id, "not_reached") == ["Person 4"]
    assert names(services, alert_id, "waiting") == ["Person 5"]
    assert names(services, alert_id, "silent", wanted="person 3") == ["Person 3"]
    assert names(services, alert_id, "help", wanted="person 3") == []
    with services.db.transaction() as session, pytest.raises(InvalidInput):
        people_in(session, alert_id, "asleep")


@pytest.mark.parametrize("state", ["silent", "help"])
def test_lists_page_without_gaps_or_repetitions(services: Services, state: str) -> None:
    first = make_warned(services, alert={"started_at": NOW})
    with services.db.transaction() as session:
        for _ in range(7):
            warn(session, first.alert_id, make_traveller(session))
        people = session.scalars(text("SELECT traveller_id FROM messages ORDER BY id")).all()
    if state == "help":
        for each in people:
            Warned(services, each, first.alert_id, "").say("help")
    seen: list[int] = []
    after: int | None = 0
    with services.db.transaction() as session:
        while after is not None and len(seen) < 20:
            page = people_in(session, first.alert_id, state, after=after, limit=3)
            seen += [person.traveller_id for person in page.people]
            after = page.next_after
    assert sorted(seen) == sorted(people)


def test_answers_with_a_location_are_added_up_by_area(services: Services, six: list[Warned]) -> None:
    six[0].say("safe", lat=14.61, lon=121.01, accuracy_m=20)
    six[1].say("safe", lat=14.62, lon=121.02, accuracy_m=20)
    six[2].say("help", lat=35.0, lon=139.0, accuracy_m=20)
    six[3].say("safe")
    with services.db.transaction() as session:
        found = places(session, six[0].alert_id)
    assert [(each["status"], each["people"]) for each in found] == [("help", 1), ("safe", 2)]
    assert abs(float(str(found[1]["lat"])) - 14.6) < 0.25 and abs(float(str(found[1]["lon"])) - 121.0) < 0.25


@pytest.mark.parametrize("word", ["=1+1", "+82", "-2", "@x", "\tx", "＝1", "\r=1"])
def test_no_cell_of_a_table_is_a_formula(word: str) -> None:
    assert plain_cell(word) == "'" + word


def test_cells_that_are_no_formula_stay_as_they_are() -> None:
    assert [plain_cell(each) for each in ("한국", 5, "", "a=b")] == ["한국", 5, "", "a=b"]


@pytest.fixture
def visitor(client: FlaskClient, db: Database) -> Visitor:
    with db.transaction() as session:
        name = make_officer(session, roles=("agent",), language="ko").name
    made = Visitor(client)
    made.sign_in(name)
    return made


def test_the_pages_of_the_board_open_and_lead_to_people(
    services: Services, six: list[Warned], visitor: Visitor
) -> None:
    six[1].say("help", lat=14.6, lon=121.0, accuracy_m=9)
    base = f"/alerts/{six[0].alert_id}/board"
    for path in ("", "/figures", "/curve.json", "/places.json", *(f"/people?state={state}" for state in STATES)):
        assert visitor.get(base + path).status_code == 200, path
    assert "Person 1" in visitor.get(base + "/people?state=help").get_data(as_text=True)
    assert visitor.get(base + "/people?state=x&after=-5&q=%00").status_code in (200, 422)
    assert (
        visitor.get(f"/travellers/{six[1].traveller_id}")
        .get_data(as_text=True)
        .count(f"/alerts/{six[0].alert_id}/board")
    )
    assert visitor.get("/alerts/99999/board").status_code == 404


def test_reports_are_read_by_spreadsheets_and_printers_in_korean(
    services: Services, six: list[Warned], visitor: Visitor
) -> None:
    sample(services)
    table = visitor.get(f"/alerts/{six[0].alert_id}/board.csv")
    rows = list(csv.reader(io.StringIO(table.get_data(as_text=True).lstrip("\ufeff"))))
    assert rows[3][1:] == ["6", "1", "3", "0", "0", "4", "1"]
    printed = visitor.get(f"/alerts/{six[0].alert_id}/board.pdf")
    assert printed.mimetype == "application/pdf" and printed.data.startswith(b"%PDF")
    assert 5_000 < len(printed.data) < 300_000, "only the letters that are used are embedded"
    assert b"Pretendard" in printed.data


def test_an_alert_that_was_never_sent_has_no_board(services: Services, six: list[Warned], visitor: Visitor) -> None:
    with services.db.transaction() as session:
        session.get_one(Alert, six[0].alert_id).started_at = None
    for path in ("board", "board.csv", "board.pdf", "board/people"):
        assert visitor.get(f"/alerts/{six[0].alert_id}/{path}").status_code == 404


def test_a_text_nobody_understood_is_read_on_the_board(services: Services, six: list[Warned], visitor: Visitor) -> None:
    receive(services, IncomingText("SM9", six[2].phone, "+15005550006", "<b>water</b> everywhere"))
    with services.db.transaction() as session:
        text_id = session.scalars(select(UnclearText.inbound_text_id)).one()
    base = f"/alerts/{six[0].alert_id}/board"
    assert "&lt;b&gt;water" in visitor.get(base).get_data(as_text=True)
    for _ in range(2):
        assert visitor.post(f"{base}/texts/{text_id}", {"meaning": "help"}).status_code == 302
    assert six[2].standing() == "help" and six[2].answers() == ["help"]


def explained(session: Session, statement: str, parameters: dict[str, object]) -> str:
    return "\n".join(session.scalars(text("EXPLAIN " + statement), parameters))


def test_the_boards_statements_use_their_indexes_at_size(database_url: str, db: Database) -> None:
    with db.transaction() as session:
        author = make_officer(session)
        for _ in range(8):
            make_alert(session, author=author, state="finished")
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO travellers (name, phone, phone_region, created_at, updated_at)"
            " SELECT 'P', '+8210' || lpad(n::text, 8, '0'), 'KR', now(), now() FROM generate_series(1, 40000) n"
        )
        connection.execute(
            "INSERT INTO standings (alert_id, traveller_id, answer_id, status, said_at, country, cell)"
            " SELECT 1 + t.id % 8, t.id, t.id, CASE WHEN t.id % 10 = 0 THEN 'help' ELSE 'safe' END, now(), 'PH', t.id % 900"
            " FROM travellers t"
        )
        connection.execute(
            "INSERT INTO messages (alert_id, traveller_id, phone, country, language, parts, state, attempts)"
            " SELECT a.id, t.id, t.phone, 'PH', 'ko', 1, 'delivered', 1 FROM travellers t, alerts a WHERE a.id <= 3"
        )
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE standings")
        connection.execute("ANALYZE messages, travellers")
        plan = connection.execute("EXPLAIN " + SAMPLE, {"now": NOW, "since": NOW}).fetchall()
        assert " on messages" not in str(plan)
        plan = connection.execute("EXPLAIN " + SAMPLE_SPLITS, {"now": NOW, "since": NOW}).fetchall()
        assert " on messages" not in str(plan) and " on standings" not in str(plan)
    common: dict[str, object] = {"alert": 3, "after": 100, "limit": PAGE + 1}
    with db.transaction() as session:
        by_cell = explained(session, BY_CELL, {"alert": 3, "limit": 5000, "country": None, "provider": None})
        assert "ix_standings_cell" in by_cell and "Seq Scan" not in by_cell
        answered = explained(session, _ANSWERED.format(split="", persons=""), common | {"status": "help"})
        assert "ix_standings_status" in answered and "Seq Scan" not in answered
        silent = _MESSAGES.format(condition=_WITHOUT_ANSWER, split="", persons="")
        plan_of_silent = explained(session, silent, common | {"states": ["sent", "delivered"]})
        assert "uq_messages_alert_id_phone" in plan_of_silent and "Seq Scan" not in plan_of_silent
        assert "Sort" not in plan_of_silent, "a page of a million must not sort the million"
