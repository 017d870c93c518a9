"""A visitor of the public pages, and the handset that gets the codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.notices.models import Notice
from hotline.people.models import Traveller
from tests.auth.conftest import Visitor

PHONE = "+821012345678"
FORM = {"name": "김하늘", "region": "KR", "phone": "010-1234-5678", "language": "ko", "agreed": "1"}


@dataclass
class Registering(Visitor):
    """A visitor with a handset."""

    services: Services
    clock: FrozenClock

    def codes(self, phone: str = PHONE) -> list[str]:
        """Return the codes that were sent to a number, the newest last."""
        with self.services.db.transaction() as session:
            bodies = session.scalars(select(Notice.body).where(Notice.phone == phone).order_by(Notice.id)).all()
        return [found[0] for body in bodies if (found := re.search(r"\d{6}", body))]

    def people(self) -> list[Traveller]:
        """Return everybody on record."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(Traveller).where(Traveller.erased_at.is_(None)).order_by(Traveller.id)))

    def ask(self, form: dict[str, str] | None = None, **more: Any) -> TestResponse:
        """Send the registration form."""
        return self.post("/register", {**FORM, **(form or {})}, **more)

    def register(self, form: dict[str, str] | None = None, phone: str = PHONE) -> TestResponse:
        """Register to the end and return the personal page."""
        assert self.ask(form).location == "/register/code"
        return self.post("/register/code", {"code": self.codes(phone)[-1]}, follow_redirects=True)

    def come_back(self, phone: str = PHONE) -> TestResponse:
        """Prove the number of an entry that exists."""
        assert self.post("/register/change", {"region": "KR", "phone": phone}).location == "/register/code"
        return self.post("/register/code", {"code": self.codes(phone)[-1]}, follow_redirects=True)


@pytest.fixture
def visitor(app: Any, services: Services, clock: FrozenClock) -> Registering:
    """Return a visitor without an account."""
    return Registering(app.test_client(), services, clock)


@pytest.fixture
def stranger(app: Any, services: Services, clock: FrozenClock) -> Registering:
    """Return somebody else with a browser of their own."""
    return Registering(app.test_client(), services, clock)
