"""What officers change about themselves through their profile page."""

from __future__ import annotations

import re

import pyotp
import pytest
from sqlalchemy import select

from hotline.auth.models import ApiToken, Officer
from hotline.auth.tokens import MAX_TOKENS_PER_OFFICER, create_token
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from tests.auth.conftest import Visitor
from tests.factories import PASSWORD, make_officer

NEW = "four new words here"
_SHOWN_SECRET = re.compile(r"<code class=\"secret\"[^>]*>([^<]+)</code>")


@pytest.fixture
def officer(db: Database, visitor: Visitor) -> Officer:
    """Return an officer who is signed in as the visitor."""
    with db.transaction() as session:
        made = make_officer(session, name="kim", roles=("author",))
    visitor.sign_in("kim")
    return made


def reread(db: Database, officer: Officer) -> Officer:
    with db.transaction() as session:
        return session.get_one(Officer, officer.id)


def shown_secret(page: str) -> str:
    found = _SHOWN_SECRET.search(page)
    assert found, "nothing secret is shown"
    return found[1]


def test_language_and_zone_are_saved_and_hold_at_once(visitor: Visitor, officer: Officer, db: Database) -> None:
    answer = visitor.post("/profile", {"language": "ko", "zone": "Asia/Manila"}, follow_redirects=True)
    page = answer.get_data(as_text=True)
    assert '<html lang="ko"' in page
    assert "저장했습니다" in page
    assert (reread(db, officer).language, reread(db, officer).zone) == ("ko", "Asia/Manila")


def test_times_are_shown_in_the_officers_zone_with_an_unmistakable_name(visitor: Visitor, officer: Officer) -> None:
    visitor.post("/profile", {"language": "en", "zone": "Asia/Manila"})
    page = visitor.get("/profile").get_data(as_text=True)
    # Manila's own abbreviation is PST, which most readers take for the west coast of America.
    assert "<b data-clock-here>11:00</b> <span>UTC+8</span>" in page


@pytest.mark.parametrize(
    ("field", "values", "text"),
    [
        ("zone", {"language": "en", "zone": "Mars/Olympus"}, "Choose a zone from the list"),
        ("zone", {"language": "en", "zone": "../../etc/passwd"}, "Choose a zone from the list"),
        ("language", {"language": "tlh", "zone": "Asia/Seoul"}, "Choose one of the languages"),
    ],
)
def test_unknown_preference_is_refused_at_its_field(
    visitor: Visitor, officer: Officer, field: str, values: dict[str, str], text: str
) -> None:
    answer = visitor.post("/profile", values)
    assert answer.status_code == 422
    assert text in answer.get_data(as_text=True)


def test_saving_unchanged_preferences_writes_no_audit_entry(visitor: Visitor, officer: Officer, db: Database) -> None:
    visitor.post("/profile", {"language": officer.language, "zone": officer.zone})
    with db.transaction() as session:
        assert "officer.preferences" not in session.scalars(select(AuditEntry.action)).all()


def test_new_password_works_and_the_old_one_does_not(
    visitor: Visitor, other_visitor: Visitor, officer: Officer
) -> None:
    visitor.post("/profile/password", {"current": PASSWORD, "password": NEW, "repeat": NEW})
    assert visitor.signed_in()
    assert other_visitor.sign_in("kim", PASSWORD).status_code == 401
    assert other_visitor.sign_in("kim", NEW).status_code == 302


def test_password_change_ends_the_officers_other_sessions_and_keeps_this_one(
    visitor: Visitor, other_visitor: Visitor, officer: Officer
) -> None:
    other_visitor.sign_in("kim")
    visitor.post("/profile/password", {"current": PASSWORD, "password": NEW, "repeat": NEW})
    assert visitor.signed_in()
    assert not other_visitor.signed_in()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"current": "wrong", "password": NEW, "repeat": NEW}, "This is not your current password."),
        ({"current": PASSWORD, "password": NEW, "repeat": NEW + "!"}, "twice in the same way"),
        ({"current": PASSWORD, "password": "short", "repeat": "short"}, "Use 12 to 200 characters"),
        ({"current": PASSWORD, "password": PASSWORD, "repeat": PASSWORD}, "differs from the current one"),
    ],
)
def test_password_change_is_refused_and_the_old_one_still_works(
    visitor: Visitor, other_visitor: Visitor, officer: Officer, values: dict[str, str], text: str
) -> None:
    answer = visitor.post("/profile/password", values)
    assert answer.status_code == 422
    assert text in answer.get_data(as_text=True)
    assert other_visitor.sign_in("kim", PASSWORD).status_code == 302


def test_second_factor_is_on_only_after_a_code_proved_it(
    visitor: Visitor, other_visitor: Visitor, officer: Officer, db: Database, clock: FrozenClock
) -> None:
    page = visitor.get("/profile/second-factor").get_data(as_text=True)
    assert "<svg" in page
    secret = shown_secret(page).replace(" ", "")
    assert reread(db, officer).second_factor_secret is None
    wrong = pyotp.TOTP(secret).at(int(clock.now().timestamp()) + 3600)
    assert visitor.post("/profile/second-factor", {"code": wrong}).status_code == 422
    assert reread(db, officer).second_factor_secret is None
    visitor.post("/profile/second-factor", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert reread(db, officer).second_factor_secret == secret
    assert 'name="code"' in other_visitor.sign_in("kim").get_data(as_text=True)


def test_same_secret_is_shown_again_when_the_page_is_loaded_again(visitor: Visitor, officer: Officer) -> None:
    first, second = (shown_secret(visitor.get("/profile/second-factor").get_data(as_text=True)) for _ in range(2))
    assert first == second


def test_second_factor_goes_off_only_with_the_password(
    visitor: Visitor, officer: Officer, db: Database, clock: FrozenClock
) -> None:
    secret = shown_secret(visitor.get("/profile/second-factor").get_data(as_text=True)).replace(" ", "")
    visitor.post("/profile/second-factor", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert visitor.post("/profile/second-factor/off", {"current": "wrong"}).status_code == 422
    assert reread(db, officer).second_factor_secret is not None
    visitor.post("/profile/second-factor/off", {"current": PASSWORD})
    assert reread(db, officer).second_factor_secret is None


def test_token_is_shown_once_works_and_can_be_revoked(visitor: Visitor, officer: Officer, db: Database) -> None:
    token = shown_secret(visitor.post("/profile/tokens", {"label": "wallboard", "days": "30"}).get_data(as_text=True))
    bearer = {"Authorization": f"Bearer {token}"}
    assert visitor.client.get("/api/v1/alerts", headers=bearer).status_code == 200
    assert token not in visitor.get("/profile").get_data(as_text=True)
    with db.transaction() as session:
        row = session.scalars(select(ApiToken)).one()
    assert row.token_hash != token
    visitor.post(f"/profile/tokens/{row.id}/revoke")
    assert visitor.client.get("/api/v1/alerts", headers=bearer).status_code == 401


def test_nobody_revokes_the_token_of_somebody_else(visitor: Visitor, officer: Officer, db: Database) -> None:
    with db.transaction() as session:
        other = make_officer(session)
        create_token(session, FrozenClock(other.created_at), SYSTEM, other, "theirs")
        token_id = session.scalars(select(ApiToken.id)).one()
    assert visitor.post(f"/profile/tokens/{token_id}/revoke").status_code == 404
    with db.transaction() as session:
        assert session.scalars(select(ApiToken.revoked_at)).one() is None


def test_token_without_a_purpose_or_beyond_the_limit_is_refused(
    visitor: Visitor, officer: Officer, db: Database, clock: FrozenClock
) -> None:
    assert visitor.post("/profile/tokens", {"label": " "}).status_code == 422
    with db.transaction() as session:
        mine = session.get_one(Officer, officer.id)
        for number in range(MAX_TOKENS_PER_OFFICER):
            create_token(session, clock, SYSTEM, mine, f"token {number}")
    assert visitor.post("/profile/tokens", {"label": "one more"}).status_code == 409


def test_colours_are_kept_in_the_browser_and_unknown_ones_are_not(visitor: Visitor, officer: Officer) -> None:
    visitor.post("/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in visitor.get("/profile").get_data(as_text=True)
    visitor.post("/theme", {"theme": '"><script>'})
    assert 'data-theme="auto"' in visitor.get("/profile").get_data(as_text=True)


def test_language_switch_holds_before_and_after_sign_in(other_visitor: Visitor, officer: Officer) -> None:
    other_visitor.post("/language", {"language": "ko"})
    assert '<html lang="ko"' in other_visitor.get("/sign-in").get_data(as_text=True)
    other_visitor.sign_in("kim")
    assert '<html lang="ko"' in other_visitor.get("/profile").get_data(as_text=True)


def test_language_is_the_officers_then_the_browsers(visitor: Visitor, db: Database) -> None:
    asks_for_korean = {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.5"}
    assert '<html lang="ko"' in visitor.get("/sign-in", headers=asks_for_korean).get_data(as_text=True)
    with db.transaction() as session:
        make_officer(session, name="lee", language="en")
    visitor.sign_in("lee")
    assert '<html lang="en"' in visitor.get("/profile", headers=asks_for_korean).get_data(as_text=True)
