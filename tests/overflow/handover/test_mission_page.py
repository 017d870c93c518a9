"""What a mission finds on its own page: the night's calls, promises in its name, its hours, its figures, tests of its lines."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.calls.models import Call
from hotline.cases.contact_models import Contact
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.missions.models import Mission
from overflow.handover import looking, statistics
from tests.auth.conftest import Visitor
from tests.factories import make_token
from tests.overflow.handover.conftest import Morning
from tests.overflow.handover.making import EVENING, HOUR, MORNING, make_call, make_shanghai, make_staff


def part(page: str, name: str) -> str:
    """Return the words of one section, without its marks."""
    found = re.search(rf'<section[^>]*aria-labelledby="{name}-title".*?</section>', page, re.DOTALL)
    assert found is not None, name
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


@pytest.fixture
def visitor(app: Any, services: Services, morning: Morning) -> Visitor:
    """Return the mission's officer, signed in."""
    visitor = Visitor(app.test_client())
    with services.db.transaction() as session:
        visitor.sign_in(session.get_one(Officer, morning.staff.id).name)
    return visitor


@pytest.mark.parametrize(
    ("language", "answered", "given_up", "visa", "danger"),
    [
        ("en", "call answered", "hung up", "Visa", "danger to life"),
        ("ko", "응답함", "끊", "비자", "생명 위험"),
    ],
)
def test_the_nights_calls_say_when_who_what_became_of_them_and_which_case(
    services: Services, visitor: Visitor, morning: Morning, language: str, answered: str, given_up: str, visa: str, danger: str
) -> None:  # fmt: skip
    with services.db.transaction() as session:
        first = session.scalars(select(Call).order_by(Call.id)).first()
        assert first is not None
        first.danger = True
        session.get_one(Contact, first.contact_id).disposition = "visa"
        make_call(session, session.get_one(Mission, morning.mission), at=EVENING + 4 * HOUR, phone="")
        make_call(session, session.get_one(Mission, morning.other), at=EVENING + 5 * HOUR, phone="+821077777777")
    visitor.post("/language", {"language": language, "next": "/mission"})
    told = part(visitor.get("/mission").get_data(as_text=True), "calls")
    rows = [each for each in re.split(r"(?=\b2026-11-2[12] \d\d:\d\d)", told)[1:]]
    assert [row[:16] for row in rows] == [
        "2026-11-21 22:00",
        "2026-11-21 21:00",
        "2026-11-21 20:00",
        "2026-11-21 19:00",
    ]
    anonymous, unhelped, calm, grave = rows
    assert ("withheld" if language == "en" else "번호") in anonymous
    assert given_up in unhelped and "CS-" not in unhelped
    assert answered in calm and "CS-" in calm and visa not in calm
    assert answered in grave and visa in grave and danger in grave and f"CS-{morning.grave:06d}" in grave
    assert "+821099990001" not in told, "numbers are masked"


def test_promises_in_its_name_stand_with_their_due_times_and_say_when_overdue(
    services: Services, clock: FrozenClock, client: FlaskClient, morning: Morning
) -> None:
    def promises() -> str:
        with services.db.transaction() as session:
            token = make_token(session, session.get_one(Officer, morning.staff.id), clock=clock)
        page = client.get("/mission", headers={"Authorization": f"Bearer {token}"}).get_data(as_text=True)
        return part(page, "promises")

    told = promises()
    assert "about CS-" in told and "due 2026-11-22 13:00" in told and "UTC+8" in told and "overdue" not in told
    clock.set(MORNING + 4 * HOUR)
    assert "overdue" in promises()


def test_its_hours_open_in_the_editor_and_its_lines_tests_and_take_all_are_on_the_page(
    visitor: Visitor, morning: Morning
) -> None:
    page = visitor.get("/mission").get_data(as_text=True)
    link = re.search(r'<a class="button" href="([^"]+)">Opening hours</a>', page)
    assert link is not None
    editor = visitor.get(unescape(link[1]))
    assert editor.status_code == 200 and "Mo-Su 09:00-18:00" in unescape(editor.get_data(as_text=True))
    assert "Test calls and training" in page and "All calls to the centre" in page
    assert "open now" in page and "2026-11-22 18:00" in page, "and until when, on the mission's wall"


def test_figures_count_by_day_hour_and_reason_on_the_missions_wall(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission, other = make_shanghai(session), make_shanghai(session, code="other")
        clock.set(datetime(2026, 11, 22, 3, tzinfo=UTC))
        given = (
            (datetime(2026, 11, 21, 15, 59, tzinfo=UTC), True, "visa"),  # 23:59 on the 21st in Shanghai
            (datetime(2026, 11, 21, 16, 0, tzinfo=UTC), True, "visa"),  # midnight: the 22nd
            (datetime(2026, 11, 21, 16, 30, tzinfo=UTC), False, ""),
            (datetime(2026, 10, 23, 16, 0, tzinfo=UTC), True, "death"),  # the first moment of thirty days
            (datetime(2026, 10, 23, 15, 59, tzinfo=UTC), True, "crime"),  # the last of the day before: not counted
        )
        for at, connected, disposition in given:
            call = make_call(session, mission, at=at, connected=connected)
            session.get_one(Contact, call.contact_id).disposition = disposition
        make_call(session, mission, at=MORNING, drill=True)
        make_call(session, mission, at=MORNING, end_reason="line_test")
        make_call(session, mission, at=MORNING, ended=False)
        make_call(session, other, at=MORNING)
        session.flush()
        found = statistics.figures(session, mission.id, mission.zone, clock.now())
    assert (found.calls, found.answered, found.answered_share, found.median_wait_s) == (4, 3, 0.75, 20.0)
    assert [day for day in found.by_day if day[1]] == [
        (date(2026, 10, 24), 1, 1), (date(2026, 11, 21), 1, 1), (date(2026, 11, 22), 2, 1),
    ]  # fmt: skip
    assert (len(found.by_day), found.by_day[0][0], found.by_day[-1][0]) == (30, date(2026, 10, 24), date(2026, 11, 22))
    assert {hour: count for hour, count in enumerate(found.by_hour) if count} == {0: 3, 23: 1} and len(
        found.by_hour
    ) == 24
    assert found.by_reason == [("visa", 2), ("", 1), ("death", 1)]


def test_the_page_draws_its_figures(client: FlaskClient, morning: Morning) -> None:
    page = client.get("/mission", headers=morning.headers(morning.staff)).get_data(as_text=True)
    drawn = re.search(r'<section[^>]*aria-labelledby="figures-title".*?</section>', page, re.DOTALL)
    assert drawn is not None and "67 % answered" in page
    titles = Counter(re.findall(r"<title>([^<]+)</title>", drawn[0]))
    assert titles == Counter({"2026-11-21: 3": 1, "19: 1": 1, "20: 1": 1, "21: 1": 1})
    assert "not written up, or nobody was spoken with 3" in part(page, "figures")


def test_a_mission_without_calls_or_nights_is_told_so(
    client: FlaskClient, services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        mission = make_shanghai(session)
        token = make_token(session, session.get_one(Officer, make_staff(session, mission).id), clock=clock)
    looking.run(services)
    page = client.get("/mission", headers={"Authorization": f"Bearer {token}"}).get_data(as_text=True)
    for told in (
        "No call came in.",
        "No promise is open.",
        "No call came in over the last 30 days.",
        "No hand-over yet.",
    ):
        assert told in page
