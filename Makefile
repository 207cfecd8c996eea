# Counterfoil: everything a person or a build machine runs. Needs python3 (3.11 or newer) with venv, and make.

PYTHON ?= python3
JOBS ?= 2
PYTEST_ARGS ?=

BIN := .venv/bin
STAMP := .venv/.installed
PYTEST := $(BIN)/python -m pytest
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --progress-bar off

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test check formatted linted typed contracts tidy bench faults fuzz format clean

help: ## this list
	@printf 'Counterfoil, the back office of a chain of stores\n\n'
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | while IFS=@ read -r name text; do printf '%-14s %s\n' "$$name" "$$text"; done

setup: $(STAMP) ## make .venv and install what constraints.txt pins

$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'Counterfoil needs Python 3.11 or newer; "$(PYTHON)" is' "$$($(PYTHON) --version 2>&1 || true)." >&2; \
		echo 'Name another one: make setup PYTHON=python3.12' >&2; exit 1; }
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'Making .venv'; $(PYTHON) -m venv --clear .venv || { \
		rm -rf .venv; echo 'Python has no venv module; on Debian: apt install python3-venv' >&2; exit 1; }; }
	@echo "Installing $$(grep -c '==' constraints.txt) packages from constraints.txt"
	@$(PIP) --require-hashes -r constraints.txt \
		| sed -un -e 's/^Collecting \([^ ]*\).*/  fetch \1/p' -e 's/^Installing collected packages.*/  unpack them all/p'
	@$(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)
	@echo 'Ready'

demo: setup ## load a real chain-year and show what it adds up to
	@$(BIN)/counterfoil demo

test: setup ## all tests (JOBS=2 at a time; more options in PYTEST_ARGS)
	@$(PYTEST) --numprocesses $(JOBS) --dist loadfile $(PYTEST_ARGS)

check: setup ## format, lint, types, import contracts, tidiness: all of them, even when one fails
	@$(MAKE) --no-print-directory --keep-going formatted linted typed contracts tidy

formatted:
	@echo 'format'
	@$(BIN)/ruff format --check --quiet .

linted:
	@echo 'lint'
	@$(BIN)/ruff check --quiet .

typed:
	@echo 'types'
	@$(BIN)/python -m mypy

contracts:
	@echo 'import contracts'
	@$(BIN)/lint-imports --no-logo

tidy:
	@echo 'tidiness'
	@$(PYTEST) --quiet tests/house/test_tidy.py tests/house/test_pure_domain.py

bench: setup ## measure against limits (ONLY=name for one), to build/bench.json
	@$(BIN)/python -m tests.benchmarks $(if $(ONLY),--only $(ONLY))

faults: setup ## kill a load at random moments (FAULTS=how many, SEED=which)
	@$(BIN)/python -m tests.faults $(if $(FAULTS),--faults $(FAULTS)) $(if $(SEED),--seed $(SEED))

fuzz: setup ## requests nobody would think of, at every door (REQUESTS=how many, SEED=which)
	@$(BIN)/python -m tests.fuzz $(if $(REQUESTS),--requests $(REQUESTS)) $(if $(SEED),--seed $(SEED))

format: setup ## put the code in order
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

clean: ## remove .venv, build/ and caches; loaded data stays
	@rm -rf .venv build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find api domain projections services tests -type d -name __pycache__ -prune -exec rm -rf {} +
