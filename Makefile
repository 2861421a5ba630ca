# Two commands do everything on a fresh machine with Python 3.11 or newer:
#   make results   sets up and runs the whole chain          make test   sets up and runs every test
# The environment is made from requirements.lock (exact pins with hashes) when it is missing or out of date.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# A step computes on the cores Snakemake gives it; libraries that start threads of their own would fight over them.
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1
# Where it is set, every one of some forty steps would compile this package anew.
unexport PYTHONDONTWRITEBYTECODE

# Data that are not part of the repository: benchmarks on them run where the folders are.
BENCHMARK ?= $(wildcard ../shared/benchmark)
KMDATA ?= $(wildcard ../shared/kmdata)

.PHONY: results test check lint lock docs notebooks benchmarks test-python clean help

results: .venv/.ready
	@snakemake $(ARGS)
	@python -m resurvey.cli made

test: .venv/.ready
	@python -m pytest -n 2 --dist loadgroup $(ARGS)

check: .venv/.ready lint
	@python -m resurvey.cli check data/raw

lint: .venv/.ready
	@ruff check . && ruff format --check . && snakefmt --check Snakefile workflow && mypy && snakemake --lint

docs: .venv/.ready
	@mkdocs build --strict

# All benchmarks (hours); ARGS=--quick to see in a few minutes that they run, ARGS="--only compare" for some of them.
benchmarks: .venv/.ready
	@python benchmarks/run.py $(if $(BENCHMARK),--benchmark $(BENCHMARK)) $(if $(KMDATA),--kmdata $(KMDATA)) $(ARGS)

# The tests under another Python, in an environment of its own: make test-python PYTHON=python3.13
test-python:
	@version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])') && env=.venv/other/$$version && \
		{ [ -e $$env/.ready ] || { $(PYTHON) -m venv $$env && \
		$$env/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
		$$env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . && \
		touch $$env/.ready; }; } && PATH="$(CURDIR)/$$env/bin:$$PATH" $$env/bin/python -m pytest -n 2 --dist loadgroup $(ARGS)

# Execute the notebooks against the results that are there and write their text and table outputs back.
notebooks: .venv/.ready
	@python -c "from pathlib import Path; from resurvey.report.notebooks import refresh; \
		[print(path) for path in refresh(sorted(Path('notebooks').glob('*.ipynb')), Path.cwd())]"

# Resolve the pins anew; needs the program uv. environment.yml follows.
lock:
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --python-version 3.11 \
		--no-header --no-emit-index-url --no-annotate --upgrade -o requirements.lock
	python -m resurvey.cli environment > environment.yml

.venv/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "resurvey needs Python 3.11 or newer; found none" >&2; exit 1; }
	@echo "Setting up .venv from requirements.lock (a minute or two, once)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# Compiled here, on all cores, so that the first steps do not, side by side.
	@$(BIN)/python -m compileall -q -j 0 .venv/lib src >/dev/null 2>&1 || true
	@touch .venv/.ready

clean:
	rm -rf results data/processed logs .snakemake

help:
	@sed -n '1,3s/^# //p' Makefile
