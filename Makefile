# iotscan: everything a developer or CI runs. `make help` lists it.
VENV ?= .venv
PY := $(VENV)/bin/python
PYTEST_ARGS ?= -n 3

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench docs schema clean distclean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.run: pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "iotscan needs Python 3.11 or newer"; exit 2; }
	@python3 -c 'import ensurepip' 2>/dev/null || { echo "Install first: sudo apt-get install python3-venv make"; exit 2; }
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --quiet -e '.[image,keys,report]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PY) -m pip install --quiet -e '.[image,keys,report]' --group dev  # together: apart, a test's need breaks the cap of sslyze
	@touch $@

demo: $(VENV)/.run ## Scan the practice network: starts it, scans, reports, stops it
	$(VENV)/bin/iotscan scan --lab

test: $(VENV)/.dev ## Install what the tests need (apt packages when root) and run them
	sh .ci/apt
	$(PY) -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.dev ## ruff, mypy --strict, import contracts, check lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/iotscan checks lint

format: $(VENV)/.dev ## Format the code
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: $(VENV)/.dev ## Measure: start-up, HTML page, discovery, images, TLS and the posture of a LAN against their peers, practice network (ratios in one run)
	$(PY) -m bench

docs: $(VENV)/.run ## Write docs/checks/ from the checks
	$(PY) -m iotscan.cli.docs docs/checks

schema: $(VENV)/.run ## Write reports/schemas/ from the types
	$(PY) -m iotscan.cli.schemas reports/schemas

clean: ## Remove caches and scan output
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist iotscan-out
	find . -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## Remove the environment as well
	rm -rf $(VENV)
