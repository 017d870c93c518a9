"""Finding templates: the list, what fits a draft, a template's history, and its texts made ready for one draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts import wording
from alerts.models import Alert
from alerts.text_templates.checks import lagging, language_order
from alerts.text_templates.models import TextTemplate, TextTemplateVersion
from alerts.text_templates.stages import MAX_TEMPLATES, MAX_VERSIONS, Loaded
from alerts.texts import check_text
from alerts.variants import VARIANTS, Texts, flat

DRILL_FAULT = "drill_unmarked"


@dataclass(frozen=True)
class Past:
    """One version as the history shows it: what changed against the one before, by (variant, language)."""

    version: TextTemplateVersion
    changes: list[tuple[str, str, str, str]]
    """(variant, language, text before, text after); an empty text is none."""


def list_templates(session: Session, *, search: str = "", retired: bool = False) -> list[Loaded]:
    """Return templates with their version in force, by name; every word of `search` must occur in name, words or texts."""
    statement = (
        select(TextTemplate, TextTemplateVersion)
        .join(
            TextTemplateVersion,
            (TextTemplateVersion.template_id == TextTemplate.id) & (TextTemplateVersion.number == TextTemplate.current),
        )
        .order_by(TextTemplate.name, TextTemplate.id)
        .limit(MAX_TEMPLATES)
    )
    if not retired:
        statement = statement.where(TextTemplate.retired_at.is_(None))
    found = [Loaded(template, version) for template, version in session.execute(statement).tuples()]
    wanted = search.casefold().split()
    return [each for each in found if all(word in _searched(each) for word in wanted)]


def _searched(loaded: Loaded) -> str:
    bodies: Texts = loaded.version.bodies
    texts = (body for by_language in bodies.values() for body in by_language.values())
    return " ".join((loaded.template.name, loaded.template.words, *texts)).casefold()


def offered_for(session: Session, alert: Alert) -> list[tuple[TextTemplate, bool]]:
    """Return the templates in use, those that fit the alert's event, headline or category first; whether each fits."""
    offered = [(each.template, fits(each.template, alert)) for each in list_templates(session)]
    return sorted(offered, key=lambda pair: (not pair[1], pair[0].name.casefold()))


def fits(template: TextTemplate, alert: Alert) -> bool:
    """Say whether a word of the template occurs in the alert's event or headline, or, without words, its category does."""
    words = [word for word in template.words.split(", ") if word]
    said = f"{alert.event} {alert.headline}".casefold()
    if words:
        return any(word in said for word in words)
    return bool(template.category) and template.category == alert.category


def history(session: Session, template_id: int) -> list[TextTemplateVersion]:
    """Return all versions of a template, oldest first."""
    statement = (
        select(TextTemplateVersion)
        .where(TextTemplateVersion.template_id == template_id)
        .order_by(TextTemplateVersion.number)
        .limit(MAX_VERSIONS)
    )
    return list(session.scalars(statement))


def count_behind(session: Session, template_ids: Sequence[int]) -> dict[int, int]:
    """Return how many texts in force are older than what they translate, by template; those without any are left out."""
    statement = (
        select(TextTemplateVersion)
        .where(TextTemplateVersion.template_id.in_(template_ids))
        .order_by(TextTemplateVersion.template_id, TextTemplateVersion.number)
    )
    by_template = groupby(session.scalars(statement), key=lambda version: version.template_id)
    counted = {template_id: len(behind(list(versions))) for template_id, versions in by_template}
    return {template_id: count for template_id, count in counted.items() if count}


def past(versions: list[TextTemplateVersion]) -> list[Past]:
    """Return the versions newest first, each with what it changed."""
    shown = []
    before: Texts = {}
    for version in versions:
        bodies: Texts = version.bodies
        keys = {
            (variant, language) for source in (before, bodies) for variant in source for language in source[variant]
        }
        changes = [
            (variant, language, old, new)
            for variant, language in sorted(keys, key=lambda key: (VARIANTS.index(key[0]), language_order(key[1])))
            if (old := before.get(variant, {}).get(language, "")) != (new := bodies.get(variant, {}).get(language, ""))
        ]
        shown.append(Past(version, changes))
        before = bodies
    return shown[::-1]


def behind(versions: list[TextTemplateVersion]) -> set[tuple[str, str]]:
    """Return (variant, language) of every text in force that is older than the one it is translated from."""
    return lagging([version.bodies for version in versions])


def texts_for(alert: Alert, loaded: Loaded) -> dict[str, str]:
    """Return a template's texts under single keys, as they go into the draft: a drill's are marked as a drill.

    A draft that ends a warning takes the template's all-clear; every other one the rest.
    """
    bodies: Texts = loaded.version.bodies
    if alert.drill:
        bodies = {
            variant: {language: _marked(body, language) for language, body in texts.items()}
            for variant, texts in bodies.items()
        }
    ends = alert.main_variant == "all_clear"
    kept = {variant: texts for variant, texts in bodies.items() if (variant == "all_clear") == ends}
    return flat(kept, alert.main_variant)


def _marked(body: str, language: str) -> str:
    unmarked = any(problem.code == DRILL_FAULT for problem in check_text(body, language=language, drill=True))
    return wording.FRAMES["ko" if language == "ko" else "en"].drill + body if unmarked else body
