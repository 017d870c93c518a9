"""How personal pages are written: in one of six languages, found by nobody, and telling no other site where it was read."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, make_response, render_template, request
from sqlalchemy.orm import Session

from alerts.replies.phrases import FALLBACK, LANGUAGES, language_of, phrases
from hotline.core.registry import Registry
from hotline.links.tokens import PATH, Claims, PersonClaims


def chosen_language(own: str | None = None) -> str:
    """Return the language that was chosen on the page, else the person's own, else what the browser asks for."""
    chosen = language_of(request.form.get("lang") if request.method == "POST" else request.args.get("lang"))
    asked = request.accept_languages.best_match(LANGUAGES)
    return chosen or language_of(own) or language_of(asked) or FALLBACK


def token_of_request() -> str:
    """Return the token by which this request opened the page."""
    return str((request.view_args or {}).get("token", ""))


def leads_on(session: Session, token: str, claims: Claims | PersonClaims, language: str) -> list[tuple[str, str]]:
    """Return address and name of pages of other rooms that the page leads to, for whoever the claims name."""
    registry: Registry = current_app.extensions["registry"]
    return [
        (f"{PATH}{token}{each.path}?lang={language}", each.labels.get(language) or each.labels["en"])
        for each in registry.own_links
        if each.shown(session, claims)
    ]


def rendered(template: str, status: int, language: str, **values: Any) -> Response:
    """Return a page that no search engine keeps and whose address no other site learns."""
    html = render_template(
        template, say=phrases(language), language=language,
        languages=[(code, phrases(code)["name"]) for code in LANGUAGES], **values,
    )  # fmt: skip
    response = make_response(html, status)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Content-Language"] = language
    return response
