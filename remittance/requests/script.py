"""What is said on the telephone while a request is written down, sentence by sentence in Korean and English.

The sentences belong to the call and not to the console: both are shown whatever language the officer reads, the caller's first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from hotline.cases.models import Case
from hotline.cases.person_models import Person
from hotline.core.i18n import gettext_noop
from hotline.missions.models import Mission

LANGUAGES = {"ko": "한국어", "en": "English"}


@dataclass(frozen=True)
class Part:
    """What is said for one part of the form: `lines` pair the Korean with the English sentence; `notes` are for the officer."""

    lines: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def said(self, language: str) -> list[str]:
        """Return the sentences in one of LANGUAGES."""
        return [line[tuple(LANGUAGES).index(language)] for line in self.lines]


WHO = Part(
    (
        (
            "여권에 적힌 영문 성명과 생년월일을 말씀해 주십시오. 공관에서 신분증과 대조하여 본인께만 지급하기 위해 여쭙습니다.",
            "Please tell me your name as in the passport and your date of birth. The mission compares them with your document "
            "and pays nobody else.",
        ),
        (
            "여권을 가지고 계십니까? 분실하셨다면 다른 방법으로 본인임을 확인해 드립니다.",
            "Do you have your passport? If it is lost, we find another way to know that it is you.",
        ),
        (
            "지금 문자를 받으실 수 있는 번호는 무엇입니까? 다른 사람이 그 전화를 볼 수 있습니까? 수령 코드를 그 번호로 보내기 "
            "때문에 여쭙습니다.",
            "On which number can you get texts now? Can anybody else read that telephone? We ask because the pickup "
            "code goes there.",
        ),
    )
)
WHAT = Part(
    (
        (
            "무슨 일이 있었고 지금 무엇이 필요하십니까? 더 빠른 다른 도움이 있을 수 있어 여쭙습니다.",
            "What happened, and what do you need now? We ask because other help may be faster.",
        ),
        (
            "현금이 얼마나, 어느 통화로 필요하십니까? 꼭 필요한 만큼만 말씀해 주십시오.",
            "How much cash do you need, and in which currency? Please name only what you cannot do without.",
        ),
        (
            "어느 공관으로 찾아가실 수 있습니까? 아직 약속드릴 수는 없으며, 공관에서 결정합니다.",
            "To which mission can you come? I cannot promise anything yet; the mission decides.",
        ),
    )
)
PAYER = Part(
    (
        (
            "국내에서 대신 입금해 주실 분의 성함과 전화번호를 말씀해 주십시오.",
            "Who at home can deposit the money for you? Please tell me their name and number.",
        ),
        (
            "그분께 전화와 문자로 입금 금액과 계좌, 기한을 안내해도 되겠습니까? 동의하지 않으시면 아무에게도 연락하지 않습니다.",
            "May we call and text this person about the amount, the account and the time? If you say no, we contact nobody.",
        ),
        (
            "그분께는 성함의 머리글자와 입금 안내만 전하며, 무슨 일이 있었는지는 말씀드리지 않습니다.",
            "We tell them your initials and what to deposit, and nothing of what happened to you.",
        ),
    )
)
ALONE = Part(
    (
        (
            "지금 혼자 계십니까? 스피커폰은 꺼 주십시오. '예' 또는 '아니요'로만 답하셔도 됩니다.",
            "Are you alone now? Please switch the loudspeaker off. Yes or no is enough.",
        ),
        (
            "모든 분께 똑같이 여쭙는 질문입니다. 답하신 내용은 가족을 포함해 아무에게도 전하지 않습니다.",
            "We ask everybody the same. We pass your answer on to nobody, not to your family either.",
        ),
        (
            "누군가 이 돈을 요청하라고 시키거나 협박하고 있습니까?",
            "Does anybody tell you to ask for this money, or threaten you?",
        ),
        ("지금 계신 곳을 자유롭게 떠나실 수 있습니까?", "Are you free to leave the place where you are?"),
        (
            "지금 말씀하기 어려우시면 언제 다시 전화드리면 되겠습니까?",
            "If you cannot speak now, when shall we call again?",
        ),
    ),
    (
        gettext_noop(
            "Ask only when nobody else hears, never by text, and so that yes or no answers: whoever listens learns nothing."
        ),
        gettext_noop(
            "Whoever is not alone: agree on a time and call again. Write no answer into this form; the "
            "reviewer notes it in the review."
        ),
        gettext_noop(
            "Does it sound like pressure? Promise nothing, name no amount, and tell the duty chief by voice at once."
        ),
    ),
)
PARTS = {"who": WHO, "what": WHAT, "payer": PAYER, "alone": ALONE}


def order(spoken: str) -> list[str]:
    """Return LANGUAGES with the caller's first; Korean where nobody knows it."""
    return sorted(LANGUAGES, key=lambda each: (each != (spoken or "ko"), each))


def language_of(session: Session, case_id: int, missions: Sequence[Mission]) -> str:
    """Return the language of whom a case is about, if it is one of LANGUAGES; empty where nobody knows.

    Also empty for a case in a country of none of `missions`, those for which the reader may ask.
    """
    person, kept = aliased(Person), aliased(Person)
    found = session.execute(
        select(func.coalesce(kept.language, person.language), Case.country)
        .join(person, person.id == Case.person_id)
        .outerjoin(kept, kept.id == person.merged_into_id)
        .where(Case.id == case_id)
    ).first()
    if found is None:
        return ""
    language, country = found
    near = any(country in {each.country, *each.countries} for each in missions)
    return language if near and language in LANGUAGES else ""
