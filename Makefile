# bitpeak-mock: `make serve` and `make test` do all their set-up themselves; they need Python 3.11 or later and make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.dev
NODE   := tests/clients/node
ZOO    := tests/zoo/clients
PAGE   := tests/page/browser

.DEFAULT_GOAL := help
.PHONY: help setup serve test test-kit contract mutants check fix lint types imports openapi coverage wheel
.PHONY: clean bench bench-peers soak test-nginx zoo zoo-php fuzz examples test-page contract-seeds pictures vocabulary

help:  ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "bitpeak-mock needs Python 3.11 or later: make PYTHON=python3.12 …" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The mock alone: what `make serve` needs.
$(VENV)/.serve: $(VENV)/.venv pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# Everything that the tests and checks need.
$(STAMP): $(VENV)/.venv pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.serve

# Node's own clients and the linter of OpenAPI documents; Node itself comes as a Python wheel.
$(NODE)/node_modules/.stamp: $(NODE)/package.json $(STAMP)
	cd $(NODE) && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund --no-package-lock
	@touch $@

setup: $(STAMP) $(NODE)/node_modules/.stamp  ## Install everything for development

serve: $(VENV)/.serve  ## Start the mock: make serve ARGS="--port 0 --strict"
	@exec $(BIN)/bitpeak-mock serve $(ARGS)

test: setup  ## Run all tests: make test ARGS="-k paging"
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup $(ARGS)

test-kit: setup  ## Run the kit's own heavy tests: whole runs against many services
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup -m heavy $(ARGS)

soak: $(STAMP)  ## Ten minutes of mixed load with faults: make soak ARGS="--seconds 3600"
	$(BIN)/python -m tests.steadiness $(ARGS)

test-nginx: setup  ## Several mocks behind nginx, which must be there (Debian: apt-get install nginx-light)
	BITPEAK_TEST_NGINX=required $(BIN)/python -m pytest tests/deploy/test_nginx.py $(ARGS)

# The page in a browser: the machine's own Chromium, or one that comes as an npm package.
$(PAGE)/unpacked/.stamp: $(PAGE)/package.json $(PAGE)/unpack.mjs $(STAMP)
	cd $(PAGE) && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund --no-package-lock
	rm -rf $(PAGE)/unpacked && $(BIN)/node $(PAGE)/unpack.mjs
	@touch $@

test-page: setup  ## Run the tests of the web page, which need a Chromium: CHROMIUM=/path/to/one, or it is fetched
	@$(BIN)/python -m tests.page.chromium >/dev/null || $(MAKE) --no-print-directory $(PAGE)/unpacked/.stamp
	PAGE_BROWSER=required $(BIN)/python -m pytest -m "browser or not browser" tests/page $(ARGS)

pictures: setup  ## Make the README's pictures anew, in docs/
	@$(BIN)/python -m tests.page.chromium >/dev/null || $(MAKE) --no-print-directory $(PAGE)/unpacked/.stamp
	$(BIN)/python -m tests.page.pictures

contract: $(STAMP)  ## Hold the mock against its document: make contract ARGS="--profile deep"
	@dir=$$(mktemp -d) && port=$$dir/port; \
	trap 'kill $$pid 2>/dev/null; wait $$pid 2>/dev/null; rm -rf "$$dir"' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; \
	$(BIN)/bitpeak-mock serve --port 0 --port-file "$$port" --quiet >"$$dir/log" 2>&1 & pid=$$!; \
	until [ -s "$$port" ]; do kill -0 $$pid 2>/dev/null || { cat "$$dir/log" >&2; exit 3; }; sleep 0.05; done; \
	env -u BITPEAK_API_KEY $(BIN)/bitpeak-mock check --base-url "http://127.0.0.1:$$(cat "$$port")/api" --profile standard $(ARGS)

SEEDS ?= 1 2 3 4 5 6 7 8 9 10
contract-seeds: $(STAMP)  ## Ten such runs, two at a time, each with a seed and a mock of its own: make contract-seeds SEEDS="11 12"
	@printf '%s\n' $(SEEDS) | xargs -P 2 -I SEED sh -c \
	  'said=$$($(MAKE) -s contract ARGS="--seed SEED $(ARGS)" 2>&1) || { printf "%s\n" "$$said"; exit 1; }; \
	   printf "seed SEED: %s\n" "$$(printf "%s\n" "$$said" | tail -n 1)"'

mutants: $(STAMP)  ## Hold the contract tests against wrong services: make mutants ARGS="--kind crash"
	$(BIN)/python -m contract_tests.mutants --state .mutants.jsonl $(ARGS)

examples: setup  ## Run the examples' own tests, and the steps of the recipes
	$(BIN)/python -m pytest tests/examples -v $(ARGS)

# Node's clients whose requests the zoo has.
$(ZOO)/node_modules/.stamp: $(ZOO)/package.json $(STAMP)
	cd $(ZOO) && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund --no-package-lock
	@touch $@

zoo: $(STAMP) $(ZOO)/node_modules/.stamp  ## Record the requests of real clients anew: make zoo ARGS="curl axios"
	$(BIN)/python -m tests.zoo $(ARGS)

zoo-php: $(STAMP)  ## Ask this machine's PHP anew what it makes of them
	$(BIN)/python -m tests.zoo --php

fuzz: $(STAMP)  ## Throw a hundred thousand malformed bodies at the mock: make fuzz ARGS="--seed 2"
	$(BIN)/python -m tests.zoo.fuzz $(ARGS)

check: lint types imports openapi  ## Lint, types, the import rule, the documents

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

fix: setup  ## Format, and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NODE)/node_modules/.bin/biome check --write

coverage: setup  ## Branch coverage of the mock, subprocesses included
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

bench: $(STAMP)  ## Speed and size on this machine, beside the limits of Python: make bench ARGS="--quick"
	$(BIN)/python -m bench $(ARGS)

bench-peers: $(STAMP)  ## The same beside Prism, Mockoon, WireMock and connexion, which it installs
	$(BIN)/python -m bench --peers --markdown bench/RESULTS.md --plot bench/results.svg $(ARGS)

vocabulary: setup  ## Write the types of the client's words anew, after a change in openapi/
	$(BIN)/python -m tests.plugin.vocabulary

wheel: $(STAMP)  ## Build the wheel into dist/
	$(BIN)/python -m build --wheel

clean:  ## Remove what was made
	rm -rf $(VENV) dist build htmlcov .coverage* $(NODE)/node_modules $(ZOO)/node_modules $(PAGE)/node_modules $(PAGE)/unpacked
	find . -name __pycache__ -prune -exec rm -rf {} +
