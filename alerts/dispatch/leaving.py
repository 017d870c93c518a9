"""Writing down that texts are about to leave, for providers that keep no record which could be read afterwards.

Without it a worker that dies would leave everything it had claimed in doubt for good. With it only what was on the wire is.
The statement takes open attempts alone: what has been given to somebody else meanwhile (a paused machine) does not leave.
"""

from __future__ import annotations

from collections.abc import Sequence

from hotline.core.services import Services
from hotline.providers.sms import SmsRequest

_LEAVING = """
UPDATE attempts a SET left_at = %(now)s
  FROM unnest(%(ids)s::bigint[], %(numbers)s::smallint[]) AS l(message_id, number)
 WHERE a.message_id = l.message_id AND a.number = l.number AND a.outcome IS NULL AND a.left_at IS NULL
RETURNING a.message_id
"""


def write_leaving(services: Services, requests: Sequence[SmsRequest]) -> list[SmsRequest]:
    """Commit that these texts leave now and return those that may."""
    with services.db.connection() as connection:
        rows = connection.execute(
            _LEAVING,
            {
                "now": services.clock.now(),
                "ids": [each.message_id for each in requests],
                "numbers": [each.attempt for each in requests],
            },
        ).fetchall()
    may = {message_id for (message_id,) in rows}
    return [each for each in requests if each.message_id in may]
