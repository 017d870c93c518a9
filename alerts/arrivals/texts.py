"""Texts on arrival kept: written by one officer, approved by another, replaced by the next version, withdrawn by anybody."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from alerts.arrivals.models import ANYWHERE, ArrivalPolicy, ArrivalText
from alerts.arrivals.wording import Wording
from alerts.placeholders import TemplateFault, fill, placeholders_in
from alerts.segments import count_segments
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.phone import readable
from hotline.geo.countries import countries
from hotline.people.fields import checked_language

MAX_BODY_CHARS = 1_000
MAX_PARTS = 4
"""A welcome is short; a carrier bills each part for every arrival."""
_USABLE = frozenset({"place", "mission", "mission_phone", "hotline"})
_WRITE_LOCK = 0x48_4F_54_0B


def write(
    session: Session, clock: Clock, actor: Actor, *, country: str, language: str, body: str, hotline: str
) -> ArrivalText:
    """Keep a new version as a draft; an older draft of the same country and language is withdrawn.

    `country` is an ISO code or ZZ for all that have no text of their own. Raises Forbidden, InvalidInput naming the field.
    """
    if not actor.may("alerts.write") or actor.id is None:
        raise Forbidden("Writing texts on arrival needs the permission alerts.write.")
    country, language, body = country.strip().upper(), checked_language(language), " ".join(body.split())
    if country != ANYWHERE and country not in {each.code for each in countries()}:
        raise InvalidInput("country", country, "choose a country")
    _check_body(body, country, language, hotline)
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITE_LOCK})
    of_pair = (ArrivalText.country == country, ArrivalText.language == language)
    session.execute(
        update(ArrivalText)
        .where(*of_pair, ArrivalText.state == "draft")
        .values(state="withdrawn", withdrawn_at=clock.now())
    )
    version = (session.scalar(select(func.max(ArrivalText.version)).where(*of_pair)) or 0) + 1
    made = ArrivalText(
        country=country, language=language, version=version, body=body, state="draft", author_id=actor.id,
        created_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, clock, actor, "arrival_text.written", "arrival_text", made.id, after=_shown(made))
    return made


def approve(session: Session, clock: Clock, actor: Actor, text_id: int) -> ArrivalText:
    """Approve a draft, so that it is sent from now on; the version before it is withdrawn.

    Raises NotFound, Forbidden without the permission, Refused for the author and for anything but a draft.
    """
    if not actor.may("alerts.approve") or actor.id is None:
        raise Forbidden("Approving texts on arrival needs the permission alerts.approve.")
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITE_LOCK})
    draft = _get(session, text_id)
    if draft.state != "draft":
        raise Refused("Only a draft can be approved.", code="arrival-no-draft")
    if draft.author_id == actor.id:
        raise Refused("Whoever wrote a text cannot approve it.", code="arrival-own-text")
    session.execute(
        update(ArrivalText)
        .where(
            ArrivalText.country == draft.country,
            ArrivalText.language == draft.language,
            ArrivalText.state == "approved",
        )
        .values(state="withdrawn", withdrawn_at=clock.now())
    )
    draft.state, draft.approved_by_id, draft.approved_at = "approved", actor.id, clock.now()
    session.flush()
    audit.record(
        session, clock, actor, "arrival_text.approved", "arrival_text", draft.id,
        before={"state": "draft"}, after=_shown(draft),
    )  # fmt: skip
    return draft


def withdraw(session: Session, clock: Clock, actor: Actor, text_id: int) -> ArrivalText:
    """Take a draft or an approved text back; one person is enough to stop. Raises NotFound, Forbidden, Refused."""
    if not actor.may("alerts.stop"):
        raise Forbidden("Withdrawing texts on arrival needs the permission alerts.stop.")
    known = _get(session, text_id)
    if known.state == "withdrawn":
        raise Refused("The text is withdrawn already.", code="arrival-withdrawn")
    before = known.state
    known.state, known.withdrawn_at = "withdrawn", clock.now()
    session.flush()
    audit.record(
        session, clock, actor, "arrival_text.withdrawn", "arrival_text", known.id,
        before={"state": before}, after=_shown(known),
    )  # fmt: skip
    return known


def set_policy(
    session: Session, clock: Clock, actor: Actor, country: str, *, greets: bool, settle_minutes: int, quiet_days: int
) -> ArrivalPolicy:
    """Say how arrivals in a country are treated; raises Forbidden, InvalidInput."""
    if not actor.may("alerts.write"):
        raise Forbidden("Changing the rules on arrival needs the permission alerts.write.")
    if country not in {each.code for each in countries()}:
        raise InvalidInput("policy_country", country, "choose a country")
    if not 0 <= settle_minutes <= 720:
        raise InvalidInput("settle_minutes", settle_minutes, "use 0 to 720 minutes")
    if not 0 <= quiet_days <= 90:
        raise InvalidInput("quiet_days", quiet_days, "use 0 to 90 days")
    policy = session.get(ArrivalPolicy, country, with_for_update=True)
    before = None if policy is None else _policy_shown(policy)
    if policy is None:
        policy = ArrivalPolicy(country=country)
        session.add(policy)
    policy.greets, policy.settle_minutes, policy.quiet_days = greets, settle_minutes, quiet_days
    session.flush()
    audit.record(
        session,
        clock,
        actor,
        "arrival_policy.changed",
        "arrival_text",
        None,
        before=before,
        after=_policy_shown(policy),
    )
    return policy


def current(session: Session) -> Sequence[ArrivalText]:
    """Return all drafts and approved texts by country and language."""
    return session.scalars(
        select(ArrivalText)
        .where(ArrivalText.state != "withdrawn")
        .order_by(ArrivalText.country, ArrivalText.language, ArrivalText.version)
    ).all()


def policies(session: Session) -> Sequence[ArrivalPolicy]:
    """Return what differs from the usual, by country."""
    return session.scalars(select(ArrivalPolicy).order_by(ArrivalPolicy.country)).all()


def _get(session: Session, text_id: int) -> ArrivalText:
    known = session.get(ArrivalText, text_id, with_for_update=True)
    if known is None:
        raise NotFound("text", text_id)
    return known


def _check_body(body: str, country: str, language: str, hotline: str) -> None:
    if not 1 <= len(body) <= MAX_BODY_CHARS:
        raise InvalidInput("body", f"{len(body)} characters", f"use 1 to {MAX_BODY_CHARS} characters")
    try:
        names = placeholders_in(body)
        filled = fill(body, Wording(hotline).values(country, language) | {"mission_phone": readable(hotline)})
    except TemplateFault as fault:
        raise InvalidInput("body", "…", str(fault)) from fault
    if names - _USABLE:
        raise InvalidInput("body", "…", f"use only {', '.join(sorted(_USABLE))}", code="arrival-placeholders")
    if not names & {"mission_phone", "hotline"}:
        raise InvalidInput("body", "…", "say whom to call: {mission_phone} or {hotline}", code="arrival-no-number")
    if count_segments(filled).parts > MAX_PARTS:
        raise InvalidInput("body", "…", f"at most {MAX_PARTS} parts of a text", code="arrival-too-long")


def _shown(made: ArrivalText) -> dict[str, object]:
    return {"country": made.country, "language": made.language, "version": made.version, "state": made.state}


def _policy_shown(policy: ArrivalPolicy) -> dict[str, object]:
    return {
        "country": policy.country, "greets": policy.greets, "settle_minutes": policy.settle_minutes,
        "quiet_days": policy.quiet_days,
    }  # fmt: skip
