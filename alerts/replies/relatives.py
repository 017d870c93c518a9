"""A relative at home is told that somebody is safe, when the traveller allowed it and only then.

The text names nobody and no place: whoever else reads it learns nothing. The number and the permission are the traveller's
own word; a number gets at most a few texts a day, so that nobody can be pestered through somebody's page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.placeholders import choose_language
from alerts.replies.models import Relative
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.phone import parse_e164
from hotline.notices import store
from hotline.notices.models import Notice
from hotline.people.models import Traveller

PURPOSE = "relative"
VALID_FOR = timedelta(hours=24)
MAX_A_DAY = 5
TEXTS: Final = MappingProxyType(
    {
        "ko": "[외교부 영사콜센터] 귀하를 비상연락처로 지정한 여행자가 안전하다고 알려왔습니다. 이 문자에는 답장할 수 없습니다.",
        "en": "[MOFA Korea] A traveller who named you as their contact has told us that they are safe. "
        "This message cannot be answered.",
        "ja": "[韓国外交部] あなたを連絡先に指定した旅行者から無事との連絡がありました。返信はできません。",
        "zh": "[韩国外交部] 将您设为联系人的旅行者已告知本中心其平安。此短信无法回复。",
        "es": "[MOFA Corea] Un viajero que le nombro como contacto nos ha dicho que esta a salvo. "
        "No se puede responder a este mensaje.",
        "fr": "[MOFA Coree] Un voyageur qui vous a indique comme contact nous a dit qu'il est en securite. "
        "On ne peut pas repondre a ce message.",
    }
)


@dataclass(frozen=True)
class Wish:
    """Whom a traveller wants told; an empty number means nobody any more."""

    phone: str
    language: str


def keep(session: Session, clock: Clock, person: Traveller, wish: Wish) -> str | None:
    """Keep whom a traveller allows to be told, or forget it; the action for the trail, None when nothing changed.

    A number without a country's code is taken for one at home. Raises InvalidInput for one that cannot be dialled. The
    trail is written by the caller at its end (`write_trail`), because that holds up everybody else.
    """
    row = session.get(Relative, person.id)
    if not wish.phone.strip():
        if row is None:
            return None
        session.delete(row)
        return "traveller.relative_withdrawn"
    number = parse_e164(wish.phone.strip(), "KR", field="relative_phone")
    if row is not None and (row.phone, row.language) == (number.e164, wish.language):
        return None
    if row is None:
        row = Relative(traveller_id=person.id)
        session.add(row)
    row.phone, row.language, row.allowed_at = number.e164, wish.language, clock.now()
    return "traveller.relative_allowed"


def write_trail(session: Session, clock: Clock, actor: Actor, person: Traveller, action: str | None) -> None:
    """Say on the trail that the permission was given or taken back; never the number."""
    if action is not None:
        audit.record(session, clock, actor, action, "traveller", person.id)


def tell_safe(session: Session, clock: Clock, person: Traveller, answer_id: int) -> bool:
    """Have the relative told, once for this change to safe; whether a text will go out. Exercises tell nobody."""
    row = session.get(Relative, person.id)
    if row is None or person.drill or _told_today(session, clock, row.phone) >= MAX_A_DAY:
        return False
    language = choose_language(row.language, tuple(TEXTS), ("ko", "en"))
    store.publish(
        session, clock, phone=row.phone, body=TEXTS[language], purpose=PURPOSE,
        dedupe_key=f"safe:{answer_id}", expires_at=clock.now() + VALID_FOR,
    )  # fmt: skip
    return True


def _told_today(session: Session, clock: Clock, phone: str) -> int:
    since = clock.now() - timedelta(days=1)
    statement = select(func.count()).where(Notice.phone == phone, Notice.purpose == PURPOSE, Notice.created_at > since)
    return session.scalar(statement) or 0
