"""What the tests of volunteers share."""

from __future__ import annotations

import pytest

from hotline.core.services import Services
from tests.auth.conftest import Visitor, visitor
from tests.factories import make_officer

__all__ = ["visitor"]


@pytest.fixture
def chief(services: Services, visitor: Visitor) -> Visitor:
    """Return a browser in which a duty chief is signed in."""
    with services.db.transaction() as session:
        name = make_officer(session, roles=("duty_chief",)).name
    visitor.sign_in(name)
    return visitor
