"""What somebody reads who says yes when enough are coming: thanks and a place on reserve, in their own language."""

from __future__ import annotations

import pytest

from tests.overflow.surge.world import World


@pytest.mark.parametrize(
    ("speaks", "thanks", "reserve"), [("ko", "감사", "예비"), ("en", "thank you", "on reserve")], ids=["ko", "en"]
)
def test_over_acceptance_is_thanked_in_ones_own_language(world: World, speaks: str, thanks: str, reserve: str) -> None:
    world.people(30, speaks=speaks)
    world.start(2)
    people = world.asked()[:8]
    assert [world.says(each.id, "now") for each in people][-1] == "reserve"
    told = world.texts(people[7].volunteer_id)
    assert thanks in told[-1] and reserve in told[-1]
    assert reserve not in world.texts(people[0].volunteer_id)[-1], "who is needed is told what was agreed"
