"""Searching people as officers type: every condition answered, every answer by an index."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from hotline.core.db import Database
from hotline.core.errors import InvalidInput
from hotline.people.search import MAX_PAGE, _conditions, search
from tests.factories import make_traveller

PEOPLE = [
    ("김민준", "+821020001234", "KR-1"),
    ("김서연", "+821020005678", "KR-2"),
    ("남궁민준", "+821020009012", None),
    ("Kim Min-jun", "+447700900123", "GB-1"),
    ("O'Brien, Anne (Seoul)", "+12025550101", "US-1"),
    ("Nguyễn Thị Hương", "+84905550101", None),
]


@pytest.fixture
def people(db: Database) -> None:
    with db.transaction() as session:
        for name, phone, reference in PEOPLE:
            make_traveller(session, name=name, phone=phone, reference=reference)


def _names(session: Session, wanted: str) -> set[str]:
    return {found.traveller.name for found in search(session, wanted).found}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("김", {"김민준", "김서연"}),
        ("민준", {"김민준", "남궁민준"}),
        ("준", {"김민준", "남궁민준"}),
        ("김민", {"김민준"}),
        ("kim", {"Kim Min-jun"}),
        ("JUN kim", {"Kim Min-jun"}),
        ("min-jun", {"Kim Min-jun"}),
        ("im", set()),
        ("o'brien", {"O'Brien, Anne (Seoul)"}),
        ("seoul anne", {"O'Brien, Anne (Seoul)"}),
        ("nguyễn", {"Nguyễn Thị Hương"}),
        ("hương", {"Nguyễn Thị Hương"}),
        ("010-2000-1234", {"김민준"}),
        ("01020005", {"김서연"}),
        ("+82 10 2000", {"김민준", "김서연", "남궁민준"}),
        ("5678", {"김서연"}),
        ("0101", {"O'Brien, Anne (Seoul)", "Nguyễn Thị Hương"}),
        ("447700900123", {"Kim Min-jun"}),
        ("+5678", set()),
        ("KR-1", {"김민준"}),
        ("' & | ! \\ :* <->", set()),
        ("김:*", set()),
    ],
)
def test_officers_find_people_as_they_type(db: Database, wanted: str, expected: set[str]) -> None:
    with db.transaction() as session:
        assert _names(session, wanted) == expected
        assert len(search(session, "").found) == len(PEOPLE)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.text(max_size=120))
@pytest.mark.usefixtures("people")
def test_no_text_breaks_the_search(db: Database, wanted: str) -> None:
    with db.transaction() as session:
        search(session, wanted.encode("utf-8", "replace").decode())


def test_erased_people_are_not_found_and_unplaced_ones_are(db: Database) -> None:
    with db.transaction() as session:
        make_traveller(
            session, name="Erased", erased_at=make_traveller(session, name="Kept", lat=None, lon=None).created_at
        )
        found = search(session).found
        assert [(each.traveller.name, each.position) for each in found] == [("Kept", None)]


def test_a_page_is_bounded(db: Database) -> None:
    with db.transaction() as session:
        for limit in (0, MAX_PAGE + 1):
            with pytest.raises(InvalidInput, match="limit"):
                search(session, limit=limit)


@pytest.mark.parametrize("wanted", ["민준", "5678", "010-2000-1234", "kim min"])
def test_every_search_can_be_answered_by_an_index(db: Database, wanted: str) -> None:
    """With sequential scans made dear, a plan that still has one has no index to use."""
    with db.transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        for condition in _conditions(wanted):
            compiled = condition.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
            question = f"EXPLAIN SELECT id FROM travellers WHERE {compiled}"  # noqa: S608  # our own condition
            plan = "\n".join(session.execute(text(question.replace(":*", "\\:*"))).scalars())
            assert "Index" in plan and "Seq Scan" not in plan, plan
