"""Words of the figures."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

STAGE_WORDS = {
    "to_cash": gettext_noop("From asking to cash"),
    "review": gettext_noop("Review"),
    "quote": gettext_noop("Quote"),
    "deposit": gettext_noop("Deposit"),
    "preparing": gettext_noop("Cash made ready"),
    "fetching": gettext_noop("Fetching"),
}
BY_WORDS = {
    "mission": gettext_noop("Mission"),
    "reason": gettext_noop("Reason"),
    "month": gettext_noop("Month"),
    "currency": gettext_noop("Currency"),
}
