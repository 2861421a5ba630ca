# Two commands do everything on a fresh machine with Python 3.11 or newer:
#   make results   sets up and runs the whole chain          make test   sets up and runs every test
# and three more are for those who want them:
#   make tools     adds what `resurvey read` and `resurvey digitise` need
#   make lab       adds JupyterLab and opens the notebooks   make help   lists the rest
# The environment holds exactly what the locks pin, by hash; it is made anew when they change.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
ENV ?= .venv
BIN := $(ENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)
# A step computes on the cores Snakemake gives it; libraries that start threads of their own would fight over them.
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1
# Where it is set, every step would compile this package anew.
unexport PYTHONDONTWRITEBYTECODE

# Data that are not part of the repository: benchmarks on them run where the folders are.
BENCHMARK ?= $(wildcard ../shared/benchmark)
KMDATA ?= $(wildcard ../shared/kmdata)

.PHONY: results test tools lab check lint lock docs notebooks benchmarks test-python clean help

results: $(ENV)/.ready
	@snakemake $(ARGS)

test: $(ENV)/.dev
	@python -m pytest -n 2 --dist loadgroup $(ARGS)

tools: $(ENV)/.tools

lab: $(ENV)/.lab
	@jupyter lab notebooks $(ARGS)

check: lint
	@python -m resurvey.cli check data/raw

lint: $(ENV)/.dev
	@ruff check . && ruff format --check . && snakefmt --check Snakefile workflow && mypy && snakemake --lint

docs: $(ENV)/.dev
	@mkdocs build --strict

# All benchmarks (hours); ARGS=--quick to see in a few minutes that they run, ARGS="--only compare" for some of them.
benchmarks: $(ENV)/.dev
	@python benchmarks/run.py $(if $(BENCHMARK),--benchmark $(BENCHMARK)) $(if $(KMDATA),--kmdata $(KMDATA)) $(ARGS)

# The tests under another Python, in an environment of its own: make test-python PYTHON=python3.13
test-python:
	@$(MAKE) --no-print-directory test ENV=.venv/other/$(notdir $(PYTHON))

# Execute the notebooks against the results that are there and write their text and table outputs back.
notebooks: $(ENV)/.ready
	@python -c "from pathlib import Path; from resurvey.report.notebooks import refresh; \
		[print(path) for path in refresh(sorted(Path('notebooks').glob('*.ipynb')), Path.cwd())]"

# Resolve the pins anew, to the newest releases; needs the program uv. `make lock UPGRADE=` keeps those that are there.
# requirements.lock is what the chain needs, and each of the others what a group adds to it.
UPGRADE = --upgrade
RESOLVE = uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-header --no-emit-index-url --no-annotate
# A package that every machine gets from requirements.lock stands in no other lock.
KNOWN = $$(sed -n 's/^\([A-Za-z0-9_.-]*\)==[^ ;]* \\$$/--no-emit-package \1/p' requirements.lock)
lock:
	$(RESOLVE) $(UPGRADE) pyproject.toml --group setup -o requirements.lock
	$(RESOLVE) --group setup -c requirements.lock -o requirements-setup.lock
	$(RESOLVE) $(UPGRADE) pyproject.toml --extra read --extra digitise -c requirements.lock $(KNOWN) -o requirements-tools.lock
	$(RESOLVE) $(UPGRADE) pyproject.toml --extra lab -c requirements.lock $(KNOWN) -o requirements-lab.lock
	$(RESOLVE) $(UPGRADE) pyproject.toml --extra dev -c requirements.lock -c requirements-tools.lock $(KNOWN) \
		-o requirements-dev.lock
	python -m resurvey.cli environment > environment.yml

# A lock is installed as a lock: --no-deps resolves nothing and so looks at nothing newer than a pin (pip in hash mode
# takes a newer release of what is required with an extra, and then refuses it); what is built from source is built with
# the pinned tools; `pip check` then says whether anything is missing.
PIP = $(BIN)/python -m pip --disable-pip-version-check
INSTALL = $(PIP) install --quiet --no-compile --no-deps --no-build-isolation

$(ENV)/.ready: requirements-setup.lock requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "resurvey needs Python 3.11 or newer; found none" >&2; exit 1; }
	@echo "Setting up $(ENV) from requirements.lock (a minute or two, once)"
	@rm -rf $(ENV) && $(PYTHON) -m venv $(ENV)
	@$(INSTALL) --require-hashes -r requirements-setup.lock
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) -e .
	@$(PIP) check
	@# Compiled here, on all cores, so that the first steps do not, side by side.
	@$(BIN)/python -m compileall -q -j 0 $(ENV)/lib src >/dev/null 2>&1 || true
	@touch $@

$(ENV)/.dev $(ENV)/.lab $(ENV)/.tools: $(ENV)/.%: requirements-%.lock $(ENV)/.ready
	@echo "Adding what requirements-$*.lock pins to $(ENV) (a minute or so, once)"
	@$(INSTALL) --require-hashes -r requirements-$*.lock
	@$(PIP) check
	@touch $@

clean:
	rm -rf results data/processed logs .snakemake

help:
	@sed -n '1,6s/^# //p' Makefile
	@echo "  make check     formatting, types, the linter of Snakemake, the raw tables    make docs   the documentation"
	@echo "  make lock      resolves the pins anew    make notebooks   executes the committed notebooks"
	@echo "  make benchmarks    all benchmarks        make test-python PYTHON=python3.13   the tests under another Python"
	@echo "  make clean     removes what the chain wrote"
