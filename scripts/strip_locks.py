"""Takes the donation links out of npm's lock files: a lock names packages, versions and hashes, and no address at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def strip(lock: Path) -> bool:
    """Remove every `funding` entry from one lock file; whether there was one."""
    content = json.loads(lock.read_text(encoding="utf-8"))
    removed = [package.pop("funding") for package in content["packages"].values() if "funding" in package]
    if removed:
        lock.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return bool(removed)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        strip(Path(name))
