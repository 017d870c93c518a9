"""`/p/{token}`: a person's own page. No account, no script needed, one form; every answer of it says whom to call.

The token is the authority, so no cookie is set or read. It is never logged (see `hotline.core.web`), never shown on the page,
and no other site learns it from the browser.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog
from flask import Blueprint, Response, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from alerts.models import Alert
from alerts.replies import recording
from alerts.replies.case_page import case_page, take_word
from alerts.replies.form import read_form
from alerts.replies.phrases import FALLBACK, language_of
from alerts.replies.recording import Recorded, Said, record_answer
from alerts.replies.rendering import chosen_language, leads_on, rendered, token_of_request
from alerts.replies.shown import hotline_line, what_is_shown
from hotline.cases.escalating import reopen
from hotline.cases.reading import latest_of_person
from hotline.core import live
from hotline.core.actor import Actor
from hotline.core.errors import HotlineError, Refused, TooLarge
from hotline.core.ids import new_token
from hotline.core.services import Services, current
from hotline.core.web import PUBLIC, permit
from hotline.links.opening import EndedLink, UnknownLink, open_link, read_link
from hotline.links.tokens import Claims, PersonClaims
from hotline.people import travellers

log = structlog.get_logger(__name__)

STATIC = Path(__file__).resolve().parent / "static"
MAX_FORM_BYTES = 16 * 1024
MAX_REOPEN_CHARS = 500
PERSON = Actor(kind="person", id=None, name="person", via="link")
"""The trail says that the person did it themselves; who it was is the entry's subject."""
_APOLOGIES = {404: "unknown", 410: "ended", 429: "many"}

blueprint = Blueprint("personal", __name__, template_folder="templates")


@blueprint.get("/p/<token>")
@permit(PUBLIC)
def show(token: str) -> Response:
    """Show the page."""
    return _guarded(lambda services: _shown(services, token))


@blueprint.post("/p/<token>")
@permit(PUBLIC)
def answer(token: str) -> Response:
    """Take an answer, or the wish about texts, and show the page as it is then; the same form again changes nothing."""
    return _guarded(lambda services: _take(services, token))


def _shown(services: Services, token: str) -> Response:
    claims = _claims(services, token)
    return case_page(services, claims) if isinstance(claims, PersonClaims) else _page(services, claims)


def _take(services: Services, token: str) -> Response:
    if (request.content_length or 0) > MAX_FORM_BYTES:
        raise TooLarge(f"The form is larger than {MAX_FORM_BYTES // 1024} KiB.")
    claims = _claims(services, token)
    if isinstance(claims, PersonClaims):
        return take_word(services, claims)
    act = request.form.get("act", "")
    if act in ("optout", "optin"):
        with services.db.transaction() as session:
            person = open_link(session, services.clock, claims).traveller
            travellers.set_opted_out(session, services.clock, PERSON, person.id, act == "optout")
        return _page(services, claims)
    if act == "reopen":
        return _reopen(services, claims)
    language = language_of(request.form.get("lang")) or FALLBACK
    filled = read_form(request.form, language=language, fresh_key=_form_key())
    if filled is None:
        return _page(services, claims)
    with services.db.transaction() as session:
        opened = open_link(session, services.clock, claims)
        recorded = record_answer(
            session, services.clock, PERSON,
            Said(
                traveller_id=opened.traveller.id, alert_id=opened.alert_id, status=filled.status, channel="link",
                key=filled.key, sure=filled.sure, said_at=services.clock.now() - filled.waited, people=filled.people,
                injured=filled.injured, lat=filled.lat, lon=filled.lon, accuracy_m=filled.accuracy_m,
                place=filled.place, relative=filled.relative,
            ),
        )  # fmt: skip
    recording.notify(services, recorded)
    return _page(services, claims, recorded=recorded, remarks=filled.remarks)


def _reopen(services: Services, claims: Claims) -> Response:
    """Open the person's own closed case again; one that cannot be opened any more is shown as it is."""
    reason = request.form.get("reason", "").strip()[:MAX_REOPEN_CHARS]
    with services.db.transaction() as session:
        opened = open_link(session, services.clock, claims)
        alert = session.get(Alert, opened.alert_id) if opened.alert_id is not None else None
        source = recording.source_of(opened.alert_id, alert.chain_id if alert is not None else None)
        case = latest_of_person(session, opened.traveller.id, source)
    if case is None or not reason:
        return _page(services, claims)
    try:
        with services.db.transaction() as session:
            reopen(session, services.clock, PERSON, case.id, reason=reason)
    except Refused as refusal:
        log.info("personal.not_reopened", case=case.id, code=refusal.code)
    else:
        for topic in ("cases", f"case:{case.id}"):
            live.notify(services.redis, topic)
    return _page(services, claims)


def _claims(services: Services, token: str) -> Claims | PersonClaims:
    return read_link(services, token[:100], request.remote_addr or "")


def _page(
    services: Services, claims: Claims, *, recorded: Recorded | None = None, remarks: tuple[str, ...] = ()
) -> Response:
    with services.db.transaction() as session:
        opened = open_link(session, services.clock, claims)
        language = chosen_language(opened.traveller.language)
        shown = what_is_shown(session, services.clock, services.settings, opened, language)
        more = leads_on(session, token_of_request(), claims, language)
    return rendered(
        "replies/page.html", 200, language, shown=shown, more=more, lines=shown.lines, answered=recorded is not None,
        remarks=remarks, key=_form_key(),
    )  # fmt: skip


def _guarded(act: Callable[[Services], Response]) -> Response:
    """Answer every failure with a small page in the person's language that says whom to call."""
    services = current()
    try:
        return act(services)
    except (EndedLink, UnknownLink) as error:
        return _sorry(services, _APOLOGIES[error.status], error.status)
    except (OperationalError, PoolTimeout) as error:
        log.warning("personal.database_unavailable", error=type(error).__name__)
        return _sorry(services, "away", 503)
    except HotlineError as error:
        return _sorry(services, _APOLOGIES.get(error.status, "away"), error.status)


def _sorry(services: Services, word: str, status: int) -> Response:
    lines = (hotline_line(services.settings),)
    return rendered("replies/sorry.html", status, chosen_language(), word=word, lines=lines)


def _form_key() -> str:
    """Return a name for one rendering of the form, so that sending it twice is one answer."""
    return "f" + new_token()[:20]
