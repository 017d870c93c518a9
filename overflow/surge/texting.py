"""The texts of a call-out: each is kept in the transaction of what it tells, and sent once, behind alerts."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from hotline.core.services import Services
from hotline.notices import store
from overflow.surge.models import AskedPerson, Callout
from overflow.surge.wording import moment, sentence, span, task_of
from overflow.volunteers.links import link_for
from overflow.volunteers.models import Volunteer

LASTS = timedelta(hours=2)
"""A text that has not left by then would tell somebody to come who is not waited for any more."""


def write(session: Session, services: Services, callout: Callout, person: AskedPerson, key: str) -> None:
    """Keep one text for somebody; `key` names the sentence. The same sentence about the same ask is sent once.

    It goes to the number that they hold now: a text carries a fresh link, and the number of the asking may be another's by now.
    """
    volunteer = session.get_one(Volunteer, person.volunteer_id)
    if not person.phone or not volunteer.phone:
        return  # erased meanwhile: nobody is there to be told
    now, zone, language = services.clock.now(), volunteer.zone, person.speaks
    body = sentence(
        key, language, drill=callout.drill, task=task_of(callout.task, language),
        by=moment(callout.by_at, zone, language), until=moment(callout.until_at, zone, language),
        comes=moment(person.comes_at or now, zone, language), hours=span(person.minutes, language),
        link=link_for(services, person.volunteer_id),
    )  # fmt: skip
    stamp = {"ask": None, "remind": person.comes_at, "begins": person.comes_at, "briefing": person.comes_at}.get(
        key, now
    )
    about = f"{person.asks}.{int(stamp.timestamp()) if stamp else 0}"
    store.publish(
        session, services.clock, phone=volunteer.phone, body=body, purpose="callout",
        dedupe_key=notice_key(person, key, about), expires_at=now + LASTS,
    )  # fmt: skip


def notice_key(person: AskedPerson, key: str, about: str) -> str:
    """Return what makes a text unique."""
    return f"callout:{person.id}:{key}:{about}"


def ask_key(person: AskedPerson) -> str:
    """Return the key of the text that asked them last."""
    return notice_key(person, "ask", f"{person.asks}.0")
