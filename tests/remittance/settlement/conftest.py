"""The counter of each test, with cash in its till."""

from __future__ import annotations

import pytest

from hotline.core.services import Services
from tests.remittance.tills.making import Counter


@pytest.fixture
def counter(services: Services) -> Counter:
    """Return a mission with ten thousand dollars in its till, and its people."""
    made = Counter(services)
    made.fill(1_000_000)
    return made
