"""The one kind of error this package raises for things that the person at the terminal can mend."""

from __future__ import annotations

import sys
from typing import IO, Any

import click

EXIT_STATUS = 2


class SetupProblem(click.ClickException):
    """Something outside the program is not as it must be.

    It derives from click's own exception so that every command of the `hotline` group prints it as
    exactly one line, with the mend, and ends with status 2; nobody has to catch it.
    """

    exit_code = EXIT_STATUS

    def __init__(self, what: str, mend: str) -> None:
        self.what = _one_line(what)
        self.mend = _one_line(mend)
        super().__init__(f"{self.what.rstrip('.')}. {self.mend}")

    def __str__(self) -> str:
        return self.message

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the problem on the error stream, as one line."""
        click.echo(f"hotline: {self.message}", file=file if file is not None else sys.stderr)


def _one_line(text: str) -> str:
    return " ".join(text.split())
