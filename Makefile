# make demo, make test: each sets up by itself in .venv, on Python 3.11 or later with venv and pip,
# or by uv where that is installed.
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
TESTS := tests $(wildcard $(addsuffix /tests,$(PLUGINS)))
TYPED := src tests $(if $(wildcard benchmarks/*.py),benchmarks) $(wildcard examples/*.py examples/*/*.py docs/*.py)

# constraints.txt holds the versions that were tested together.
INSTALL = $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,\
  $(BIN)/python -m pip install --quiet --disable-pip-version-check) -c constraints.txt

# A shell that keeps Python from writing bytecode would let each test's child compile all anew.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.PHONY: help demo test fast lanes pythons sdist-check lint bench bench-compare docs clean constraints layout

help:
	@echo "make demo   play the 2016 plan into build/demo"
	@echo "make test   check and test everything"
	@echo "make fast   the fast lane of the tests"
	@echo "make lanes  measure anew which tests the fast lane leaves out"
	@echo "make pythons      the fast lane on the other Pythons that this machine, or uv, has"
	@echo "make sdist-check  build every package, and run each sdist's own tests"
	@echo "make lint   ruff, mypy, pyright"
	@echo "make trust  the big counts: kills, races, bad input; takes over an hour; trust-PART is one part"
	@echo "make bench  the benchmarks, as ratios; make bench-compare BASE=<revision>  on two commits"
	@echo "make layout modules, packages, depth, long files, public names"
	@echo "make docs   the documentation into build/docs"
	@echo "make clean  remove what was made, also .venv"
	@echo "make constraints  take the newest versions, and write them down"

# Made anew when a pyproject.toml or constraints.txt changes.
$(STAMP): pyproject.toml constraints.txt $(addsuffix /pyproject.toml,$(PLUGINS))
	@command -v $(PYTHON) >/dev/null \
	  || { echo "$(PYTHON) is missing; on Debian: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed, $$($(PYTHON) -V) was found;" \
	    "make PYTHON=... names another"; exit 1; }
	@rm -rf $(VENV)
ifeq ($(UV),)
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "Python's venv is missing; on Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
else
	$(UV) venv --quiet --seed --python "$$(command -v $(PYTHON))" $(VENV)
endif
	$(INSTALL) --group dev --editable . $(foreach each,$(PLUGINS),--editable './$(each)[test]')
	@touch $@

demo: $(STAMP)
	$(BIN)/evalflow demo --out build/demo

# A plugin is checked from its own folder, as its author would, with our settings.
lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(filter-out tests,$(TYPED)) tests/typing_usage.py
	$(BIN)/mypy --allow-untyped-defs --allow-incomplete-defs --allow-untyped-calls tests
	@for each in $(PLUGINS); do echo "mypy $$each"; \
	  (cd $$each && ../../$(BIN)/mypy --config-file ../../pyproject.toml src \
	    $$(ls -d tests 2>/dev/null)) || exit 1; done
	$(BIN)/pyright --pythonpath $(BIN)/python

# What belongs to it, and what runs otherwise in it: tests/support/lanes.py.
fast: $(STAMP)
	EVALFLOW_LANE=fast $(BIN)/python -m pytest $(TESTS) -n 2 -m "not slow and not serial" -q

lanes: $(STAMP)
	EVALFLOW_LANE=measured $(BIN)/python -m pytest $(TESTS) -m "not slow and not serial" -q

pythons:
	PYTHON=$(PYTHON) bash .ci/pythons

sdist-check:
	PYTHON=$(PYTHON) bash .ci/sdists

# First those that time or race and want the machine to themselves (5: there were none), then the
# others on two cores. What the machine lacks, one line says at the end of both. `CHECKS=` and
# `LEFT_OUT=` are for .ci/bare alone.
CHECKS := lint
COVER := --cov=evalflow --cov-report=
test: $(STAMP) $(CHECKS)
	$(BIN)/python -m pytest $(TESTS) -m serial --lacking-into build/lacking.json || [ $$? -eq 5 ]
	$(BIN)/python -m pytest $(TESTS) -m "not serial $(LEFT_OUT)" -n 2 --lacking-from build/lacking.json $(COVER)

# What docs/explanation/trust.md reports, part by part: `make trust-races ROUNDS=100` runs one of them,
# shorter. FAULTS=0 is every fault there is.
KILLS := 1000
FAULTS := 0
SERVERFAULTS := 100
CUTS := 600
MAILS := 10000
ROUNDS := 2000
LIVES := 500
INPUTS := 3000
OLDER := tests/data/store-f8ebe7e/office.db.xz
TRUST := kills calls power races mail lives inputs
.PHONY: trust $(addprefix trust-,$(TRUST))
trust: $(addprefix trust-,$(TRUST))

trust-kills: $(STAMP)
	$(BIN)/python -m evalflow.testing.crashes --kills $(KILLS)
	$(BIN)/python -m evalflow_postgres.crashes --kills $(KILLS) --server-kills $$(($(KILLS) / 10))

trust-calls: $(STAMP)
	$(BIN)/python -m evalflow.testing.syscalls --faults $(FAULTS) --older $(OLDER)
	$(BIN)/python -m evalflow_postgres.syscalls --faults $(SERVERFAULTS)

trust-power: $(STAMP)
	$(BIN)/python -m evalflow.testing.power_cuts --cuts $(CUTS) --older $(OLDER)

trust-races: $(STAMP)
	$(BIN)/python -m evalflow.testing.races --rounds $(ROUNDS)
	$(BIN)/python -m evalflow_postgres.races --rounds $(ROUNDS)

trust-mail: $(STAMP)
	$(BIN)/python -m evalflow_notify.rush --notices $(MAILS)

trust-lives: $(STAMP)
	EVALFLOW_LIVES=$(LIVES) $(BIN)/python -m pytest -q tests/storage/test_interleaved.py \
	  plugins/evalflow-postgres/tests/test_postgres_lives.py \
	  plugins/evalflow-postgres/tests/test_postgres_interleaved.py

trust-inputs: $(STAMP)
	EVALFLOW_INPUTS=$(INPUTS) $(BIN)/python -m pytest -q -s tests/project/test_fuzz.py

# How the source is laid out, with a reason for each long file.
layout: $(STAMP)
	@$(BIN)/python tools/layout.py

bench: $(STAMP)
	@for each in benchmarks/[!_]*.py; do echo "== $$each"; $(BIN)/python $$each || exit 1; done

# One benchmark on two commits, in turn: make bench-compare BASE=5aaa6ac BENCH=fire
bench-compare: $(STAMP)
	@$(BIN)/python benchmarks/_compare.py "$(BASE)" $(or $(BENCH),fire) --times $(or $(TIMES),3) $(ARGS)

docs: $(STAMP)
	$(BIN)/python -m sphinx -W --keep-going -q -b html -c docs . build/docs
	@echo "build/docs/index.html"

clean:
	rm -rf $(VENV) .venv-3.* build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Names and versions only: no addresses. Of Django the long-term release is for Python 3.11 and the
# newest one for later ones: that line stays, and is raised by hand.
constraints:
	mkdir -p build && sed -n '/^[Dd]jango==.*>=/p' constraints.txt > build/newest-django
	rm -rf build/constraints && $(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	build/constraints/bin/python -m pip install --quiet --group dev --editable . \
	  $(foreach each,$(PLUGINS),--editable './$(each)[test]')
	echo "# The versions that were tested together. Names and versions only." > constraints.txt
	build/constraints/bin/python -m pip freeze --exclude-editable \
	  | sed 's/^\([Dd]jango==.*\)/\1; python_version < "3.12"/' >> constraints.txt
	cat build/newest-django >> constraints.txt
	rm -rf build/constraints
