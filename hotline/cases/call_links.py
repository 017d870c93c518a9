"""From a contact to its call: the room of calls stands above this one, so its page is linked where this process serves it."""

from __future__ import annotations

from flask import current_app, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.identity import actor
from hotline.cases.contact_models import Contact
from hotline.core.ids import reference

Link = tuple[str, str]
"""Address and what stands on it."""


def call_link(ref: str) -> Link | None:
    """Return the link to the call that a contact was, for whoever may read calls."""
    kind, _, number = ref.partition(":")
    served = "calls.show" in current_app.view_functions
    if kind != "call" or not (number.isascii() and number.isdigit()) or not served or not actor().may("calls.read"):
        return None
    return url_for("calls.show", call_id=int(number)), reference("CL", int(number))


def call_links(session: Session, contact_ids: set[int | None]) -> dict[int, Link]:
    """Return the links of those contacts that were calls."""
    wanted = {each for each in contact_ids if each is not None}
    if not wanted:
        return {}
    rows = session.execute(select(Contact.id, Contact.ref).where(Contact.id.in_(wanted))).tuples()
    return {contact_id: link for contact_id, ref in rows if (link := call_link(ref)) is not None}
