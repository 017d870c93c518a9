"""`python -m benchmarks NAME [--json]`: run one benchmark, or all of them one after the other.

A benchmark is a module of this package with `run(args) -> dict` and, where it has options, `add_arguments(parser)`; a
`show(result)` prints its table. With `--json` the last line, after the table, is the result as one JSON object.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
from types import ModuleType
from typing import Any

NAMES = (
    "audience", "dispatch", "drawing", "drill", "follow", "forwarding", "ledger", "pacing",
    "receipts", "roaming", "routing", "voice", "memory",
)  # fmt: skip


def main(words: list[str]) -> int:
    """Run what the words of the command line ask for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    choices = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    # Only what is asked for is imported, so that one benchmark never fails for want of another's parts.
    asked = [name for name in NAMES if name in words[:1]] or NAMES
    modules = {name: module for name in asked if (module := _module(name)) is not None}
    for name, module in modules.items():
        _add(choices, name, module)
    _add(choices, "all", None)
    args = parser.parse_args(words)
    if args.name == "all":
        results: dict[str, Any] = {name: _run_alone(parser, name, args.json) for name in modules}
    else:
        results = _run(modules[args.name], args)
    if args.json:
        print(json.dumps(results, ensure_ascii=False))
    return 0


def _module(name: str) -> ModuleType | None:
    if importlib.util.find_spec(f"benchmarks.{name}") is None:
        return None
    return importlib.import_module(f"benchmarks.{name}")


def _add(choices: Any, name: str, module: ModuleType | None) -> None:
    about = (module.__doc__ or "").splitlines()[0] if module is not None else "every benchmark with its usual options"
    parser = choices.add_parser(name, help=about, description=about)
    parser.add_argument(
        "--json", action="store_true", help="print the result as one JSON object in the last line, after the table"
    )
    if module is not None and hasattr(module, "add_arguments"):
        module.add_arguments(parser)


def _run_alone(parser: argparse.ArgumentParser, name: str, as_json: bool) -> dict[str, Any]:
    args = parser.parse_args([name, *(["--json"] if as_json else [])])
    return _run(importlib.import_module(f"benchmarks.{name}"), args)


def _run(module: ModuleType, args: argparse.Namespace) -> dict[str, Any]:
    result: dict[str, Any] = module.run(args)
    if hasattr(module, "show"):
        module.show(result)
    elif not args.json:
        print(json.dumps(result, ensure_ascii=False, indent=2))
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
