"""What an error means, in the reader's language: stages raise errors with codes in English; pages translate by code."""

from __future__ import annotations

from flask import current_app
from flask_babel import get_locale

from hotline.core.errors import HotlineError, InvalidInput, NotFound, SeveralFaults
from hotline.core.i18n import DEFAULT_LANGUAGE, gettext
from hotline.core.registry import Registry

KINDS = {
    "difference": "till_difference", "count": "till_count", "move": "till_move", "entry": "bank_entry", "month": "ledger_month",
    "finding": "screening_finding", "rate": "exchange_rate", "call-out": "callout", "waiting call": "call", "leg": "call",
}  # fmt: skip
"""The subject under whose name a kind is known, where it is called otherwise."""


def explain(error: HotlineError, about: str = "") -> str:
    """Return the error's text in the reader's language, or its English message where no room has registered one.

    Rooms register texts in `Registry.explanations` under the error's code, and for InvalidInput under `ABOUT.FIELD`,
    where `about` says what the field belongs to (`officer.name`); a code of the error's own goes before its field.
    `%(name)s` in a text is filled from the error's params; of a tuple of words each is said by the text under `CODE.WORD`.
    """
    registry: Registry = current_app.extensions["registry"]
    params = {
        name: ", ".join(gettext(registry.explanations[f"{error.code}.{word}"]) for word in value)
        if isinstance(value, tuple)
        else value
        for name, value in error.params.items()
    }
    keys = [error.code]
    if isinstance(error, InvalidInput):
        params |= {"field": error.field, "value": error.shown_value, "mend": error.mend}
        own_code = error.code != error.slug
        keys.insert(1 if own_code else 0, f"{about}.{error.field}")
    elif isinstance(error, NotFound):
        params |= {"kind": kind_word(error.kind), "key": error.key}
    for key in keys:
        if key in registry.explanations:
            return str(gettext(registry.explanations[key], **params))
    return error.mend if isinstance(error, InvalidInput) else error.message


def kind_word(kind: str) -> str:
    """Return what kind of thing is not there, in the reader's language: never an English word in another language's sentence.

    Kinds are words of errors (`bank account`); the trail's subjects have their names (`bank_account`). Of a kind without one it
    is only said that it is an entry.
    """
    if str(get_locale()) == DEFAULT_LANGUAGE:
        return kind
    registry: Registry = current_app.extensions["registry"]
    known = registry.subjects.get(KINDS.get(kind) or kind.replace("-", "").replace(" ", "_"))
    return str(gettext(known.label) if known is not None else gettext("entry"))


def explain_fields(error: InvalidInput | SeveralFaults, about: str) -> dict[str, str]:
    """Return the text for each faulty field, for a form to show beside it."""
    if isinstance(error, InvalidInput):
        return {error.field: explain(error, about)}
    registry: Registry = current_app.extensions["registry"]
    texts = {}
    for fault in error.faults:
        field, mend = str(fault.get("field", "page")), str(fault.get("mend") or fault.get("message") or error.message)
        known = registry.explanations.get(f"{about}.{field}")
        texts[field] = gettext(known) if known else mend
    return texts
