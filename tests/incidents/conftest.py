"""Visitors of the pages, and a kind of step for tests."""

from __future__ import annotations

from tests.auth.conftest import other_visitor, visitor  # noqa: F401  # fixtures are taken by their names
from tests.incidents.steps_for_tests import board, flags  # noqa: F401  # as above
