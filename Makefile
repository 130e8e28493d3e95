# Everything works from a fresh clone with Python (3.11 or newer) and make alone:
# each target first makes the environment that it needs.

PYTHON ?= python3
VENV ?= .venv
RIVAL_VENV ?= .venv-rival
OLD_RIVAL_VENV ?= .venv-rival-old
BIN := $(VENV)/bin
WORKERS ?= auto

# The other tests are about the repository, its tools, and its documents.
FACADE_TESTS = $(filter-out $(addprefix tests/,benchmarks/ contract/ docs/ notebooks/ packaging/ sdk/ updating/ __pycache__/),$(wildcard tests/*/)) \
	$(addprefix --ignore=tests/,cli/test_documents.py client/test_models.py)
# Old releases warn of what has changed since, and can't be changed any more.
TOLERANT = $(foreach name,DeprecationWarning PendingDeprecationWarning FutureWarning,-W default::$(name))

.DEFAULT_GOAL := help
.PHONY: help setup demo test coverage mutants lint docs notebook pictures cli-session generate check-generated update package lowest newest bench sandbox clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: $(VENV)/.done ## make the environment in .venv

# What the demo and the sandbox need. A newcomer waits for it, so pip shows its progress and leaves
# the compilation to the first import, which needs a part of it.
$(VENV)/.demo: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("$(PYTHON) is Python %d.%d, 3.11 or newer is needed: make setup PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --no-compile --constraint constraints.txt --editable '.[viz,sandbox]'
	@touch $@

$(VENV)/.done: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --constraint constraints.txt --group dev --editable '.[all]'
	@touch $@

# The official SDK gets an environment of its own: it is tested against the sandbox, not mixed in.
$(RIVAL_VENV)/.done: tests/sdk/requirements.txt
	$(PYTHON) -m venv $(RIVAL_VENV)
	$(RIVAL_VENV)/bin/python -m pip install --quiet --upgrade pip
	$(RIVAL_VENV)/bin/python -m pip install --quiet --requirement tests/sdk/requirements.txt
	@touch $@

# Its last version with analytics jobs and plots: the rival of those benchmarks.
$(OLD_RIVAL_VENV)/.done: benchmarks/requirements-old.txt
	$(PYTHON) -m venv $(OLD_RIVAL_VENV)
	$(OLD_RIVAL_VENV)/bin/python -m pip install --quiet --upgrade pip
	$(OLD_RIVAL_VENV)/bin/python -m pip install --quiet --requirement benchmarks/requirements-old.txt
	@touch $@

demo: $(VENV)/.demo ## run a processing job through its whole life on a local UP42
	$(BIN)/python scripts/demo.py

test: $(VENV)/.done $(RIVAL_VENV)/.done ## run all tests, in parallel; OPTIONS=--cov measures coverage
	UP42_RIVAL_PYTHON=$(abspath $(RIVAL_VENV))/bin/python $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(OPTIONS) $(TESTS)

coverage: $(VENV)/.done ## measure branch coverage of facade and sandbox, with pages in build/coverage; TESTS=…
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term:skip-covered \
		--cov-report=html:build/coverage $(or $(TESTS),$(FACADE_TESTS) tests/contract)

mutants: $(VENV)/.done ## change details of a module, and list the changes that no test notices: ONLY="up42_facade.batch._journal*"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group mutants
	$(BIN)/mutmut run $(if $(ONLY),"$(ONLY)")
	$(BIN)/mutmut results

lint: $(VENV)/.done ## check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.done ## build the documentation site, strictly; it begins with build/docs/index.html
	rm -rf build/docs
	$(BIN)/python -m sphinx --quiet --fail-on-warning --nitpicky --fresh-env \
		--doctree-dir build/doctrees docs build/docs

notebook: $(VENV)/.done ## run the notebooks of the documentation anew and store what they show
	$(BIN)/python scripts/run_notebook.py

pictures: $(VENV)/.done ## draw the pictures of the documentation anew
	$(BIN)/python scripts/draw_pictures.py

cli-session: $(VENV)/.done ## record docs/cli-session.md and docs/first-hour.md anew; FRESH=--fresh clones and installs, too
	$(BIN)/python scripts/record_cli.py $(FRESH)

generate: $(VENV)/.done ## write generated/up42_client from openapi/up42.yaml
	$(BIN)/python scripts/regenerate.py

check-generated: $(VENV)/.done ## fail if the generated client isn't what the document gives
	$(BIN)/python scripts/regenerate.py --check

update: $(VENV)/.done ## update to a newer OpenAPI document: SPEC=path-or-url, REPORT=file.md
	@test -n "$(SPEC)" || { echo "make update SPEC=path-or-url [REPORT=file.md]" >&2; exit 2; }
	$(BIN)/python scripts/regenerate.py --spec "$(SPEC)" $(if $(REPORT),--markdown "$(REPORT)")

package: $(VENV)/.done ## build sdist and wheel, try them in fresh environments; PYTHONS="3.11 3.12" on others than this one, KEEP=folder keeps them
	$(BIN)/python scripts/check_package.py $(foreach python,$(PYTHONS),--python $(python)) $(if $(KEEP),--keep "$(KEEP)")

# uv keeps the pins of a file that it writes, as far as they fit: a release of another project
# changes nothing here until somebody deletes the file.
COMPILE = $(BIN)/uv pip compile --quiet --no-annotate --python-version 3.11 --custom-compile-command "make lowest"

lowest: $(VENV)/.done ## run the facade's tests with the lowest versions that pyproject.toml allows; TESTS=…
	mkdir -p build && cp constraints-lowest.txt build/lowest.txt
	$(COMPILE) --all-extras --resolution lowest-direct --output-file build/lowest.txt pyproject.toml
	$(COMPILE) --group test-facade --output-file constraints-lowest.txt build/lowest.txt
	$(BIN)/uv venv --quiet --clear --no-python-downloads --python 3.11 .venv-lowest
	$(BIN)/uv pip install --quiet --python .venv-lowest/bin/python --requirement constraints-lowest.txt
	$(BIN)/uv pip install --quiet --python .venv-lowest/bin/python --no-deps --editable .
	.venv-lowest/bin/python -m pytest -n $(WORKERS) $(TOLERANT) $(or $(TESTS),$(FACADE_TESTS))

newest: $(VENV)/.done ## run the facade's tests with the newest versions that there are; TESTS=…
	$(BIN)/uv venv --quiet --clear --no-python-downloads .venv-newest
	$(BIN)/uv pip install --quiet --python .venv-newest/bin/python --upgrade --editable '.[all]' --group test-facade
	.venv-newest/bin/python -m pytest -n $(WORKERS) $(or $(TESTS),$(FACADE_TESTS))

bench: $(VENV)/.done $(RIVAL_VENV)/.done $(OLD_RIVAL_VENV)/.done ## measure against the official SDK and write docs/benchmarks.md: ONLY="batch unpack"
	$(BIN)/python benchmarks/run.py --rival-python $(RIVAL_VENV)/bin/python \
		--old-rival-python $(OLD_RIVAL_VENV)/bin/python $(if $(ONLY),--only $(ONLY))

sandbox: $(VENV)/.demo ## start a local UP42 on port 8042
	$(BIN)/python -m up42_sandbox --port 8042 --speed 60

clean: ## remove environments and caches
	rm -rf $(VENV) $(RIVAL_VENV) $(OLD_RIVAL_VENV) .venv-lowest .venv-newest .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build mutants
