"""Makes everything the service needs inside the checkout: `.venv`, the pages' assets, and the compiled translations.

Run by `make setup` through scripts/setup.sh. It uses the standard library alone, because nothing is installed yet, and
does nothing, in well under a second, when nothing changed. Two runs at once wait for each other.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from setup_stamps import Stamps, digest

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
CACHE = ROOT / ".cache"
LOG = CACHE / "setup.log"
VENDOR = ROOT / "hotline" / "console" / "static" / "vendor"
PYTHON_STAMPS = Stamps(VENV / "stamps.json")
ASSET_STAMPS = Stamps(VENDOR / "stamps.json")
MIN_NODE_MAJOR = 20
STEP_LIMIT_S = 1_500
WAIT_LIMIT_S = 1_500
MUST_BE_MADE_ANEW = 75
# A lock names everything that is needed, so nothing is left to resolve. Left to resolve it all the same, pip 23 asks for
# the newest release behind a requirement with an extra, and refuses it for want of a hash on the day one is published.
EXACTLY_THE_LOCK = ("--require-hashes", "--no-deps")


class SetupFailed(Exception):
    """A step failed; its text is the whole line for the user, with the mend."""


def main(arguments: Sequence[str]) -> int:
    """Bring every part up to date; 0 when all is well, 2 after a one-line error, 75 as setup.sh explains."""
    parser = argparse.ArgumentParser(description="Make the environment.")
    parser.add_argument("--dev", action="store_true", help="also what tests, checks and benchmarks need")
    parser.add_argument("--keep", action="store_true", help="leave with status 75 if .venv must be made anew")
    options = parser.parse_args(arguments)
    os.chdir(ROOT)
    try:
        CACHE.mkdir(exist_ok=True)
        with (CACHE / "setup.lock").open("w") as lock:
            _wait_for(lock.fileno())
            if not _environment_fits():
                if options.keep:
                    return MUST_BE_MADE_ANEW
                _make_environment()
            _install_packages("requirements-dev.lock" if options.dev else "requirements.lock")
            _install_project()
            _install_assets()
            _compile_translations()
    except SetupFailed as failure:
        print(f"setup: {failure}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"setup: {error}. See that this user may write to {ROOT} and that the disk has room", file=sys.stderr)
        return 2
    return 0


def _wait_for(lock: int) -> None:
    deadline = time.monotonic() + WAIT_LIMIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SetupFailed("another set-up has not ended for 25 minutes. End it and try again") from None
            time.sleep(0.2)
        else:
            return


def _environment_fits() -> bool:
    """Whether .venv works, lies where it was made, and has this Python's version."""
    try:
        configuration = (VENV / "pyvenv.cfg").read_text()
    except FileNotFoundError:
        return False
    made_by = re.search(r"^version\s*=\s*(\d+\.\d+)", configuration, re.MULTILINE)
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    # A checkout that was moved has programs in .venv/bin whose first line names the old place.
    pip = VENV / "bin" / "pip"
    lies_here = pip.exists() and str(VENV).encode() in pip.read_bytes()[:1000]
    return made_by is not None and made_by.group(1) == here and lies_here and os.access(VENV_PYTHON, os.X_OK)


def _make_environment() -> None:
    _say(f"making .venv with Python {sys.version.split()[0]}")
    shutil.rmtree(VENV, ignore_errors=True)
    _run(
        [sys.executable, "-m", "venv", str(VENV)], "Install Python's venv module (Debian: apt-get install python3-venv)"
    )


def _install_packages(lock_name: str) -> None:
    value = digest([ROOT / lock_name], [sys.version, str(ROOT)])
    # The development lock contains the service's, so it also satisfies a later set-up without --dev.
    service = digest([ROOT / "requirements.lock"], [sys.version, str(ROOT)])
    if PYTHON_STAMPS.holds(lock_name, value):
        return
    _say(f"installing Python packages from {lock_name}")
    # Tests import a small part of what is installed; compiling the rest is half a minute. A service compiles it beforehand,
    # because its user need not be able to write there.
    compiled = () if lock_name == "requirements.lock" else ("--no-compile",)
    _pip(*EXACTLY_THE_LOCK, *compiled, "-r", lock_name)
    PYTHON_STAMPS.put(lock_name, value)
    PYTHON_STAMPS.put("requirements.lock", service)


def _install_project() -> None:
    """Install the checkout itself, editable: the `hotline` command, and packages importable from anywhere."""
    packages = [path.name for path in _packages()]
    value = digest([ROOT / "pyproject.toml"], [*packages, sys.version, str(ROOT)])
    if PYTHON_STAMPS.holds("project", value) and (VENV / "bin" / "hotline").exists():
        return
    _say("installing the project itself")
    _pip("--no-build-isolation", "--no-deps", "-e", ".")
    PYTHON_STAMPS.put("project", value)


def _install_assets() -> None:
    sources = [ROOT / name for name in ("package.json", "package-lock.json", "scripts/vendor_assets.py")]
    value = digest(sources)
    if ASSET_STAMPS.holds("assets", value) and (ROOT / "node_modules").is_dir():
        return
    environment = environment_with_node()
    _say("installing the pages' assets from package-lock.json")
    npm = shutil.which("npm", path=environment["PATH"]) or "npm"
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "See that npm's registry answers", environment)
    _run([str(VENV_PYTHON), "scripts/vendor_assets.py"], "Correct the manifest in scripts/vendor_assets.py")
    ASSET_STAMPS.put("assets", value)


def environment_with_node() -> dict[str, str]:
    """The environment in which `npm` is one with Node 20 or newer: the machine's, else one from a wheel."""
    environment = dict(os.environ)
    if _node_fits(environment["PATH"]):
        return environment
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment['PATH']}"
    if not _node_fits(environment["PATH"]):
        _say(f"Node {MIN_NODE_MAJOR} or newer is not here; installing it from a wheel")
        _pip(*EXACTLY_THE_LOCK, "-r", "requirements-node.lock", mend="Or install Node.js 20 or newer with npm")
        if not _node_fits(environment["PATH"]):
            raise SetupFailed("Node from the wheel does not run here. Install Node.js 20 or newer with npm")
    return environment


def _node_fits(path: str) -> bool:
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node is None or npm is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=False)
    version = re.match(r"v(\d+)\.", answer.stdout)
    return version is not None and int(version.group(1)) >= MIN_NODE_MAJOR


def _compile_translations() -> None:
    sources = [source for package in _packages() for source in package.glob("**/translations/*/LC_MESSAGES/*.po")]
    for source in sources:
        if not _older(source.with_suffix(".mo"), source):
            continue
        command = [str(VENV / "bin" / "pybabel"), "compile", "-i", str(source), "-o", str(source.with_suffix(".mo"))]
        _run(command, f"Correct {source.relative_to(ROOT)}")


def _packages() -> list[Path]:
    return sorted(path.parent for path in ROOT.glob("[!.]*/__init__.py"))


def _older(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def _pip(*arguments: str, mend: str = "See that the package index answers") -> None:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    _run([str(VENV_PYTHON), "-m", "pip", "install", *quiet, *arguments], mend)


def _run(command: Sequence[str], mend: str, environment: dict[str, str] | None = None) -> None:
    """Run one step with its output in the log; raises SetupFailed with its last line when it fails."""
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(command)}\n")
        log.flush()
        start = log.tell()
        try:
            step = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                timeout=STEP_LIMIT_S,
                check=False,
            )
            failed = step.returncode != 0
        except subprocess.TimeoutExpired:
            failed = True
    if failed:
        raise SetupFailed(
            f"`{Path(command[0]).name} {command[1]} …` failed: {_last_line(start)}. {mend} (.cache/setup.log)"
        )


def _last_line(start: int) -> str:
    with LOG.open("rb") as log:
        log.seek(start)
        lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm error"))]
    return (errors or lines or ["it said nothing"])[-1].rstrip(".")


def _say(what: str) -> None:
    print(f"setup: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
