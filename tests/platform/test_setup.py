"""`make setup` does nothing when nothing changed, and says in one line what stops it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.platform.processes import PROJECT

sys.path.insert(0, str(PROJECT / "scripts"))

import setup_environment
import vendor_assets
from setup_stamps import Stamps, digest

SETUP = PROJECT / "scripts" / "setup.sh"


@pytest.fixture
def bare_clone(tmp_path: Path) -> Path:
    """A checkout with nothing but the set-up's own files."""
    (tmp_path / "scripts").mkdir()
    for name in ("setup.sh", "setup_environment.py", "setup_stamps.py"):
        shutil.copy(PROJECT / "scripts" / name, tmp_path / "scripts" / name)
    return tmp_path


def _set_up(checkout: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | settings
    command = [str(checkout / "scripts" / "setup.sh"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, check=False)


def _program(directory: Path, name: str, script: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_digest_follows_content_and_words_only(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1")
    first = digest([lock], ["3.11"])
    lock.touch()
    assert digest([lock], ["3.11"]) == first
    assert digest([lock], ["3.12"]) != first
    lock.write_text("a==2")
    assert digest([lock], ["3.11"]) != first


def test_digest_does_not_confuse_where_one_file_ends(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("xy")
    (tmp_path / "b").write_text("z")
    first = digest([tmp_path / "a", tmp_path / "b"])
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("yz")
    assert digest([tmp_path / "a", tmp_path / "b"]) != first


def test_stamp_holds_until_its_value_changes(tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "made" / "stamps.json")
    assert not stamps.holds("python", "1")
    stamps.put("python", "1")
    stamps.put("assets", "2")
    assert stamps.holds("python", "1")
    assert stamps.holds("assets", "2")
    assert not stamps.holds("python", "2")


@pytest.mark.parametrize("content", ["", "[1]", "{broken"])
def test_broken_stamps_mean_that_nothing_is_done(tmp_path: Path, content: str) -> None:
    (tmp_path / "stamps.json").write_text(content)
    assert not Stamps(tmp_path / "stamps.json").holds("python", "1")


def test_python_named_by_the_user_must_fit(bare_clone: Path) -> None:
    old = _program(bare_clone / "bin", "python3.9", "exit 1")
    ended = _set_up(bare_clone, PYTHON=str(old))
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"{old} is not Python 3.11 or newer. Name one that is: make PYTHON=" in ended.stderr


def test_machine_without_a_fitting_python_is_one_line(bare_clone: Path) -> None:
    tools = bare_clone / "bin"
    tools.mkdir()
    for name in ("dirname", "sh"):
        (tools / name).symlink_to(shutil.which(name) or name)
    _program(tools, "python3", 'case "$1" in --version) echo Python 3.9.2 ;; *) exit 1 ;; esac')
    ended = _set_up(bare_clone, PATH=str(tools))
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "Python 3.11 or newer was not found (Python 3.9.2)" in ended.stderr


def test_python_under_another_name_is_found(bare_clone: Path) -> None:
    tools = bare_clone / "bin"
    _program(tools, "python3", "exit 1")
    _program(tools, "python3.12", 'case "$1" in -c) exit 0 ;; *) echo "made by another name $*" ;; esac')
    ended = _set_up(bare_clone, "--dev", PATH=f"{tools}:/usr/bin:/bin")
    assert ended.stdout == "made by another name scripts/setup_environment.py --dev\n"


def test_failed_step_is_one_line_with_its_reason_and_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup_environment, "LOG", tmp_path / "setup.log")
    with pytest.raises(setup_environment.SetupFailed) as failure:
        setup_environment._run(["/bin/sh", "-c", "echo at first; echo ERROR: no such package; exit 1"], "Ask again")
    assert str(failure.value) == "`sh -c …` failed: ERROR: no such package. Ask again (.cache/setup.log)"
    assert "at first" in (tmp_path / "setup.log").read_text()
    assert capsys.readouterr().out == ""


def test_checkout_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".cache").write_text("in the way")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(setup_environment, "ROOT", tmp_path)
    monkeypatch.setattr(setup_environment, "CACHE", tmp_path / ".cache")
    assert setup_environment.main([]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("version", "fits"), [("v20.0.0", True), ("v24.19.0", True), ("v18.20.1", False), ("", False)])
def test_node_must_be_20_or_newer(tmp_path: Path, version: str, fits: bool) -> None:
    _program(tmp_path, "node", f"echo {version}")
    _program(tmp_path, "npm", "exit 0")
    assert setup_environment._node_fits(str(tmp_path)) is fits


def test_node_without_npm_does_not_fit(tmp_path: Path) -> None:
    _program(tmp_path, "node", "echo v22.0.0")
    assert not setup_environment._node_fits(str(tmp_path))


def test_environment_of_another_place_or_python_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_environment, "VENV", tmp_path)
    monkeypatch.setattr(setup_environment, "VENV_PYTHON", tmp_path / "bin" / "python")
    assert not setup_environment._environment_fits()
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / "pyvenv.cfg").write_text(f"version = {here}.1\n")
    _program(tmp_path / "bin", "python", "exit 0")
    (tmp_path / "bin" / "pip").write_text(f"#!{tmp_path}/bin/python\n")
    assert setup_environment._environment_fits()
    (tmp_path / "bin" / "pip").write_text("#!/somewhere/else/bin/python\n")
    assert not setup_environment._environment_fits()
    (tmp_path / "bin" / "pip").write_text(f"#!{tmp_path}/bin/python\n")
    (tmp_path / "pyvenv.cfg").write_text("version = 3.1.4\n")
    assert not setup_environment._environment_fits()


def test_finished_set_up_is_quick_because_it_does_nothing() -> None:
    # No time is measured: that nothing is said and the log does not grow proves that no step ran.
    first = subprocess.run([str(SETUP), "--dev"], capture_output=True, text=True, timeout=280, check=False)
    assert first.returncode == 0, first.stderr
    log = PROJECT / ".cache" / "setup.log"
    size = log.stat().st_size if log.exists() else 0
    second = subprocess.run([str(SETUP)], capture_output=True, text=True, timeout=60, check=False)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert (log.stat().st_size if log.exists() else 0) == size


def _package(root: Path, name: str, *files: str) -> None:
    for file in files:
        path = root / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} {file}")


def test_assets_are_copied_with_their_licences_and_old_ones_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = {"map": ("@scope/map", {"dist/map.js": "map.js", "dist/img/*.png": "images/"})}
    monkeypatch.setattr(vendor_assets, "MANIFEST", manifest)
    _package(tmp_path / "modules", "@scope/map", "dist/map.js", "dist/img/a.png", "dist/img/b.png", "LICENSE")
    target = tmp_path / "static" / "vendor"
    _package(target, "gone", "old.js")
    assert vendor_assets.vendor(tmp_path / "modules", target) == 3
    files = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert files == ["map/LICENSE", "map/images/a.png", "map/images/b.png", "map/map.js"]


def test_file_that_a_package_no_longer_ships_keeps_the_old_assets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor_assets, "MANIFEST", {"map": ("map", {"dist/map.js": "map.js"})})
    _package(tmp_path / "modules", "map", "dist/renamed.js")
    _package(tmp_path / "vendor", "map", "map.js")
    with pytest.raises(vendor_assets.MissingAsset, match=r"map has no dist/map\.js"):
        vendor_assets.vendor(tmp_path / "modules", tmp_path / "vendor")
    assert (tmp_path / "vendor" / "map" / "map.js").exists()


def test_every_asset_of_the_manifest_is_there() -> None:
    for name, (_package_name, files) in vendor_assets.MANIFEST.items():
        for place in files.values():
            found = vendor_assets.VENDOR / name / place
            assert any(found.iterdir()) if place.endswith("/") else found.is_file(), f"{name}/{place}"


def test_sheet_of_own_pages_holds_hangul_alone_behind_the_devices_own_faces() -> None:
    shipped = """
@font-face { font-family: 'X'; src: url(./slices/X.subset.7.woff2) format('woff2'); unicode-range: U+20-22, U+ac00, U+d723-d728; }
@font-face { font-family: 'X'; src: url(./slices/X.subset.9.woff2) format('woff2'); unicode-range: U+ff03-ff05, U+f900; }
"""
    own, *sent, families = vendor_assets.derive_hangul(shipped).splitlines()
    assert 'font-family: "Own Hangul"' in own and 'local("Malgun Gothic")' in own and "url(" not in own
    assert "unicode-range: U+1100-11ff, U+3130-318f, U+ac00-d7a3;" in own and "--hangul: " in families
    assert sent == [
        '@font-face { font-family: "Sent Hangul"; font-display: swap; src: url(hangul/Pretendard-Regular.subset.7.woff2); '
        "unicode-range: U+ac00, U+d723-d728; }"
    ]


def test_every_syllable_is_in_one_slice_that_is_there() -> None:
    sheet = vendor_assets.VENDOR / "pretendard" / "hangul.css"
    held: set[int] = set()
    for address, listed in re.findall(r"url\(([^)]+)\); unicode-range: ([^;]+);", sheet.read_text(encoding="utf-8")):
        assert (sheet.parent / address).is_file(), address
        for each in listed.split(", "):
            first, _, last = each.removeprefix("U+").partition("-")
            held |= set(range(int(first, 16), int(last or first, 16) + 1))
    assert set(range(0xAC00, 0xD7A4)) <= held
