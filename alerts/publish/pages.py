"""What everybody may read: `/cap/{identifier}.xml` and `/cap/feed.atom`, cacheable, without cookies and sessions."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from alerts import wording
from alerts.publish.atom import CAP_TYPE, FeedEntry, FeedFrame, write_feed
from alerts.publish.models import CapDocument
from alerts.publish.publishing import publisher_of
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.services import current
from hotline.core.web import PUBLIC, permit

PAGE_ENTRIES = 50
FEED_MAX_AGE_S = 30
"""How long a cache may show the feed without asking again: new warnings must not wait longer for it."""
DOCUMENT_MAX_AGE_S = 86_400
"""Documents never change; a day is what caches keep anyway."""
_NEVER = datetime(2020, 1, 1, tzinfo=UTC)
"""Stands for "updated" in a feed without entries, so that an empty feed has one ETag for good."""
_MAX_ID = 2**63 - 1

blueprint = Blueprint("cap", __name__)


@blueprint.get("/cap/<identifier>.xml")
@permit(PUBLIC)
def document(identifier: str) -> ResponseReturnValue:
    """Return one published document, byte for byte as it was published."""
    with current().db.transaction() as session:
        found = session.execute(
            select(CapDocument.body, CapDocument.sha256, CapDocument.sent).where(
                CapDocument.identifier == identifier[:200]
            )
        ).first()
    if found is None:
        raise NotFound("document", identifier[:80])
    response = Response(found.body, content_type=f"{CAP_TYPE}; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={DOCUMENT_MAX_AGE_S}, immutable"
    return _conditional(response, found.sha256, found.sent)


@blueprint.get("/cap/feed.atom")
@permit(PUBLIC)
def feed() -> ResponseReturnValue:
    """List what was published, newest first; `before` (an entry's number) leads to older pages."""
    services = current()
    before = _before()
    with services.db.transaction() as session:
        rows = session.execute(
            select(
                CapDocument.id, CapDocument.identifier, CapDocument.msg_type, CapDocument.title, CapDocument.summary,
                CapDocument.sent, CapDocument.expires,
            )
            .where(CapDocument.id < before)
            .order_by(CapDocument.id.desc())
            .limit(PAGE_ENTRIES + 1)
        ).all()  # fmt: skip
    shown = rows[:PAGE_ENTRIES]
    base = services.settings.public_url
    first_url = f"{base}/cap/feed.atom"
    frame = FeedFrame(
        title=f"{wording.SENDER['ko']} / {wording.SENDER['en']}",
        author=publisher_of(services.settings).sender,
        own_url=first_url if before == _MAX_ID else f"{first_url}?before={before}",
        first_url=first_url,
        document_base=base,
        older_url=f"{first_url}?before={shown[-1].id}" if len(rows) > PAGE_ENTRIES else "",
    )
    entries = [FeedEntry(row.identifier, row.msg_type, row.title, row.summary, row.sent, row.expires) for row in shown]
    updated = max((row.sent for row in shown), default=_NEVER)
    body = write_feed(frame, entries, updated)
    response = Response(body, content_type="application/atom+xml; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={FEED_MAX_AGE_S}"
    return _conditional(response, hashlib.sha256(body).hexdigest(), updated)


def _conditional(response: Response, digest: str, changed: datetime) -> Response:
    """Add the validators, and answer 304 without a body to whoever has it already."""
    response.set_etag(digest)
    response.last_modified = changed
    response.make_conditional(request)
    return response


def _before() -> int:
    given = request.args.get("before")
    if given is None:
        return _MAX_ID
    if not (given.isascii() and given.isdigit() and len(given) <= 18 and int(given) > 0):
        raise InvalidInput("before", given, "follow the feed's own link to older entries")
    return int(given)
