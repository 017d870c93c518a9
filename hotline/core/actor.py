"""Who does something: every change in the house carries an actor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Actor:
    """An officer, an API token's owner, a webhook or the system itself.

    `kind` is `officer`, `webhook`, `system` or `person`; `id` is the row id where there is one.
    """

    kind: str
    id: int | None
    name: str
    permissions: frozenset[str] = field(default_factory=frozenset)
    roles: frozenset[str] = field(default_factory=frozenset)
    via: str = "console"

    def may(self, permission: str) -> bool:
        """Say whether this actor holds the permission."""
        return permission in self.permissions

    def trusted_with(self, *permissions: str) -> Actor:
        """Return the same actor with further permissions: for what two people agreed to beforehand, and only for that."""
        return replace(self, permissions=self.permissions | set(permissions))


SYSTEM = Actor(kind="system", id=None, name="system", via="system")
