"""`make check` finds what it is there to find."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.platform.processes import PROJECT

sys.path.insert(0, str(PROJECT / "scripts"))

import check_locks
import check_sizes
import check_translations
import find_browser

HASH = "    --hash=sha256:00\n"


@pytest.fixture
def python_lock(tmp_path: Path) -> Path:
    """A lock file that is in order."""
    (tmp_path / "requirements.in").write_text("# Why\nflask>=3,<4\npsycopg[binary]>=3.2\n")
    (tmp_path / "requirements.lock").write_text(
        f"flask==3.1.0 \\\n{HASH}    # via -r requirements.in\n"
        f"psycopg[binary]==3.3.9 \\\n{HASH}    # via -r requirements.in\n"
        f"werkzeug==3.1.0 \\\n{HASH}    # via flask\n"
    )
    return tmp_path


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_good_lock_has_no_faults(python_lock: Path) -> None:
    assert check_locks.python_faults(python_lock, "requirements") == []


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("requirements.in", "flask>=3,<4", "flask>=4", "flask 3.1.0 does not satisfy flask>=4"),
        ("requirements.in", "flask>=3,<4", "flask>=3,<4\nredis", "redis is missing"),
        ("requirements.in", "flask>=3,<4\n", "", "flask is no longer in requirements.in"),
        ("requirements.lock", HASH, "", "flask has no hash"),
        ("requirements.lock", "flask==", "--index-url https://example.org\nflask==", "carries an address"),
    ],
)
def test_fault_of_a_lock_is_found(python_lock: Path, file: str, old: str, new: str, fault: str) -> None:
    _change(python_lock / file, old, new)
    assert any(fault in found for found in check_locks.python_faults(python_lock, "requirements"))


def _npm_lock(root: Path, **entry: str) -> Path:
    manifest = {"dependencies": {"leaflet": "1.9.4"}}
    package = {"version": "1.9.4", "integrity": "sha512-x"} | entry
    lock = {"packages": {"": manifest, "node_modules/leaflet": {key: value for key, value in package.items() if value}}}
    (root / "package.json").write_text(json.dumps(manifest))
    (root / "package-lock.json").write_text(json.dumps(lock))
    return root


def test_faults_of_an_npm_lock_are_found(tmp_path: Path) -> None:
    assert check_locks.npm_faults(_npm_lock(tmp_path)) == []
    assert "has no hash" in check_locks.npm_faults(_npm_lock(tmp_path, integrity=""))[0]
    assert "carries an address" in check_locks.npm_faults(_npm_lock(tmp_path, resolved="https://example.org"))[0]
    (tmp_path / "package.json").write_text('{"dependencies": {"leaflet": "2.0.0"}}')
    assert any("differ from package.json" in fault for fault in check_locks.npm_faults(tmp_path))


def test_our_own_locks_are_in_order() -> None:
    assert check_locks.main() == 0


def test_long_files_and_functions_are_found(tmp_path: Path) -> None:
    path = tmp_path / "long.py"
    path.write_text("def short():\n    pass\n\n\ndef long():\n" + "    pass\n" * 70)
    assert check_sizes.size_faults(path, Path("long.py")) == ["long.py:5: long has 71 lines, more than 70"]
    path.write_text("pass\n" * 401)
    assert check_sizes.size_faults(path, Path("long.py")) == ["long.py: 401 lines, more than 400"]


def test_migrations_may_be_as_long_as_their_schema(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    path = tmp_path / "migrations" / "0001.py"
    path.write_text("def upgrade():\n" + "    pass\n" * 500)
    assert check_sizes.size_faults(path, Path("0001.py")) == []


PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=1; plural=0;\\n"\n\n'


@pytest.fixture
def translated(tmp_path: Path) -> Path:
    """A project with two texts in its code, both translated."""
    package = tmp_path / "alerts"
    (package / "templates").mkdir(parents=True)
    (package / "view.py").write_text('title = gettext("Send %(count)s texts", count=3)\n')
    (package / "templates" / "page.html").write_text("<h1>{{ _('Approve') }}</h1>\n")
    catalogue = package / "translations" / "ko" / "LC_MESSAGES" / "messages.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(
        f'{PO}msgid "Send %(count)s texts"\nmsgstr "문자 %(count)s건 보내기"\n\nmsgid "Approve"\nmsgstr "승인"\n'
    )
    return tmp_path


def _faults(root: Path) -> list[str]:
    return check_translations.language_faults(root, "ko", dict(check_translations.texts_in_code(root)))


def test_complete_translation_has_no_faults(translated: Path) -> None:
    assert _faults(translated) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('msgid "Approve"\nmsgstr "승인"\n', "", "no translation of 'Approve' (alerts/templates/page.html:1)"),
        ('msgstr "승인"', 'msgstr ""', "'Approve' is not translated"),
        ('msgid "Approve"', '#, fuzzy\nmsgid "Approve"', "'Approve' is unsure (fuzzy)"),
        ("문자 %(count)s건", "문자", "different placeholders"),
        ('msgid "Approve"', 'msgid "Gone"\nmsgstr "없음"\n\nmsgid "Approve"', "'Gone' is no longer used"),
        ('msgid "Approve"', '#~ msgid "Old"\n#~ msgstr "옛"\n\nmsgid "Approve"', "obsolete 'Old'"),
    ],
)
def test_fault_of_a_translation_is_found(translated: Path, old: str, new: str, fault: str) -> None:
    _change(translated / "alerts" / "translations" / "ko" / "LC_MESSAGES" / "messages.po", old, new)
    assert any(fault in found for found in _faults(translated)), _faults(translated)


def test_text_in_an_ignored_place_is_not_demanded(translated: Path) -> None:
    (translated / "alerts" / "other.py").write_text('print("not marked")\n')
    assert _faults(translated) == []


def test_chosen_browser_is_used_when_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\necho Chromium 1\n")
    browser.chmod(0o755)
    monkeypatch.setenv("HOTLINE_TEST_BROWSER", str(browser))
    assert find_browser.main([]) == 0
    assert capsys.readouterr().out == f"{browser}\n"


def test_missing_browser_is_explained_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLINE_TEST_BROWSER", str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(find_browser, "UNPACKED", tmp_path)
    assert find_browser.main([]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("no browser: ")
    assert said.err.count("\n") == 1


def test_browser_that_does_not_run_is_not_taken(tmp_path: Path) -> None:
    broken = tmp_path / "browser"
    broken.write_text("#!/bin/sh\necho libnss3.so is missing >&2\nexit 127\n")
    broken.chmod(0o755)
    with pytest.raises(find_browser.NoBrowser, match=r"libnss3\.so is missing"):
        find_browser._answering(broken)
