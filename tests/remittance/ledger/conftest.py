"""The books of each test."""

from __future__ import annotations

import pytest

from hotline.core.services import Services
from tests.remittance.ledger.making import Books


@pytest.fixture
def books(services: Services) -> Books:
    """Return empty books with their officers and accounts."""
    return Books(services)
