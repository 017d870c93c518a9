"""An officer with every role, who calls the API with whatever a hostile client could think of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hotline.auth.permissions import ROLES
from hotline.core.db import Database
from tests.factories import make_alert, make_mission, make_officer, make_token, make_traveller

Call = Callable[..., TestResponse]


@dataclass(frozen=True)
class Things:
    """Ids of one of each, and the token of somebody who may do everything."""

    token: str
    alert: int
    mission: int
    traveller: int


@pytest.fixture
def things(db: Database) -> Things:
    with db.transaction() as session:
        almighty = make_officer(session, roles=tuple(ROLES))
        author = make_officer(session, roles=("author",))
        mission = make_mission(session).id
        return Things(
            make_token(session, almighty),
            make_alert(session, author=author, mission_id=mission).id,
            mission,
            make_traveller(session).id,
        )


@pytest.fixture
def call(client: FlaskClient, things: Things) -> Call:
    """Return a function that calls as the almighty officer; `body` is sent as JSON, a str or bytes as it is."""

    def send(method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {things.token}"} | more.pop("headers", {})
        if body is not None:
            more["data"] = body if isinstance(body, (str, bytes)) else json.dumps(body)
            more.setdefault("content_type", "application/json")
        return client.open(path, method=method, headers=headers, **more)

    return send


def told(answer: TestResponse) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    body = answer.get_json()
    assert isinstance(body, dict)
    return body
