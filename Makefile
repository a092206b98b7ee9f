# make demo    run the tournament of docs/examples (options: make demo ARGS="--full --categories 2")
# make test    run the tests
# make test-slow    run what make test leaves out: scikit-learn's search tests on worker processes, and Keras there
# make test-lowest  run the tests with the lowest versions that pyproject.toml allows
# make test-all     run all three
# make soak    kill workers and clients of a search until it is done, some minutes (make soak ARGS="--fits 200")
# make fuzz    draw searches for an hour, and print those that a short cut or a journal changes (ARGS="--minutes 5")
# make bench   time searches beside their peers, most of a night (one benchmark: make bench ARGS=tiny_fits)
# make bench-quick  the same at small sizes: shows that scores agree, and bounds that do not depend on time
# make docs    build docs/_build/html with warnings as errors, run the examples and the doctests
# make lint    run ruff, mypy and import-linter
# make clean   remove .venv, results and caches
#
# Each makes .venv on first use; it is renewed when pyproject.toml changes.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
ARGS ?=

BIN := .venv/bin
STAMP := .venv/.installed
DOCS_STAMP := .venv/.docs-installed
UV := $(shell command -v uv)

.PHONY: demo test test-slow test-lowest test-all soak fuzz bench bench-quick docs lint clean

demo: $(STAMP)
	$(BIN)/python docs/examples/lightgbm_vs_keras.py $(ARGS)

test: $(STAMP)
	$(BIN)/pytest $(ARGS)

# Old versions of dependencies warn about new versions of others, which is no fault of this project: -W default.
# Faults take minutes, most of it waiting for processes to die and to start, whatever their version.
test-lowest: .venv-lowest/.installed
	.venv-lowest/bin/pytest -W default --ignore tests/faults $(ARGS)

test-slow: $(STAMP)
	$(BIN)/pytest -m slow $(ARGS)

test-all: test test-slow test-lowest

soak: $(STAMP)
	$(BIN)/python tests/faults/soak.py $(ARGS)

fuzz: $(STAMP)
	$(BIN)/python tests/fuzz/hunt.py $(ARGS)

bench: $(STAMP)
	$(BIN)/python -m benchmarks $(ARGS)

bench-quick: $(STAMP)
	$(BIN)/python -m benchmarks --quick $(ARGS)

docs: $(DOCS_STAMP)
	$(BIN)/sphinx-build -M html docs docs/_build --nitpicky --fail-on-warning --keep-going $(ARGS)
	$(BIN)/sphinx-build -M doctest docs docs/_build --fail-on-warning --keep-going
	$(BIN)/pytest --doctest-modules multisearch

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv .venv-lowest results dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf docs/_build docs/auto_examples docs/api/generated
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv-lowest/.installed: $(STAMP)
	$(BIN)/uv venv --clear --python "$(or $(PYTHON),3.11)" .venv-lowest
	$(BIN)/uv pip install --python .venv-lowest/bin/python --compile-bytecode --resolution lowest-direct \
		--editable '.[all]' --group dev
	touch $@

$(STAMP): pyproject.toml
ifneq ($(UV),)
	test -x $(BIN)/python || $(UV) venv --python "$(or $(PYTHON),3.11)" .venv
	$(UV) pip install --python $(BIN)/python --compile-bytecode --editable '.[all]' --group dev
else
	test -x $(BIN)/pip || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --editable '.[all]' --group dev
endif
	touch $@

$(DOCS_STAMP): $(STAMP)
ifneq ($(UV),)
	$(UV) pip install --python $(BIN)/python --compile-bytecode --group docs
else
	$(BIN)/python -m pip install --group docs
endif
	touch $@
