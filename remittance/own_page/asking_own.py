"""Asking for emergency money on one's own page: in one's case, opened where there is none, with digests of where it came from."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.cases.opening import Word, open_or_join
from hotline.cases.persons import get_person, members, of_traveller
from hotline.core.actor import Actor
from hotline.core.config import Settings
from hotline.core.errors import InvalidInput, Refused
from hotline.core.services import Services
from hotline.missions import missions
from remittance.money.wording import parse_amount
from remittance.own_page.models import OwnRequest
from remittance.own_page.owning import Own, open_case_of
from remittance.requests import asking
from remittance.requests.asking import Wish
from remittance.requests.models import Remittance

PERSON = Actor(kind="person", id=None, name="person", via="link")
"""The trail says that the person did it themselves; who it was is the case's person."""
SOURCE = "money"
"""What a case is about that was opened because somebody asked for money and had none."""
MAX_ASKED, WITHIN = 3, timedelta(days=1)
"""So often somebody may ask in so long; whoever needs more than that needs to be spoken with."""
LOST = "passport lost, said on the own page"
MAX_BROWSER_CHARS = 400


@dataclass(frozen=True)
class Asked:
    """What the form says, and from where it came: the network address and what the browser says of itself."""

    form: Mapping[str, str]
    address: str
    browser: str


def ask(session: Session, services: Services, own: Own, asked: Asked) -> Remittance:
    """Write the wish down; the same form again is the same request.

    Raises InvalidInput or SeveralFaults naming the fields, and Refused (`asked-too-often`, or as `requests.asking.ask`).
    """
    form, clock = asked.form, services.clock
    mission = missions.get(session, _number(form, "mission_id"))
    wanted = parse_amount(form.get("amount", ""), form.get("currency", ""))
    case = open_case_of(session, own)
    if case is None:
        assert own.traveller is not None, "a person of the centre has the case of their link"
        # Opening a case writes onto the audit trail, whose lock comes last: the person, for whom others may wait who hold it,
        # is locked before; and whoever waited here looks again for the case that was opened meanwhile.
        person = get_person(session, of_traveller(session, clock, own.traveller.id), lock=True)
        case = open_case_of(session, replace(own, person=person)) or open_or_join(
            session, clock, PERSON,
            Word(
                traveller_id=own.traveller.id, source=SOURCE, says="help", channel="link", drill=own.drill,
                country=mission.country,
            ),
        )  # fmt: skip
    person_id = get_person(session, case.person_id).id
    lost = form.get("passport") == "lost"
    one = asking.ask(
        session, clock, PERSON,
        Wish(
            key=f"page:{person_id}:{form.get('key', '')[:40]}", case_id=case.id, mission_id=mission.id, wanted=wanted,
            reason=form.get("reason", ""), words=form.get("words", ""), payee_name=form.get("payee_name", ""),
            payee_born_on=_day(form), payee_phone=form.get("payee_phone", "") or _phone_of(own),
            payee_language=own.language if own.language in asking.LANGUAGES else "en",
            identity="second_factor" if lost else "passport", identity_words=LOST if lost else "",
            payer_name=form.get("payer_name", ""), payer_phone=form.get("payer_phone", ""),
            consent=form.get("consent") == "1",
        ),
        via="page",
    )  # fmt: skip
    if session.get(OwnRequest, one.id) is None:
        _not_too_often(session, services, person_id)
        session.add(
            OwnRequest(
                remittance_id=one.id, address_digest=digest(services.settings, "address", asked.address),
                device_digest=digest(services.settings, "device", asked.browser[:MAX_BROWSER_CHARS]), asked_at=clock.now(),
            )
        )  # fmt: skip
        session.flush()
    return one


def digest(settings: Settings, kind: str, value: str) -> str:
    """Return a keyed digest, by which equal values are equal and no address is found by trying all there are."""
    secret = settings.secret_key.get_secret_value().encode()
    return hmac.digest(secret, f"remittance asked from {kind}: {value}".encode(), hashlib.sha256).hex()


def _not_too_often(session: Session, services: Services, person_id: int) -> None:
    """Count what was asked on the page lately; `requests.asking` keeps others of this person waiting until commit."""
    lately = session.scalar(
        select(func.count())
        .select_from(OwnRequest)
        .join(Remittance, Remittance.id == OwnRequest.remittance_id)
        .where(
            Remittance.person_id.in_([person_id, *members(session, person_id)]),
            OwnRequest.asked_at > services.clock.now() - WITHIN,
        )
    )
    if int(lately or 0) >= MAX_ASKED:
        raise Refused("This was asked for several times today. Call us.", code="asked-too-often")


def _phone_of(own: Own) -> str:
    return own.traveller.phone if own.traveller is not None else ""


def _number(form: Mapping[str, str], name: str) -> int:
    given = form.get(name, "")
    if not (given.isascii() and given.isdigit() and 0 < len(given) < 19):
        raise InvalidInput(name, given, "choose one")
    return int(given)


def _day(form: Mapping[str, str]) -> date | None:
    given = form.get("payee_born_on", "").strip()
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise InvalidInput("payee_born_on", given, "write the day as 1990-12-31") from None
