"""Checks the lock files: complete, in step with what they were made from, hashed, and free of addresses."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHON_LOCKS = ("requirements", "requirements-dev", "requirements-node")
NPM_PROJECTS = (".", "scripts/browser")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


def main() -> int:
    """Print each fault on a line; 1 when there is one."""
    faults = [fault for name in PYTHON_LOCKS for fault in python_faults(ROOT, name)]
    faults += [fault for project in NPM_PROJECTS for fault in npm_faults(ROOT / project)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def python_faults(root: Path, name: str) -> list[str]:
    """What is wrong with `NAME.lock` as an answer to `NAME.in`."""
    lock_name = f"{name}.lock"
    text = (root / lock_name).read_text()
    faults = _address_faults(lock_name, text)
    blocks = _blocks(text)
    faults += [f"{lock_name}: {pin} has no hash" for pin, block in blocks.items() if "--hash=sha256:" not in block]
    pins = {canonicalize_name(match[1]): match[2] for match in _PIN.finditer(text)}
    wanted = _wanted(root / f"{name}.in")
    for requirement in wanted:
        pinned = pins.get(canonicalize_name(requirement.name))
        if pinned is None:
            faults.append(f"{lock_name}: {requirement.name} is missing; run `make lock`")
        elif not requirement.specifier.contains(pinned, prereleases=True):
            faults.append(f"{lock_name}: {requirement.name} {pinned} does not satisfy {requirement}; run `make lock`")
    asked_for = {canonicalize_name(requirement.name) for requirement in wanted}
    for pin, block in blocks.items():
        if f"-r {name}.in" in block and canonicalize_name(pin) not in asked_for:
            faults.append(f"{lock_name}: {pin} is no longer in {name}.in; run `make lock`")
    return faults


def npm_faults(project: Path) -> list[str]:
    """What is wrong with a package-lock.json as an answer to its package.json."""
    label = f"{project.name}/package-lock.json"
    text = (project / "package-lock.json").read_text()
    manifest = json.loads((project / "package.json").read_text())
    lock = json.loads(text)
    # The funding and repository addresses are the packages' own; where a package came from may not be there.
    faults = [f"{label}: {path} carries an address" for path, entry in lock["packages"].items() if "resolved" in entry]
    faults += [
        f"{label}: {path} has no hash" for path, entry in lock["packages"].items() if path and "integrity" not in entry
    ]
    top = lock["packages"][""]
    for kind in ("dependencies", "devDependencies"):
        if manifest.get(kind, {}) != top.get(kind, {}):
            faults.append(f"{label}: {kind} differ from package.json; run `make lock`")
    return faults


def _blocks(text: str) -> dict[str, str]:
    """Each pin's name with its lines."""
    starts = list(_PIN.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return {match[1]: text[match.start() : end] for match, end in zip(starts, ends, strict=True)}


def _wanted(path: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def _address_faults(label: str, text: str) -> list[str]:
    return [
        f"{label}: line {number} carries an address"
        for number, line in enumerate(text.splitlines(), 1)
        if "://" in line
    ]


if __name__ == "__main__":
    sys.exit(main())
