"""Directories for real servers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A directory of this test's own, directly under the system's one for temporary files.

    pytest's own directory is shared by all runs of a user, and each run resets its mode: that would shut out the
    user that PostgreSQL runs as when the tests are run by root.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-test-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    return free_port()
