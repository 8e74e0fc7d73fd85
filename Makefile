# Each target makes what it needs.
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
LOCK := $(BIN)/python -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --all-build-deps

.PHONY: demo test test-slow check lock bench witnesses python

demo: $(VENV)/run
	@$(BIN)/solard demo

test: check witnesses
	$(BIN)/pytest -q -rs -n 2

test-slow: $(VENV)/dev
	$(BIN)/pytest -q -rs -m slow

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/dev
	$(BIN)/python -m tests.bench

lock: $(VENV)/dev
	$(LOCK) --output-file requirements.lock pyproject.toml
	$(LOCK) --extra dev --output-file requirements-dev.lock pyproject.toml

# What is installed: a stamp for the demo's set, another for the developers'.
$(VENV)/run: requirements.lock pyproject.toml | python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing solard's libraries (about 500 MB, once) …"
	@test -f $(VENV)/dev || $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/dev: requirements-dev.lock pyproject.toml | python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing solard's libraries and tools (once) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@ $(VENV)/run

# Strangers that read our simulator, our fake driver, and that we read; where one cannot be had, its
# tests skip.
witnesses:
	@.ci/witnesses
	@.ci/gpu-witnesses .witnesses

python:
	@test -n "$(PYTHON)" || { echo "solard needs Python 3.11 or newer. On Debian 12: apt install python3 python3-venv. On older systems: https://docs.python.org/3/using/unix.html, then make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module. On Debian: apt install python3-venv"; exit 1; }
