"""A process that does everything there is is killed at every commit point; done again with the same keys, it is done once."""

from __future__ import annotations

import pytest

from hotline.core.services import Services
from tests.remittance.dying import answers

LIMIT_S = 1_700


def kill(services: Services, first: int, count: int) -> None:
    settings = services.settings
    words = (settings.database_url, settings.redis_url, settings.data_dir, first, count)
    found = answers("tests.remittance.service.dying", *words, limit_s=LIMIT_S)
    assert len(found) == count
    for each in found:
        assert (each["state"], each["times"], each["findings"]) == (each["must"], 1, []), each
    # One whose way is shorter than its death's turn lives on.
    assert sum(each["killed"] for each in found) >= count * 2 // 3, [each["killed"] for each in found]


@pytest.mark.long
@pytest.mark.timeout(900)  # many processes: a machine that is shared needs more than the usual five minutes
def test_the_whole_service_goes_on_after_kills_at_any_commit_point(services: Services) -> None:
    kill(services, 0, 12)


@pytest.mark.nightly
@pytest.mark.timeout(LIMIT_S + 100)
def test_the_whole_service_goes_on_after_two_hundred_kills(services: Services) -> None:
    kill(services, 1_000, 210)
