"""What the database says when a call is decided: the partner mission, who is on duty and who waits, and a day ahead of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hotline.core.services import Services
from overflow.forwarding import trying, warnings
from overflow.forwarding.trying import Tried
from tests.overflow.forwarding.conftest import BACK, CALLER, NUMBER, POOL, Exchange, add_line, add_mission
from tests.queues.making import call_in, make_agent, make_queue

BODY = {"version": 1, "called": NUMBER, "reason": "all"}
PARTNERS_LINE, PARTNERS_BACK = "+862162955001", "+862162955009"


def rule(exchange: Exchange, kind: str, action: str = "return", limit: int = 0) -> None:
    """Let one rule decide."""
    exchange.run(
        'INSERT INTO overflow_rules (position, kind, action, "limit", updated_at) VALUES (1, :kind, :action, :limit, now())',
        kind=kind, action=action, limit=limit,
    )  # fmt: skip


def hours(exchange: Exchange, mission_id: int, text: str) -> None:
    """Give a mission its hours."""
    exchange.run(
        "INSERT INTO mission_hours (mission_id, hours, updated_at) VALUES (:id, :text, now())", id=mission_id, text=text
    )


@pytest.fixture
def partner(exchange: Exchange, services: Services) -> int:
    """A partner in the same zone, open at every hour, with a line that is forwarded and a number for hand-backs."""
    partner_id = add_mission(services, "shanghai", phone="+862162955000", emergency_phone="+8613911080009")
    add_line(services, partner_id, number=PARTNERS_LINE, pool="+82233330102", back=PARTNERS_BACK)
    exchange.run("UPDATE missions SET partner_id = :partner WHERE id = :id", partner=partner_id, id=exchange.mission_id)
    hours(exchange, partner_id, "24/7")
    rule(exchange, "partner")
    return partner_id


def step(exchange: Exchange) -> str:
    """Announce a call; what was found of the partner."""
    exchange.said(BODY)
    return str(exchange.rows()[-1].explanation[0]["message"])


def warned(exchange: Exchange, services: Services) -> bool:
    """Whether the page of rules warns of the partner."""
    with services.db.transaction() as session:
        found = warnings.of(session, services, exchange.mission_id)
    return "partner_unreachable" in {each.message for each in found}


def test_an_open_partner_in_the_same_zone_gets_the_call_when_the_centre_is_full(
    exchange: Exchange, services: Services, partner: int
) -> None:
    told = exchange.said(BODY)
    assert (told["decision"], told["destination"]) == (
        "return", {"to": "partner", "number": PARTNERS_BACK, "sip": None},
    )  # fmt: skip
    assert not warned(exchange, services)


@pytest.mark.parametrize(
    ("change", "message", "is_warned"),
    [
        ("UPDATE missions SET zone = 'Asia/Tokyo' WHERE id = :id", "partner_none", True),
        ("UPDATE missions SET closed_at = now() WHERE id = :id", "partner_none", True),
        ("UPDATE mission_hours SET hours = 'off' WHERE mission_id = :id", "partner_closed", False),
        ("UPDATE mission_lines SET return_number = NULL WHERE mission_id = :id", "no_number", True),
        ("UPDATE mission_lines SET closed_at = now() WHERE mission_id = :id", "no_number", True),
        ("UPDATE mission_lines SET return_number = '+82233330102' WHERE mission_id = :id", "our_number", True),
        ("UPDATE mission_lines SET return_number = '+862162955000' WHERE mission_id = :id", "still_forwarded", True),
        ("UPDATE mission_lines SET return_number = '+8613911080009' WHERE mission_id = :id", "still_forwarded", True),
    ],
)
def test_no_call_is_handed_to_a_partner_that_is_not_there_or_would_ring_us_again(
    exchange: Exchange, services: Services, partner: int, change: str, message: str, is_warned: bool
) -> None:
    exchange.run(change, id=partner)
    assert step(exchange) == message
    assert (exchange.rows()[-1].decision, exchange.rows()[-1].rule_kind) == ("take", "default")
    assert warned(exchange, services) is is_warned


def test_a_missions_own_public_number_is_no_hand_back_either(exchange: Exchange) -> None:
    hours(exchange, exchange.mission_id, "24/7")
    rule(exchange, "capacity")
    assert exchange.said(BODY)["destination"]["number"] == BACK
    exchange.run(
        "UPDATE mission_lines l SET return_number = m.phone FROM missions m WHERE m.id = l.mission_id AND l.mission_id = :id",
        id=exchange.mission_id,
    )
    told = exchange.said(BODY)
    assert (told["decision"], told["destination"]["number"]) == ("take", POOL)


def test_the_centre_is_full_by_real_agents_and_real_callers_and_never_by_those_of_a_drill(
    exchange: Exchange, services: Services
) -> None:
    hours(exchange, exchange.mission_id, "24/7")
    rule(exchange, "capacity", limit=2)
    with services.db.transaction() as session:
        make_queue(session)
        for _ in range(9):
            call_in(session, services.clock, drill=True)
        make_agent(session, drill=True)
    assert exchange.said(BODY)["decision"] == "take", "nobody real waits"
    with services.db.transaction() as session:
        for _ in range(2):
            call_in(session, services.clock)
    services.rooms.clear()
    told = exchange.said(BODY)
    assert (told["decision"], exchange.rows()[-1].explanation[0]["values"]) == (
        "return", {"ready": 0, "waiting": 2, "limit": 2},
    )  # fmt: skip
    with services.db.transaction() as session:
        make_agent(session)
    services.rooms.clear()
    assert exchange.said(BODY)["decision"] == "take", "somebody real is free"


def test_a_language_that_only_the_mission_speaks_goes_back_to_it_while_it_is_open(
    exchange: Exchange, services: Services
) -> None:
    rule(exchange, "language")
    exchange.run("UPDATE missions SET languages = '{ko,zh}' WHERE id = :id", id=exchange.mission_id)
    hours(exchange, exchange.mission_id, "24/7")
    with services.db.transaction() as session:
        make_agent(session, languages=["ko", "en"])
        make_agent(session, languages=["zh"], state="offline")
        make_agent(session, languages=["zh"], drill=True)
    services.rooms.clear()
    assert exchange.said(BODY | {"language": "zh-CN"})["decision"] == "return"
    assert exchange.said(BODY | {"language": "ko"})["decision"] == "take"
    assert exchange.said(BODY | {"language": "fr"})["decision"] == "take", "nobody there speaks it either"
    with services.db.transaction() as session:
        make_agent(session, languages=["zh"], state="not_ready", reason="meal")
    services.rooms.clear()
    assert exchange.said(BODY | {"language": "zh-CN"})["decision"] == "take", "somebody here does"


@pytest.mark.parametrize(
    ("change", "decision"),
    [
        ("SELECT 1", "refuse"),
        ("UPDATE number_flags SET until = since + interval '1 hour'", "take"),
        ("UPDATE number_flags SET lifted_at = since", "take"),
        ("UPDATE number_flags SET phone = '+8613900000000'", "take"),
    ],
)
def test_where_blocked_numbers_are_refused_a_block_that_is_over_or_was_lifted_refuses_nobody(
    exchange: Exchange, change: str, decision: str
) -> None:
    rule(exchange, "protected", "refuse")
    exchange.run(
        "INSERT INTO number_flags (phone, kind, path, since, until) VALUES (:phone, 'abuse', 'blocked', :since, :until)",
        phone=CALLER, since=exchange.clock.now() - timedelta(hours=1), until=exchange.clock.now() + timedelta(hours=1),
    )  # fmt: skip
    exchange.run(change)
    assert exchange.said(BODY | {"caller": CALLER})["decision"] == decision


def test_a_mission_that_closes_while_it_is_remembered_is_closed_from_that_moment_on(exchange: Exchange) -> None:
    hours(exchange, exchange.mission_id, "Mo-Su 09:00-18:00")
    exchange.later(7 * 3600 - 1)
    assert exchange.said(BODY)["rule"]["kind"] == "default", "17:59:59 in Beijing"
    exchange.later(1)
    assert exchange.said(BODY)["rule"]["kind"] == "closed"


def test_the_day_ahead_follows_what_begins_and_ends_in_it(exchange: Exchange, services: Services, partner: int) -> None:
    hours(exchange, exchange.mission_id, "24/7")
    start = datetime.fromisoformat("2026-11-21T12:00:00+08:00")
    exchange.run("UPDATE mission_hours SET hours = 'Mo-Su 14:00-18:00' WHERE mission_id = :id", id=partner)
    exchange.run(
        "INSERT INTO overflow_rules (position, kind, action, \"limit\", updated_at) VALUES (0, 'take_all', 'take', 0, now())"
    )
    exchange.run(
        "INSERT INTO take_all (mission_id, since, until, reason)"
        " VALUES (:id, :since, :until, 'Feast')",
        id=exchange.mission_id, since=start + timedelta(hours=3), until=start + timedelta(hours=4),
    )  # fmt: skip
    with services.db.transaction() as session:
        found = trying.day_ahead(
            session, services, Tried(mission_id=exchange.mission_id, at=start, reason="all", centre="full")
        )
    assert [(each.decision.kind, (each.end - each.start) / timedelta(hours=1)) for each in found] == [
        ("default", 2), ("partner", 1), ("take_all", 1), ("partner", 2), ("default", 18),
    ]  # fmt: skip


def test_each_line_of_a_mission_is_tried_by_itself(exchange: Exchange, services: Services) -> None:
    hours(exchange, exchange.mission_id, "24/7")
    rule(exchange, "capacity")
    add_line(services, exchange.mission_id, number="+861085320405", pool="+82233330103", back="+861085320498")
    services.rooms.clear()
    with services.db.transaction() as session:
        for called, back in ((NUMBER, BACK), ("+861085320405", "+861085320498")):
            made = Tried(
                mission_id=exchange.mission_id, at=services.clock.now(), reason="all", called=called, centre="full"
            )
            assert trying.attempt(session, services, made).decision.telephone == back
