"""A house with volunteers, and call-outs over it."""

from __future__ import annotations

import pytest

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from tests.calls.conftest import Hook, Rows, hook, rows, telephones, visitor  # noqa: F401 - fixtures by their names
from tests.calls.telephones import Telephones
from tests.overflow.surge.world import World


@pytest.fixture
def world(services: Services, clock: FrozenClock, telephones: Telephones) -> World:  # noqa: F811
    """Return a world whose carrier takes fifty calls a second."""
    services.settings = services.settings.model_copy(update={"voice_calls_per_s": 50.0})
    return World(services, clock, telephones)
