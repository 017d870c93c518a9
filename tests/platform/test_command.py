"""The `hotline` command reads no more than it needs; long-running processes settle before they serve."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
from flask import Flask

from hotline.core.processes import _Gunicorn
from tests.platform.processes import PROJECT, clean_environment
from tests.platform.starting import HOTLINE

LIMIT_S = 240
ASKED_FOR_HELP = """
import sys
from hotline.__main__ import main
sys.argv = ["hotline", *sys.argv[1:]]
try:
    main()
finally:
    print("read", "wsgi" in sys.modules)
"""


@pytest.mark.parametrize(("words", "whole"), [("up -h", False), ("doctor --help", False), ("officer -h", True)])
def test_only_starting_and_examining_do_without_the_house(words: str, whole: bool) -> None:
    command = [sys.executable, "-c", ASKED_FOR_HELP, *words.split()]
    ended = subprocess.run(
        command, cwd=PROJECT, env=clean_environment(), capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    assert ended.stdout.startswith(f"Usage: hotline {words.partition(' ')[0]} ")
    assert ended.stdout.rstrip().endswith(f"read {whole}")


def test_an_unknown_command_is_an_error_that_names_it() -> None:
    ended = subprocess.run(
        [*HOTLINE, "upp"],
        cwd=PROJECT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert ended.returncode == 2 and "'upp'" in ended.stderr


def test_what_a_web_process_has_read_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    made = _Gunicorn(lambda: Flask("made"), {}).load()
    assert made.name == "made" and gc.get_freeze_count() > before
