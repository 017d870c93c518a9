"""What every command of `hotline` that touches the database begins with: services of its own, and who acts."""

from __future__ import annotations

from hotline.core.actor import Actor
from hotline.core.services import Services, make_services
from hotline.platform import preflight

CLI = Actor(kind="system", id=None, name="command line", via="cli")


def command_services() -> Services:
    """Return services for one command; raises what `preflight` raises when settings or migrations are not in order."""
    settings = preflight.read_settings()
    preflight.check_migrations(settings.database_url)
    return make_services(settings, pool_size=1)
