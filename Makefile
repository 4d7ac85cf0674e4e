# Needs make and Python 3.11 or later. On Windows without make: see README.md.
PYTHONS = python3 python3.14 python3.13 python3.12 python3.11 python
PYTHON = .venv/bin/python
INSTALL = $(PYTHON) -m pip install --quiet --disable-pip-version-check
NEWMAN = newman@6.2.2
TWITTER_TEXT = twitter-text@3.1.0

.PHONY: help setup run test check e2e chaos bench
.DELETE_ON_ERROR:

help:
	@echo "make setup   make .venv and install what runs the service"
	@echo "make run     start everything on http://127.0.0.1:5555"
	@echo "make test    run the test suite"
	@echo "make check   lint, format and types"
	@echo "make e2e     whole-service runs that need a browser or several minutes"
	@echo "make chaos   the long runs with kill -9"
	@echo "make bench   how fast it is, into docs/benchmarks.md, in five minutes"

setup: .venv/.installed

run: .venv/.installed
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

.venv/.installed: requirements.txt .venv/bin/python
	@echo "Installing into .venv"
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "Installing the tools for tests into .venv"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

.venv/.installed-e2e: requirements-e2e.txt Makefile .venv/.installed
	@if ! command -v npm >/dev/null; then \
		echo "make e2e needs npm: for newman, which runs the Postman collection, and for twitter-text" >&2; exit 1; \
	fi
	@echo "Installing the tools for whole-service runs into .venv/e2e, .venv/newman, .venv/twitter-text"
	@$(PYTHON) -m venv .venv/e2e
	@.venv/e2e/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-e2e.txt
	@npm install --silent --no-audit --no-fund --prefix .venv/newman $(NEWMAN)
	@npm install --silent --no-audit --no-fund --prefix .venv/twitter-text $(TWITTER_TEXT)
	@touch $@

.venv/.installed-bench: requirements-bench.txt .venv/.installed-dev
	@echo "Installing the tools for measuring into .venv"
	@$(INSTALL) -r requirements-bench.txt
	@touch $@
