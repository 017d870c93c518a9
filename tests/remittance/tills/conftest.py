"""The counter of each test."""

from __future__ import annotations

import pytest

from hotline.core.services import Services
from tests.remittance.tills.making import Counter


@pytest.fixture
def counter(services: Services) -> Counter:
    """Return a mission whose till was never filled, with its people."""
    return Counter(services)
