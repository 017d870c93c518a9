# The two commands that matter: `make up` and `make test`. Everything is made inside the checkout.
#   PORT=8000     port of the console           DATA=.data    where the servers and demo data live
#   PYTHON=...    the Python to build with      ARGS=...      passed on to pytest, the benchmarks or `hotline up`

PORT ?= 8000
DATA ?= .data
PYTHON ?=
ARGS ?=
export PYTHON
# Where nothing may be compiled every process reads all its sources anew: twice the time of a start, and half of that of the tests.
unexport PYTHONDONTWRITEBYTECODE

BIN = .venv/bin
SETUP = @scripts/setup.sh

.PHONY: help setup setup-dev up test nightly check format bench lock clean
.NOTPARALLEL:

help:
	@sed -n 's/^#   //p; s/^\([a-z-]*\):.*## /make \1	/p' Makefile

setup: ## make the environment from the lock files
	$(SETUP)

setup-dev: ## the same, with what tests and checks need
	$(SETUP) --dev

up: setup ## start everything with demo data; Ctrl-C stops it
	@exec $(BIN)/hotline up --demo --with-parent --port '$(PORT)' --data '$(DATA)' $(ARGS)

test: setup-dev ## every test but the nightly ones
	@scripts/run_tests.sh -m 'not nightly' $(ARGS)

nightly: setup-dev ## the long runs as well
	@HOTLINE_NIGHTLY=1 scripts/run_tests.sh $(ARGS)

check: setup-dev ## format, lint, types, import rules, lock files, translations, sizes
	@scripts/run_checks.sh

format: setup-dev ## write the code in the project's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup-dev ## every benchmark
	@$(BIN)/python -m benchmarks all $(ARGS)

lock: setup-dev ## write the lock files anew from requirements*.in and package.json
	@scripts/write_locks.sh

clean: ## remove what was made, except running services' data
	rm -rf .venv .cache node_modules hotline/console/static/vendor *.egg-info build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name '*.mo' -not -path './.git/*' -delete
