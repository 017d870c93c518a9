#!/bin/sh
# Runs the tests with a browser when one can be had; arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
# find_browser.py installs one where it may, and prints `path` or nothing; its reasons go to the error stream.
if HOTLINE_TEST_BROWSER=$(.venv/bin/python scripts/find_browser.py --install 2>.cache/browser.log); then
    export HOTLINE_TEST_BROWSER
else
    HOTLINE_TEST_BROWSER_WHY_NOT=$(tail -n 1 .cache/browser.log)
    export HOTLINE_TEST_BROWSER_WHY_NOT
    unset HOTLINE_TEST_BROWSER
fi
# Three processes, each with servers of its own: tests wait for servers and browsers half of their time, so that two would leave two
# cores idle. A file stays in one of them, because its tests may share a running service.
# The order is our own (the long files first), not the one by the number of a file's tests.
exec .venv/bin/python -m pytest -n "${TEST_PROCESSES:-3}" --dist loadfile --no-loadscope-reorder "$@"
