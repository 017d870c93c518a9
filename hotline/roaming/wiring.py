"""What the roaming room brings: the carriers' webhook, folding, and the command that gives keys."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from hotline.core.registry import Registry, SubjectKind
from hotline.roaming import cli, demo, fold, pages, webhooks


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, schedules and commands."""
    registry.blueprints += [webhooks.blueprint, pages.blueprint]
    registry.explanations |= pages.EXPLANATIONS
    registry.job(fold.JOB, fold.fold, queue="default", timeout_s=120)
    registry.job(fold.FORGET_JOB, fold.forget_old, queue="slow", timeout_s=300)
    registry.every(1, fold.JOB)
    registry.every(3600, fold.FORGET_JOB)
    registry.on("TravellerErased", "roaming.forget", fold.forget_person)
    registry.commands.append(cli.carrier)
    registry.demo.append(demo.add_practice_carriers)
    registry.action_labels |= {
        "carrier.added": gettext_noop("carrier added"),
        "carrier.key_added": gettext_noop("key given to a carrier"),
        "carrier.key_ended": gettext_noop("key of a carrier ended"),
        "carrier.closed": gettext_noop("carrier switched off"),
        "carrier.reopened": gettext_noop("carrier switched on again"),
    }
    registry.subjects["carrier"] = SubjectKind(
        gettext_noop("Mobile carrier"), "carriers.show", "carrier_id", "carriers.write"
    )
