# Parley. `make run` and `make test` need Python 3.11 or newer and nothing else.

.DEFAULT_GOAL := help
SHELL := /bin/sh
# Interrupts and children must not meet a half-finished recipe of another target.
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
# Named after the lock's content: a changed lock is installed, an unchanged one costs nothing.
RUN_STAMP := $(VENV)/installed-$(shell cksum < requirements.txt | tr ' ' -)
DEV_STAMP := $(VENV)/installed-dev-$(shell cat requirements.txt requirements-dev.txt | cksum | tr ' ' -)
PIP := $(PYTHON) -m pip --disable-pip-version-check --quiet install --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--python-version 3.11 --fork-strategy fewest --custom-compile-command "make lock"

.PHONY: help run test lint pytest bench words lock clean

help:  ## Say what there is
	@echo "make run     start Parley with its demo on http://127.0.0.1:8000/ (or PORT)"
	@echo "make test    format, lint, types, arrows and all tests that this machine can run"
	@echo "make lint    the same without the tests"
	@echo "make bench   measure (needs PostgreSQL, see docs/performance.md)"
	@echo "make words   gather what agents read into routing/locale, and compile it"
	@echo "make lock    choose new versions of the dependencies"
	@echo "make clean   remove the virtual environment and caches; DATA_DIR stays"

run: $(RUN_STAMP)
	@DEMO=1 exec $(PYTHON) manage.py run

test: lint pytest

lint: $(DEV_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Most tests wait more than they compute. Those that start a whole Parley have a turn of their own.
ALONE := tests/stories tests/browser
pytest: $(DEV_STAMP)
	$(PYTHON) -m pytest -n 3 --dist loadfile --ignore=tests/stories --ignore=tests/browser
	$(PYTHON) -m pytest -n 2 --dist loadfile $(ALONE)

bench: $(DEV_STAMP)
	$(PYTHON) -m bench

words: $(DEV_STAMP)
	$(PYTHON) -m tests.catalogues

lock: $(DEV_STAMP)
	$(LOCK) --upgrade --extra production --output-file requirements.txt pyproject.toml
	$(LOCK) --upgrade --group dev --constraint requirements.txt --output-file requirements-dev.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PYTHON):
	@for python in python3 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making a virtual environment with $$($$python --version)."; \
			$$python -m venv --clear $(VENV) && exit 0; rm -rf $(VENV); exit 1; \
		fi; \
	done; \
	echo "Parley needs Python 3.11 or newer, and found none." >&2; exit 1

$(RUN_STAMP): | $(PYTHON)
	@echo "Installing what Parley needs (the first time takes a minute) ..."
	@$(PIP) -r requirements.txt
	@rm -f $(VENV)/installed-* && touch $@

$(DEV_STAMP): | $(PYTHON)
	@echo "Installing what Parley and its tests need (the first time takes a minute) ..."
	@$(PIP) -r requirements.txt -r requirements-dev.txt
	@rm -f $(VENV)/installed-* && touch $@ $(RUN_STAMP)
