"""Signing in and out through the pages: what lets somebody in, and everything that must not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select

from hotline.auth import officers, sessions
from hotline.auth.console import PENDING_LIMIT, safe_next
from hotline.auth.models import Officer, OfficerSession, SignInAttempt
from hotline.auth.sessions import IDLE_LIMIT, MAX_FAILURES_PER_ADDRESS, MAX_FAILURES_PER_NAME, WINDOW
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from tests.auth.conftest import Visitor
from tests.factories import PASSWORD, make_officer


@pytest.fixture
def officer(db: Database) -> Officer:
    with db.transaction() as session:
        return make_officer(session, name="kim", roles=("author",))


@pytest.fixture
def secret(db: Database, clock: FrozenClock, officer: Officer) -> str:
    """Give the officer a second factor and return its secret."""
    made = pyotp.random_base32()
    with db.transaction() as session:
        officers.set_second_factor(session, clock, SYSTEM, session.get_one(Officer, officer.id), made)
    return made


def failures(db: Database) -> int:
    with db.transaction() as session:
        return session.scalar(select(func.count()).select_from(SignInAttempt)) or 0


def test_right_name_and_password_open_the_overview(visitor: Visitor, officer: Officer) -> None:
    answer = visitor.sign_in("kim")
    assert (answer.status_code, answer.location) == (302, "/")
    assert visitor.get("/").status_code == 200


def test_sign_in_name_is_read_without_regard_to_case_and_blanks(visitor: Visitor, officer: Officer) -> None:
    assert visitor.sign_in(" KIM ").status_code == 302


@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_wrong_password_and_unknown_name_get_the_same_answer(visitor: Visitor, officer: Officer, name: str) -> None:
    answer = visitor.sign_in(name, "not the password")
    assert answer.status_code == 401
    assert "The name or the password is not right." in answer.get_data(as_text=True)
    assert not visitor.signed_in()


def test_password_never_comes_back_in_the_page(visitor: Visitor, officer: Officer) -> None:
    assert "not the password" not in visitor.sign_in("kim", "not the password").get_data(as_text=True)


def test_failure_is_counted_although_its_transaction_was_rolled_back(
    visitor: Visitor, officer: Officer, db: Database
) -> None:
    visitor.sign_in("kim", "wrong")
    assert failures(db) == 1


def test_right_password_is_refused_after_too_many_failures_until_the_window_has_passed(
    visitor: Visitor, officer: Officer, clock: FrozenClock
) -> None:
    for _ in range(MAX_FAILURES_PER_NAME):
        visitor.sign_in("kim", "wrong")
    refused = visitor.sign_in("kim")
    assert refused.status_code == 429
    assert "Too many failed sign-ins" in refused.get_data(as_text=True)
    clock.advance(WINDOW + timedelta(seconds=1))
    assert visitor.sign_in("kim").status_code == 302


def test_one_address_is_stopped_although_it_tries_many_names(visitor: Visitor, officer: Officer, db: Database) -> None:
    with db.transaction() as session:
        for number in range(MAX_FAILURES_PER_ADDRESS):
            sessions.note_failure(session, FrozenClock(officer.created_at), f"guess-{number}", "127.0.0.1")
    assert visitor.sign_in("kim").status_code == 429


def test_success_forgets_the_failures_of_that_name(visitor: Visitor, officer: Officer, db: Database) -> None:
    visitor.sign_in("kim", "wrong")
    visitor.sign_in("kim")
    assert failures(db) == 0


def test_sign_in_is_on_the_audit_trail(visitor: Visitor, officer: Officer, db: Database) -> None:
    visitor.sign_in("kim")
    with db.transaction() as session:
        assert session.scalar(select(AuditEntry.action).order_by(AuditEntry.seq.desc())) == "officer.signed_in"


def test_closed_account_cannot_sign_in_and_its_open_session_ends(
    visitor: Visitor, other_visitor: Visitor, officer: Officer, db: Database, clock: FrozenClock
) -> None:
    visitor.sign_in("kim")
    with db.transaction() as session:
        officers.set_disabled(session, clock, SYSTEM, officer.id, True)
    assert not visitor.signed_in()
    assert other_visitor.sign_in("kim").status_code == 401


def test_session_planted_before_sign_in_is_worth_nothing(visitor: Visitor, officer: Officer) -> None:
    visitor.get("/sign-in")
    with visitor.client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
        cookie["officer_session"] = "chosen by somebody else"
        token_before = cookie["csrf_token"]
    visitor.sign_in("kim")
    with visitor.client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie["officer_session"] != "chosen by somebody else"
        assert cookie.get("csrf_token") != token_before


def test_only_the_hash_of_a_session_token_is_stored(visitor: Visitor, officer: Officer, db: Database) -> None:
    visitor.sign_in("kim")
    with visitor.client.session_transaction() as cookie:
        token = cookie["officer_session"]
    with db.transaction() as session:
        stored = session.scalars(select(OfficerSession.token_hash)).all()
    assert token not in stored


def test_cookie_is_hidden_from_scripts_and_not_sent_from_other_sites(visitor: Visitor, officer: Officer) -> None:
    header = visitor.sign_in("kim").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header


def test_sign_out_ends_the_session_even_for_a_copied_cookie(
    visitor: Visitor, other_visitor: Visitor, officer: Officer
) -> None:
    visitor.sign_in("kim")
    with visitor.client.session_transaction() as cookie:
        copied = cookie["officer_session"]
    assert visitor.post("/sign-out").location == "/sign-in"
    with other_visitor.client.session_transaction() as cookie:
        cookie["officer_session"] = copied
    assert not other_visitor.signed_in()


def test_sign_out_by_a_link_is_not_possible(visitor: Visitor, officer: Officer) -> None:
    visitor.sign_in("kim")
    assert visitor.get("/sign-out").status_code == 405
    assert visitor.signed_in()


def test_idle_session_ends(visitor: Visitor, officer: Officer, clock: FrozenClock) -> None:
    visitor.sign_in("kim")
    clock.advance(IDLE_LIMIT + timedelta(seconds=1))
    assert visitor.get("/").location == "/sign-in?next=/"


def test_session_ends_after_its_lifetime_although_it_was_used(
    visitor: Visitor, officer: Officer, clock: FrozenClock, services: Services
) -> None:
    visitor.sign_in("kim")
    for _ in range(services.settings.session_hours):
        assert visitor.signed_in()
        clock.advance(timedelta(hours=1))
    assert not visitor.signed_in()


@pytest.mark.parametrize(
    ("sent_from", "leads_to"),
    [
        ("http://localhost/incidents/new?from=alert:1", "/sign-in?next=/incidents/new?from%3Dalert:1&lost=1"),
        ("http://localhost/remittances/payouts/open", "/sign-in?lost=1"),
        ("http://evil.example/incidents/new", "/sign-in?lost=1"),
        ("", "/sign-in?lost=1"),
    ],
)
def test_form_sent_after_the_session_ended_says_that_it_was_lost_and_leads_back_to_its_page(
    visitor: Visitor, officer: Officer, clock: FrozenClock, sent_from: str, leads_to: str
) -> None:
    visitor.sign_in("kim")
    clock.advance(IDLE_LIMIT + timedelta(seconds=1))
    answer = visitor.post("/incidents", {"name_ko": "지진"}, headers={"Referer": sent_from})
    assert answer.location == leads_to
    assert "what you sent was not saved" in visitor.get(answer.location).text
    assert "what you sent was not saved" not in visitor.get("/sign-in").text


def test_page_asked_for_opens_after_sign_in(visitor: Visitor, officer: Officer) -> None:
    sent_to = visitor.get("/profile?from=mail").location
    assert sent_to == "/sign-in?next=/profile?from%3Dmail"
    answer = visitor.post("/sign-in", {"name": "kim", "password": PASSWORD, "next": "/profile?from=mail"})
    assert answer.location == "/profile?from=mail"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "/\n/evil.example", "javascript:alert(1)", "evil.example", " //evil.example", "", "/" + "a" * 2000,
    ],
)  # fmt: skip
def test_addresses_of_other_sites_become_the_overview(target: str) -> None:
    assert safe_next(target) == "/"


def test_nobody_is_sent_to_another_site_after_sign_in(visitor: Visitor, officer: Officer) -> None:
    data = {"name": "kim", "password": PASSWORD, "next": "https://evil.example/"}
    assert visitor.post("/sign-in", data).location == "/"


def test_language_switch_leads_nobody_to_another_site(visitor: Visitor) -> None:
    assert visitor.post("/language", {"language": "ko", "next": "//evil.example"}).location == "/"


@pytest.mark.parametrize("target", ["/", "/alerts/12?tab=map", "/travellers?q=%EA%B9%80"])
def test_paths_of_this_site_are_kept(target: str) -> None:
    assert safe_next(target) == target


# --- Second factor ---------------------------------------------------------------------------------------------------


def test_password_alone_does_not_open_an_account_with_a_second_factor(visitor: Visitor, secret: str) -> None:
    answer = visitor.sign_in("kim")
    assert answer.status_code == 200
    assert 'name="code"' in answer.get_data(as_text=True)
    assert not visitor.signed_in()


def test_code_of_the_moment_completes_the_sign_in(visitor: Visitor, secret: str, clock: FrozenClock) -> None:
    visitor.sign_in("kim")
    answer = visitor.post("/sign-in/code", {"code": pyotp.TOTP(secret).at(clock.now()), "next": "/profile"})
    assert answer.location == "/profile"
    assert visitor.signed_in()


def test_a_code_opens_one_session_only(
    visitor: Visitor, other_visitor: Visitor, secret: str, clock: FrozenClock
) -> None:
    code, earlier = pyotp.TOTP(secret).at(clock.now()), pyotp.TOTP(secret).at(clock.now() - timedelta(seconds=30))
    visitor.sign_in("kim")
    assert visitor.post("/sign-in/code", {"code": code}).status_code == 302
    other_visitor.sign_in("kim")
    for used in (code, earlier):
        assert other_visitor.post("/sign-in/code", {"code": used}).status_code == 401
    clock.advance(timedelta(seconds=30))
    assert other_visitor.post("/sign-in/code", {"code": pyotp.TOTP(secret).at(clock.now())}).status_code == 302


def test_wrong_code_is_refused_and_counted(visitor: Visitor, secret: str, clock: FrozenClock, db: Database) -> None:
    visitor.sign_in("kim")
    wrong = pyotp.TOTP(secret).at(clock.now() + timedelta(hours=1))
    assert visitor.post("/sign-in/code", {"code": wrong}).status_code == 401
    assert failures(db) == 1
    assert not visitor.signed_in()


def test_codes_cannot_be_guessed_without_end(visitor: Visitor, secret: str, clock: FrozenClock) -> None:
    visitor.sign_in("kim")
    wrong = pyotp.TOTP(secret).at(clock.now() + timedelta(hours=1))
    for _ in range(MAX_FAILURES_PER_NAME):
        visitor.post("/sign-in/code", {"code": wrong})
    right = pyotp.TOTP(secret).at(clock.now())
    assert visitor.post("/sign-in/code", {"code": right}).status_code == 429


def test_code_without_a_proven_password_is_refused(visitor: Visitor, secret: str, clock: FrozenClock) -> None:
    answer = visitor.post("/sign-in/code", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert answer.status_code == 401
    assert not visitor.signed_in()


def test_proven_password_waits_only_a_few_minutes_for_its_code(
    visitor: Visitor, secret: str, clock: FrozenClock
) -> None:
    visitor.sign_in("kim")
    clock.advance(PENDING_LIMIT + timedelta(seconds=1))
    answer = visitor.post("/sign-in/code", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert answer.status_code == 401
    assert not visitor.signed_in()


def test_account_closed_between_password_and_code_stays_closed(
    visitor: Visitor, secret: str, officer: Officer, clock: FrozenClock, db: Database
) -> None:
    visitor.sign_in("kim")
    with db.transaction() as session:
        officers.set_disabled(session, clock, SYSTEM, officer.id, True)
    assert visitor.post("/sign-in/code", {"code": pyotp.TOTP(secret).at(clock.now())}).status_code == 401


def test_empty_code_is_asked_for_again_without_being_counted(visitor: Visitor, secret: str, db: Database) -> None:
    visitor.sign_in("kim")
    assert visitor.post("/sign-in/code", {"code": " "}).status_code == 401
    assert failures(db) == 0


# --- Forms from elsewhere --------------------------------------------------------------------------------------------


def test_form_without_its_token_or_with_a_made_up_one_is_refused(visitor: Visitor, officer: Officer) -> None:
    visitor.sign_in("kim")
    for path in ("/sign-in", "/sign-out", "/language", "/theme", "/profile", "/profile/tokens"):
        for data in ({}, {"csrf_token": "made-up"}):
            assert visitor.client.post(path, data=data).status_code == 403, path
    assert visitor.signed_in()


def test_token_of_another_browser_is_refused(visitor: Visitor, other_visitor: Visitor, officer: Officer) -> None:
    visitor.sign_in("kim")
    answer = visitor.client.post("/sign-out", data={"csrf_token": other_visitor.token()})
    assert answer.status_code == 403


def test_every_unsafe_console_route_asks_for_the_token(visitor: Visitor, app: Any, db: Database) -> None:
    with db.transaction() as session:
        make_officer(session, name="boss", roles=("administrator", "author", "approver"))
    visitor.sign_in("boss")
    for rule in app.url_map.iter_rules():
        if "POST" not in rule.methods or rule.rule.startswith(("/api/", "/webhooks/", "/p/", "/r/", "/v/")):
            continue
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<int:{argument}>", "1").replace(f"<{argument}>", "1")
        assert visitor.client.post(path).status_code == 403, rule.rule
