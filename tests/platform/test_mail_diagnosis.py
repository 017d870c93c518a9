"""`hotline doctor` says how e-mail is set up, and names what is wrong with its mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.platform.diagnosis import Finding, examine


@pytest.mark.parametrize(
    ("settings", "verdict", "words"),
    [
        ({}, "ok", "practice carrier"), ({"TWILIO_ACCOUNT_SID": "AC1"}, "note", "none is sent"),
        ({"HOTLINE_SMTP_URL": "smtp://mail.example"}, "FAIL", "HOTLINE_MAIL_FROM"),
        ({"HOTLINE_SMTP_URL": "mail.example", "HOTLINE_MAIL_FROM": "a@b.example"}, "FAIL", "HOTLINE_SMTP_URL: write smtp"),
        (
            {"HOTLINE_SMTP_URL": "smtps://u:p@mail.example", "HOTLINE_MAIL_FROM": "Hotline <a@b.example>"}, "ok",
            "mail.example:465 (tls) as a@b.example",
        ),
        (
            {"HOTLINE_SMTP_URL": "smtps://mail.example", "HOTLINE_MAIL_FROM": "a@b.example", "HOTLINE_SMTP_CA_FILE": "/no"},
            "FAIL", "is no file",
        ),
    ],
)  # fmt: skip
def test_e_mail_is_examined(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: dict[str, str], verdict: str, words: str
) -> None:
    for name in ("HOTLINE_SMTP_URL", "HOTLINE_MAIL_FROM", "HOTLINE_SMTP_CA_FILE", "TWILIO_ACCOUNT_SID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found: Finding = next(each for each in examine(port=0, data_dir=tmp_path) if each.subject == "e-mail")
    assert (found.verdict, words in found.detail) == (verdict, True), found
    assert bool(found.mend) == (verdict != "ok") and "p@" not in found.detail.replace(" a@b", "")
