"""What the auth room brings: sign-in, profile and officer pages, and the commands for the first officer."""

from __future__ import annotations

import hotline.auth.officer_pages
import hotline.auth.profile_pages  # noqa: F401  # both hang their routes on the room's one blueprint when imported
from hotline.auth import cli
from hotline.auth.console import blueprint
from hotline.core import menu_groups as groups
from hotline.core.i18n import gettext_noop
from hotline.core.registry import MenuEntry, Registry

EXPLANATIONS = {
    "wrong-password": gettext_noop("The name or the password is not right."),
    "wrong-code": gettext_noop("The code is not right; it changes every 30 seconds."),
    "second-factor-needed": gettext_noop("Type the six digits your authenticator shows now."),
    "pending-expired": gettext_noop("The password was typed too long ago. Sign in again."),
    "too-many-requests": gettext_noop("Too many failed sign-ins. Wait a quarter of an hour or ask the administrator."),
    "own-roles": gettext_noop("Nobody changes their own roles; ask another administrator."),
    "own-account": gettext_noop("Nobody closes their own account; ask another administrator."),
    "own-password": gettext_noop("Change your own password on your profile page."),
    "name-taken": gettext_noop("There is already an officer with this sign-in name."),
    "too-many-tokens": gettext_noop("You have as many tokens as are allowed; revoke one first."),
    "same": gettext_noop("Choose a password that differs from the current one."),
    "officer.name": gettext_noop("Use 3 to 60 small letters, digits, dots, hyphens or underscores."),
    "officer.display_name": gettext_noop("Give the officer's name in 1 to 120 characters."),
    "officer.roles": gettext_noop("Choose at least one role."),
    "officer.language": gettext_noop("Choose one of the languages."),
    "officer.zone": gettext_noop("Choose a zone from the list, such as Asia/Seoul."),
    "officer.password": gettext_noop("Use 12 to 200 characters; a few words do well."),
    "officer.repeat": gettext_noop("Type the new password twice in the same way."),
    "officer.current": gettext_noop("This is not your current password."),
    "officer.code": gettext_noop("Type the six digits your authenticator shows now."),
    "officer.label": gettext_noop("Say in 1 to 80 characters what the token is for."),
}


def register(registry: Registry) -> None:
    """Add the room's routes, menu entries, texts and commands."""
    registry.blueprints.append(blueprint)
    registry.menu.append(
        MenuEntry(
            "auth.list_officers",
            gettext_noop("Officers"),
            "officers.read",
            90,
            key="o",
            group=groups.ADMINISTRATION,
        )
    )
    registry.explanations |= EXPLANATIONS
    registry.commands += [cli.officer, cli.token]
