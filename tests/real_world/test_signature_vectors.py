"""Request signatures from the tests of Twilio's own SDK, against the validator that the service trusts."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from tests.real_world.material import load_json

FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}


def requests() -> list[tuple[str, Any, str]]:
    """The vectors as (address, form or body, signature).

    The vector with a repeated field describes its form in words; it is built here from them.
    """
    found = []
    for first, second, signature in load_json("twilio/signatures.json")["vectors"]:
        if first.startswith("dup Digits multidict"):
            pairs = [pair.split("=") for pair in first.rsplit(" ", 1)[1].split(",")]
            found.append((second, MultiDict([(name, value) for name, value in pairs]), signature))
        else:
            found.append((first, second, signature))
    return found


def make_validator() -> RequestValidator:
    return RequestValidator(load_json("twilio/signatures.json")["token"])


def test_every_signature_of_the_vectors_is_accepted() -> None:
    assert len(requests()) == 7
    for address, content, signature in requests():
        assert make_validator().validate(address, content, signature), address


def test_no_signature_is_accepted_for_another_address_content_or_token() -> None:
    for address, content, signature in requests():
        assert not make_validator().validate(address.replace("mycompany", "other"), content, signature)
        assert not RequestValidator("54321").validate(address, content, signature)
        assert not make_validator().validate(address, content, signature[:-2] + "x=")


@pytest.mark.parametrize("changed", [{"Digits": "12345"}, {"Extra": "1"}])
def test_changed_form_is_refused(changed: dict[str, str]) -> None:
    address, content, signature = requests()[0]
    assert content == FORM
    assert not make_validator().validate(address, {**content, **changed}, signature)


def test_changed_json_body_is_refused() -> None:
    address, body, signature = requests()[-1]
    assert not make_validator().validate(address, body.replace("true", "false"), signature)
