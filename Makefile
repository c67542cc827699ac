# The two commands are `make run` and `make test`; both set everything up by themselves.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
.DEFAULT_GOAL := help
# Where it is set (in many containers), every process would compile every package again, and pytest every test.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help run setup setup-dev test fuzz check bench simulate css lock servers servers-down clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

run: setup  ## the whole platform on this machine: PORT=8000, BLINKIT_DATA_DIR=.data, LOAD_DEMO=1
	@$(PY) -m blinkit.run

setup:  ## the virtual environment with the pinned packages
	@$(PYTHON) deploy/setup.py requirements.txt

setup-dev:  ## the same with what tests and checks need
	@$(PYTHON) deploy/setup.py requirements-dev.txt

test: setup-dev  ## the whole suite, on real PostgreSQL and Redis, on all cores
	$(VENV)/bin/pytest -n auto --dist loadgroup -q $(ARGS)

fuzz: setup-dev  ## the REST API against its OpenAPI document, deeper than the suite: FUZZ_EXAMPLES=60 FUZZ_SEED=2
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-60} $(VENV)/bin/pytest -q --show-capture=no tests/test_schemathesis.py $(ARGS)

check: setup-dev  ## style, types, imports, templates, migrations, deployment settings
	@sh deploy/check.sh

bench: setup-dev  ## speed and cost of the main operations and of dispatch; writes bench-results.json
	@$(PY) -m blinkit.bench $(ARGS)

simulate: setup-dev  ## customers, pickers and riders through the public doors
	$(PY) manage.py simulate $(ARGS)

css:  ## rebuild the committed style sheet (the only thing that needs Node)
	npm ci --silent && npm run --silent css

lock: setup-dev  ## resolve pyproject.toml into the two lock files
	sh deploy/lock.sh

servers: setup  ## start the embedded servers and leave them up
	@$(PY) -m blinkit.embedded up

servers-down:  ## stop them
	@$(PY) -m blinkit.embedded down

clean:  ## remove the virtual environment and all local data
	@if [ -x $(PY) ]; then $(PY) -m blinkit.embedded down >/dev/null; $(PY) -m blinkit.embedded down --profile test >/dev/null; fi
	rm -rf $(VENV) .data
