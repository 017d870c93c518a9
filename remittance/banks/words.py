"""What bank accounts' states, acts and refusals are called."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from remittance.banks import states

STATES = {
    states.WAITING: gettext_noop("waits for the second officer"),
    states.OPEN: gettext_noop("open"),
    states.CLOSED: gettext_noop("account closed"),
}
STATE_KINDS = {states.WAITING: "waiting", states.OPEN: "done", states.CLOSED: "ended"}
ACTIONS = {
    "bank_account.enter": gettext_noop("Bank account entered"),
    "bank_account.agree": gettext_noop("Bank account agreed to"),
    "bank_account.choose": gettext_noop("Bank account chosen for new quotes"),
    "bank_account.close": gettext_noop("Bank account closed"),
}
EXPLANATIONS = {
    "bank-code-taken": gettext_noop("%(code)s stands for another account already. Choose another short name."),
    "too-many-banks": gettext_noop("There are as many accounts as can be kept."),
    "no-bank-account": gettext_noop(
        "No bank account is chosen for deposits in %(currency)s. Ask a finance officer to choose one."
    ),
    "bank.code": gettext_noop("Use up to 40 small letters, digits and hyphens."),
    "bank.bank_en": gettext_noop("Write 1 to 80 characters."),
    "bank.bank_ko": gettext_noop("Write 1 to 80 characters."),
    "bank.holder": gettext_noop("Write 1 to 80 characters."),
    "bank.number": gettext_noop("Write up to 40 digits, capitals and hyphens, as the bank does."),
    "bank.opened": gettext_noop("Give what it holds, nothing or more."),
}
