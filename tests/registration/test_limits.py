"""Nobody can find out who is on record, guess a code, or have strangers' handsets flooded."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from hotline.registration import checks
from tests.factories import make_traveller
from tests.registration.conftest import PHONE, Registering

_VARYING = re.compile(r'csrf_token" value="[^"]+"|data-clock="\d+"|name="next" value="[^"]*"')


def shown(visitor: Registering, path: str) -> str:
    return _VARYING.sub("", visitor.get(path).get_data(as_text=True))


def notices(visitor: Registering) -> int:
    with visitor.services.db.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM notices")) or 0


def test_a_known_and_an_unknown_number_get_the_same_answer(visitor: Registering, stranger: Registering) -> None:
    with visitor.services.db.transaction() as session:
        make_traveller(session, phone=PHONE)
    known = visitor.post("/register/change", {"region": "KR", "phone": PHONE})
    unknown = stranger.post("/register/change", {"region": "KR", "phone": "010-9999-0000"})
    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert shown(visitor, "/register/code") == shown(stranger, "/register/code")
    assert len(visitor.codes()) == len(visitor.codes("+821099990000")) == 1


def test_a_number_gets_three_codes_an_hour_and_the_page_never_tells(visitor: Registering) -> None:
    pages = set()
    for _ in range(6):
        assert visitor.ask().location == "/register/code"
        pages.add(shown(visitor, "/register/code"))
    assert len(visitor.codes()) == 3
    assert len(pages) == 1
    visitor.clock.advance(timedelta(minutes=61))
    visitor.ask()
    assert len(visitor.codes()) == 4, "requests that sent nothing do not keep the owner out"
    for _ in range(20):
        visitor.clock.advance(timedelta(minutes=61))
        visitor.ask()
    assert len(visitor.codes()) == 6


def test_the_form_of_writing_a_number_is_no_way_round(visitor: Registering) -> None:
    for phone in ("010-1234-5678", "+82 10 1234 5678", "+8210-1234-5678", "(010) 12345678"):
        visitor.ask({"phone": phone})
    assert len(visitor.codes()) == 3


def test_an_address_can_ask_only_so_often(visitor: Registering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PER_ADDRESS", ((4, checks.HOUR),))
    for nth in range(4):
        assert visitor.ask({"phone": f"010-1{nth}34-5678"}).status_code == 302
    refused = visitor.ask({"phone": "010-1934-5678"})
    assert refused.status_code == 429
    assert notices(visitor) == 4
    visitor.clock.advance(timedelta(minutes=61))
    assert visitor.ask({"phone": "010-1934-5678"}).status_code == 302


def test_everybody_together_can_ask_only_so_often(visitor: Registering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "IN_ALL", ((2, checks.HOUR),))
    for nth in range(2):
        visitor.ask({"phone": f"010-1{nth}34-5678"}, environ_base={"REMOTE_ADDR": f"198.51.100.{nth}"})
    refused = visitor.ask({"phone": "010-1934-5678"}, environ_base={"REMOTE_ADDR": "198.51.100.9"})
    assert refused.status_code == 429
    assert notices(visitor) == 2


def test_a_range_of_numbers_gets_only_so_many(visitor: Registering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PER_RANGE", ((3, checks.HOUR),))
    for nth in range(6):
        assert visitor.ask({"phone": f"010-1234-567{nth}"}).location == "/register/code"
    assert notices(visitor) == 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("198.51.100.1", "198.51.100.2", False), ("2001:db8::1", "2001:db8::ffff:2", True),
     ("2001:db8::1", "2001:db8:0:1::1", False), ("", "nonsense", True)],
)  # fmt: skip
def test_an_address_counts_as_the_network_it_stands_for(one: str, other: str, same: bool) -> None:
    assert (checks._network(one) == checks._network(other)) is same


def test_five_wrong_codes_end_the_check_for_the_right_one_too(visitor: Registering) -> None:
    visitor.ask()
    right = visitor.codes()[-1]
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for left in (4, 3, 2, 1):
        answer = visitor.post("/register/code", {"code": wrong})
        assert answer.status_code == 422
        assert f"You can try again {left} times." in answer.get_data(as_text=True)
    assert "cannot be used any more" in visitor.post("/register/code", {"code": wrong}).get_data(as_text=True)
    assert visitor.post("/register/code", {"code": right}).status_code == 422
    assert visitor.people() == []


def test_a_code_is_good_for_ten_minutes_in_its_own_browser(visitor: Registering, stranger: Registering) -> None:
    visitor.ask()
    code = visitor.codes()[-1]
    stranger.ask({"phone": "010-5555-5555"})
    assert stranger.post("/register/code", {"code": code}).status_code == 422
    visitor.clock.advance(timedelta(minutes=10))
    assert visitor.post("/register/code", {"code": code}).status_code == 422
    assert visitor.people() == []


def test_a_forged_cookie_opens_nothing(visitor: Registering) -> None:
    visitor.ask()
    code = visitor.codes()[-1]
    with visitor.client.session_transaction() as cookie:
        check_id = cookie["registration"][0]
    for forged in ([check_id, "guess"], [check_id + 1, "x"], "text", [1], [None, None], ["1", "2"]):
        with visitor.client.session_transaction() as cookie:
            cookie["registration"] = forged
        assert visitor.post("/register/code", {"code": code}).status_code in (302, 422)
        assert visitor.get("/register/me").status_code == 302
    assert visitor.people() == []


def test_blanks_in_a_code_do_not_matter_and_rubbish_is_only_wrong(visitor: Registering) -> None:
    visitor.ask()
    code = visitor.codes()[-1]
    for rubbish in ("", "１２３４５６", "x" * 5000):
        assert visitor.post("/register/code", {"code": rubbish}).status_code == 422
    assert visitor.post("/register/code", {"code": f" {code[:3]} {code[3:]} "}).location == "/register/me"


def test_the_row_holds_neither_code_nor_address(visitor: Registering) -> None:
    visitor.ask(environ_base={"REMOTE_ADDR": "198.51.100.77"})
    with visitor.services.db.transaction() as session:
        row = str(session.execute(text("SELECT * FROM phone_checks")).one())
    assert visitor.codes()[-1] not in row
    assert "198.51.100.77" not in row


def test_the_limits_are_counted_by_index(visitor: Registering) -> None:
    with visitor.services.db.connection() as connection:
        connection.execute(
            """INSERT INTO phone_checks (phone, phone_region, number_range, address_hash, token_hash, code_hash, silent,
                                         created_at, expires_at)
               SELECT '+8210' || n, 'KR', '+8210' || n / 1000, md5(n::text), '', '', false, now() - n * interval '1 s', now()
                 FROM generate_series(1, 20000) n"""
        )
        connection.execute("ANALYZE phone_checks")
        for column in ("phone", "number_range", "address_hash"):
            plan = "\n".join(
                row[0]
                for row in connection.execute(
                    f"EXPLAIN SELECT id FROM phone_checks WHERE created_at > now() - interval '1 h' AND {column} = 'x' LIMIT 3"  # noqa: S608
                )
            )
            assert f"ix_phone_checks_{column}_created_at" in plan
