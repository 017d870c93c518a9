"""`/p/{token}` of somebody in a case who is no traveller: how it stands, what officials answered, and opening it again."""

from __future__ import annotations

import structlog
from flask import Response, request

from alerts.replies.rendering import chosen_language, leads_on, rendered, token_of_request
from alerts.replies.shown import hotline_line
from hotline.cases.escalating import may_reopen_until, questions_of, reopen
from hotline.cases.person_links import open_person_link
from hotline.cases.states import ASKED
from hotline.core import live
from hotline.core.actor import Actor
from hotline.core.errors import Refused
from hotline.core.ids import reference
from hotline.core.services import Services
from hotline.links.tokens import PersonClaims

log = structlog.get_logger(__name__)
MAX_REASON_CHARS = 500
RELATIVE = Actor(kind="person", id=None, name="person of the case", via="link")
"""The trail says that it was nobody of the house; who it was stands in the case's history."""


def case_page(services: Services, claims: PersonClaims) -> Response:
    """Show the case as it is now."""
    with services.db.transaction() as session:
        opened = open_person_link(session, services.clock, claims)
        case, questions = opened.case, questions_of(session, opened.case.id)
        language = chosen_language(opened.person.language)
        more = leads_on(session, token_of_request(), claims, language)
        until, now = may_reopen_until(case), services.clock.now()
    return rendered(
        "replies/case.html", 200, language, more=more, lines=(hotline_line(services.settings),),
        state=case.state, drill=case.drill, reference=reference("CS", case.id),
        asked=any(each.state == ASKED for each in questions), answers=[each.answer for each in questions if each.answer],
        may_reopen=until is not None and now <= until, max_reason=MAX_REASON_CHARS,
    )  # fmt: skip


def take_word(services: Services, claims: PersonClaims) -> Response:
    """Open the case again where the form says so, and show it as it is then; every other form changes nothing."""
    reason = request.form.get("reason", "").strip()[:MAX_REASON_CHARS]
    if request.form.get("act") == "reopen" and reason:
        try:
            with services.db.transaction() as session:
                opened = open_person_link(session, services.clock, claims)
                case_id, person_id = opened.case.id, opened.person.id
                reopen(session, services.clock, RELATIVE, case_id, reason=reason, person_id=person_id)
        except Refused as refusal:
            log.info("personal.not_reopened", case=claims.case_id, code=refusal.code)
        else:
            for topic in ("cases", f"case:{claims.case_id}"):
                live.notify(services.redis, topic)
    return case_page(services, claims)
