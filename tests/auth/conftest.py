"""A visitor with a browser's habits but no browser: keeps cookies, and sends the form token that the page gave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import PASSWORD

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """One browser."""

    client: FlaskClient

    def get(self, path: str, **more: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, **more)

    def token(self) -> str:
        """Return the form token of the page that everybody may see."""
        for path in ("/sign-in", "/profile"):
            found = _TOKEN.search(self.client.get(path).get_data(as_text=True))
            if found:
                return found[1]
        raise AssertionError("no page gave a form token")

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """Send a form as its page would."""
        return self.client.post(path, data={"csrf_token": self.token(), **(data or {})}, **more)

    def sign_in(self, name: str, password: str = PASSWORD, **more: Any) -> TestResponse:
        """Send the sign-in form."""
        return self.post("/sign-in", {"name": name, "password": password, **more})

    def signed_in(self) -> bool:
        """Say whether the profile page opens."""
        return self.get("/profile").status_code == 200


@pytest.fixture
def visitor(app: Any) -> Visitor:
    """Return somebody at the sign-in page."""
    return Visitor(app.test_client())


@pytest.fixture
def other_visitor(app: Any) -> Visitor:
    """Return somebody else with a browser of their own."""
    return Visitor(app.test_client())
