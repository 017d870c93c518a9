"""Who is asked once more, who is not, and when; nobody is asked without end."""

from __future__ import annotations

import pytest

from tests.overflow.surge.world import World


def fall_silent(world: World) -> None:
    """Let the one who is asked answer neither the text nor the telephone, which is rung twice."""
    world.later(61)
    world.word(world.calls()[-1], "busy")
    world.later(121)
    world.word(world.calls()[-1], "busy")
    world.look()


def test_whoever_was_silent_twice_is_asked_no_third_time(world: World) -> None:
    world.people(1)
    world.start(1)
    fall_silent(world)
    world.later(60 * 21, 60)
    fall_silent(world)
    (person,) = world.in_state("silent")
    assert (person.asks, world.state) == (2, "exhausted")
    world.later(60 * 60, 300)
    (person,) = world.asked()
    assert (person.asks, person.state, world.state) == (2, "silent", "exhausted")


@pytest.mark.parametrize("how", ["said no", "left"])
def test_whoever_said_no_or_left_is_not_asked_again_though_nobody_else_is_left(world: World, how: str) -> None:
    world.people(1)
    world.start(1)
    (person,) = world.asked()
    if how == "left":
        world.comes(person.id)
        world.look()
        world.leaves(person.id)
    else:
        world.says(person.id, "no")
    world.later(60 * 60, 300)
    (person,) = world.asked()
    assert (person.asks, world.state) == (1, "exhausted")
    assert person.state == ("dropped" if how == "left" else "declined")
