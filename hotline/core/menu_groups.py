"""The groups of the console's menu; a page that belongs to none stands in the bar by itself."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

ALERTS = gettext_noop("Alerts")
CASES = gettext_noop("Cases")
INCIDENTS = gettext_noop("Incidents")
MONEY = gettext_noop("Money")
DIRECTORY = gettext_noop("Directory")
ADMINISTRATION = gettext_noop("Administration")
