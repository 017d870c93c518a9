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
EXPLANATIONS = {
    "figures.from": gettext_noop("First day: %(value)s is no day that can be used. Write it as 2026-03-31."),
    "figures.to": gettext_noop("Last day: %(value)s is no day that can be used. Write it as 2026-03-31."),
    "figures.by": gettext_noop("Lines by: %(value)s is unknown. Choose one of the list."),
    "figures-period": gettext_noop(
        "First day: %(value)s has to lie before the last day, and at most five years before it. Change one of both."
    ),
}
BY_WORDS = {
    "mission": gettext_noop("Mission"),
    "reason": gettext_noop("Reason"),
    "month": gettext_noop("Month"),
    "currency": gettext_noop("Currency"),
}
