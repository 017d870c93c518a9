"""When a traveller is erased: their number goes; that somebody waited and was answered stays, because figures need it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from hotline.core.actor import SYSTEM
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.queues import callbacks
from hotline.queues.models import Callback
from hotline.queues.states import PLANNED, QUEUED

_FORGET_CALLBACKS = "UPDATE callbacks SET phone = '', traveller_id = NULL WHERE traveller_id = %s"
_FORGET_ENTRIES = "UPDATE queue_entries SET phone = '', traveller_id = NULL WHERE traveller_id = %s"


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased`; idempotent. A callback that waits for an agent is cancelled: it would keep one for nobody."""
    traveller_id = int(payload["traveller_id"])
    with services.db.transaction() as session:
        waiting = session.scalars(
            select(Callback.id)
            .where(Callback.traveller_id == traveller_id, Callback.state.in_((PLANNED, QUEUED)))
            .order_by(Callback.id)
        ).all()
        for callback_id in waiting:
            with contextlib.suppress(Refused):  # an agent was reserved for it meanwhile
                callbacks.cancel(session, services.clock, SYSTEM, callback_id)
    with services.db.connection() as connection:
        connection.execute(_FORGET_CALLBACKS, (traveller_id,))
        connection.execute(_FORGET_ENTRIES, (traveller_id,))
