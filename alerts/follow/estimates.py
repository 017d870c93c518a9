"""How many people an alert would reach, for the officer who decides: those inside, and those who got the earlier texts."""

from __future__ import annotations

from alerts import audience
from alerts.approval import TYPE_THE_NUMBER_FROM
from alerts.follow import chain, telling
from alerts.models import Alert
from alerts.variants import needs_area
from hotline.core.services import Services


def people_reached(services: Services, alert: Alert) -> int:
    """Return the people inside now, and for an alert that follows another those who got a text of the chain as well.

    Somebody who is in both is counted twice for an update: it is an estimate, and one that is too high does no harm.
    """
    inside = audience.estimate(services, alert.areas, services.clock.now(), alert.drill, alert.precisions).total
    return (inside if needs_area(alert.msg_type) else 0) + (people_told(services, alert) or 0)


def people_told(services: Services, alert: Alert) -> int | None:
    """Return how many numbers got a text of the chain that an alert follows; None when it follows nothing."""
    if alert.follows_id is None:
        return None
    with services.db.transaction() as session:
        others = [each.id for each in chain.members(session, chain.root_of(alert)) if each.id != alert.id]
    with services.db.connection() as connection:
        return telling.count_told(connection, others)


def must_type_number(told: int | None) -> bool:
    """Say whether the texts already got by themselves make an audience for which the approver types the number."""
    return (told or 0) >= TYPE_THE_NUMBER_FROM
