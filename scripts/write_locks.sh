#!/bin/sh
# Writes the lock files from requirements*.in and package.json, with hashes and without any index's address.
set -eu
cd "$(dirname "$0")/.."
compile() {
    .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 "$@"
}
compile requirements.in -o requirements.lock
compile -c requirements.lock requirements-dev.in -o requirements-dev.lock
compile requirements-node.in -o requirements-node.lock
PATH="$PWD/.venv/bin:$PATH" npm install --package-lock-only --ignore-scripts
(cd scripts/browser && PATH="$PWD/../../.venv/bin:$PATH" npm install --package-lock-only --ignore-scripts)
.venv/bin/python scripts/strip_locks.py package-lock.json scripts/browser/package-lock.json
.venv/bin/python scripts/check_locks.py
