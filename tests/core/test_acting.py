"""Acting from a page: what was done is told to others once it is saved, and every fault is told by its own text."""

from __future__ import annotations

from typing import Any

import pytest
from flask import get_flashed_messages
from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core.acting import act_from_page
from hotline.core.errors import HotlineError, InvalidInput, Refused, SeveralFaults
from hotline.core.services import Services

_BACK = "/lists"


def _act(act: Any, **more: Any) -> tuple[str, list[Any]]:
    answer: Any = act_from_page(act, "Done.", about="nothing", back=_BACK, **more)
    return answer.location, get_flashed_messages(with_categories=True)


def test_others_are_told_once_it_is_saved(app: Any, services: Services) -> None:
    seen: list[int | None] = []

    def make(session: Session) -> str:
        session.execute(text("INSERT INTO certified_skills (skill) VALUES ('korean')"))
        return "korean"

    def after(made: str) -> None:
        assert made == "korean"
        with services.db.transaction() as session:
            seen.append(session.scalar(text("SELECT count(*) FROM certified_skills")))

    with app.test_request_context("/"):
        assert _act(make, after=after) == (_BACK, [("good", "Done.")])
    assert seen == [1]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Refused("It is closed."), "It is closed."),
        (InvalidInput("age", -3, "use a number from 0"), "use a number from 0"),
        (
            SeveralFaults([{"field": "age", "mend": "use a number from 0"}, {"field": "name", "mend": "give a name"}]),
            "use a number from 0 give a name",
        ),
    ],
)
def test_what_is_refused_is_told_here_and_to_nobody_else(app: Any, error: HotlineError, told: str) -> None:
    def refuse(_session: Session) -> None:
        raise error

    with app.test_request_context("/"):
        assert _act(refuse, after=lambda _: pytest.fail("told of what was never done")) == (_BACK, [("warn", told)])
