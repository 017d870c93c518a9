"""Whose the receipts of one batch are: an alert's message, a single notice, or nobody's (yet).

Receipts that come over a message centre's link all wait in one table, because only the centre's name of the text is known
when they are written down. What belongs to a notice is handed over to the notices' own receipts in this transaction.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from alerts.text_tables import MESSAGES
from hotline.notices import receipts as notices
from hotline.notices.text_tables import NOTICES
from hotline.providers.homes import by_name, by_number
from hotline.providers.weighing import Row

HOLD_FOR = timedelta(minutes=45)
"""How long a receipt waits for its text; longer than a doubt at a provider without a record stands."""


@dataclass
class Homes:
    """Receipts by their message; ids of those that went to notices and of those that are nobody's; how many stay because
    their text may yet show."""

    by_message: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    of_notices: list[int] = field(default_factory=list)
    nowhere: list[int] = field(default_factory=list)
    held: int = 0


def find_homes(connection: psycopg.Connection[Any], rows: list[Row], now: datetime) -> Homes:
    """Group receipts by message in the caller's transaction; words about parts are remembered with the parts."""
    homes = Homes()
    named = [row for row in rows if row.text_id is not None]
    found, nameless = by_name(connection, [row for row in rows if row.text_id is None], MESSAGES)
    # Only a link's receipts can be a notice's: a webhook of a notice has an address of its own.
    over_links = [row for row in nameless if row.provider is not None]
    homes.nowhere = [row.id for row in nameless if row.provider is None]
    of_notices, unknown = by_name(connection, over_links, NOTICES)
    doubtful, unknown = by_number(connection, unknown, (MESSAGES, NOTICES))
    for row in (*named, *found, *doubtful[MESSAGES]):
        assert row.text_id is not None
        homes.by_message[row.text_id].append(row)
    of_notices += doubtful[NOTICES]
    notices.keep(connection, of_notices)
    homes.of_notices = [row.id for row in of_notices]
    for row in unknown:
        if now - row.received_at < HOLD_FOR:
            homes.held += 1
        else:
            homes.nowhere.append(row.id)
    return homes
