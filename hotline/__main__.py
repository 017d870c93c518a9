"""The `hotline` command.

Reading the whole service takes seconds. Starting a machine and examining it read only what they need, so that they say at
once what is wrong, also when the rest cannot be read; every other command is of the whole house.
"""

from __future__ import annotations

import importlib
import sys

import click

from hotline.platform.cli import doctor, up
from hotline.platform.forked import FRONT_DOOR

EARLY: dict[str, click.Command] = {"doctor": doctor, "up": up}


def main() -> None:
    """Run the command that the arguments of this process name; ends the process with its status."""
    early = EARLY.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if early is None:
        importlib.import_module(FRONT_DOOR).main(prog_name="hotline")
    else:
        early.main(sys.argv[2:], prog_name=f"hotline {sys.argv[1]}", help_option_names=["-h", "--help"])


if __name__ == "__main__":
    main()
