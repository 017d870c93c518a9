"""Pages of the roaming carriers: for administrators alone, secrets shown once, everything on record."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.auth.permissions import ROLES
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.roaming import carriers
from hotline.roaming.models import Carrier, CarrierKey, RoamingBatch, RoamingDay
from tests.auth.conftest import Visitor
from tests.factories import NOW, make_officer

NEW = {"code": "hanbit", "name": "한빛 모바일", "style": "plmn"}
SECRET = re.compile(r"data-secret[^>]*>([0-9a-f]{64})<")


@pytest.fixture
def boss(app: object, db: Database) -> Visitor:
    """Return a signed-in administrator."""
    with db.transaction() as session:
        name = make_officer(session, roles=("administrator",), language="en").name
    visitor = Visitor(app.test_client())  # type: ignore[attr-defined]
    visitor.sign_in(name)
    return visitor


def actions(db: Database) -> list[str]:
    with db.transaction() as session:
        entries = select(AuditEntry.action).where(AuditEntry.subject_kind == "carrier").order_by(AuditEntry.seq)
        return list(session.scalars(entries))


def the_carrier(db: Database) -> int:
    with db.transaction() as session:
        return session.scalars(select(Carrier.id)).one()


def added(boss: Visitor, db: Database) -> tuple[int, str]:
    """Add a carrier; its id and the secret of its first key."""
    page = boss.post("/carriers/new", NEW).get_data(as_text=True)
    found = SECRET.search(page)
    assert found is not None
    return the_carrier(db), found[1]


def test_without_carriers_the_page_says_what_follows(boss: Visitor) -> None:
    page = boss.get("/carriers").get_data(as_text=True)
    assert "No carrier yet" in page and "/carriers/new" in page
    assert "/carriers" in boss.get("/routes").get_data(as_text=True)


def test_a_carrier_is_added_and_its_secret_shown_once_and_kept_by_nobody(
    boss: Visitor, db: Database, services: Services
) -> None:
    carrier_id, secret = added(boss, db)
    with db.transaction() as session:
        key = session.scalars(select(CarrierKey)).one()
        assert secret == carriers.secret_of(services.settings.secret_key.get_secret_value(), key)
    again = boss.get(f"/carriers/{carrier_id}")
    assert secret not in again.get_data(as_text=True)
    assert "no-store" in again.headers["Cache-Control"]
    assert actions(db) == ["carrier.added", "carrier.key_added"]


def test_a_new_key_leaves_the_old_one_good_for_a_while_and_a_key_can_be_ended_at_once(
    boss: Visitor, db: Database
) -> None:
    carrier_id, first = added(boss, db)
    page = boss.post(f"/carriers/{carrier_id}/keys").get_data(as_text=True)
    second = SECRET.search(page)
    assert second is not None and second[1] != first
    with db.transaction() as session:
        old, new = session.scalars(select(CarrierKey).order_by(CarrierKey.id)).all()
        assert (old.valid_until, new.valid_until) == (NOW + carriers.OVERLAP, None)
        key_id = old.key_id
    for _ in range(2):
        assert boss.post(f"/carriers/{carrier_id}/keys/{key_id}/end").status_code == 302
    with db.transaction() as session:
        assert session.scalars(select(CarrierKey.valid_until).where(CarrierKey.key_id == key_id)).one() == NOW
    assert actions(db)[2:] == ["carrier.key_added", "carrier.key_ended"]


def test_another_carriers_key_is_not_ended(boss: Visitor, db: Database) -> None:
    carrier_id, _ = added(boss, db)
    with db.transaction() as session:
        key_id = session.scalars(select(CarrierKey.key_id)).one()
    assert boss.post(f"/carriers/{carrier_id + 1}/keys/{key_id}/end").status_code == 404
    assert boss.post("/carriers/9999/keys").status_code == 404


def test_a_carrier_that_is_switched_off_is_refused_and_gets_no_key(
    boss: Visitor, db: Database, services: Services
) -> None:
    carrier_id, _ = added(boss, db)
    with db.transaction() as session:
        key_id = session.scalars(select(CarrierKey.key_id)).one()
    assert carriers.caller(services, code="hanbit", key_id=key_id) is not None
    services.rooms.pop(carriers.ROOM)
    for _ in range(2):
        boss.post(f"/carriers/{carrier_id}/close")
    assert carriers.caller(services, code="hanbit", key_id=key_id) is None
    boss.post(f"/carriers/{carrier_id}/keys")
    assert "switched off" in boss.get(f"/carriers/{carrier_id}").get_data(as_text=True)
    boss.post(f"/carriers/{carrier_id}/reopen")
    assert carriers.caller(services, code="hanbit", key_id=key_id) is not None
    assert actions(db)[2:] == ["carrier.closed", "carrier.reopened"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": "Han Bit"}, "small letters and digits"),
        ({"name": " "}, "1 to 80 characters"),
        ({"style": "none"}, "Choose how"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(boss: Visitor, change: dict[str, str], words: str) -> None:
    answer = boss.post("/carriers/new", NEW | change)
    assert answer.status_code == 422 and words in answer.get_data(as_text=True)


def test_a_code_is_given_once(boss: Visitor, db: Database) -> None:
    added(boss, db)
    answer = boss.post("/carriers/new", NEW)
    assert answer.status_code == 409 and "with this code already" in answer.get_data(as_text=True)


def test_the_pages_show_when_a_carrier_called_and_how_much_was_refused(
    boss: Visitor, db: Database, services: Services
) -> None:
    carrier_id, _ = added(boss, db)
    with db.transaction() as session:
        for nth in range(30):
            at = NOW - timedelta(seconds=nth)
            session.add(
                RoamingBatch(
                    carrier_id=carrier_id, call_hash=f"{nth}", events=[], refused=0, received_at=at, folded_at=at
                )
            )
        for back, refused in ((0, 17), (6, 4), (7, 900)):
            day = NOW.date() - timedelta(days=back)
            session.add(RoamingDay(carrier_id=carrier_id, day=day, known=1200, unknown=34, refused=refused))
    listed = boss.get("/carriers").get_data(as_text=True)
    assert ">3.0<" in listed and "1,234" in listed and ">17<" in listed
    page = boss.get(f"/carriers/{carrier_id}").get_data(as_text=True)
    assert "<dd>21</dd>" in page, "seven days, and not the one before them"


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"administrator"}))
def test_nobody_but_administrators_comes_near_the_keys(
    app: object, db: Database, services: Services, role: str
) -> None:
    with db.transaction() as session:
        made = carriers.add(session, services.clock, SYSTEM, code="one", name="One", style="plmn")
        carrier_id, name = made.id, make_officer(session, roles=(role,)).name
    visitor = Visitor(app.test_client())  # type: ignore[attr-defined]
    visitor.sign_in(name)
    for path in ("/carriers", "/carriers/new", f"/carriers/{carrier_id}"):
        assert visitor.get(path).status_code == 403
    for path in (
        "new",
        f"{carrier_id}/keys",
        f"{carrier_id}/keys/x/end",
        f"{carrier_id}/close",
        f"{carrier_id}/reopen",
    ):
        assert visitor.post(f"/carriers/{path}").status_code == 403
    assert actions(db) == ["carrier.added"]


def test_a_form_without_its_token_changes_nothing(boss: Visitor, db: Database) -> None:
    carrier_id, _ = added(boss, db)
    for path in ("new", f"{carrier_id}/keys", f"{carrier_id}/close"):
        assert boss.client.post(f"/carriers/{path}", data=NEW).status_code == 403
    assert len(actions(db)) == 2
