"""A hand-over is verified by whoever holds it: intact and ours, by another key, unsigned, changed, or no hand-over at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from hotline.core.keypair import KeyPair
from hotline.core.services import Services
from overflow.handover import signing, verifying
from tests.keypairs import make_pair, write_pair

SUMMARY = {
    "document": "hotline-handover-1",
    "mission": "shanghai",
    "items": [{"reference": "CS-000001", "urgent": True}],
    "calls": 3,
}
CONTENT = signing.canonical(SUMMARY)


def enveloped(pair: KeyPair | None) -> str:
    return signing.envelope(CONTENT, signing.sign(CONTENT, pair))


@pytest.mark.parametrize("bits", [None, 2048], ids=["ecdsa", "rsa"])
def test_what_we_signed_is_genuine_and_by_another_key_it_is_unknown(bits: int | None) -> None:
    pair = make_pair(rsa_bits=bits)
    whole = enveloped(pair).encode()
    verdict = signing.verify(whole, {pair.fingerprint})
    assert (verdict.outcome, verdict.summary, verdict.fingerprint) == ("trusted", SUMMARY, pair.fingerprint)
    assert signing.verify(whole, set()).outcome == "unknown"
    assert signing.verify(enveloped(None).encode(), {pair.fingerprint}).outcome == "unsigned"


def test_order_and_blanks_do_not_matter_but_every_change_of_meaning_does() -> None:
    pair = make_pair()
    whole = json.loads(enveloped(pair))
    assert signing.verify(json.dumps(whole, indent=3).encode(), {pair.fingerprint}).outcome == "trusted"
    changes: list[tuple[str, Any]] = [("calls", 4), ("mission", "beijing"), ("items", []), ("more", 1)]
    for name, value in changes:
        changed = whole | {"summary": whole["summary"] | {name: value}}
        assert signing.verify(json.dumps(changed).encode(), {pair.fingerprint}).outcome == "broken", name
    for name, value in (
        ("value", "AAAA"),
        ("value", "%"),
        ("algorithm", "none"),
        ("algorithm", "RSA-SHA256"),
        ("certificate", "x"),
    ):
        changed = whole | {"signature": whole["signature"] | {name: value}}
        assert signing.verify(json.dumps(changed).encode(), {pair.fingerprint}).outcome == "broken", name


def test_the_block_in_a_mail_survives_quoting_and_what_stands_around_it() -> None:
    pair = make_pair()
    lines = signing.block(enveloped(pair)).splitlines()
    mail = "Re: 인계\r\n" + "\r\n".join(f"> {line}" for line in lines[1:-1])
    mail = f"안녕하세요,\n{lines[0]}\n{mail.split(chr(10), 1)[1]}\n{lines[-1]}\n--\nKim"
    assert signing.verify(mail.encode(), {pair.fingerprint}).outcome == "trusted"


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_else_is_given_is_refused_by_name_and_never_an_error(given_bytes: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        signing.verify(given_bytes, set())
    assert refused.value.field == "file"


@pytest.mark.parametrize(
    "given_text",
    ["", "[]", "{}", '{"summary": {}, "signature": 1}', '{"summary": {"a": 1.5}, "signature": {"algorithm": "", "value": "",'
     ' "certificate": ""}}', '{"summary":' + "[" * 5000 + "]" * 5000 + "}", "x" * (signing.MAX_ENVELOPE_BYTES + 1),
     '{"summary": {"a": NaN}, "signature": {"algorithm": "", "value": "", "certificate": ""}}'],
)  # fmt: skip
def test_odd_envelopes_are_refused(given_text: str) -> None:
    with pytest.raises(InvalidInput):
        signing.verify(given_text.encode(), set())


def test_the_public_page_verifies_by_the_configured_key_and_says_what_is_wrong(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    pair = make_pair()
    key_file, certificate_file = write_pair(pair, tmp_path)
    services.settings = services.settings.model_copy(
        update={"cap_key_file": key_file, "cap_certificate_file": certificate_file}
    )
    token = client.get("/handovers/verify").get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    good = client.post("/handovers/verify", data={"csrf_token": token, "mail": signing.block(enveloped(pair))})
    assert "Genuine" in good.get_data(as_text=True)
    other = client.post("/handovers/verify", data={"csrf_token": token, "mail": enveloped(make_pair())})
    assert "not this service" in other.get_data(as_text=True)
    bad = client.post("/handovers/verify", data={"csrf_token": token, "mail": "<b>hello</b>"})
    assert bad.status_code == 422
    assert "<b>hello" not in bad.get_data(as_text=True)


def test_the_command_ends_with_an_error_unless_it_is_genuine(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = make_pair()
    key_file, certificate_file = write_pair(pair, tmp_path)
    ours = services.settings.model_copy(update={"cap_key_file": key_file, "cap_certificate_file": certificate_file})
    monkeypatch.setattr(verifying.preflight, "read_settings", lambda: ours)
    file = tmp_path / "HO-000001-1.json"
    file.write_text(enveloped(pair), encoding="utf-8")
    done = CliRunner().invoke(verifying.handover, ["verify", str(file)])
    assert (done.exit_code, "Genuine" in done.output) == (0, True), done.output
    file.write_text(enveloped(make_pair()), encoding="utf-8")
    assert CliRunner().invoke(verifying.handover, ["verify", str(file)]).exit_code == 1
    file.write_text("nothing", encoding="utf-8")
    assert "cannot be used" in CliRunner().invoke(verifying.handover, ["verify", str(file)]).output


def test_times_in_a_summary_are_utc_to_the_second() -> None:
    from overflow.handover.summary import moment

    assert moment(datetime(2026, 11, 22, 1, 0, 0, 999, tzinfo=UTC)) == "2026-11-22T01:00:00+00:00"
