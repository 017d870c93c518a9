"""Korean and English from the first page on: message catalogues and the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, get_locale
from flask_babel import gettext as _gettext
from flask_babel import lazy_gettext as _lazy_gettext

LANGUAGES = {"ko": "한국어", "en": "English"}
DEFAULT_LANGUAGE = "en"

gettext: Callable[..., str] = _gettext
lazy_gettext = _lazy_gettext


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues without translating it yet; it is translated where it is shown."""
    return text


def pick_language() -> str:
    """Return the language of this request.

    Chosen in the session, else that of the person whose own page it is (`g.reader_language`), else the officer's, else what
    the browser asks for.
    """
    if not has_request_context():
        return DEFAULT_LANGUAGE
    chosen = session.get("language") if session else None
    if chosen in LANGUAGES:
        return str(chosen)
    reader = getattr(g, "reader_language", None)
    if reader in LANGUAGES:
        return str(reader)
    officer = getattr(g, "officer", None)
    if officer is not None and officer.language in LANGUAGES:
        return str(officer.language)
    return request.accept_languages.best_match(list(LANGUAGES)) or DEFAULT_LANGUAGE


def language() -> str:
    """Return the reader's language, or the usual one where nobody reads yet."""
    return str(get_locale() or DEFAULT_LANGUAGE)


def install(app: Flask, catalogue_dirs: list[Path]) -> None:
    """Set up Flask-Babel with the catalogues of the given packages, and what templates ask about languages."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(str(path) for path in catalogue_dirs)
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT_LANGUAGE
    Babel(app, locale_selector=pick_language, timezone_selector=lambda: "UTC")
    app.jinja_env.globals.update(current_language=language, all_languages=LANGUAGES)
