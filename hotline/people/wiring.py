"""What the people room brings: the travellers API, the sweep of positions, and the command that takes over lists."""

from __future__ import annotations

from hotline.core.registry import Registry
from hotline.people import api, cli, effective, itinerary_api, validity


def register(registry: Registry) -> None:
    """Add the room's routes and commands."""
    registry.blueprints += [api.blueprint, itinerary_api.blueprint]
    registry.commands.append(cli.travellers)
    validity.configured()  # a setting that cannot be used stops the process at its start, not at the first sighting
    registry.job(effective.JOB, effective.take_over_due, queue="urgent", timeout_s=120)
    registry.every(effective.EVERY_S, effective.JOB)
    registry.job(effective.FORGET_JOB, effective.forget_lapsed, queue="slow", timeout_s=60)
    registry.every(effective.FORGET_EVERY_S, effective.FORGET_JOB)
