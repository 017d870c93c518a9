"""Words of payouts for people: what is refused and why, kinds of documents, and the audit trail's names."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

DOCUMENTS = {
    "passport": gettext_noop("Passport"),
    "emergency_passport": gettext_noop("Emergency passport"),
    "travel_certificate": gettext_noop("Travel certificate"),
    "identity_card": gettext_noop("Identity card"),
    "residence_card": gettext_noop("Residence card"),
    "second_factor": gettext_noop("Passport lost: proven otherwise"),
}
DOCUMENTS_KO = {
    "passport": "여권",
    "emergency_passport": "긴급여권",
    "travel_certificate": "여행증명서",
    "identity_card": "신분증",
    "residence_card": "체류증",
    "second_factor": "여권 분실, 다른 방법으로 확인",
}
"""As vouchers name them, which are written in both languages at once."""
STATES = {
    "prepared": gettext_noop("Waits for a witness"),
    "paid": gettext_noop("Paid out"),
    "withdrawn": gettext_noop("Withdrawn"),
}
STATE_KINDS = {"prepared": "waiting", "paid": "done", "withdrawn": "ended"}
PROOFS = {
    "questions": gettext_noop("Answered questions that only they can answer"),
    "called_back": gettext_noop("Called back on a number that we knew"),
    "in_person": gettext_noop("Stood before an officer with a document"),
}
EXPLANATIONS = {
    "no-quote": gettext_noop("There is no quote yet."),
    "deposit-short": gettext_noop("Less is deposited than the quote asks for."),
    "cash-short": gettext_noop("The till does not hold so much. Fill it up, or have another mission pay."),
    "being-checked": gettext_noop("It is still being checked."),
    "deposit-questioned": gettext_noop(
        "Money that left the bank may be its deposit. Finance explains that entry of the statement first."
    ),
    "drill-money": gettext_noop("In a drill no money moves."),
    "not-ready": gettext_noop("It is not ready to be paid out."),
    "no-code": gettext_noop("No code is valid now. Ask the centre to send a new one."),
    "code-expired": gettext_noop(
        "This code is too old: nothing was paid, and no try was counted. Send a new one, or ask the centre for it."
    ),
    "code-locked": gettext_noop(
        "The code is locked after too many wrong tries. Somebody else at the centre makes a new one."
    ),
    "wrong-code": gettext_noop("The code is wrong. Tries left: %(left)s."),
    "no-telephone": gettext_noop("There is no telephone number. Tell the code by voice."),
    "by-voice-alone": gettext_noop("No text can be sent here. Tell the code by voice."),
    "same-officer-code": gettext_noop("Whoever tried the code last cannot make the next one. Ask a colleague."),
    "too-many-codes": gettext_noop("Too many codes were made within a day. Try again tomorrow."),
    "told-the-code": gettext_noop("Whoever made the code neither pays nor witnesses. Ask a colleague."),
    "payout-standing": gettext_noop("A payout is prepared already. Have it confirmed, or withdraw it."),
    "payout-old": gettext_noop("It was prepared too long ago, or something changed since. Prepare it anew."),
    "already-paid": gettext_noop("This was paid already."),
    "same-officer-payout": gettext_noop("The witness is somebody else than the cashier."),
    "same-officer-hours": gettext_noop("Whoever allowed the exception does not pay. Ask a colleague."),
    "mission-shut": gettext_noop(
        "The mission is closed now. A duty chief or an officer of the mission can allow an exception, with a reason."
    ),
    "not-paid": gettext_noop("There is a voucher only once the money is paid."),
    "not-disputed": gettext_noop("It is not disputed."),
    "had-a-part-payout": gettext_noop("Whoever paid or witnessed has no say in its dispute."),
    "payout.cash": gettext_noop("Say where the cash is: in the till, or not. The books put it into the till."),
    "same-officer-dispute": gettext_noop("Whoever raised the dispute does not end it. Ask a colleague."),
    "voucher-key": gettext_noop("The key of vouchers cannot be opened. Tell the administrator."),
    "payout.reason": gettext_noop("Say why in 1 to 300 characters."),
    "payout.event": gettext_noop("Choose what is to be done."),
    "payout.way": gettext_noop("Choose text or voice."),
    "payout.proof": gettext_noop("Say how they proved who they are."),
    "notes-differ": gettext_noop("The notes do not add up to the amount."),
    "other-name": gettext_noop("This is not the payee's name. Do not pay, and ask the centre."),
    "payout.code": gettext_noop("Write the eight digits of the code."),
    "payout.number": gettext_noop("Write the number of the remittance, such as R-2026-000001."),
    "payout.document_kind": gettext_noop("Choose one of the documents."),
    "payout.document_number": gettext_noop("Write the number of the document, 5 to 40 characters."),
    "payout.document_name": gettext_noop(
        "Write the name as in the document. If it is not the payee's, do not pay, and ask the centre."
    ),
    "payout.notes": gettext_noop("Count the notes: together they make exactly the amount."),
}
TRAIL = {
    "remittance.release": gettext_noop("Remittance released for payout"),
    "remittance.pay": gettext_noop("Remittance paid out"),
    "remittance.dispute": gettext_noop("Payout disputed"),
    "remittance.uphold": gettext_noop("Disputed payout upheld"),
    "remittance.uphold_settled": gettext_noop("Disputed payout upheld"),
    "remittance.refund": gettext_noop("Refund ordered"),
    "pickup_code.made": gettext_noop("Pickup code made"),
    "pickup_code.wrong": gettext_noop("Wrong pickup code tried"),
    "voucher.issued": gettext_noop("Voucher issued"),
    "payout.prepared": gettext_noop("Payout prepared"),
    "payout.withdrawn": gettext_noop("Payout withdrawn"),
    "payout.hours_excepted": gettext_noop("Payout outside opening hours allowed"),
}
