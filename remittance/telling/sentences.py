"""What each change of a remittance means to whom, and the sentences for it in Korean and English; pure.

No sentence tells the reason of a hold or of a rejection, and what is held with a deposit in it is told in the very words of a
deposit that is being worked on. To whoever may be watched, one neutral sentence is said instead of every other.
"""

from __future__ import annotations

from dataclasses import dataclass

from remittance.requests.states import (
    APPROVED,
    CANCELLED,
    DEPOSITED,
    EXPIRED,
    ON_HOLD,
    OVERPAID,
    PAID,
    PARTIAL,
    QUOTED,
    READY,
    REFUND_PENDING,
    REFUNDED,
    REJECTED,
    REQUESTED,
    SETTLED,
    UNDER_WATCH,
    WRONG_DEPOSITOR,
)

TRAVELLER, RELATIVE = "traveller", "relative"
READERS = (TRAVELLER, RELATIVE)


@dataclass(frozen=True)
class Said:
    """Which sentence the traveller and the relative are told; empty: none.

    `unless_told`: only to whoever was told nothing since the last deposit came: a hold repeats no text and keeps none back.
    """

    traveller: str = ""
    relative: str = ""
    unless_told: bool = False

    def to(self, who: str) -> str:
        """Return the sentence for one of READERS."""
        return self.traveller if who == TRAVELLER else self.relative


NOTHING = Said()
_BY_STATE = {
    REQUESTED: Said(traveller="requested"),
    APPROVED: Said(traveller="approved"),
    QUOTED: Said(traveller="asked_relative", relative="quoted"),
    PARTIAL: Said(relative="partial"),
    OVERPAID: Said(relative="overpaid"),
    WRONG_DEPOSITOR: Said(relative="arrived"),
    DEPOSITED: Said(traveller="deposited", relative="arrived"),
    READY: Said(traveller="ready", relative="ready"),
    PAID: Said(traveller="paid", relative="paid"),
    REJECTED: Said(traveller="rejected", relative="ended"),
    EXPIRED: Said(traveller="expired", relative="ended"),
    CANCELLED: Said(traveller="cancelled", relative="ended"),
    REFUND_PENDING: Said(traveller="refunding", relative="refunding"),
    REFUNDED: Said(relative="refunded"),
}
SILENT = frozenset({"review", "send_back", "settle", "dispute", "uphold", "uphold_settled", "note"})
"""Events of the house alone."""
_BY_EVENT = {
    "quote_again": Said(relative="quoted"),
    "deposit_returned": Said(relative="returned"),
    "reject_held": Said(traveller="rejected", relative="ended"),
    "refund_held": Said(traveller="refunding", relative="refunding"),
}
_UNDONE_BEFORE = (DEPOSITED, READY)
"""Where the traveller was told that the deposit is there."""
_LIFTED = {
    QUOTED: Said(relative="quoted"), PARTIAL: Said(relative="partial"), READY: Said(traveller="ready", relative="ready"),
}  # fmt: skip
"""What goes on after a hold is told anew where somebody can act on it."""
_HELD = {
    QUOTED: Said(relative="wait"), PARTIAL: Said(relative="wait"),
    **{state: Said(relative="arrived", unless_told=True) for state in (OVERPAID, WRONG_DEPOSITOR, DEPOSITED, READY)},
}  # fmt: skip
IF_TOLD_BEFORE = frozenset({"ended"})
"""Said only to a relative who was asked for a deposit: whoever never heard of it is not told of its end."""
HOLDS_STILL = {PAID: (PAID, SETTLED)}
"""In which states a sentence about a state still holds, where that is not the state alone."""


def said(event: str, before: str, after: str) -> Said:
    """Return what a change means to both sides; `before` and `after` are states of the table."""
    if event in SILENT:
        return NOTHING
    if event == "hold":
        return _HELD.get(before, NOTHING)
    if event.startswith("lift_"):
        return _LIFTED.get(after, NOTHING)
    if event.startswith("undo"):
        return _undone(before, after)
    if event == "reroute":
        return Said(traveller="ready") if after == READY else NOTHING
    return _BY_EVENT.get(event) or _BY_STATE.get(after, NOTHING)


def _undone(before: str, after: str) -> Said:
    """Say that a deposit was another's after all: what is awaited now, or only that it has ended."""
    traveller = "not_yet" if before in _UNDONE_BEFORE else ""
    if after == QUOTED:
        return Said(traveller=traveller, relative="mistaken")
    if after in (CANCELLED, EXPIRED, REJECTED, REFUND_PENDING):
        return _BY_STATE[after]
    return Said(traveller=traveller, relative=_BY_STATE[after].relative)


def to_relative_now(state: str, held_state: str | None) -> str:
    """Return the sentence that tells a relative how it stands now; empty where there is nothing for them."""
    if state == ON_HOLD:
        return _HELD.get(held_state or "", NOTHING).relative
    return _BY_STATE.get(state, NOTHING).relative


def still_holds(after: str, state: str) -> bool:
    """Say whether what is told about `after` is true of a remittance that stands at `state` now."""
    return state in HOLDS_STILL.get(after, (after,))


NEUTRAL = "neutral"
TEXTS: dict[str, dict[str, dict[str, str]]] = {
    TRAVELLER: {
        "requested": {
            "ko": "[영사콜센터] 신청 {number} 접수. 검토 후 전화드립니다. {url}",
            "en": "[Consular Call Center] We have your request {number}. We look into it and call you. {url}",
        },
        "approved": {
            "ko": "[영사콜센터] {number} 승인. 가족에게 입금을 안내합니다. {url}",
            "en": "[Consular Call Center] {number} is approved. We now tell your relative what to deposit. {url}",
        },
        "asked_relative": {
            "ko": "[영사콜센터] {number}: 가족에게 입금을 안내했습니다. {url}",
            "en": "[Consular Call Center] {number}: your relative was told what to deposit. {url}",
        },
        "deposited": {
            "ko": "[영사콜센터] {number} 입금 확인. 수령 준비가 되면 알려드립니다. {url}",
            "en": "[Consular Call Center] {number}: the deposit has arrived. We write when you can fetch the money. {url}",
        },
        "ready": {
            "ko": "[영사콜센터] {number} 수령 가능: {mission}. 신분증을 지참하세요. {url}",
            "en": "[Consular Call Center] {number} is ready at: {mission}. Bring your passport. When and where: {url}",
        },
        "not_yet": {
            "ko": "[영사콜센터] {number} 입금 확인에 착오가 있어 아직 수령할 수 없습니다. 다시 알려드립니다. {url}",
            "en": "[Consular Call Center] {number}: the deposit was taken for yours by mistake. Do not come for it yet; we write "
            "again. {url}",
        },
        "ready_ends": {
            "ko": "[영사콜센터] {number} 수령 기한 {until}. 장소: {mission}. {url}",
            "en": "[Consular Call Center] {number}: please fetch it by {until} at: {mission}. {url}",
        },
        "paid": {
            "ko": "[영사콜센터] {number} 지급 완료. 본인이 아니면 즉시 전화하세요: {phone}",
            "en": "[Consular Call Center] {number} was handed over. If that was not you, call at once: {phone}",
        },
        "rejected": {
            "ko": "[영사콜센터] {number}: 긴급 송금이 어렵습니다. 다른 도움은 전화하세요: {phone}",
            "en": "[Consular Call Center] {number} could not be granted. For other help call {phone}",
        },
        "expired": {
            "ko": "[영사콜센터] {number} 기한이 지나 종료되었습니다. 다시 필요하면 전화하세요: {phone}",
            "en": "[Consular Call Center] {number} has run out. If you still need help, call {phone}",
        },
        "cancelled": {
            "ko": "[영사콜센터] {number} 취소되었습니다. 문의 {phone}",
            "en": "[Consular Call Center] {number} was called off. Questions: {phone}",
        },
        "refunding": {
            "ko": "[영사콜센터] {number} 종료. 입금액은 보낸 분께 돌려드립니다. 문의 {phone}",
            "en": "[Consular Call Center] {number} has ended. The deposit goes back to whoever sent it. Questions: {phone}",
        },
        NEUTRAL: {
            "ko": "[영사콜센터] 문의하신 건에 소식이 있습니다. 전화 주세요: {phone}",
            "en": "[Consular Call Center] There is news about what you asked us. Please call {phone}",
        },
    },
    RELATIVE: {
        "quoted": {
            "ko": "[영사콜센터] {name} 긴급 송금 입금 안내\n금액 {due}\n{bank} {account} {holder}\n입금자명 {reference}\n"
            "{until}까지\n{url}",
            "en": "[Consular Call Center] Emergency money for {name}: deposit {due} to {bank} {account}{of_holder}, "
            "depositor name {reference}, by {until}. {url}",
        },
        "returned": {
            "ko": "[영사콜센터] 입금이 은행에서 반환되었습니다. {until}까지 다시 입금해 주세요: {due} {bank} {account} "
            "입금자명 {reference} {url}",
            "en": "[Consular Call Center] The bank returned the deposit. Please deposit {due} again by {until}: "
            "{bank} {account}, depositor name {reference}. {url}",
        },
        "mistaken": {
            "ko": "[영사콜센터] 확인된 입금은 다른 건이었습니다. {until}까지 입금해 주세요: {due} {bank} {account} "
            "입금자명 {reference} {url}",
            "en": "[Consular Call Center] The deposit we had found was another's. Please deposit {due} by {until}: "
            "{bank} {account}, depositor name {reference}. {url}",
        },
        "quote_ends": {
            "ko": "[영사콜센터] 입금 기한 안내: {until}까지 {due}. 이미 입금하셨다면 기다려 주세요. {url}",
            "en": "[Consular Call Center] Please deposit {due} by {until}. If you have done so, just wait. {url}",
        },
        "partial": {
            "ko": "[영사콜센터] {held} 입금 확인, {missing} 부족합니다. {until}까지 입금자명 {reference}로 "
            "입금해 주세요. {url}",
            "en": "[Consular Call Center] {held} arrived, {missing} is missing. Please deposit it by {until} "
            "as {reference}. {url}",
        },
        "overpaid": {
            "ko": "[영사콜센터] 요청액보다 많이 입금되었습니다. 남는 금액은 돌려드립니다. {url}",
            "en": "[Consular Call Center] More arrived than was asked for. What is not needed is refunded. {url}",
        },
        "arrived": {
            "ko": "[영사콜센터] 입금을 확인하고 처리 중입니다. 진행되면 알려드립니다. {url}",
            "en": "[Consular Call Center] A deposit has arrived and is being worked on. We write when it goes on. {url}",
        },
        "ready": {
            "ko": "[영사콜센터] {name} 님이 {mission}에서 긴급 송금을 받을 수 있습니다. {url}",
            "en": "[Consular Call Center] {name} can now fetch the money at: {mission}. {url}",
        },
        "paid": {
            "ko": "[영사콜센터] {name} 님에게 긴급 송금이 지급되었습니다. {url}",
            "en": "[Consular Call Center] The money was handed over to {name}. {url}",
        },
        "wait": {
            "ko": "[영사콜센터] 확인 중입니다. 다시 안내드릴 때까지 입금하지 마세요. 문의 {phone}",
            "en": "[Consular Call Center] We are still working on it. Please deposit nothing until we write again. "
            "Questions: {phone}",
        },
        "ended": {
            "ko": "[영사콜센터] 긴급 송금 건이 종료되었습니다. 입금하지 마세요. 문의 {phone}",
            "en": "[Consular Call Center] The request has ended. Please deposit nothing. Questions: {phone}",
        },
        "refunding": {
            "ko": "[영사콜센터] 긴급 송금 건이 종료되어 입금액을 돌려드립니다. {url}",
            "en": "[Consular Call Center] The request has ended and the deposit is refunded. {url}",
        },
        "refunded": {
            "ko": "[영사콜센터] 입금액을 돌려드렸습니다. 확인되지 않으면 전화하세요: {phone}",
            "en": "[Consular Call Center] The deposit was refunded. If you cannot find it, call {phone}",
        },
    },
}  # fmt: skip
"""By reader, sentence and language. Each is whole by itself, because the one before it may never have been read."""
CALLS_FOR_THEM = frozenset({"ready", "ready_ends", "paid", "rejected", "expired", "cancelled", "refunding", "not_yet"})
"""Of what the neutral sentence is said; of the rest somebody who may be watched hears nothing at all."""


def sentence_for(who: str, sentence: str, duress: str) -> str:
    """Return which sentence is sent, empty for none: to a traveller who may be watched the neutral one or nothing."""
    if who != TRAVELLER or duress not in UNDER_WATCH or not sentence:
        return sentence
    return NEUTRAL if sentence in CALLS_FOR_THEM else ""
