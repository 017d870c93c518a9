"""Whose signatures are believed, and what a draft says of the signature it came with."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from alerts import drafting
from alerts.models import Alert
from alerts.publish import cli, signers
from hotline.auth.officers import actor_of
from hotline.core.actor import SYSTEM, Actor
from hotline.core.audit import AuditEntry
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.core.keypair import KeyPair, KeyPairFault, load_key_pair
from hotline.core.services import Services
from tests.alerts.cap.sealing import as_bytes, sign, unsigned
from tests.alerts.console.conftest import Officials
from tests.factories import NOW, make_officer
from tests.keypairs import make_pair, write_pair

PAIR = make_pair("Weather Service")


def pem(pair: KeyPair) -> bytes:
    return pair.certificate.public_bytes(Encoding.PEM)


def trust(services: Services, pair: KeyPair = PAIR) -> int:
    with services.db.transaction() as session:
        return signers.trust(session, services.clock, SYSTEM, name="Weather  Service ", pem=pem(pair)).id


@pytest.fixture
def author(services: Services) -> Actor:
    with services.db.transaction() as session:
        return actor_of(make_officer(session), "console")


def draft(services: Services, author: Actor, data: bytes) -> Alert:
    with services.db.transaction() as session:
        return drafting.draft_from_cap(session, services.clock, author, data, source="cap")[0]


def test_a_trusted_certificate_is_listed_and_on_the_trail(services: Services) -> None:
    signer_id = trust(services)
    with services.db.transaction() as session:
        (row,) = signers.list_signers(session)
        assert (row.id, row.name, row.fingerprint) == (signer_id, "Weather Service", PAIR.fingerprint)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "signer.trusted")).one()
        assert entry.after == {"name": "Weather Service", "fingerprint": PAIR.fingerprint}


def test_a_certificate_is_trusted_once_and_again_after_it_was_withdrawn(services: Services) -> None:
    first = trust(services)
    with pytest.raises(Refused, match="already"):
        trust(services)
    with services.db.transaction() as session:
        signers.distrust(session, services.clock, SYSTEM, first)
    with pytest.raises(NotFound), services.db.transaction() as session:
        signers.distrust(session, services.clock, SYSTEM, first)
    assert trust(services) != first


@pytest.mark.parametrize("bad", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_named(services: Services, bad: bytes) -> None:
    with services.db.transaction() as session, pytest.raises(InvalidInput) as refusal:
        signers.trust(session, services.clock, SYSTEM, name="x", pem=bad)
    assert refusal.value.field == "certificate"


def test_expired_and_weak_certificates_are_refused(services: Services) -> None:
    for pair in (make_pair(valid_until=NOW), make_pair(rsa_bits=1024)):
        with services.db.transaction() as session, pytest.raises(InvalidInput):
            signers.trust(session, services.clock, SYSTEM, name="x", pem=pem(pair))


def test_a_draft_says_who_signed_its_source(services: Services, author: Actor) -> None:
    data = as_bytes(sign(unsigned(), PAIR))
    trust(services)
    alert = draft(services, author, data)
    assert alert.cap_signature == {"status": "trusted", "signers": ["Weather Service"], "detail": ""}
    assert not [each for each in alert.cap_warnings if "signature" in each["problem"]]


def test_a_draft_of_an_unknown_signer_says_so(services: Services, author: Actor) -> None:
    alert = draft(services, author, as_bytes(sign(unsigned(), PAIR)))
    assert alert.cap_signature is not None and alert.cap_signature["status"] == "unknown"
    assert alert.cap_warnings[0]["problem"] == "signature_unknown"
    assert "Weather Service" in alert.cap_warnings[0]["mend"]


def test_trust_that_was_withdrawn_counts_at_once(services: Services, author: Actor) -> None:
    signer_id = trust(services)
    with services.db.transaction() as session:
        signers.distrust(session, services.clock, SYSTEM, signer_id)
    alert = draft(services, author, as_bytes(sign(unsigned(), PAIR)))
    assert alert.cap_signature is not None and alert.cap_signature["status"] == "unknown"


def test_a_broken_signature_is_the_first_thing_on_every_page(services: Services, officials: Officials) -> None:
    trust(services)
    visitor = officials["author"]
    who = actor_of(officials.people["author"], "console")
    broken = as_bytes(sign(unsigned(), PAIR)).replace(b"<severity>Severe", b"<severity>Extreme")
    alert = draft(services, who, broken)
    assert alert.cap_signature is not None and alert.cap_signature["status"] == "broken"
    assert alert.cap_warnings[0]["problem"] == "signature_broken"
    for path in (f"/alerts/{alert.id}", f"/alerts/{alert.id}/edit"):
        page = visitor.client.get(path).get_data(as_text=True)
        assert "The signature of the CAP message is broken." in page
        assert "Weather Service" in page


def test_an_unsigned_source_is_called_unsigned(services: Services, officials: Officials) -> None:
    visitor = officials["author"]
    alert = draft(services, actor_of(officials.people["author"], "console"), as_bytes(unsigned()))
    page = visitor.client.get(f"/alerts/{alert.id}").get_data(as_text=True)
    assert "Not signed" in page and "broken" not in page


def test_the_command_line_trusts_lists_and_withdraws(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "command_services", lambda: services)
    _, certificate = write_pair(PAIR, tmp_path)
    run = CliRunner()
    added = run.invoke(cli.signers, ["add", certificate, "--name", "Weather Service"])
    assert added.exit_code == 0 and PAIR.fingerprint in added.output
    number = added.output.split()[1]
    assert "Weather Service" in run.invoke(cli.signers, ["list"]).output
    again = run.invoke(cli.signers, ["add", certificate, "--name", "Weather Service"])
    assert again.exit_code == 1 and "already" in again.output
    assert run.invoke(cli.signers, ["remove", number]).exit_code == 0
    assert run.invoke(cli.signers, ["list"]).output == ""
    assert run.invoke(cli.signers, ["remove", number]).exit_code == 1


def test_key_and_certificate_must_be_there_and_belong_together(tmp_path: Path) -> None:
    key, certificate = write_pair(PAIR, tmp_path)
    loaded = load_key_pair(key, certificate, NOW)
    assert loaded is not None and loaded.fingerprint == PAIR.fingerprint
    assert load_key_pair("", "", NOW) is None
    other = tmp_path / "other"
    other.mkdir()
    _, strange = write_pair(make_pair(), other)
    for names, words in (
        ((key, ""), "only one"), ((key, str(tmp_path / "none.pem")), "cannot be read"),
        ((certificate, certificate), "no unencrypted private key"), ((key, key), "no certificate"),
        ((key, strange), "does not belong"),
    ):  # fmt: skip
        with pytest.raises(KeyPairFault, match=words):
            load_key_pair(*names, NOW)
    with pytest.raises(KeyPairFault, match="valid only until"):
        load_key_pair(key, certificate, NOW + timedelta(days=4000))
