#!/bin/sh
# Finds a Python that is new enough and lets it make the environment (scripts/setup_environment.py does the work).
# PYTHON= names the interpreter to use; without it an environment that exists is kept, else the first one that fits is taken.
set -eu
cd "$(dirname "$0")/.."

fits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    if ! fits "$PYTHON"; then
        echo "setup: $PYTHON is not Python 3.11 or newer. Name one that is: make PYTHON=/path/to/python3.12" >&2
        exit 2
    fi
    exec "$PYTHON" scripts/setup_environment.py "$@"
fi

if fits .venv/bin/python; then
    status=0
    .venv/bin/python scripts/setup_environment.py --keep "$@" || status=$?
    # 75 says that the environment must be made anew, which a Python inside it cannot do.
    [ "$status" -eq 75 ] || exit "$status"
fi

for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
    if fits "$candidate"; then
        exec "$candidate" scripts/setup_environment.py "$@"
    fi
done
echo "setup: Python 3.11 or newer was not found ($(python3 --version 2>&1 || true)). Install it, or name it: make PYTHON=/path/to/python3.12" >&2
exit 2
