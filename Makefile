# make demo | make test: each sets up by itself in .venv, on Python 3.11+ with venv and pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PLUGINS := $(wildcard plugins/*/pyproject.toml)
PLUGIN_DIRS := $(patsubst %/pyproject.toml,%,$(PLUGINS))

.PHONY: help demo test fast lint bench clean

help:
	@echo "make demo   play the 2016 plan into build/demo"
	@echo "make test   check and test everything"
	@echo "make fast   the fast lane of the tests"
	@echo "make lint   ruff, mypy, pyright"
	@echo "make bench  the benchmarks, as ratios"

# Plain pip; constraints.txt holds the versions that were tested together.
$(STAMP): pyproject.toml constraints.txt $(PLUGINS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed (PYTHON=... names another)"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) \
	  || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  --editable . --group dev $(foreach dir,$(PLUGIN_DIRS),--editable ./$(dir))
	@touch $@

demo: $(STAMP)
	$(BIN)/evalflow demo --out build/demo

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

fast: $(STAMP)
	$(BIN)/python -m pytest -n 2 -m "not slow and not serial" -q

test: lint
	$(BIN)/python -m pytest -m "serial" -q
	$(BIN)/python -m pytest -n 2 -m "not serial" -q

bench: $(STAMP)
	@for each in benchmarks/*.py; do echo "== $$each"; $(BIN)/python $$each || exit 1; done

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
