"""The bank of each test, and the effects of all rooms."""

from __future__ import annotations

import pytest

from hotline.core.services import Services
from tests.remittance.deposits.making import Bank
from wsgi import build_registry


@pytest.fixture
def bank(services: Services) -> Bank:
    """Return a bank with one account of ours."""
    build_registry()
    return Bank(services)
