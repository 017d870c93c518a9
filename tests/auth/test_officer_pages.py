"""Pages on which administrators keep officers, and who may not use them."""

from __future__ import annotations

import re

import pyotp
import pytest
from sqlalchemy import select

from hotline.auth import officers
from hotline.auth.models import Officer
from hotline.auth.officer_pages import make_password
from hotline.auth.officers import MIN_PASSWORD_CHARS
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from tests.auth.conftest import Visitor
from tests.factories import PASSWORD, make_officer

_SHOWN_SECRET = re.compile(r"<code class=\"secret\"[^>]*>([^<]+)</code>")


@pytest.fixture
def boss(db: Database, visitor: Visitor) -> Officer:
    """Return an administrator who is signed in as the visitor."""
    with db.transaction() as session:
        made = make_officer(session, name="boss", roles=("administrator",))
    visitor.sign_in("boss")
    return made


@pytest.fixture
def kim(db: Database) -> Officer:
    with db.transaction() as session:
        return make_officer(session, name="kim", roles=("author",))


def reread(db: Database, officer: Officer) -> Officer:
    with db.transaction() as session:
        return session.get_one(Officer, officer.id)


def shown_password(page: str) -> str:
    found = _SHOWN_SECRET.search(page)
    assert found, "no password is shown"
    return found[1]


def test_new_officer_signs_in_with_the_password_shown_once(
    visitor: Visitor, other_visitor: Visitor, boss: Officer, db: Database
) -> None:
    answer = visitor.post(
        "/officers/new", {"name": "Park.J", "display_name": "박지훈", "roles": ["approver", "agent"], "language": "ko"}
    )
    password = shown_password(answer.get_data(as_text=True))
    assert other_visitor.sign_in("park.j", password).status_code == 302
    with db.transaction() as session:
        found = officers.find_by_name(session, "park.j")
        assert found is not None
        assert (found.roles, found.language) == (["approver", "agent"], "ko")
        assert password not in str(session.scalars(select(AuditEntry.after)).all())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": "no blanks"}, "Use 3 to 60 small letters"),
        ({"name": "boss"}, "already an officer with this sign-in name"),
        ({"display_name": "  "}, "Give the officer&#39;s name"),
        ({"roles": []}, "Choose at least one role"),
        ({"roles": ["emperor"]}, "Choose at least one role"),
    ],
)
def test_faulty_new_officer_is_refused_and_the_input_stays(
    visitor: Visitor, boss: Officer, change: dict[str, object], text: str
) -> None:
    values: dict[str, object] = {"name": "new-one", "display_name": "Kept Name", "roles": ["agent"], "language": "en"}
    answer = visitor.post("/officers/new", values | change)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert text in page
    assert "display_name" in change or "Kept Name" in page


def test_roles_change_what_the_officer_may_do_at_once(
    visitor: Visitor, other_visitor: Visitor, boss: Officer, kim: Officer
) -> None:
    other_visitor.sign_in("kim")
    assert other_visitor.get("/audit").status_code == 403
    visitor.post(f"/officers/{kim.id}/roles", {"roles": ["auditor"]})
    assert other_visitor.get("/audit").status_code == 200


def test_administrator_cannot_change_their_own_roles_password_or_account(
    visitor: Visitor, boss: Officer, db: Database
) -> None:
    assert visitor.post(f"/officers/{boss.id}/roles", {"roles": ["approver"]}).status_code == 422
    assert visitor.post(f"/officers/{boss.id}/close").status_code == 422
    assert visitor.post(f"/officers/{boss.id}/password").status_code == 409
    assert reread(db, boss).roles == ["administrator"]
    assert reread(db, boss).disabled_at is None


def test_closed_account_is_out_at_once_and_back_when_reopened(
    visitor: Visitor, other_visitor: Visitor, boss: Officer, kim: Officer
) -> None:
    other_visitor.sign_in("kim")
    visitor.post(f"/officers/{kim.id}/close")
    assert not other_visitor.signed_in()
    visitor.post(f"/officers/{kim.id}/reopen")
    assert not other_visitor.signed_in(), "a session that was ended must not come back to life"
    assert other_visitor.sign_in("kim").status_code == 302


def test_new_password_ends_sessions_and_keeps_the_second_factor_unless_asked(
    visitor: Visitor, other_visitor: Visitor, boss: Officer, kim: Officer, db: Database, clock: FrozenClock
) -> None:
    other_visitor.sign_in("kim")
    secret = pyotp.random_base32()
    with db.transaction() as session:
        officers.set_second_factor(session, clock, SYSTEM, session.get_one(Officer, kim.id), secret)
    first = shown_password(visitor.post(f"/officers/{kim.id}/password").get_data(as_text=True))
    assert not other_visitor.signed_in()
    assert other_visitor.sign_in("kim", PASSWORD).status_code == 401
    assert 'name="code"' in other_visitor.sign_in("kim", first).get_data(as_text=True)
    answer = visitor.post(f"/officers/{kim.id}/password", {"second_factor_off": "1"})
    assert other_visitor.sign_in("kim", shown_password(answer.get_data(as_text=True))).status_code == 302


def test_auditor_sees_officers_and_changes_none(visitor: Visitor, kim: Officer, db: Database) -> None:
    with db.transaction() as session:
        make_officer(session, name="auditor", roles=("auditor",))
    visitor.sign_in("auditor")
    assert visitor.get("/officers").status_code == 200
    page = visitor.get(f"/officers/{kim.id}").get_data(as_text=True)
    assert f"/officers/{kim.id}/roles" not in page
    for path in ("roles", "close", "reopen", "password"):
        assert visitor.post(f"/officers/{kim.id}/{path}", {"roles": ["administrator"]}).status_code == 403
    assert visitor.get("/officers/new").status_code == 403


def test_officer_without_the_permission_sees_no_officers(visitor: Visitor, kim: Officer) -> None:
    visitor.sign_in("kim")
    assert visitor.get("/officers").status_code == 403
    assert "/officers" not in visitor.get("/").get_data(as_text=True)


def test_unknown_officer_is_said_to_be_unknown(visitor: Visitor, boss: Officer) -> None:
    assert visitor.get("/officers/999999").status_code == 404


def test_made_passwords_are_long_enough_and_differ() -> None:
    made = {make_password() for _ in range(200)}
    assert len(made) == 200
    assert min(map(len, made)) >= MIN_PASSWORD_CHARS


def test_officers_are_found_by_a_part_of_their_names_and_turned_over_in_pages(
    visitor: Visitor, boss: Officer, db: Database
) -> None:
    with db.transaction() as session:
        for number in range(101):
            make_officer(session, name=f"v{number:03}", display_name=f"김하늘 {number:03}", roles=("volunteer",))
        make_officer(session, name="p_ark", display_name="박지훈")
    first, second = (visitor.get(f"/officers?q=김하늘&page={page}").get_data(as_text=True) for page in (1, 2))
    assert "김하늘 000" in first and "김하늘 099" in first and "김하늘 100" not in first and "박지훈" not in first
    assert "김하늘 100" in second and "김하늘 099" not in second and 'rel="next"' not in second
    assert 'rel="next"' in first and "page=2" in first
    both = visitor.get("/officers?q=p_ar 박지").get_data(as_text=True)
    assert "박지훈" in both and "김하늘" not in both
    for nothing in ("nobody", "v_00", "%", "x" * 500):
        answer = visitor.get("/officers", query_string={"q": nothing, "page": "99999"})
        assert answer.status_code == 200 and "박지훈" not in answer.get_data(as_text=True)
    assert "박지훈" in visitor.get("/officers?page=0").get_data(as_text=True) + visitor.get(
        "/officers?page=2"
    ).get_data(as_text=True)
