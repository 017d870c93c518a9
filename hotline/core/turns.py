"""A turn of a scheduled job over many things, each in a transaction of its own: one that fails lets none of the others wait."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable

import structlog

from hotline.core.errors import HotlineError

MOST_FAILED = 200
"""Where so many fail in one turn something else is wrong: the turn ends, and the next one begins anew."""

log = structlog.get_logger(__name__)


def each_alone(ids: Iterable[int], act: Callable[[int], object], event: str) -> int:
    """Do `act` for each id; how many did something, which is what a true answer means.

    One that fails is logged as `event` by its number and by where it failed, never by the error's own words, which could name
    people; it is tried again at the next turn, by whoever asks for what is due then.
    """
    done = failed = 0
    for one in ids:
        if failed >= MOST_FAILED:
            log.error("turns.stopped", after=event, failed=failed)
            break
        try:
            done += bool(act(one))
        except Exception as error:  # noqa: BLE001  # the outermost line of one of many
            place = traceback.extract_tb(error.__traceback__)[-1]
            what = error.code if isinstance(error, HotlineError) else type(error).__name__
            log.warning(event, id=one, error=what, at=f"{place.name}:{place.lineno}")
            failed += 1
    return done
