"""What no request may bring, whoever reads it: text that cannot be kept, and JSON nested deeper than anything real.

PostgreSQL has no NUL character in its texts, and half of a surrogate pair is no character at all; JSON can write both
(`\\u0000`, `\\ud800`). Each view would have to think of them in every field, so they are refused once, before any view.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, request

from hotline.core.errors import InvalidInput, UnsupportedMediaType
from hotline.core.web import SIGNED, permission_of

MAX_DEPTH = 64
"""Areas, the deepest bodies there are, need eight levels."""
MAX_QUERY_CHARS = 8_192

_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\x00")
"""What unkeepable text looks like in JSON; a body without it needs no walk."""
_OTHER_FORMATS = ("/xml", "+xml", "text/csv", "application/x-ndjson", "multipart/", "application/x-www-form-urlencoded")
_MEND_TEXT = "leave out the characters that are no text (NUL, half of a surrogate pair)"
_MEND_DEPTH = f"nest at most {MAX_DEPTH} levels deep"

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
"""Only these are parsed as forms; asking another body for its form would read all of it."""


def install_incoming_checks(app: Flask) -> None:
    """Refuse what cannot be kept, with the field's name; runs after sign-in, permission and CSRF have been checked.

    Webhooks are left out: they are refused before anything of them is parsed, and check their few fields themselves.
    """

    def check() -> None:
        if request.endpoint is None or permission_of(app, request.endpoint) == SIGNED:
            return
        _check_query()
        _refuse_packed()
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            if request.mimetype in _FORMS:
                _check_form()
            if not any(known in request.mimetype for known in _OTHER_FORMATS):
                _check_json()

    app.before_request_funcs.setdefault(None, []).append(check)


def _check_query() -> None:
    if len(request.query_string) > MAX_QUERY_CHARS:
        raise InvalidInput("query", request.query_string[:40].decode("latin-1"), f"use at most {MAX_QUERY_CHARS} bytes")
    for name, value in [*request.args.items(multi=True), *(request.view_args or {}).items()]:
        _refuse_unkeepable(name, name)
        if isinstance(value, str):
            _refuse_unkeepable(name, value)


def _refuse_packed() -> None:
    """Refuse a body that says it is packed: nothing here unpacks one, so no small body can become a large one."""
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedMediaType(f"Content-Encoding {encoding[:40]} is not read; send the body as it is.")


def _check_form() -> None:
    for name, value in request.form.items(multi=True):
        _refuse_unkeepable(name, name)
        _refuse_unkeepable(name, value)
    for name, upload in request.files.items(multi=True):
        _refuse_unkeepable(name, upload.filename or "")


def _check_json() -> None:
    body = request.get_data(cache=True)
    if not body:
        return
    try:
        given = request.get_json(silent=True, force=True)
    except RecursionError:
        raise InvalidInput("body", body[:40].decode("latin-1"), _MEND_DEPTH) from None
    if not isinstance(given, (dict, list)):
        return
    suspicious = _ESCAPED.search(body) is not None
    if not suspicious and body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    for path, depth, value in _nodes(given):
        if depth > MAX_DEPTH:
            raise InvalidInput(path[:80], "", _MEND_DEPTH)
        if suspicious and isinstance(value, str):
            _refuse_unkeepable(path, value)


def _nodes(root: object) -> Iterator[tuple[str, int, object]]:
    """Walk everything that holds something, and every text, without recursion; names of fields come as texts, too."""
    waiting: list[tuple[str, int, Any]] = [("", 0, root)]
    while waiting:
        path, depth, node = waiting.pop()
        yield path or "body", depth, node
        if depth > MAX_DEPTH:
            return
        children = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
        for name, child in children:
            below = f"{path}.{name}" if path else str(name)
            if isinstance(name, str):
                yield below, depth, name
            if isinstance(child, (str, Mapping, list)):
                waiting.append((below, depth + 1, child))


def _refuse_unkeepable(field: str, value: str) -> None:
    if _UNKEEPABLE.search(value):
        shown = field.encode("ascii", "backslashreplace").decode()
        raise InvalidInput(shown[:80], value, _MEND_TEXT)
