"""What forwarding brings: the exchanges' webhook, the recognition of arriving calls, and the job that matches latecomers."""

from __future__ import annotations

from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Registry, SubjectKind
from overflow.forwarding import (
    api,
    cli,
    demo,
    erasure,
    exchange_pages,
    late,
    mode_steps,
    pages,
    recognising,
    rule_pages,
    webhooks,
    words,
)


def register(registry: Registry) -> None:
    """Add the room's routes, jobs and words."""
    registry.blueprints += [
        webhooks.blueprint, pages.blueprint, rule_pages.blueprint, exchange_pages.blueprint, api.blueprint,
    ]  # fmt: skip
    registry.menu += [
        MenuEntry("forwarding.log", gettext_noop("Forwarded calls"), "calls.read", 63, group=groups.DIRECTORY),
        MenuEntry(
            "overflow_rules.index", gettext_noop("Overflow"), "missions.read", 64, key="f", group=groups.DIRECTORY
        ),
    ]
    registry.commands.append(cli.overflow)
    registry.demo.append(demo.load)
    registry.recognise = recognising.recognise
    registry.job(late.JOB, late.match, queue="default", timeout_s=60)
    registry.every(15, late.JOB)
    registry.job(erasure.JOB, erasure.forget_old, queue="slow", timeout_s=120)
    registry.every(3600, erasure.JOB)
    registry.on("TravellerErased", "overflow.forget", erasure.forget)
    registry.on("PersonErased", "overflow.forget", erasure.forget)
    registry.mode_step(mode_steps.TAKE_ALL)
    registry.action_labels |= words.TRAIL
    registry.explanations |= words.EXPLANATIONS
    registry.subjects["overflow_rule"] = SubjectKind(gettext_noop("Overflow rule"))
