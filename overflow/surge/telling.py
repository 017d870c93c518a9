"""After a commit that changed a call-out: texts leave, the sweep looks, open pages are told."""

from __future__ import annotations

from hotline.core import jobs, live
from hotline.core.services import Services
from hotline.notices import lanes
from overflow.surge.looking import JOB
from overflow.surge.moving import TOPIC, topic_of


def tell(services: Services, callout_id: int) -> None:
    """Have everything that follows happen now instead of with the next sweep."""
    lanes.hurry(services)
    jobs.enqueue(services, JOB)
    for topic in (topic_of(callout_id), TOPIC):
        live.notify(services.redis, topic)
