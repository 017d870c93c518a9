"""A counter for each test."""

from __future__ import annotations

import pytest

from hotline.core.services import Services
from tests.remittance.payouts.making import Counter


@pytest.fixture
def counter(services: Services) -> Counter:
    """Return a consulate that can pay."""
    return Counter(services)
