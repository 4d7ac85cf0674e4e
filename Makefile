# Needs make and Python 3.11 or later. On Windows without make: see README.md.
PYTHONS = python3 python3.14 python3.13 python3.12 python3.11 python
PYTHON = .venv/bin/python
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check
LOCKED = $(PIP_INSTALL) --require-hashes
LOCK = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" $(UPGRADE)
# the driver is only installed where the address asks for it
POSTGRES = $(findstring postgres,$(DATABASE_URL))$(shell grep -sE '^ *(export )? *DATABASE_URL *= *.?postgres' .env)
NPM_PACKAGES = tests/e2e/package.json tests/e2e/package-lock.json
NPM_OPTIONS = --silent --no-audit --no-fund

.PHONY: help setup run test check e2e chaos bench lock
.DELETE_ON_ERROR:

help:
	@echo "make setup   make .venv and install what runs the service"
	@echo "make run     start everything on http://127.0.0.1:5555"
	@echo "make test    run the test suite"
	@echo "make check   lint, format and types"
	@echo "make e2e     whole-service runs that need a browser or several minutes"
	@echo "make chaos   the long runs with kill -9"
	@echo "make bench   how fast it is, into docs/benchmarks.md, in eight minutes"
	@echo "make lock    pin what the requirements need in turn, with hashes; UPGRADE=--upgrade for the newest"

setup: .venv/.installed

run: .venv/.installed $(if $(POSTGRES),.venv/.installed-postgres)
	@exec $(PYTHON) app.py

test: .venv/.installed-dev
	$(PYTHON) -m pytest -n 2 -m "not e2e and not chaos"

check: .venv/.installed-dev
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

e2e: .venv/.installed-dev .venv/.installed-e2e
	$(PYTHON) -m pytest -m e2e

chaos: .venv/.installed-dev
	$(PYTHON) -m pytest -m chaos

bench: .venv/.installed-bench
	$(PYTHON) -m benchmarks

lock: .venv/.installed-dev
	$(LOCK) requirements-setup.txt -o requirements-setup.lock
	$(LOCK) requirements.txt -o requirements.lock
	$(LOCK) requirements-postgres.txt -c requirements.lock -o requirements-postgres.lock
	$(LOCK) requirements-dev.txt -c requirements.lock -o requirements-dev.lock
	$(LOCK) requirements-bench.txt -c requirements-dev.lock -o requirements-bench.lock
	$(LOCK) requirements-e2e.txt -o requirements-e2e.lock
	npm install $(NPM_OPTIONS) --package-lock-only --omit-lockfile-registry-resolved --prefix tests/e2e

.venv/bin/python:
	@found=; for python in $(PYTHONS); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Twitter Manager needs Python 3.11 or later: install it from https://www.python.org/downloads/" >&2; exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$found has no venv: install it (on Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; \
	fi; \
	$$found -m venv --clear .venv

.venv/.installed: requirements-setup.lock requirements.lock pyproject.toml .venv/bin/python
	@echo "Installing into .venv"
	@$(PYTHON) $(LOCKED) -r requirements-setup.lock
	@$(PYTHON) $(LOCKED) -r requirements.lock
	@PYTHONWARNINGS=ignore $(PYTHON) $(PIP_INSTALL) --no-deps --no-build-isolation --editable . # it warns of itself
	@touch $@

.venv/.installed-postgres: requirements-postgres.lock .venv/.installed
	@echo "Installing PostgreSQL's driver into .venv"
	@$(PYTHON) $(LOCKED) -r requirements-postgres.lock
	@touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	@echo "Installing the tools for tests into .venv"
	@$(PYTHON) $(LOCKED) -r requirements-dev.lock
	@touch $@

.venv/.installed-e2e: requirements-setup.lock requirements-e2e.lock $(NPM_PACKAGES) .venv/.installed
	@if ! command -v npm >/dev/null; then \
		echo "make e2e needs npm: for newman, twitter-text and typescript" >&2; exit 1; \
	fi
	@echo "Installing the tools for whole-service runs into .venv/e2e and .venv/npm"
	@$(PYTHON) -m venv .venv/e2e
	@.venv/e2e/bin/python $(LOCKED) -r requirements-setup.lock
	@.venv/e2e/bin/python $(LOCKED) -r requirements-e2e.lock
	@mkdir -p .venv/npm
	@cp $(NPM_PACKAGES) .venv/npm
	@npm ci $(NPM_OPTIONS) --prefix .venv/npm
	@touch $@

.venv/.installed-bench: requirements-bench.lock .venv/.installed-dev
	@echo "Installing the tools for measuring into .venv"
	@$(PYTHON) $(LOCKED) -r requirements-bench.lock
	@touch $@
