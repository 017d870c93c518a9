"""Lists of contacts: those that are open still, those of a case and those of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.cases.contact_models import Contact
from hotline.cases.states import CLOSED, OPEN
from hotline.core.errors import InvalidInput

MAX_PAGE = 200


@dataclass(frozen=True)
class ContactPage:
    """One page of contacts, the latest first; `next_cursor` continues, None ends."""

    contacts: Sequence[Contact]
    next_cursor: int | None


def list_contacts(
    session: Session,
    *,
    state: str = "",
    case_id: int | None = None,
    person_ids: Sequence[int] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> ContactPage:
    """Return one page; empty values do not narrow. `before` is the `next_cursor` of the page before. Raises InvalidInput."""
    if state not in ("", OPEN, CLOSED):
        raise InvalidInput("state", state, f"use {OPEN} or {CLOSED}, or leave it out")
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput("limit", limit, f"use 1 to {MAX_PAGE}")
    wanted = select(Contact).order_by(Contact.id.desc()).limit(limit + 1)
    if state:
        wanted = wanted.where(Contact.state == state)
    if case_id is not None:
        wanted = wanted.where(Contact.case_id == case_id)
    if person_ids is not None:
        wanted = wanted.where(Contact.person_id.in_(person_ids))
    if before is not None:
        wanted = wanted.where(Contact.id < before)
    rows = session.scalars(wanted).all()
    return ContactPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)
