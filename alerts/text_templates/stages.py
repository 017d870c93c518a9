"""What can be done with a template: write, revise, restore an older version, retire, bring back; each on the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.cap.values import CATEGORIES
from alerts.draft_fields import MAX_LANGUAGES, MAX_TEXT_CHARS
from alerts.states import WRITE
from alerts.text_templates.checks import check_bodies
from alerts.text_templates.models import TextTemplate, TextTemplateVersion
from alerts.variants import ALERT, VARIANTS, Texts, key_of
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused, SeveralFaults

MAX_TEMPLATES = 500
MAX_VERSIONS = 500
"""Bounds of what one page and one list have to carry; whoever needs more has lost sight of them."""


class TemplateFields(BaseModel):
    """What an officer writes. `texts` is `{variant: {language: text with placeholders}}`; a blank text is left out."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=120)
    category: str = Field("", max_length=16)
    words: str = Field("", max_length=200)
    texts: dict[str, dict[str, str]]
    note: str = Field("", max_length=300)
    """What changed and why, for colleagues."""


@dataclass(frozen=True)
class Loaded:
    """A template with its version in force."""

    template: TextTemplate
    version: TextTemplateVersion


def create(session: Session, clock: Clock, actor: Actor, fields: TemplateFields) -> Loaded:
    """Write a new template as its version 1.

    Raises Forbidden, SeveralFaults naming every text that cannot be used, InvalidInput, Refused when the name is taken or
    there are too many.
    """
    author_id = _writer(actor)
    bodies = _checked(fields)
    _require_free_name(session, fields.name)
    kept = session.scalar(select(func.count()).select_from(TextTemplate)) or 0
    if kept >= MAX_TEMPLATES:
        raise Refused(f"There are {kept} templates already; retire or revise one instead.", code="too-many-templates")
    now = clock.now()
    template = TextTemplate(
        name=fields.name, category=fields.category, words=_words(fields.words), current=1, created_at=now, updated_at=now
    )  # fmt: skip
    session.add(template)
    session.flush()
    version = _add_version(session, clock, template, bodies, fields.note, author_id)
    _audit(session, clock, actor, "template.written", template, after=_shown(template) | {"texts": _keys(bodies)})
    return Loaded(template, version)


def revise(session: Session, clock: Clock, actor: Actor, template_id: int, base: int, fields: TemplateFields) -> Loaded:
    """Write the next version; `base` is the number of the version that the change was made on.

    Name, category and words change without a new version when the texts stay as they are. Raises as `create`, NotFound,
    and Conflict when somebody else wrote a version meanwhile.
    """
    author_id = _writer(actor)
    bodies = _checked(fields)
    loaded = load(session, template_id, lock=True)
    template = loaded.template
    if template.current != base:
        raise Conflict(
            f"A colleague wrote version {template.current} meanwhile; you changed version {base}.",
            code="template-conflict",
            params={"current": template.current},
        )
    _require_free_name(session, fields.name, besides=template_id)
    before = _shown(template)
    template.name, template.category, template.words = fields.name, fields.category, _words(fields.words)
    version = loaded.version
    if bodies != version.bodies:
        template.current = _next_number(template)
        version = _add_version(session, clock, template, bodies, fields.note, author_id)
    if _shown(template) == before:
        return loaded
    template.updated_at = clock.now()
    _audit(session, clock, actor, "template.revised", template, before=before, after=_shown(template))
    return Loaded(template, version)


def restore(session: Session, clock: Clock, actor: Actor, template_id: int, number: int) -> Loaded:
    """Put an older version's texts in force again, as a new version, so that the history only ever grows.

    Raises Forbidden, NotFound.
    """
    author_id = _writer(actor)
    loaded = load(session, template_id, lock=True)
    old = _version(session, template_id, number)
    if old.bodies == loaded.version.bodies:
        return loaded
    template, before = loaded.template, _shown(loaded.template)
    template.current, template.updated_at = _next_number(template), clock.now()
    version = _add_version(session, clock, template, old.bodies, "", author_id)
    _audit(
        session, clock, actor, "template.restored", template, before=before, after=_shown(template) | {"from": number}
    )
    return Loaded(template, version)


def retire(session: Session, clock: Clock, actor: Actor, template_id: int) -> Loaded:
    """Offer the template no longer; it stays on record. Doing so twice changes nothing. Raises Forbidden, NotFound."""
    _writer(actor)
    loaded = load(session, template_id, lock=True)
    if loaded.template.retired_at is None:
        loaded.template.retired_at = loaded.template.updated_at = clock.now()
        _audit(session, clock, actor, "template.retired", loaded.template, after=_shown(loaded.template))
    return loaded


def bring_back(session: Session, clock: Clock, actor: Actor, template_id: int) -> Loaded:
    """Offer a retired template again. Raises Forbidden, NotFound, InvalidInput when its name has been taken meanwhile."""
    _writer(actor)
    loaded = load(session, template_id, lock=True)
    if loaded.template.retired_at is not None:
        _require_free_name(session, loaded.template.name, besides=template_id)
        loaded.template.retired_at, loaded.template.updated_at = None, clock.now()
        _audit(session, clock, actor, "template.brought_back", loaded.template, after=_shown(loaded.template))
    return loaded


def load(session: Session, template_id: int, *, lock: bool = False) -> Loaded:
    """Return a template with its version in force; raises NotFound."""
    template = session.get(TextTemplate, template_id, with_for_update=lock)
    if template is None:
        raise NotFound("template", template_id)
    return Loaded(template, _version(session, template_id, template.current))


def _version(session: Session, template_id: int, number: int) -> TextTemplateVersion:
    found = session.scalar(
        select(TextTemplateVersion).where(
            TextTemplateVersion.template_id == template_id, TextTemplateVersion.number == number
        )
    )
    if found is None:
        raise NotFound("version", number)
    return found


def _writer(actor: Actor) -> int:
    if not actor.may(WRITE):
        raise Forbidden(f"Templates are written by those who hold the permission {WRITE}.", code="no-permission")
    if actor.id is None:
        raise Refused("Only a named officer can write a template.", code="nameless")
    return actor.id


def _checked(fields: TemplateFields) -> Texts:
    """Return the texts without the blank ones, when all of them can be used."""
    if fields.category and fields.category not in CATEGORIES:
        raise InvalidInput("category", fields.category, f"use one of {', '.join(CATEGORIES)}, or leave it empty")
    bodies: Texts = {}
    for variant, texts in fields.texts.items():
        if variant not in VARIANTS:
            raise InvalidInput("texts", variant, f"use {', '.join(VARIANTS)}")
        kept = {language: body.replace("\r\n", "\n").strip() for language, body in texts.items() if body.strip()}
        for language, body in kept.items():
            _check_size(variant, language, body)
        if len(kept) > MAX_LANGUAGES:
            raise InvalidInput("texts", f"{len(kept)} languages", f"use at most {MAX_LANGUAGES} languages")
        if kept:
            bodies[variant] = kept
    if not bodies:
        raise InvalidInput("texts", "", "write a text in at least one language", code="no_text")
    faults: list[dict[str, object]] = [
        {"field": f"texts.{text.key}", "value": text.body[:80], "problem": problem.code, "params": dict(problem.params),
         "mend": problem.message}
        for text in check_bodies(bodies) for problem in text.problems if problem.refuse
    ]  # fmt: skip
    if faults:
        raise SeveralFaults(faults, "The texts cannot be used so.")
    return bodies


def _check_size(variant: str, language: str, body: str) -> None:
    if not (2 <= len(language) <= 8 and language.replace("-", "").isalnum()):
        raise InvalidInput("texts", language, "name languages by codes such as ko or en")
    if len(body) > MAX_TEXT_CHARS:
        key = key_of(variant, language, ALERT)
        raise InvalidInput(f"texts.{key}", body, f"a text has at most {MAX_TEXT_CHARS} characters")


def _words(given: str) -> str:
    """Tidy the words by which a template is offered: small letters, each once, in their order."""
    words = (word.strip().casefold() for word in given.split(","))
    return ", ".join(dict.fromkeys(word for word in words if word))


def _require_free_name(session: Session, name: str, *, besides: int | None = None) -> None:
    """Raise InvalidInput when a template in use has this name already; the index behind it decides races.

    Both sides are made small by the database, as in the index: its locale knows only the letters of ASCII, and Python all.
    """
    taken = select(TextTemplate.id).where(
        func.lower(TextTemplate.name) == func.lower(name), TextTemplate.retired_at.is_(None), TextTemplate.id != (besides or 0)
    )  # fmt: skip
    session.execute(select(func.pg_advisory_xact_lock(_NAME_LOCK)))
    if session.scalar(taken) is not None:
        raise InvalidInput("name", name, "choose a name that no other template has", code="template-name-taken")


_NAME_LOCK = 0x48_4F_54_08


def _next_number(template: TextTemplate) -> int:
    if template.current >= MAX_VERSIONS:
        raise Refused("This template has too many versions; write a new one.", code="too-many-versions")
    return template.current + 1


def _add_version(
    session: Session, clock: Clock, template: TextTemplate, bodies: Texts, note: str, author_id: int
) -> TextTemplateVersion:
    version = TextTemplateVersion(
        template_id=template.id, number=template.current, bodies=bodies, note=note, author_id=author_id,
        created_at=clock.now(),
    )  # fmt: skip
    session.add(version)
    session.flush()
    return version


def _shown(template: TextTemplate) -> dict[str, Any]:
    return {
        "name": template.name,
        "category": template.category,
        "words": template.words,
        "version": template.current,
        "retired": template.retired_at is not None,
    }


def _keys(bodies: Texts) -> list[str]:
    return [key_of(variant, language, ALERT) for variant, texts in bodies.items() for language in sorted(texts)]


def _audit(
    session: Session,
    clock: Clock,
    actor: Actor,
    action: str,
    template: TextTemplate,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any],
) -> None:
    audit.record(session, clock, actor, action, "template", template.id, before=before, after=after)
