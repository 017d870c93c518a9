"""A message that a caller left becomes work: it joins their case, or opens one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.calls.reading import get_call
from hotline.cases.leaving import leave_message
from hotline.core import live
from hotline.core.services import Services


def keep(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `VoicemailLeft`; a second delivery changes nothing."""
    with services.db.transaction() as session:
        call = get_call(session, int(payload["call_id"]))
        if call.contact_id is None:
            return
        case = leave_message(
            session, services.clock, call.contact_id, seconds=int(payload["duration_s"]),
            recording_id=int(payload["recording_id"]),
        )  # fmt: skip
        case_id, call_id = case.id, call.id
    for topic in ("cases", f"case:{case_id}", f"call:{call_id}"):
        live.notify(services.redis, topic)
