"""The figures: counted by mission, reason, month and currency, of whom one may see, over an index."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput
from hotline.core.services import Services
from hotline.missions.models import MissionStaff
from remittance.figures import counting
from remittance.figures.counting import BY, STATEMENTS, Period, read_period
from remittance.requests import effects
from remittance.requests.models import Remittance
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.remittance.requests.making import make_actor, make_case, make_hong_kong, make_remittance
from tests.remittance.telling.making import go, make_quote

ZONE = "Asia/Seoul"


@pytest.fixture(autouse=True)
def no_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let remittances move by the table alone."""
    monkeypatch.setattr(effects, "apply", lambda *_: None)


def paid(services: Services, clock: FrozenClock, one: Remittance, *minutes: int) -> None:
    """Take a remittance to cash, each of five steps so many minutes after the one before."""
    with services.db.transaction() as session:
        make_quote(session, clock, one)
    go(services, one.id, "review")
    for event, pause in zip(("approve", "quote", "deposit", "release", "pay"), minutes, strict=True):
        clock.advance(timedelta(minutes=pause))
        go(services, one.id, event)


def make_many(services: Services, clock: FrozenClock) -> tuple[int, int]:
    """Ask for three at one mission (two paid, one rejected) and one at another, which is open; and one of a drill."""
    with services.db.transaction() as session:
        first, second = make_hong_kong(session, code="one"), make_hong_kong(session, code="two")
        made = [
            make_remittance(session, clock, mission=first, reason=reason) for reason in ("robbed", "robbed", "lost")
        ]
        make_remittance(session, clock, mission=second)
        make_remittance(session, clock, mission=second, case=make_case(session, clock, drill=True))
    paid(services, clock, made[0], 10, 10, 30, 5, 5)
    paid(services, clock, made[1], 60, 0, 0, 0, 120)
    go(services, made[2].id, "reject")
    return first.id, second.id


def period(clock: FrozenClock, **more: Any) -> Period:
    today = clock.now().date()
    return Period(today - timedelta(days=2), today + timedelta(days=2), **more)


def test_counts_amounts_and_times_by_each_grouping(services: Services, clock: FrozenClock) -> None:
    first, second = make_many(services, clock)
    with services.db.transaction() as session:
        chief = make_actor(session, clock, "duty_chief")
        lines = {by: counting.count(session, chief, period(clock), by, ZONE) for by in BY}
        drills = counting.count(session, chief, period(clock, drill=True), "mission", ZONE)
    of_first, of_second = lines["mission"]
    assert (of_first.key, of_second.key) == (str(first), str(second))
    assert (of_first.asked, of_first.approved, of_first.paid, of_first.rejected, of_first.open_now) == (3, 2, 2, 1, 0)
    assert (of_first.asked_minor, of_first.paid_minor, of_first.currency) == (300_000, 200_000, "USD")
    # The second began to move an hour after the first had its cash.
    assert of_first.stages["to_cash"].count == 2
    assert of_first.stages["review"].median_s == pytest.approx((10 + 120) / 2 * 60)
    assert of_first.stages["fetching"].slow_s == pytest.approx((5 + 0.9 * 115) * 60)
    assert (of_second.asked, of_second.open_now, of_second.stages["to_cash"].median_s) == (1, 1, None)
    assert {line.key: line.asked for line in lines["reason"]} == {"robbed": 3, "lost": 1}
    assert [(line.key, line.asked) for line in lines["month"]] == [(clock.now().strftime("%Y-%m"), 4)]
    assert [(line.key, line.asked) for line in lines["currency"]] == [("", 4)]
    assert [(line.key, line.asked) for line in drills] == [(str(second), 1)]


def test_staff_of_missions_count_their_own(services: Services, clock: FrozenClock) -> None:
    _, second = make_many(services, clock)
    with services.db.transaction() as session:
        consul = make_actor(session, clock, "mission_officer")
        session.add(MissionStaff(officer_id=consul.id, mission_id=second, since=clock.now()))
        session.flush()
        lines = counting.count(session, consul, period(clock), "mission", ZONE)
        assert [line.key for line in lines] == [str(second)]
        stranger = make_actor(session, clock, "mission_officer")
        assert counting.count(session, stranger, period(clock), "mission", ZONE) == []
        with pytest.raises(Forbidden):
            counting.count(session, make_actor(session, clock, "author"), period(clock), "mission", ZONE)


def test_periods_are_days_of_the_centre_and_refused_by_name(services: Services, clock: FrozenClock) -> None:
    today = date(2026, 3, 31)
    assert read_period("", "", today) == Period(date(2026, 1, 1), today)
    assert read_period("", "2025-06-30", today) == Period(date(2025, 6, 30), date(2025, 6, 30))
    for first, last in (("soon", ""), ("2026-02-30", ""), ("2026-03-02", "2026-03-01"), ("2000-01-01", "2026-01-01")):
        with pytest.raises(InvalidInput):
            read_period(first, last, today)
    assert counting.bounds(Period(today, today), ZONE)["first"].isoformat() == "2026-03-31T00:00:00+09:00"


def test_a_period_is_read_over_its_index(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one = make_remittance(session, clock)
    with services.db.transaction() as session:
        columns = ", ".join(
            column.name for column in Remittance.__table__.columns
            if column.name not in ("id", "number", "reference", "request_key", "requested_at")
        )  # fmt: skip
        session.execute(text(
            f"INSERT INTO remittances (number, reference, request_key, requested_at, {columns}) "  # noqa: S608 - own names
            f"SELECT 'T-' || n, 'T' || n, 'T' || n, requested_at - n * interval '1 hour', {columns} "
            "FROM remittances, generate_series(1, 5000) n WHERE id = :id"
        ), {"id": one.id})  # fmt: skip
        session.execute(text(
            "INSERT INTO remittance_changes (remittance_id, at, before, after, event) "
            "SELECT id, requested_at, '', 'requested', 'request' FROM remittances"
        ))  # fmt: skip
    with services.db.transaction() as session:
        session.execute(text("ANALYZE remittances"))
        session.execute(text("ANALYZE remittance_changes"))
        values = counting.bounds(period(clock), ZONE) | {
            "missions": None, "rejected": "rejected", "lapsed": ["expired"], "refunded": ["refunded"], "open": ["requested"],
            "most": 10,
        }  # fmt: skip
        plan = "\n".join(session.scalars(text("EXPLAIN " + STATEMENTS["mission"]), values))
    assert "ix_remittances_requested_at" in plan and "ix_remittance_changes_remittance_id" in plan, plan


def test_the_page_the_table_and_the_api_agree(services: Services, clock: FrozenClock, app: Any) -> None:
    make_many(services, clock)
    with services.db.transaction() as session:
        chief, author = make_officer(session, roles=("duty_chief",)), make_officer(session, roles=("author",))
        token = make_token(session, chief)
    visitor = Visitor(app.test_client())
    visitor.sign_in(chief.name)
    page = visitor.get("/remittances/figures").get_data(as_text=True)
    assert "Consulate General in Hong Kong" in page and "USD 3,000.00" in page and "From asking to cash" in page
    for by in BY:
        assert visitor.get(f"/remittances/figures?by={by}").status_code == 200
    assert visitor.get("/remittances/figures?by=reason&drill=1").status_code == 200
    table = visitor.get("/remittances/figures.csv?by=reason").get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert table[0].startswith("reason,name,currency,asked") and len(table) == 3
    api = app.test_client().get("/api/v1/remittances/figures?by=reason", headers={"Authorization": f"Bearer {token}"})
    assert [line["asked"] for line in api.json["lines"]] == [int(row.split(",")[3]) for row in table[1:]]
    bad = app.test_client().get("/api/v1/remittances/figures?by=name", headers={"Authorization": f"Bearer {token}"})
    assert bad.status_code == 422
    visitor.post("/sign-out")
    visitor.sign_in(author.name)
    assert visitor.get("/remittances/figures").status_code == 403


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("from=2026-99-01&to=2026-11-20", "First day: &#39;2026-99-01&#39; is no day"),
        ("to=soon", "Last day: &#39;soon&#39; is no day"),
        ("from=2026-11-20&to=2026-11-01", "2026-11-20&#39; has to lie before the last day"),
        ("to=0001-01-01", "Last day: &#39;0001-01-01&#39;"), ("from=9999-12-31&to=9999-12-31", "Last day: &#39;9999-12-31&#39;"),
        ("by=colour&from=2026-11-01", "Lines by: &#39;colour&#39; is unknown"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_is_named_and_nothing_of_it_is_lost(
    services: Services, clock: FrozenClock, app: Any, asked: str, says: str
) -> None:
    make_many(services, clock)
    with services.db.transaction() as session:
        chief = make_officer(session, roles=("duty_chief",))
    visitor = Visitor(app.test_client())
    visitor.sign_in(chief.name)
    answer = visitor.get(f"/remittances/figures?drill=1&{asked}" + ("" if "by=" in asked else "&by=reason"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and says in page and "Nothing was counted" in page
    for name, value in (part.split("=") for part in asked.split("&") if not part.startswith("by=")):
        assert re.search(rf'name="{name}" type="(text|date)" value="{value}"', page), (
            "what was typed stays, also in a browser"
        )
    assert re.search(r'value="1" selected', page), "drills stay chosen"
    assert "by=" in asked or 'value="reason" selected' in page
    assert "USD 3,000.00" not in page and "figures.csv" not in page, "no other period's figures pass for the answer"
    assert visitor.get(f"/remittances/figures.csv?{asked}").status_code == 422


def test_the_page_speaks_korean(services: Services, clock: FrozenClock, app: Any) -> None:
    make_many(services, clock)
    with services.db.transaction() as session:
        chief = make_officer(session, roles=("duty_chief",), language="ko")
    visitor = Visitor(app.test_client())
    visitor.sign_in(chief.name)
    page = visitor.get("/remittances/figures")
    assert page.status_code == 200 and "지급까지" in page.get_data(as_text=True)
