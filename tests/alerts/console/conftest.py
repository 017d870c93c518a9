"""Officers at their browsers, without the browser: what the pages of alerts answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from alerts.models import Alert
from hotline.auth.models import Officer
from hotline.core.db import Database
from tests.auth.conftest import Visitor
from tests.factories import make_alert, make_mission, make_officer

READY_TEXTS = {
    "ko": "[외교부] {place} 홍수 {time}. 고지대로 대피하세요. 영사콜센터 {hotline}",
    "en": "Flood in {place} {time}. Go to high ground. Help: {hotline}",
}
"""Texts that could be sent as they are."""


class Officials:
    """Signed-in officers by role, each made and signed in on first use."""

    def __init__(self, app: Any, db: Database) -> None:
        self._app, self._db = app, db
        self.people: dict[str, Officer] = {}
        self._visitors: dict[str, Visitor] = {}

    def __getitem__(self, roles: str) -> Visitor:
        """Return the browser of an officer with these roles (`author`, or `author+approver`)."""
        if roles not in self._visitors:
            with self._db.transaction() as session:
                self.people[roles] = make_officer(session, roles=tuple(roles.split("+")))
            visitor = Visitor(self._app.test_client())
            visitor.sign_in(self.people[roles].name)
            self._visitors[roles] = visitor
        return self._visitors[roles]

    def send_json(self, roles: str, path: str, body: object) -> TestResponse:
        """Send JSON as a page's script does."""
        visitor = self[roles]
        headers = {"X-CSRFToken": visitor.token(), "Accept": "application/json"}
        return visitor.client.post(path, json=body, headers=headers)


@pytest.fixture
def officials(app: Any, db: Database) -> Officials:
    return Officials(app, db)


@pytest.fixture
def mission_id(db: Database) -> int:
    with db.transaction() as session:
        return make_mission(session).id


@pytest.fixture
def add(db: Database, officials: Officials) -> Callable[..., int]:
    """Return a function that adds an alert written by the author and returns its id."""

    def add_one(**more: Any) -> int:
        assert officials["author"]
        with db.transaction() as session:
            values = {"texts": READY_TEXTS} | more
            return make_alert(session, author=officials.people["author"], **values).id

    return add_one


@pytest.fixture
def stored(db: Database) -> Callable[[int], Alert]:
    """Return a function that reads an alert back."""

    def read(alert_id: int) -> Alert:
        with db.transaction() as session:
            alert = session.get(Alert, alert_id)
            assert alert is not None
            return alert

    return read
