"""Pages of the trusted signers: for administrators alone; added, replaced and withdrawn on record."""

from __future__ import annotations

import io

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from alerts.publish.models import CapSigner
from hotline.auth.permissions import ROLES
from hotline.core.audit import AuditEntry
from hotline.core.db import Database
from hotline.core.keypair import MAX_FILE_BYTES
from tests.auth.conftest import Visitor
from tests.factories import make_officer
from tests.keypairs import make_pair

PEM, OTHER = (make_pair(name).certificate.public_bytes(Encoding.PEM).decode() for name in ("Weather Service", "New"))


def signed_in(app: object, db: Database, role: str) -> Visitor:
    with db.transaction() as session:
        name = make_officer(session, roles=(role,), language="en").name
    visitor = Visitor(app.test_client())  # type: ignore[attr-defined]
    visitor.sign_in(name)
    return visitor


@pytest.fixture
def boss(app: object, db: Database) -> Visitor:
    return signed_in(app, db, "administrator")


def trusted(db: Database) -> list[CapSigner]:
    with db.transaction() as session:
        return list(session.scalars(select(CapSigner).where(CapSigner.removed_at.is_(None))))


def actions(db: Database) -> list[str]:
    with db.transaction() as session:
        entries = select(AuditEntry.action).where(AuditEntry.subject_kind == "signer").order_by(AuditEntry.seq)
        return list(session.scalars(entries))


def test_without_signers_the_page_says_what_follows(boss: Visitor) -> None:
    page = boss.get("/alerts/signers").get_data(as_text=True)
    assert "No signer is trusted yet" in page and "/alerts/signers/new" in page
    assert "/alerts/signers" in boss.get("/alerts/feeds").get_data(as_text=True)


@pytest.mark.parametrize("how", ["text", "file"])
def test_a_certificate_is_trusted_as_text_or_as_a_file(boss: Visitor, db: Database, how: str) -> None:
    given = {"certificate": PEM} if how == "text" else {"file": (io.BytesIO(PEM.encode()), "weather.pem")}
    boss.post("/alerts/signers/new", {"name": "Weather <Service>", **given}, content_type="multipart/form-data")
    row = trusted(db)[0]
    page = boss.get("/alerts/signers").get_data(as_text=True)
    assert "Weather &lt;Service&gt;" in page and row.fingerprint[:4] in page
    assert actions(db) == ["signer.trusted"]


def test_a_certificate_is_replaced_in_one_step(boss: Visitor, db: Database) -> None:
    boss.post("/alerts/signers/new", {"name": "Weather", "certificate": PEM})
    before = trusted(db)[0]
    refused = boss.post(f"/alerts/signers/{before.id}/replace", {"certificate": "nothing"})
    assert refused.status_code == 422 and [each.id for each in trusted(db)] == [before.id]
    boss.post(f"/alerts/signers/{before.id}/replace", {"certificate": OTHER})
    after = trusted(db)
    assert [each.name for each in after] == ["Weather"] and after[0].fingerprint != before.fingerprint
    assert actions(db) == ["signer.trusted", "signer.distrusted", "signer.trusted"]
    assert boss.post(f"/alerts/signers/{before.id}/replace", {"certificate": PEM}).status_code == 404


def test_trust_is_withdrawn_and_given_again(boss: Visitor, db: Database) -> None:
    boss.post("/alerts/signers/new", {"name": "Weather", "certificate": PEM})
    signer_id = trusted(db)[0].id
    assert boss.post(f"/alerts/signers/{signer_id}/withdraw").status_code == 302
    assert trusted(db) == [] and boss.post(f"/alerts/signers/{signer_id}/withdraw").status_code == 404
    boss.post("/alerts/signers/new", {"name": "Weather", "certificate": PEM})
    assert len(trusted(db)) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "", "certificate": PEM}, "whose certificate it is"),
        ({"name": "x", "certificate": ""}, "no certificate"),
        ({"name": "x", "certificate": "-----BEGIN CERTIFICATE-----"}, "no certificate"),
        ({"name": "x", "certificate": "A" * (MAX_FILE_BYTES + 1)}, "no certificate"),
        ({"name": "x", "certificate": "\u00e9\ud55c"}, "no certificate"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(boss: Visitor, given: dict[str, str], words: str) -> None:
    answer = boss.post("/alerts/signers/new", given)
    assert answer.status_code == 422 and words in answer.get_data(as_text=True)


def test_the_same_certificate_is_not_trusted_twice(boss: Visitor, db: Database) -> None:
    for _ in range(2):
        answer = boss.post("/alerts/signers/new", {"name": "Weather", "certificate": PEM})
    assert answer.status_code == 409 and "trusted already" in answer.get_data(as_text=True)
    assert len(trusted(db)) == 1


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"administrator"}))
def test_nobody_but_administrators_says_whom_to_believe(app: object, db: Database, role: str) -> None:
    visitor = signed_in(app, db, role)
    for path in ("", "/new", "/1/replace"):
        assert visitor.get("/alerts/signers" + path).status_code == 403
    for path in ("new", "1/replace", "1/withdraw"):
        assert visitor.post(f"/alerts/signers/{path}", {"name": "x", "certificate": PEM}).status_code == 403
    assert trusted(db) == []


def test_a_form_without_its_token_changes_nothing(boss: Visitor, db: Database) -> None:
    answer = boss.client.post("/alerts/signers/new", data={"name": "x", "certificate": PEM})
    assert answer.status_code == 403 and trusted(db) == []
