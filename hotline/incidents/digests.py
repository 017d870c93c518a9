"""What two people agree to, as one SHA-256: the incident and what steps take from it, the plan's version, each step; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def digest_of(
    incident_id: int, facts: Sequence[Any], drill: bool, plan_id: int, version: int,
    steps: Sequence[tuple[str, Mapping[str, Any]]],
) -> str:  # fmt: skip
    """Return the digest in hexadecimal; it does not depend on the order in which the database keeps names.

    `facts` are what the steps take from the incident, such as its countries: another mission's calls are another agreement.
    """
    content = [incident_id, list(facts), drill, plan_id, version, [[kind, dict(params)] for kind, params in steps]]
    written = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(written.encode()).hexdigest()
