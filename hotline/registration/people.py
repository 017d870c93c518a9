"""What somebody who has proved a number may do: see and change their entry, add a journey, opt out, be erased.

The number is the key. Several people may have one (a family's phone); whoever holds it speaks for all of them, as somebody
who answers STOP on it does.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound
from hotline.people import travellers
from hotline.people.fields import TravellerChanges, TravellerFields
from hotline.people.models import Traveller
from hotline.registration.checks import Proof
from hotline.registration.models import PhoneCheck
from hotline.registration.trips import add_trip
from hotline.registration.wishes import Wishes

TRAVELLER = Actor(kind="person", id=None, name="traveller", via="registration")
MAX_SHOWN = 20


def holders(session: Session, phone: str) -> Sequence[Traveller]:
    """Return the people on record with a number, the longest known first."""
    return session.scalars(
        select(Traveller)
        .where(Traveller.phone == phone, Traveller.erased_at.is_(None))
        .order_by(Traveller.id)
        .limit(MAX_SHOWN)
    ).all()


def enrol(session: Session, clock: Clock, proof: Proof) -> Traveller | None:
    """Act upon what was filled in before the code: a new traveller, or the known one brought up to date.

    Of several people with the number the one with the same name is meant; none of that name is somebody new. Whoever
    registers wants to be reached, so an opt-out is lifted. Without wishes nothing happens. Acts once: repeating it with the
    same proof changes nothing.
    """
    check = session.get_one(PhoneCheck, proof.check_id, with_for_update=True)
    if check.wishes is None:
        return None
    wishes = Wishes.from_json(check.wishes)
    check.wishes = None
    known = holders(session, proof.phone)
    same = [each for each in known if each.name.casefold() == wishes.name.casefold()]
    chosen = same[0] if same else (known[0] if len(known) == 1 else None)
    if chosen is None:
        given = TravellerFields(
            name=wishes.name, phone=proof.phone, language=wishes.language, email=wishes.email
        )  # fmt: skip
        traveller = travellers.add(session, clock, TRAVELLER, given, source="registration")
    else:
        # An address left empty here may be known from elsewhere; taking it away is done on the person's own page.
        changes = TravellerChanges(name=wishes.name, language=wishes.language, email=wishes.email or None)
        traveller = travellers.update(session, clock, TRAVELLER, chosen.id, changes)
        travellers.set_opted_out(session, clock, TRAVELLER, traveller.id, False)
    # The code has arrived, so the number works whatever was said of it before.
    traveller.number_bad_at = None
    if wishes.trip is not None:
        add_trip(session, clock, TRAVELLER, traveller, wishes.trip)
    audit.record(session, clock, TRAVELLER, "traveller.verified", "traveller", traveller.id)
    return traveller


def one_of(session: Session, proof: Proof, traveller_id: int) -> Traveller:
    """Return a person of the proved number; raises NotFound for anybody else."""
    traveller = session.get(Traveller, traveller_id)
    if traveller is None or traveller.phone != proof.phone or traveller.erased_at is not None:
        raise NotFound("traveller", traveller_id)
    return traveller


def change(session: Session, clock: Clock, proof: Proof, traveller_id: int, wishes: Wishes) -> None:
    """Change name, language and e-mail address, and add a journey where one is given.

    Raises NotFound, InvalidInput for a journey too many.
    """
    traveller = one_of(session, proof, traveller_id)
    changes = TravellerChanges(name=wishes.name, language=wishes.language, email=wishes.email)
    traveller = travellers.update(session, clock, TRAVELLER, traveller.id, changes)
    if wishes.trip is not None and not add_trip(session, clock, TRAVELLER, traveller, wishes.trip):
        raise InvalidInput("first_date", "…", "there are as many journeys as anybody can have")


def set_opted_out(session: Session, clock: Clock, proof: Proof, opted_out: bool) -> None:
    """Keep or lift the wish for no texts, for everybody who has the number."""
    for traveller in holders(session, proof.phone):
        travellers.set_opted_out(session, clock, TRAVELLER, traveller.id, opted_out)


def erase(session: Session, clock: Clock, proof: Proof, traveller_id: int) -> bool:
    """Erase one person; True when nobody with the number is left, and then single texts and checks forget it as well.

    Raises NotFound.
    """
    one_of(session, proof, traveller_id)
    travellers.erase(session, clock, TRAVELLER, traveller_id)
    session.flush()
    if holders(session, proof.phone):
        return False
    session.execute(
        text(
            "UPDATE notices SET phone = '', body = '' WHERE phone = :phone"
            " AND state NOT IN ('queued', 'sending', 'in_doubt')"
        ),
        {"phone": proof.phone},
    )
    session.execute(
        update(PhoneCheck)
        .where(PhoneCheck.phone == proof.phone)
        # The range stays, so that the limits still hold; it names nobody.
        .values(phone="", wishes=None, ended_at=clock.now())
    )
    return True
