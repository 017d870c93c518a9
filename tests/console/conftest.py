"""Visitors of the console's pages."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.auth.models import Officer
from hotline.core.db import Database
from tests.auth.conftest import Visitor
from tests.factories import make_officer


@pytest.fixture
def visitor(app: Any) -> Visitor:
    """Return somebody at the sign-in page."""
    return Visitor(app.test_client())


@pytest.fixture
def boss(db: Database, visitor: Visitor) -> Officer:
    """Return an administrator who is signed in as the visitor."""
    with db.transaction() as session:
        made = make_officer(session, name="boss", display_name="Boss", roles=("administrator",))
    visitor.sign_in("boss")
    return made
