"""How own pages are written: in the reader's language, without a cookie, found by nobody, their address told to no other site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from flask import Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hotline.core.errors import HotlineError
from hotline.core.i18n import LANGUAGES
from hotline.core.phone import readable
from hotline.core.services import Services, current

STATIC = Path(__file__).resolve().parent / "static"
FALLBACK = "ko"
_APOLOGIES = {404: "unknown", 410: "ended", 429: "many"}

log = structlog.get_logger(__name__)


def chosen_language(own: str = "") -> str:
    """Return the language chosen in the address or the form, else the reader's own, else what the browser asks for."""
    given = request.form.get("lang") if request.method == "POST" else request.args.get("lang")
    asked = request.accept_languages.best_match(list(LANGUAGES))
    return next((code for code in (given, own, asked) if code in LANGUAGES and code), FALLBACK)


def rendered(template: str, status: int, language: str, zone: str, **values: Any) -> Response:
    """Return a page whose times are those of a zone (IANA)."""
    g.reader_zone, g.reader_language = zone, language
    phone = current().settings.hotline_number
    with force_locale(language):
        html = render_template(
            template, language=language, all_tongues=LANGUAGES, call_number=phone, call_shown=readable(phone), **values
        )
    response = make_response(html, status)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = language
    return response


def guarded(act: Callable[[Services], ResponseReturnValue]) -> ResponseReturnValue:
    """Answer every failure with a small page that says whom to call."""
    services = current()
    try:
        return act(services)
    except HotlineError as error:
        return _sorry(services, _APOLOGIES.get(error.status, "away"), error.status)
    except (OperationalError, PoolTimeout) as error:
        log.warning("own_page.database_unavailable", error=type(error).__name__)
        return _sorry(services, "away", 503)


def _sorry(services: Services, word: str, status: int) -> Response:
    return rendered("own_money/sorry.html", status, chosen_language(), services.settings.home_zone, word=word)
