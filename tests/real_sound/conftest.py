"""A service, an exchange with a SIP door, and telephones to call it with; skipped where a package is missing."""

from __future__ import annotations

import importlib.util
import itertools
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.real_sound.houses import PracticeHouse
from tests.real_sound.processes import Exchange, Telephone
from tests.sandbox.service import start_service

NUMBER = "+15005550006"
CALLER = "+821012345678"
NEEDED = {"pjsua2": "pjsua2-python", "espeakng_loader": "espeakng-loader"}
"""Modules by the package that brings them."""

Dial = Callable[..., Telephone]


def missing_packages() -> list[str]:
    """Return what real sound needs and this machine has not; there are no wheels for every machine (decision 0026)."""
    return [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]


@pytest.fixture
def real_sound() -> None:
    """Skip and say why where a package is missing."""
    if missing := missing_packages():
        pytest.skip(f"real sound needs {' and '.join(missing)}, for which this machine has no wheel (decision 0026)")


@pytest.fixture
def house() -> Iterator[PracticeHouse]:
    """The service that is called."""
    service, server = start_service(secrets.token_hex(16))
    yield PracticeHouse(service, NUMBER)
    server.shutdown()
    server.server_close()


@pytest.fixture
def exchange(real_sound: None, house: PracticeHouse, tmp_path: Path) -> Iterator[Exchange]:
    """The exchange between telephones and the service."""
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    running = Exchange(house, sounds)
    yield running
    running.stop()


@pytest.fixture
def dial(exchange: Exchange, tmp_path: Path) -> Iterator[Dial]:
    """Call a number with a telephone; every telephone is gone at the end."""
    telephones: list[Telephone] = []
    names = itertools.count()

    def call(number: str = NUMBER, caller: str = CALLER) -> Telephone:
        telephones.append(Telephone(exchange, caller, number, tmp_path / f"heard-{next(names)}.wav"))
        return telephones[-1]

    yield call
    for each in telephones:
        each.stop()
