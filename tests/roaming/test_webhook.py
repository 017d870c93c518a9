"""Carriers' calls: signed and fresh, of a bounded size, kept before the answer, and once however often they come."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from hotline.core.actor import SYSTEM
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.core.signed_body import is_fresh, is_signed, sign, sign_without_key
from hotline.roaming import carriers, cli, fold
from hotline.roaming.models import CarrierKey
from tests.factories import NOW
from tests.roaming.conftest import SERVICE_KEY, Calling, add_carrier

PHONE = "+821012345678"


def test_a_signed_call_is_on_record_before_it_is_answered(carrier: Calling) -> None:
    carrier.land((PHONE, "PH"), (PHONE, "JP"))
    (kept,) = carrier.calls()
    assert [(each["phone"], each["country"]) for each in kept.events] == [(PHONE, "PH"), (PHONE, "JP")]
    assert kept.folded_at is None


def test_a_repeated_call_is_kept_once_and_answered_alike(carrier: Calling) -> None:
    body = {"events": [carrier.event(PHONE, "PH")]}
    answers = [carrier.call(body, key="same") for _ in range(3)]
    assert {(each.status_code, each.get_data()) for each in answers} == {(202, answers[0].get_data())}
    assert len(carrier.calls()) == 1
    carrier.call({"events": [carrier.event(PHONE, "JP")]}, key="same")
    assert len(carrier.calls()) == 2, "another body under the same key is not lost"


def test_a_call_whose_name_somebody_has_changed_is_refused(carrier: Calling) -> None:
    body = {"events": [carrier.event(PHONE, "PH")]}
    assert carrier.call(body, key="mine").status_code == 202
    assert carrier.call(body, key="mine", headers={"Idempotency-Key": "another"}).status_code == 403
    assert carrier.call(body, key="mine", headers={"Idempotency-Key": ""}).status_code == 403
    assert len(carrier.calls()) == 1


@pytest.mark.parametrize("first_form", [True, False])
def test_a_call_sent_again_under_another_name_creates_nothing_twice(carrier: Calling, first_form: bool) -> None:
    person, body = carrier.traveller(PHONE), {"events": [carrier.event(PHONE, "PH")]}
    for name in ("mine", "another", "third"):
        data, timestamp = json.dumps(body).encode(), str(int(NOW.timestamp()))
        old = {"X-Hotline-Signature": sign_without_key(carrier.key.secret, timestamp, data)} if first_form else {}
        assert carrier.call(body, key=name, headers=old).get_json() == {"accepted": 1, "refused": 0}
        fold.fold(carrier.services)
    assert len(carrier.calls()) == 1
    assert (carrier.day(), carrier.crossings(), carrier.place(person)[0]) == ((1, 0, 0), [("PH", False)], "PH")


@pytest.mark.parametrize("ahead_s", [-301, 301])
def test_an_old_call_is_refused_however_well_signed(carrier: Calling, ahead_s: int) -> None:
    assert carrier.call({"events": [carrier.event(PHONE, "PH")]}, ahead_s=ahead_s).status_code == 403
    assert carrier.calls() == []


@pytest.mark.parametrize(
    "headers",
    [{"X-Hotline-Signature": "v1=" + "0" * 64}, {"X-Hotline-Signature": ""}, {"X-Hotline-Signature": "v1=é"},
     {"X-Hotline-Key": "one-00000000"}, {"X-Hotline-Key": ""}, {"X-Hotline-Timestamp": "soon"},
     {"X-Hotline-Timestamp": "9" * 40}, {"Transfer-Encoding": "chunked"}],
)  # fmt: skip
def test_a_call_that_is_not_rightly_signed_is_refused_before_it_is_read(
    carrier: Calling, headers: dict[str, str]
) -> None:
    assert carrier.call(b"this is not even JSON", headers=headers).status_code == 403
    assert carrier.calls() == []


def test_a_changed_body_or_another_carriers_address_is_refused(carrier: Calling, services: Services) -> None:
    body = json.dumps({"events": [carrier.event(PHONE, "PH")]}).encode()
    timestamp = str(int(NOW.timestamp()))
    headers = {"X-Hotline-Signature": sign(carrier.key.secret, timestamp, body + b" ", idempotency_key="k")}
    assert carrier.call(body, key="k", headers=headers).status_code == 403
    add_carrier(services, "two", "pair")
    assert carrier.call(body, code="two").status_code == 403
    assert carrier.call(body, code="nobody").status_code == 403


def test_size_form_and_name_of_a_call_are_bounded(carrier: Calling) -> None:
    assert carrier.call(b" " * (256 * 1024 + 1)).status_code == 413
    assert carrier.call(b"{}").status_code == 422
    for key in ("", "two words", "k" * 101):
        assert carrier.call({"events": [carrier.event(PHONE, "PH")]}, key=key).status_code == 422
    assert carrier.calls() == []


def test_keys_rotate_without_losing_a_call(carrier: Calling, db: Database) -> None:
    with db.transaction() as session:
        new = carriers.add_key(session, carrier.clock, SYSTEM, SERVICE_KEY, carriers.by_code(session, "one"))
    carrier.land((PHONE, "PH"))
    old, carrier.key = carrier.key, new
    carrier.land((PHONE, "PH"))
    carrier.clock.advance(carriers.OVERLAP + timedelta(seconds=1))
    carrier.land((PHONE, "PH"))
    carrier.key = old
    assert carrier.call({"events": [carrier.event(PHONE, "PH")]}).status_code == 403


def test_an_ended_key_is_refused_within_seconds_and_no_secret_is_on_record(carrier: Calling, db: Database) -> None:
    with db.transaction() as session:
        (key,) = session.query(CarrierKey).all()
        assert carrier.key.secret not in str(vars(key))
    carrier.land((PHONE, "PH"))
    with db.transaction() as session:
        carriers.end_key(session, carrier.clock, SYSTEM, carrier.key.key_id)
    carrier.clock.advance(carriers.REMEMBER)
    assert carrier.call({"events": [carrier.event(PHONE, "PH")]}).status_code == 403


def test_a_signature_is_over_time_name_and_body() -> None:
    good = sign("secret", "1795230000", b"body", idempotency_key="call-1")
    assert good == "v2=" + hmac.new(b"secret", b"1795230000\ncall-1\nbody", hashlib.sha256).hexdigest()
    first = sign_without_key("secret", "1795230000", b"body")
    assert first == "v1=" + hmac.new(b"secret", b"1795230000.body", hashlib.sha256).hexdigest()

    def passes(signature: str, *, holder: str = "secret", at: str = "1795230000", name: str = "call-1") -> bool:
        return is_signed(holder, at, b"body", signature, idempotency_key=name)

    assert passes(good) and passes(first) and passes(first, name="call-2")
    assert not passes(good, name="call-2") and not passes(good, at="1795230001") and not passes(good, holder="other")
    assert not passes(first, at="1795230001") and not passes(first, holder="other")
    assert not passes("v1=" + good[3:]) and not passes("v2=" + first[3:]) and not passes("v3=" + good[3:])


def test_a_call_is_fresh_for_five_minutes() -> None:
    assert is_fresh(str(int(NOW.timestamp()) - 300), NOW) and not is_fresh(str(int(NOW.timestamp()) - 301), NOW)
    assert not is_fresh("-5", NOW) and not is_fresh("１２", NOW)


def test_the_command_adds_carriers_and_keys(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "command_services", lambda: services)
    run = CliRunner().invoke
    added = run(cli.carrier, ["add", "kt", "--name", "KT", "--style", "nested"])
    assert added.exit_code == 0 and "/webhooks/roaming/kt" in added.output
    assert run(cli.carrier, ["add", "kt", "--name", "KT", "--style", "nested"]).exit_code == 1
    assert run(cli.carrier, ["add", "K T", "--name", "KT", "--style", "nested"]).exit_code == 1
    given = run(cli.carrier, ["key", "kt"])
    key_id = given.output.split()[3]
    assert run(cli.carrier, ["end-key", key_id]).exit_code == 0
    assert run(cli.carrier, ["end-key", "none"]).exit_code == 1
    assert run(cli.carrier, ["key", "none"]).exit_code == 1
