"""Writing and publishing an incident's briefing: one draft at a time, and published versions that never change."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.i18n import gettext_noop
from hotline.incidents import log
from hotline.incidents.models import Incident
from hotline.incidents.states import OPEN
from overflow.briefing import questions
from overflow.briefing.models import BriefingVersion
from overflow.briefing.states import DRAFT, PUBLISHED, QUESTIONS, VERSION, WRITE

MAX_BODY_CHARS = 3_000
"""What fits a page of A4, and four screens of a phone."""
MAX_VERSIONS = 500
PUBLISHED_WORDS = gettext_noop("Briefing: version %(version)s is published")


def incident_of(session: Session, incident_id: int, *, lock: bool = False) -> Incident:
    """Return an incident; raises NotFound. Its row is locked before any of its versions."""
    found = session.get(Incident, incident_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("incident", incident_id)
    return found


def current(session: Session, incident_id: int) -> BriefingVersion | None:
    """Return the version that holds now, or None where none was published."""
    return session.scalars(
        select(BriefingVersion)
        .where(BriefingVersion.incident_id == incident_id, BriefingVersion.state == PUBLISHED)
        .order_by(BriefingVersion.number.desc())
        .limit(1)
    ).first()


def draft(session: Session, incident_id: int) -> BriefingVersion | None:
    """Return the version that is being written, or None."""
    return session.scalar(
        select(BriefingVersion).where(BriefingVersion.incident_id == incident_id, BriefingVersion.state == DRAFT)
    )


def save(
    session: Session, clock: Clock, actor: Actor, incident_id: int, form: Mapping[str, str], edited: int
) -> BriefingVersion:
    """Keep the draft of an incident's next version; `edited` is the draft as it was read, 0 where there was none.

    `form` has `body_ko`, `body_en` and the fields of `questions.read_form`. Raises SeveralFaults naming every field, Conflict
    when somebody changed the draft meanwhile, Refused for a closed incident, Forbidden, NotFound.
    """
    if not actor.may(WRITE) or actor.id is None:
        raise Forbidden(f"Writing briefings needs the permission {WRITE}.")
    if incident_of(session, incident_id, lock=True).state != OPEN:
        raise Refused("The incident is closed; its briefing is not changed any more.", code="incident-closed")
    bodies, asked = _read(form)
    found = draft(session, incident_id)
    if (found.edited if found is not None else 0) != edited:
        raise Conflict("Somebody changed this briefing meanwhile; look at it again.", code="briefing-changed")
    if found is None:
        number = 1 + (
            session.scalar(select(func.max(BriefingVersion.number)).where(BriefingVersion.incident_id == incident_id))
            or 0
        )
        if number > MAX_VERSIONS:
            raise Refused("This briefing was changed too often.", code="too-many-versions")
        found = BriefingVersion(
            incident_id=incident_id, number=number, counts_from=number, state=DRAFT, edited=0, author_id=actor.id
        )  # fmt: skip
        session.add(found)
    found.body_ko, found.body_en, found.questions = bodies["body_ko"], bodies["body_en"], asked
    found.edited, found.author_id, found.updated_at = edited + 1, actor.id, clock.now()
    session.flush()
    audit.record(
        session, clock, actor, "briefing.saved", "incident", incident_id,
        after={"version": found.number, "edited": found.edited},
    )  # fmt: skip
    return found


def _read(form: Mapping[str, str]) -> tuple[dict[str, str], list[dict[str, object]]]:
    faults: list[dict[str, object]] = []
    bodies: dict[str, str] = {}
    asked: list[dict[str, object]] = []
    for field in ("body_ko", "body_en"):
        try:
            bodies[field] = questions.check_body(field, form.get(field, ""), MAX_BODY_CHARS)
        except InvalidInput as fault:
            faults.append({"field": fault.field, "value": fault.shown_value, "mend": fault.mend})
    try:
        asked = questions.read_form(form, least=QUESTIONS, most=QUESTIONS)
    except SeveralFaults as several:
        faults += several.faults
    if faults:
        raise SeveralFaults(faults)
    return bodies, asked


def publish(
    session: Session, clock: Clock, actor: Actor, incident_id: int, edited: int, *, again: bool | None
) -> BriefingVersion:
    """Let the draft hold from now on. `again`: the change is big enough that whoever passed must pass again.

    The first version is passed by everybody, whatever `again` says. Raises InvalidInput when `again` is not decided for a later
    one, Conflict when the draft is not the one that was read, NotFound, Refused, Forbidden. Run `gate.JOB` after the commit.
    """
    incident = incident_of(session, incident_id, lock=True)
    if incident.state != OPEN:
        raise Refused("The incident is closed; its briefing is not changed any more.", code="incident-closed")
    found, before = draft(session, incident_id), current(session, incident_id)
    if found is None:
        raise NotFound("draft of a briefing for incident", incident_id)
    target = VERSION.next_state(found.state, "publish", actor)
    if found.edited != edited:
        raise Conflict("Somebody changed this briefing meanwhile; look at it again.", code="briefing-changed")
    if before is not None and again is None:
        raise InvalidInput("again", "", "say whether whoever passed before must pass again")
    found.state, found.published_at, found.published_by_id = target, clock.now(), actor.id
    found.counts_from = found.number if before is None or again else before.counts_from
    session.flush()
    audit.record(
        session, clock, actor, "briefing.published", "incident", incident_id,
        after={"version": found.number, "counts_from": found.counts_from},
    )  # fmt: skip
    log.write(session, clock, incident_id, actor, PUBLISHED_WORDS, version=found.number)
    assert found.counts_from <= found.number
    return found


def discard(session: Session, clock: Clock, actor: Actor, incident_id: int, edited: int) -> None:
    """Throw the draft away; what was published stays."""
    if not actor.may(WRITE):
        raise Forbidden(f"Writing briefings needs the permission {WRITE}.")
    incident_of(session, incident_id, lock=True)
    found = draft(session, incident_id)
    if found is None:
        return
    if found.edited != edited:
        raise Conflict("Somebody changed this briefing meanwhile; look at it again.", code="briefing-changed")
    audit.record(session, clock, actor, "briefing.discarded", "incident", incident_id, after={"version": found.number})
    session.delete(found)
    session.flush()
