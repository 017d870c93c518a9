"""What an agent can, as marks that a database compares by containment; pure.

A skill at level 3 gives the marks `visa:1`, `visa:2` and `visa:3`, so "visa at least at level 2" is one element of an array.
A language gives `lang:ko`, and the agent themselves `agent:12`, for callers who belong to them for a while. Whoever is no
volunteer has the mark `staff`, which hard calls ask for at every step; a volunteer's skills count at level 1 at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hotline.core.errors import InvalidInput

MAX_LEVEL = 5
MAX_SKILLS = 30
MAX_LANGUAGES = 20
SENIOR = "senior"
"""The skill of those who get distressed callers and people who call for the third time."""
_SKILL = re.compile(r"[a-z][a-z0-9_]{0,29}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
STAFF = "staff"
"""The mark of everybody but volunteers."""
FIRST_LEVEL = 1
_RESERVED = ("lang", "agent", STAFF)


def own_mark(agent_id: int) -> str:
    """Return the mark that only this agent has."""
    return f"agent:{agent_id}"


def marks_of(
    agent_id: int, skills: Mapping[str, int], languages: Iterable[str], *, first_level: bool = False
) -> list[str]:
    """Return all marks of an agent, sorted; levels are 1 to MAX_LEVEL.

    `first_level`: a volunteer, who is no senior to callers whatever is kept of them, and whose skills count at level 1.
    """
    found = {own_mark(agent_id)} | {f"lang:{language}" for language in languages}
    for skill, level in skills.items():
        if first_level and skill == SENIOR:
            continue
        found |= {f"{skill}:{step}" for step in range(1, (min(level, FIRST_LEVEL) if first_level else level) + 1)}
    return sorted(found if first_level else found | {STAFF})


def may_take(call_is_drill: bool, *, first_level: bool, drill: bool) -> bool:
    """Say whether an agent may get calls of a kind, of drills or real ones; `drill`: the agent is a made-up person of drills.

    Staff take both kinds, volunteers (`first_level`) their own, and a made-up person never a real one.
    """
    return drill == call_is_drill or not (first_level or drill)


def check_skill(skill: str, field: str = "skills") -> str:
    """Return a skill's name; raises InvalidInput for what cannot be one."""
    if not _SKILL.fullmatch(skill) or skill in _RESERVED:
        raise InvalidInput(field, skill, "use small letters, digits and underscores, at most 30")
    return skill


def check_skills(skills: Mapping[str, int]) -> dict[str, int]:
    """Return skills with levels; raises InvalidInput for an impossible name, level or number of them."""
    if len(skills) > MAX_SKILLS:
        raise InvalidInput("skills", len(skills), f"use at most {MAX_SKILLS} skills")
    for skill, level in skills.items():
        check_skill(skill)
        if not 1 <= level <= MAX_LEVEL:
            raise InvalidInput("skills", f"{skill}:{level}", f"levels are 1 to {MAX_LEVEL}")
    return dict(skills)


def check_language(language: str, field: str = "language") -> str:
    """Return an ISO 639 code; raises InvalidInput."""
    if not _LANGUAGE.fullmatch(language):
        raise InvalidInput(field, language, "use a code of ISO 639 such as ko or en")
    return language


def check_languages(languages: Iterable[str]) -> list[str]:
    """Return ISO 639 codes without repetitions; raises InvalidInput."""
    found = sorted({check_language(language, "languages") for language in languages})
    if len(found) > MAX_LANGUAGES:
        raise InvalidInput("languages", len(found), f"use at most {MAX_LANGUAGES} languages")
    return found
