"""What this room brings to the house."""

from __future__ import annotations

import alerts.arrivals.wiring
import alerts.board.wiring
import alerts.console.wiring
import alerts.feeds.wiring
import alerts.publish.wiring
import alerts.replies.wiring
import alerts.silent.wiring
from alerts import (
    api,
    demo,
    erasure,
    incident_links,
    index_room,
    materialise,
    mode_drafts,
    progress,
    texts_over_links,
    webhooks,
)
from alerts.dispatch import doubt, ending, lanes, retry_sweep, sweep
from alerts.follow import in_flight, joins
from alerts.receipts import links
from alerts.receipts.fold import fold
from alerts.text_templates import api as templates_api
from alerts.text_templates import demo as templates_demo
from hotline.core.registry import Registry
from hotline.incidents import prefill


def register(registry: Registry) -> None:
    """Add the room's routes, jobs, menu entries and commands."""
    registry.blueprints += [webhooks.blueprint, api.blueprint, templates_api.blueprint]
    registry.starters += [index_room.start]
    registry.on("AlertApproved", "alerts.materialise", materialise.on_approved)
    registry.job(materialise.JOB, materialise.materialise, queue="urgent", timeout_s=materialise.TIMEOUT_S + 30)
    registry.job("alerts.sweep_approved", materialise.sweep, queue="urgent", timeout_s=30)
    registry.job("alerts.fold_receipts", fold, queue="urgent", timeout_s=60)
    registry.every(2, "alerts.sweep_approved")
    registry.every(1, "alerts.fold_receipts")
    registry.link_receipts = links.take
    registry.link_texts = texts_over_links.take
    registry.people_in_alerts = progress.people_since
    registry.job(texts_over_links.JOB, texts_over_links.take_what_is_there, queue="default", timeout_s=60)
    registry.every(60, texts_over_links.JOB)
    # Lanes wait behind everything urgent: stopping, receipts and the next alert's audience must not wait for a lane.
    registry.job(lanes.JOB, lanes.dispatch_alert, queue="default", timeout_s=180)
    registry.job(doubt.JOB, doubt.clear_doubt, queue="urgent", timeout_s=120)
    registry.job(ending.WITHDRAW_JOB, ending.withdraw, queue="urgent", timeout_s=600)
    registry.job(sweep.JOB, sweep.sweep, queue="urgent", timeout_s=120)
    registry.on("AlertCancelled", "alerts.withdraw", ending.on_cancelled)
    registry.every(2, sweep.JOB)
    registry.job(in_flight.JOB, in_flight.settle, queue="urgent", timeout_s=120)
    registry.job(joins.JOB, joins.sweep, queue="urgent", timeout_s=300)
    registry.every(2, in_flight.JOB)
    registry.every(2, joins.JOB)
    registry.job(retry_sweep.JOB, retry_sweep.sweep, queue="urgent", timeout_s=120)
    registry.every(15, retry_sweep.JOB)
    registry.on("TravellerErased", "alerts.forget", erasure.forget)
    registry.mode_step(mode_drafts.DRAFTS)
    registry.incident_figures.append(incident_links.FIGURES)
    prefill.register("alert", incident_links.values)
    registry.explanations |= mode_drafts.EXPLANATIONS
    registry.demo += [demo.add_practice_warning, templates_demo.add_practice_templates]
    alerts.console.wiring.register(registry)
    alerts.arrivals.wiring.register(registry)
    alerts.publish.wiring.register(registry)
    alerts.feeds.wiring.register(registry)
    alerts.replies.wiring.register(registry)
    alerts.silent.wiring.register(registry)
    alerts.board.wiring.register(registry)
