"""Skills with levels and languages as tags: what a caller needs is contained in what an agent has, or it is not; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_LEVEL = 5
MAX_SKILLS = 30
MAX_LANGUAGES = 12
SENIOR = "senior"
"""The skill of a senior agent, whom distressed callers go to."""
SKILL = re.compile(r"[a-z][a-z0-9_]{1,29}")
LANGUAGE = re.compile(r"[a-z]{2,3}")


def tags_had(skills: dict[str, int], languages: Sequence[str]) -> list[str]:
    """Return the tags of an agent: every language, and every level of a skill up to theirs."""
    had = [f"{skill}:{level}" for skill, top in sorted(skills.items()) for level in range(1, top + 1)]
    return [f"lang:{language}" for language in languages] + had
