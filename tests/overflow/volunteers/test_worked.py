"""Minutes worked out of changes of presence."""

from __future__ import annotations

from datetime import timedelta

from hotline.core.services import Services
from overflow.volunteers.worked import Worked, minutes_worked
from tests.factories import NOW
from tests.overflow.volunteers.making import make_change, make_volunteer


def _worked(services: Services, *changes: tuple[float, str, str]) -> Worked:
    """Return what was worked by somebody whose presence changed so many hours before NOW."""
    with services.db.transaction() as session:
        volunteer = make_volunteer(session)
        assert volunteer.agent_id is not None
        for hours_ago, after, reason in changes:
            make_change(session, volunteer.agent_id, NOW - timedelta(hours=hours_ago), after, reason)
        return minutes_worked(session, NOW, [volunteer.agent_id])[volunteer.agent_id]


def test_who_never_worked_has_zero(services: Services) -> None:
    assert _worked(services) == Worked(0, 0)


def test_who_still_works_is_counted_up_to_now(services: Services) -> None:
    assert _worked(services, (2, "not_ready", "signed_on"), (1.5, "ready", ""), (1, "talking", "")) == Worked(90, 90)


def test_breaks_are_no_work_and_training_is(services: Services) -> None:
    changes = ((4, "ready", ""), (3, "not_ready", "meal"), (2, "not_ready", "training"), (1, "offline", ""))
    assert _worked(services, *changes) == Worked(120, 120)


def test_midnight_means_nothing_but_yesterdays_work_leaves_the_day(services: Services) -> None:
    assert _worked(services, (26, "ready", ""), (22, "offline", "")) == Worked(120, 240)


def test_what_was_begun_before_the_week_counts_from_its_first_hour(services: Services) -> None:
    assert _worked(services, (300, "ready", ""), (167, "offline", "")) == Worked(0, 60)
    assert _worked(services, (300, "ready", ""), (200, "offline", "")) == Worked(0, 0)
