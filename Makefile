# Everything a stranger needs: Python 3.11 or newer and make. The first target builds .venv from the lock; later ones reuse it.

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
            if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench messages schemas lock clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */make \1|/' | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

demo: $(STAMP)  ## four partners, a real broker, one case from signal to erasure (about a minute)
	$(BIN)/exchange demo

test: $(STAMP)  ## the whole test suite
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

check: $(STAMP)  ## style, types, layers, schemas, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tools
	$(BIN)/python tools/catalog.py check
	$(BIN)/pytest -q tests/test_*.py

format: $(STAMP)  ## let ruff mend what it can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(STAMP)  ## measure against the floor, side by side in one run
	$(BIN)/python tests/benchmarks/bench.py

messages: $(STAMP)  ## collect new sentences into the Dutch catalog and compile it
	$(BIN)/python tools/catalog.py update

schemas: $(STAMP)  ## write schemas/ from the models of messages and forms
	$(BIN)/python -m exchange.wire.schemas
	$(BIN)/python -m exchange.node.form_schemas

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment; install its venv package (Debian: python3-venv)" >&2; exit 1; }
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lock:  ## resolve the dependencies of pyproject.toml again into requirements.lock (needs uv)
	@command -v uv >/dev/null || { echo "uv is needed to make the lock; install it, for example with: pipx install uv" >&2; exit 1; }
	printf '%s\n' 'hatchling>=1.25' 'editables>=0.5' | uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --extra dev --output-file requirements.lock pyproject.toml -

clean:  ## remove what make made here (no node, no data)
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
