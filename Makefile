# The only front door: CI calls nothing else. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Interpreters kept by pyenv are found under their own names (python3.12), behind everything that is on PATH already.
PYENVS := $(shell ls -d $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.*/bin 2>/dev/null | tr '\n' ':')
export PATH := $(PATH):$(PYENVS)
# Arguments for pytest: make test k=stale
PYTEST_ARGUMENTS := $(if $(k),-k "$(k)")

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

$(VENV)/.ready: pyproject.toml extension/requirements.txt
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed"'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group dev
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r extension/requirements.txt
	touch $@

.PHONY: setup
setup: $(VENV)/.ready ## Make .venv with everything the other targets need

.PHONY: build
build: setup ## Build the layer: build/<arch>/ (the tree of /opt), dist/*.zip and dist/SHA256SUMS
	$(BIN)/python package.py

.PHONY: check
check: setup site ## Format, lint and type-check everything, build the documents (seconds)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file command/pyproject.toml command/keepalive_command
	$(BIN)/shellcheck layer/lambda-keepalive/exec .ci/run .ci/install .ci/python $(wildcard tests/local/*.sh tests/suites/*.sh) \
		tests/local/var_runtime/bootstrap tests/local/var_runtime_node/bootstrap
	$(BIN)/cfn-lint template.yaml

.PHONY: site
site: setup ## Build the documents as a site in build/site; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: test
test: check build ## Run the whole test suite, on every Python and with the oldest and newest clients found here
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGUMENTS)
	$(BIN)/nox $(if $(CI),--error,--no-error)-on-missing-interpreters

.PHONY: matrix
matrix: build ## Run what depends on versions, all of it, on every Python with the oldest and the newest clients (half an hour)
	$(BIN)/nox --session matrix $(if $(CI),--error,--no-error)-on-missing-interpreters

.PHONY: demo
demo: build ## Show a careless function without and with the layer, on a local Lambda
	$(BIN)/python -m benchmarks.demo

.PHONY: bench
bench: build ## Print the ratios that the README claims, measured side by side (about a quarter of an hour)
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.neighbours
	$(BIN)/python -m benchmarks.clients
	$(BIN)/python -m benchmarks.first_call
	$(BIN)/python -m benchmarks.preconnect
	$(BIN)/python -m benchmarks.round_trip
	$(BIN)/python -m benchmarks.extension
	$(BIN)/python -m benchmarks.freeze
	$(BIN)/python -m benchmarks.node
	$(BIN)/python -m benchmarks.dynamodb
	$(BIN)/python -m benchmarks.sticky

.PHONY: memory
memory: build ## Watch memory and descriptors over 100,000 calls of each client (about half an hour)
	$(BIN)/python -m benchmarks.memory

.PHONY: soak
soak: build ## Load one function in four threads for an hour, and compare its counts with the servers'
	$(BIN)/python -m benchmarks.soak

.PHONY: torture
torture: setup ## Freeze functions and betray their connections, 10,000 cycles per client (half an hour)
	$(BIN)/python -m tests.torture

.PHONY: suites
suites: build ## Run the clients' own test suites with the layer active (about an hour)
	$(BIN)/python -m tests.suites

.PHONY: stranger
stranger: setup ## Follow the README and the rollout guide on a fresh clone, command by command (five to ten minutes)
	$(BIN)/python -m tests.stranger

.PHONY: publish
publish: build ## Publish the layer for both architectures: make publish REGIONS="eu-central-1 us-east-1" OPTIONS=--dry-run
	$(BIN)/python publish.py $(REGIONS) $(OPTIONS)

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf build dist $(VENV) .nox .work .pytest_cache .mypy_cache .ruff_cache
