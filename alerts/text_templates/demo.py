"""Three templates to begin with, for likely emergencies."""

from __future__ import annotations

import json
from pathlib import Path

from alerts.text_templates import reading, stages
from alerts.text_templates.stages import TemplateFields
from hotline.core.actor import Actor
from hotline.core.services import Services

FILE = Path(__file__).resolve().parents[1] / "data" / "practice-templates.json"


def add_practice_templates(services: Services, actor: Actor) -> None:
    """Write the practice templates that nobody has written, changed or retired yet."""
    with services.db.transaction() as session:
        known = {each.template.name for each in reading.list_templates(session, retired=True)}
        for given in json.loads(FILE.read_text(encoding="utf-8")):
            if given["name"] not in known:
                stages.create(session, services.clock, actor, TemplateFields(**given))
