# bitpeak-mock. All set-up is automatic: every target needs only make and Python 3.11 or later.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.dev
NODE   := tests/clients/node
ZOO    := tests/zoo/clients
PAGE   := tests/page/browser

.DEFAULT_GOAL := help
.PHONY: help setup serve test test-python test-kit contract mutants check fix lint types imports openapi coverage wheel
.PHONY: docs reference image clean bench bench-peers soak test-nginx zoo zoo-php fuzz examples test-page contract-seeds pictures vocabulary

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "bitpeak-mock needs Python 3.11 or later: make PYTHON=python3.12 …" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The mock alone, for `make serve`.
$(VENV)/.serve: $(VENV)/.venv pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# Everything for the tests and checks.
$(STAMP): $(VENV)/.venv pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.serve

# Node's HTTP clients, and the linters of OpenAPI and JavaScript. Node itself comes as a Python wheel.
$(NODE)/node_modules/.stamp: $(NODE)/package.json $(STAMP)
	cd $(NODE) && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund --no-package-lock
	@touch $@

setup: $(STAMP) $(NODE)/node_modules/.stamp  ## Install everything for development

serve: $(VENV)/.serve  ## Start the mock: make serve ARGS="--port 0 --strict"
	@exec $(BIN)/bitpeak-mock serve $(ARGS)

test: setup  ## Run the everyday tests: make test ARGS="-k paging"
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup $(ARGS)

test-python:  ## Run the everyday tests with another Python: make test-python PYTHON=python3.14
	$(MAKE) --no-print-directory test VENV=.venv-$(notdir $(PYTHON)) PYTHON=$(PYTHON)

test-kit: setup  ## Run the slow tests of the contract-test kit: whole runs against many services
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup -m heavy $(ARGS)

soak: $(STAMP)  ## Run ten minutes of mixed load with faults: make soak ARGS="--seconds 3600"
	$(BIN)/python -m tests.steadiness $(ARGS)

test-nginx: setup  ## Test several mocks behind nginx, which must be installed (Debian: apt-get install nginx-light)
	BITPEAK_TEST_NGINX=required $(BIN)/python -m pytest tests/deploy/test_nginx.py $(ARGS)

# A Chromium for the web page: the machine's own, or an npm package.
$(PAGE)/unpacked/.stamp: $(PAGE)/package.json $(PAGE)/unpack.mjs $(STAMP)
	cd $(PAGE) && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund --no-package-lock
	rm -rf $(PAGE)/unpacked && $(BIN)/node $(PAGE)/unpack.mjs
	@touch $@

test-page: setup  ## Test the web page and the site in Chromium: CHROMIUM=/path/to/it, else it is downloaded
	@$(BIN)/python -m tests.page.chromium >/dev/null || $(MAKE) --no-print-directory $(PAGE)/unpacked/.stamp
	PAGE_BROWSER=required $(BIN)/python -m pytest --numprocesses 2 --dist loadgroup -m "browser or not browser" tests/page $(ARGS)

pictures: setup  ## Make the pictures of the documentation again, in docs/
	@$(BIN)/python -m tests.page.chromium >/dev/null || $(MAKE) --no-print-directory $(PAGE)/unpacked/.stamp
	$(BIN)/python -m tests.page.pictures

contract: $(STAMP)  ## Test the mock against its document: make contract ARGS="--profile deep"
	@dir=$$(mktemp -d) && port=$$dir/port; \
	trap 'kill $$pid 2>/dev/null; wait $$pid 2>/dev/null; rm -rf "$$dir"' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; \
	$(BIN)/bitpeak-mock serve --port 0 --port-file "$$port" --quiet >"$$dir/log" 2>&1 & pid=$$!; \
	until [ -s "$$port" ]; do kill -0 $$pid 2>/dev/null || { cat "$$dir/log" >&2; exit 3; }; sleep 0.05; done; \
	env -u BITPEAK_API_KEY $(BIN)/bitpeak-mock check --base-url "http://127.0.0.1:$$(cat "$$port")/api" --profile standard --hold-to document $(ARGS)

SEEDS ?= 1 2 3 4 5 6 7 8 9 10
contract-seeds: $(STAMP)  ## Run `make contract` with ten seeds: make contract-seeds SEEDS="11 12"
	@printf '%s\n' $(SEEDS) | xargs -P 2 -I SEED sh -c \
	  'said=$$($(MAKE) -s contract ARGS="--seed SEED $(ARGS)" 2>&1) || { printf "%s\n" "$$said"; exit 1; }; \
	   printf "seed SEED: %s\n" "$$(printf "%s\n" "$$said" | tail -n 1)"'

mutants: $(STAMP)  ## Test the contract tests against faulty services: make mutants ARGS="--kind crash"
	$(BIN)/python -m tests.mutants --state .mutants.jsonl $(ARGS)

examples: setup  ## Run the examples and the steps of the recipes
	$(BIN)/python -m pytest tests/examples -v $(ARGS)

# Node's clients that the zoo records.
$(ZOO)/node_modules/.stamp: $(ZOO)/package.json $(STAMP)
	cd $(ZOO) && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund --no-package-lock
	@touch $@

zoo: $(STAMP) $(ZOO)/node_modules/.stamp  ## Record the requests of real HTTP clients again: make zoo ARGS="curl axios"
	$(BIN)/python -m tests.zoo $(ARGS)

zoo-php: $(STAMP)  ## Record again how this machine's PHP reads those requests
	$(BIN)/python -m tests.zoo --php

fuzz: $(STAMP)  ## Send a hundred thousand malformed bodies to the mock: make fuzz ARGS="--seed 2"
	$(BIN)/python -m tests.zoo.fuzz $(ARGS)

check: lint types imports openapi  ## Check code style, types, imports and the OpenAPI documents

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(NODE)/node_modules/.bin/biome check --error-on-warnings

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

openapi: setup
	cd $(NODE) && PATH="$(CURDIR)/$(BIN):$$PATH" npx --no-install redocly lint \
	  --config $(CURDIR)/openapi/redocly.yaml \
	  $(CURDIR)/openapi/notification-handlers.yaml $(CURDIR)/openapi/control.yaml

fix: setup  ## Format the code, and fix what can be fixed automatically
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NODE)/node_modules/.bin/biome check --write

coverage: setup  ## Measure the branch coverage of the mock, subprocesses included
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

bench: $(STAMP)  ## Measure speed and size on this machine: make bench ARGS="--quick"
	$(BIN)/python -m bench $(ARGS)

bench-peers: $(STAMP)  ## Compare with Prism, Mockoon, WireMock, connexion, and stripe-mock if BITPEAK_STRIPE_MOCK names its checkout
	$(BIN)/python -m bench --peers --markdown bench/RESULTS.md --plot bench/results.svg $(ARGS)

vocabulary: setup  ## Generate the client's types again after a change in openapi/
	$(BIN)/python -m tests.plugin.vocabulary

reference: $(STAMP)  ## Write the generated parts of README.md and docs/ again
	$(BIN)/python -m tests.docs.reference

docs: $(STAMP)  ## Build the documentation site into build/site, and check its links
	$(BIN)/zensical build --strict --clean
	$(BIN)/python -m tests.docs.links build/site

wheel: $(STAMP)  ## Build the wheel into dist/
	rm -f dist/*.whl
	$(BIN)/python -m build --wheel

image: wheel  ## Build the container image from the wheel; it needs Docker
	docker build --file examples/Dockerfile --tag bitpeak-mock .

clean:  ## Remove everything that make has created
	rm -rf $(VENV) .venv-* .cache dist build htmlcov .coverage* $(NODE)/node_modules $(ZOO)/node_modules $(PAGE)/node_modules $(PAGE)/unpacked
	find . -name __pycache__ -prune -exec rm -rf {} +
