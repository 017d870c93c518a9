"""`hotline doctor` says whether published warnings can be signed, and warns before a certificate ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hotline.platform.diagnosis import Finding, examine
from tests.keypairs import make_pair, write_pair


def signature_line(monkeypatch: pytest.MonkeyPatch, directory: Path, names: tuple[str, str]) -> Finding:
    monkeypatch.setenv("HOTLINE_CAP_KEY_FILE", names[0])
    monkeypatch.setenv("HOTLINE_CAP_CERTIFICATE_FILE", names[1])
    (found,) = [each for each in examine(port=0, data_dir=directory) if each.subject == "CAP signature"]
    return found


@pytest.mark.parametrize(
    ("days", "verdict", "words"), [(365, "ok", "signs as"), (20, "note", "until"), (-1, "FAIL", "valid only until")]
)
def test_a_pair_is_looked_at_before_it_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, days: int, verdict: str, words: str
) -> None:
    now = datetime.now(UTC)
    pair = make_pair(valid_from=now - timedelta(days=400), valid_until=now + timedelta(days=days))
    found = signature_line(monkeypatch, tmp_path, write_pair(pair, tmp_path))
    assert (found.verdict, words in found.detail) == (verdict, True)
    assert bool(found.mend) == (verdict != "ok")


def test_none_is_no_fault_and_half_a_pair_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert signature_line(monkeypatch, tmp_path, ("", "")).verdict == "ok"
    assert signature_line(monkeypatch, tmp_path, ("", "certificate.pem")).verdict == "FAIL"
