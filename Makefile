# make demo    run the tournament of docs/examples (options: make demo ARGS="--full --categories 2")
# make test    run the tests, two at a time (make test JOBS=4; one test: make test ARGS="-k name")
# make test-slow    run what make test leaves out: what waits long, and scikit-learn's search tests on worker processes
# make test-lowest  run the tests with the lowest versions that pyproject.toml allows
# make test-313     run the tests, but for the faults, on Python 3.13, if it is there
# make test-all     run all four
# make wheel-check  build wheel and sdist, and run the examples of README and guide with the wheel, on Python 3.12 if it is there
# make soak    kill workers and clients of a search until it is done, some minutes (make soak ARGS="--fits 200")
# make fuzz    draw searches for an hour, and print those that a short cut or a journal changes (ARGS="--minutes 5")
# make bench   time searches beside their peers, some hours (one benchmark: make bench ARGS=tiny_fits)
# make bench-quick  the same at small sizes: shows that scores agree, and bounds that do not depend on time
# make docs    build docs/_build/html with warnings as errors, run the examples and the doctests
# make lint    run ruff, mypy and import-linter
# make clean   remove .venv, results and caches
#
# Each makes .venv on first use; it is renewed when pyproject.toml changes.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
ARGS ?=
JOBS ?= 2

BIN := .venv/bin
STAMP := .venv/.installed
DOCS_STAMP := .venv/.docs-installed
UV := $(shell command -v uv)

# Tests of a file run in one process, those of faults one after the other: most of them wait.
PYTEST_JOBS = -n $(JOBS) --dist loadgroup

.PHONY: demo test test-slow test-lowest test-313 test-all wheel-check soak fuzz bench bench-quick docs lint clean

demo: $(STAMP)
	$(BIN)/python docs/examples/lightgbm_vs_keras.py $(ARGS)

test: $(STAMP)
	$(BIN)/pytest $(PYTEST_JOBS) $(ARGS)

# Old versions of dependencies warn about new versions of others, which is no fault of this project: -W default.
# Faults take minutes, most of it waiting for processes to die and to start; of these the commonest will do.
test-lowest: .venv-lowest/.installed
	.venv-lowest/bin/pytest $(PYTEST_JOBS) -W default --ignore tests/faults $(ARGS)
	.venv-lowest/bin/pytest -W default $(addprefix tests/faults/test_, raised.py killed_worker.py client_killed.py)

test-slow: $(STAMP)
	$(BIN)/pytest $(PYTEST_JOBS) -m slow $(ARGS)

test-313:
	@if python=$$(.ci/find-python 3.13); then \
		$(MAKE) --no-print-directory .venv-3.13/.installed PYTHON_313=$$python && \
		.venv-3.13/bin/pytest $(PYTEST_JOBS) --ignore tests/faults $(ARGS); \
	else \
		echo "There is no Python 3.13 on this machine, so that nothing runs on it."; \
	fi

test-all: test test-slow test-lowest test-313

wheel-check: $(STAMP)
	.ci/wheel-check $(or $(UV),$(BIN)/uv) $$(.ci/find-python 3.12 || echo $(or $(PYTHON),3.11))

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
	rm -rf .venv .venv-lowest .venv-3.13 results dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf docs/_build docs/auto_examples docs/api/generated
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv-lowest/.installed: $(STAMP)
	$(BIN)/uv venv --clear --python "$(or $(PYTHON),3.11)" .venv-lowest
	$(BIN)/uv pip install --python .venv-lowest/bin/python --compile-bytecode --resolution lowest-direct \
		--editable '.[all]' --group dev
	touch $@

.venv-3.13/.installed: $(STAMP)
	$(BIN)/uv venv --clear --python "$(PYTHON_313)" .venv-3.13
	$(BIN)/uv pip install --python .venv-3.13/bin/python --compile-bytecode --editable '.[all]' --group dev
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
