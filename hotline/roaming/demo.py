"""Three carriers to practise with, one of each style; the practice carrier gets the key of the first."""

from __future__ import annotations

import json

from sqlalchemy import select

from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.platform.data_dir import write_private
from hotline.roaming import carriers
from hotline.roaming.models import Carrier

CARRIERS = {"practice": ("Practice carrier", "plmn"), "demo2": ("Carrier 2", "pair"), "demo3": ("Carrier 3", "nested")}
PRACTICE = "practice"


def add_practice_carriers(services: Services, actor: Actor) -> None:
    """Add the carriers that are missing, and a key for the practice carrier unless its file is there."""
    file = services.settings.data_dir / "sandbox" / "roaming.json"
    with services.db.transaction() as session:
        known = set(session.scalars(select(Carrier.code)))
        for code, (name, style) in CARRIERS.items():
            if code not in known:
                carriers.add(session, services.clock, actor, code=code, name=name, style=style)
        if file.exists() and PRACTICE in known:
            return
        service_key = services.settings.secret_key.get_secret_value()
        key = carriers.add_key(session, services.clock, actor, service_key, carriers.by_code(session, PRACTICE))
        url = f"{services.settings.public_url}/webhooks/roaming/{PRACTICE}"
        file.parent.mkdir(parents=True, exist_ok=True)
        # Written before the commit: a key that is in the database and in no file could never be used again.
        write_private(file, json.dumps({"url": url, "key_id": key.key_id, "secret": key.secret}))
