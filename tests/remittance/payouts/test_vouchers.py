"""Vouchers: issued once and kept as they were, signed so that any change shows, readable in Korean, and checked by anybody."""

from __future__ import annotations

import hashlib
import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from asn1crypto import pem, x509
from click.testing import CliRunner
from pydantic import SecretStr
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from hotline.cases.person_models import Person
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused, Unavailable
from hotline.core.outbox import deliver_due
from hotline.core.services import Services
from remittance.payouts import cli, disputing, keys, paying, releasing, vouchers
from remittance.payouts.models import HoursException, Payout, Voucher
from remittance.payouts.states import voucher_kept_until
from remittance.requests import moving
from tests.factories import NOW
from tests.remittance.ledger.making import at_once
from tests.remittance.payouts.making import Counter
from tests.remittance.requests.making import make_actor
from wsgi import build_registry


def validated(content: bytes, certificate: str) -> Any:
    """Validate the one signature of a PDF with nothing but the certificate that is given out."""
    _, _, der = pem.unarmor(certificate.encode())
    trusted = ValidationContext(trust_roots=[x509.Certificate.load(der)], allow_fetching=False)
    (signature,) = PdfFileReader(io.BytesIO(content)).embedded_signatures
    with ThreadPoolExecutor(
        max_workers=1
    ) as apart:  # a browser test before this one leaves an event loop in the thread
        return apart.submit(validate_pdf_signature, signature, signer_validation_context=trusted).result(timeout=30)


def text_of(content: bytes) -> str:
    """Read the words of a PDF as a reader's search does: the glyphs of each font through its own table of characters."""
    words = ""
    pages = PdfFileReader(io.BytesIO(content)).root["/Pages"]["/Kids"]
    for page in (pages[nth] for nth in range(len(pages))):
        fonts = page["/Resources"]["/Font"]
        tables = {
            name[1:]: {
                bytes.fromhex(glyph.decode()): bytes.fromhex(letter.decode()).decode("utf-16-be")
                for glyph, letter in re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]{4,8})>", fonts[name]["/ToUnicode"].data)
            }
            for name in fonts
        }
        font = ""
        for name, shown in re.findall(
            rb"/(F[0-9]+) [0-9.]+ Tf|\(((?:[^()\\]|\\.)*)\) Tj", page["/Contents"].data, re.DOTALL
        ):
            if name:
                font = name.decode()
                continue
            plain = re.sub(
                rb"\\(.)", lambda found: {b"r": b"\r", b"n": b"\n"}.get(found[1], found[1]), shown, flags=re.DOTALL
            )
            words += "".join(tables[font].get(plain[at : at + 2], "") for at in range(0, len(plain), 2)) + "\n"
    return words


def test_the_signature_is_valid_for_the_certificate_and_for_every_byte(counter: Counter, services: Services) -> None:
    _, payout = counter.paid()
    kept = vouchers.of_payout(services, payout.id)
    key = keys.load(services.settings, services.clock.now())
    status = validated(kept.content, key.pem)
    assert status.bottom_line and status.intact and status.valid and status.trusted
    assert status.coverage.name == "ENTIRE_FILE" and kept.signed_by == key.fingerprint
    spot = kept.content.index(b"/CreationDate") + 20
    changed = kept.content[:spot] + bytes([kept.content[spot] ^ 1]) + kept.content[spot + 1 :]
    assert not validated(changed, key.pem).bottom_line


def test_hangul_can_be_searched_in_it(counter: Counter, services: Services) -> None:
    _, payout = counter.paid()
    words = text_of(vouchers.of_payout(services, payout.id).content)
    for each in (
        "긴급 송금 지급 확인서",
        "주홍콩 총영사관",
        "일천 미국 달러 · one thousand US dollars",
        "USD 1,000.00",
        "Kim Minsu",
    ):
        assert each in words


def test_it_is_issued_once_and_given_out_with_the_same_bytes(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    _, payout = counter.paid()
    found = at_once([lambda: vouchers.of_payout(services, payout.id)] * 4)
    clock.advance(timedelta(days=400))
    later = vouchers.of_payout(services, payout.id)
    assert {each.content for each in found} == {later.content}
    assert later.digest == hashlib.sha256(later.content).hexdigest()
    with services.db.transaction() as session:
        assert len(session.scalars(select(Voucher)).all()) == 1


def test_there_is_none_before_the_money_is_paid(counter: Counter, services: Services) -> None:
    payout = counter.prepared(counter.ready())
    with pytest.raises(Refused) as refused:
        vouchers.of_payout(services, payout.id)
    assert refused.value.code == "not-paid"


def test_the_fact_of_a_payout_issues_it_and_the_sweeper_makes_up_for_a_death(
    counter: Counter, services: Services
) -> None:
    first, second = counter.paid()[1], counter.paid()[1]
    assert vouchers.issue_missing(services) == 2 and vouchers.issue_missing(services) == 0
    third = counter.paid()[1]
    deliver_due(services, build_registry().handlers, limit=500)
    with services.db.transaction() as session:
        issued = session.scalars(select(Voucher.payout_id).order_by(Voucher.payout_id)).all()
    assert list(issued) == [first.id, second.id, third.id]


def test_a_key_is_made_once_and_opens_with_the_installations_secret_alone(services: Services) -> None:
    now = services.clock.now()
    found = at_once([lambda: keys.load(services.settings, now)] * 6)
    assert len({each.fingerprint for each in found}) == 1
    path = services.settings.data_dir / keys.NAME
    assert path.stat().st_mode & 0o077 == 0, "nobody else reads it"
    other = services.settings.model_copy(update={"secret_key": SecretStr("another")})
    with pytest.raises(Unavailable):
        keys.load(other, now)
    named = services.settings.model_copy(update={"voucher_key": str(path), "voucher_key_password": SecretStr("no")})
    with pytest.raises(Unavailable):
        keys.load(named, now)


def test_anybody_may_check_a_voucher_and_learns_no_name(
    counter: Counter, services: Services, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vouchers.ids, "new_token", lambda: "t" * 43)
    remittance_id, payout = counter.paid()
    kept = vouchers.of_payout(services, payout.id)
    client = app.test_client()
    page = client.get(f"/verify/{'t' * 43}").get_data(as_text=True)
    assert "This voucher is genuine." in page and "USD 1,000.00" in page and kept.digest in page and "678" in page
    assert "KIM" not in page.upper() and "Officer" not in page
    for unknown in ("t" * 42, "u" * 43, "x"):
        assert client.get(f"/verify/{unknown}").status_code == 404
    with services.db.transaction() as session:
        one, other = (make_actor(session, services.clock, "finance_officer") for _ in range(2))
        disputing.decide(session, services.clock, one, remittance_id, "dispute", reason="The traveller says no")
    assert "disputed" in client.get(f"/verify/{'t' * 43}").get_data(as_text=True)
    with services.db.transaction() as session:
        disputing.decide(
            session, services.clock, other, remittance_id, "refund", reason="Never handed out", cash="in_till"
        )
    assert "does not hold any more" in client.get(f"/verify/{'t' * 43}").get_data(as_text=True)
    answers = [client.get("/verify/x").status_code for _ in range(40)]
    assert answers[-1] == 429, "nobody asks very often"


@pytest.mark.parametrize(("rate", "shown"), [("1385432/1000", "1,385.432"), ("1/3", "0.333333"), ("7", "7")])
def test_rates_are_shown_in_digits(rate: str, shown: str) -> None:
    assert vouchers.rate_in_digits(rate) == shown


def test_vouchers_and_payouts_stay_whoever_writes(counter: Counter, services: Services) -> None:
    _, payout = counter.paid()
    vouchers.of_payout(services, payout.id)
    for statement in (
        "UPDATE payout_vouchers SET content = ''", "DELETE FROM payout_vouchers", "DELETE FROM payouts",
        "UPDATE payouts SET state = 'prepared', paid_at = NULL", "UPDATE payouts SET paid_minor = 1",
        "UPDATE payouts SET witness_id = NULL",
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match="stay"), services.db.transaction() as session:
            session.execute(text(statement))


def test_the_trail_holds_the_digest(counter: Counter, services: Services) -> None:
    remittance_id, payout = counter.paid()
    kept = vouchers.of_payout(services, payout.id)
    with services.db.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "voucher.issued")).one()
    assert entry.subject_id == remittance_id and entry.after is not None and entry.after["digest"] == kept.digest


def test_names_and_documents_leave_with_an_erased_person_and_the_voucher_stays(
    counter: Counter, services: Services
) -> None:
    remittance_id, payout = counter.paid()
    kept = vouchers.of_payout(services, payout.id)
    with services.db.transaction() as session:
        one = moving.get(session, remittance_id, lock=True)
        session.add(
            HoursException(
                remittance_id=one.id, reason="Kim's flight", given_by_id=counter.officer.id or 0, given_at=NOW, expires_at=NOW
            )
        )  # fmt: skip
        session.get_one(Person, one.person_id).erased_at = services.clock.now()
    releasing.sweep(services)
    with services.db.transaction() as session:
        assert session.get_one(Payout, payout.id).document_name == "Kim Minsu", "the remittance is not over yet"
        assert session.scalars(select(HoursException.reason)).all() == ["Kim's flight"]
        moving.move(session, services.clock, SYSTEM, moving.get(session, remittance_id, lock=True), "settle")
    releasing.sweep(services)
    with services.db.transaction() as session:
        left = session.get_one(Payout, payout.id)
        assert (left.document_name, left.document_hash, left.document_last) == ("", "", "")
        assert session.scalars(select(HoursException.reason)).all() == [""]
    assert voucher_kept_until(date(2026, 1, 1)) == voucher_kept_until(date(2026, 12, 31)) == date(2031, 12, 31)
    assert vouchers.of_payout(services, payout.id).content == kept.content and vouchers.issue_missing(services) == 0


def test_the_command_shows_the_certificate(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "load_settings", lambda: services.settings)
    answer = CliRunner().invoke(cli.vouchers, ["key"])
    key = keys.load(services.settings, services.clock.now())
    assert answer.exit_code == 0 and key.fingerprint in answer.output and key.pem.strip() in answer.output
    assert "PRIVATE" not in answer.output


def test_a_key_that_does_not_open_stops_no_payout_and_is_made_up_for(
    counter: Counter, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.settings, "voucher_key", str(services.settings.data_dir / "nowhere.p12"))
    remittance_id, _ = counter.paid()
    assert counter.state(remittance_id) == "paid" and vouchers.issue_missing(services) == 0
    monkeypatch.setattr(services.settings, "voucher_key", "")
    assert vouchers.issue_missing(services) == 1


def test_a_name_in_letters_that_the_face_lacks_still_gets_its_voucher(counter: Counter, services: Services) -> None:
    payout = counter.prepared(counter.ready(payee_name="KIM MINSU ไทย"), document_name="KIM MINSU ไทย")
    with services.db.transaction() as session:
        paying.confirm(session, services.clock, counter.witness, payout.id)
    assert vouchers.of_payout(services, payout.id).content.startswith(b"%PDF")
