"""A visitor for this room's pages."""

from tests.auth.conftest import other_visitor, visitor  # noqa: F401 - fixtures by their names
