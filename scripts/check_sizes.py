"""Checks that no code file is longer than 400 lines and no function longer than 70."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
CODE = ("hotline", "alerts", "remittance", "overflow", "benchmarks", "scripts", "tests")


def main() -> int:
    """Print each fault on a line; 1 when there is one."""
    faults = [fault for path in code_files(ROOT) for fault in size_faults(path, path.relative_to(ROOT))]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def code_files(root: Path) -> Iterator[Path]:
    """Every Python file that we write."""
    yield from sorted(root.glob("*.py"))
    for package in CODE:
        yield from sorted(path for path in (root / package).rglob("*.py") if "node_modules" not in path.parts)


def size_faults(path: Path, label: Path) -> list[str]:
    """What is too long in one file. A migration's length is the schema's, so it is exempt."""
    if "migrations" in path.parts:
        return []
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    faults = [f"{label}: {lines} lines, more than {MAX_FILE_LINES}"] if lines > MAX_FILE_LINES else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                faults.append(f"{label}:{node.lineno}: {node.name} has {length} lines, more than {MAX_FUNCTION_LINES}")
    return faults


if __name__ == "__main__":
    sys.exit(main())
