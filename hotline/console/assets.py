"""Static files: served for long under an address that carries the content's hash, so that a new version is fetched at once."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, current_app, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue

from hotline.core.errors import NotFound
from hotline.core.registry import Registry
from hotline.core.web import PUBLIC, permit

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
VERSIONED_MAX_AGE_S = 365 * 24 * 3600
PLAIN_MAX_AGE_S = 3600
HASH_CHARS = 12

blueprint = Blueprint("console", __name__, template_folder="templates")
"""Carries static files, templates and template filters; the live process has it too, for its error pages."""


def folder_and_name(path: str) -> tuple[Path, str]:
    """Return the folder that serves an address under `/static/` and the rest of the path inside it."""
    registry: Registry = current_app.extensions["registry"]
    first, _, rest = path.partition("/")
    if rest and first in registry.static:
        return registry.static[first], rest
    return STATIC, path


@blueprint.get("/static/<path:path>")
@permit(PUBLIC)
def static(path: str) -> ResponseReturnValue:
    """Send one static file; for a year when its version is named, else for an hour.

    A script that another script imports cannot name its version, so it is asked for anew each time (and answered 304):
    modules of two versions must never meet on one page.
    """
    folder, name = folder_and_name(path)
    plain = 0 if name.endswith(".js") else PLAIN_MAX_AGE_S
    max_age = VERSIONED_MAX_AGE_S if request.args.get("v") else plain
    response = send_from_directory(folder, name, max_age=max_age)
    response.cache_control.public = True
    if request.args.get("v"):
        response.cache_control.immutable = True
    return response


@blueprint.app_template_global("asset")
def asset(path: str) -> str:
    """Return the address of a static file with the hash of its content; raises NotFound when there is no such file."""
    folder, name = folder_and_name(path)
    file = folder / name
    try:
        changed_ns = file.stat().st_mtime_ns
    except FileNotFoundError:
        raise NotFound("static file", path) from None
    return url_for("console.static", path=path, v=_hash_of(file, changed_ns))


@lru_cache(maxsize=512)
def _hash_of(file: Path, changed_ns: int) -> str:
    del changed_ns  # part of the cache's key only, so that an edited file gets a new hash without a restart
    return hashlib.sha256(file.read_bytes()).hexdigest()[:HASH_CHARS]
