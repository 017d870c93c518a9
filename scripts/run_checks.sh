#!/bin/sh
# Every check that needs no running service. All are run, so that one run shows all faults.
set -u
cd "$(dirname "$0")/.."
failed=""

check() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok      $name"
    else
        echo "FAILED  $name"
        echo "$output" | sed 's/^/        /'
        failed="$failed $name"
    fi
}

check format .venv/bin/ruff format --check .
check lint .venv/bin/ruff check .
check types .venv/bin/mypy --strict
check imports .venv/bin/lint-imports
check packages .venv/bin/python -m pip check
check locks .venv/bin/python scripts/check_locks.py
check translations .venv/bin/python scripts/check_translations.py
check sizes .venv/bin/python scripts/check_sizes.py
if [ -n "$failed" ]; then
    echo "check: failed:$failed" >&2
    exit 1
fi
