"""How personal pages are written: in one of six languages, found by nobody, and telling no other site where it was read."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request

from alerts.replies.phrases import FALLBACK, LANGUAGES, language_of, phrases


def chosen_language(own: str | None = None) -> str:
    """Return the language that was chosen on the page, else the person's own, else what the browser asks for."""
    chosen = language_of(request.form.get("lang") if request.method == "POST" else request.args.get("lang"))
    asked = request.accept_languages.best_match(LANGUAGES)
    return chosen or language_of(own) or language_of(asked) or FALLBACK


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
