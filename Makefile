# Two commands matter: `make run` publishes and serves the seasons, `make test` proves that it works.
# Both set up everything they need; nothing outside this folder is touched, but for Debian packages when you are root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
READY := $(VENV)/.ready
CLIENTS := tests/clients/node_modules/.ready
PORT ?= 8000
OUTPUT ?= publication
# Some tests wait for clocks and services: one process more than there are processors.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)
# Every dependency is checked by its hash; what pip has to say is shown when it fails.
PIP = $(BIN)/pip install --quiet --disable-pip-version-check
QUIETLY = >$(VENV)/pip.txt 2>&1 || { cat $(VENV)/pip.txt; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help run test unit check fix anyday bench release browser lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 22

run: $(RUNS) ## check the definitions, publish them and serve them on 127.0.0.1:8000
	@$(BIN)/aslms-feeds check || echo "What is wrong is not published; what was public stays. Mend it while the server runs."
	@$(BIN)/aslms-feeds build --output $(OUTPUT) --base-url http://127.0.0.1:$(PORT) || true
	@exec $(BIN)/aslms-feeds serve --watch --settle 1 --output $(OUTPUT) --base-url http://127.0.0.1:$(PORT) --port $(PORT)

test: $(READY) $(CLIENTS) browser ## every test; fails below 97 % of lines and branches
	@$(BIN)/coverage erase
	@TMPDIR=$$(sh tests/scratch.sh) $(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)
	@$(BIN)/coverage combine -q
	@test -n "$(PYTEST_ARGS)" || $(BIN)/coverage report --skip-empty --skip-covered >.coverage-report || { cat .coverage-report; exit 1; }

unit: $(READY) ## the tests that need no network, no browser and no service, in less than a minute
	@TMPDIR=$$(sh tests/scratch.sh) $(BIN)/pytest -n auto -m "not slow" --ignore tests/contracts --ignore tests/properties $(PYTEST_ARGS)

check: $(READY) ## formatting, lint, spelling, types, imports that point one way, and the definitions
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/codespell
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >$(VENV)/imports.txt || { cat $(VENV)/imports.txt; exit 1; }
	@$(BIN)/aslms-feeds check --strict

fix: $(READY) ## mend what can be mended by machine: formatting and lint
	@$(BIN)/ruff check -q --fix . || true
	@$(BIN)/ruff format -q .

anyday: $(READY) $(CLIENTS) browser ## every test on four other days, by a clock that is set (needs cc)
	@sh tests/anyday/run.sh $(WORKERS) $(PYTEST_ARGS)

bench: $(READY) ## how long builds take, as ratios within one run
	@$(BIN)/python tests/benchmarks/builds.py

release: $(READY) ## sdist and wheel in dist/, made twice with equal bytes and tried in an empty environment
	@sh .ci/release

browser: # real programs for the tests: a browser, Java for the HTML checker, web servers, systemd's checks, feed readers
	@export PATH="$$PATH:/usr/sbin"; missing=; \
	for program in chromium:chromium java:default-jre-headless nginx:nginx-light caddy:caddy systemd-analyze:systemd newsboat:newsboat sfeed:sfeed; do \
	  command -v $${program%:*} >/dev/null || missing="$$missing $${program#*:}"; done; \
	test -e /usr/lib/nginx/modules/ngx_http_brotli_static_module.so || missing="$$missing libnginx-mod-http-brotli-static"; \
	test -z "$$missing" || test "$$(id -u)" -ne 0 || { \
	  echo "Installing$$missing from Debian …"; apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }

lock: ## pin every dependency again by hash (needs uv)
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --extra build \
	  pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --extra build --extra dev \
	  -c requirements.lock pyproject.toml -o tests/requirements.lock

clean: ## forget the environment and what was published here
	rm -rf $(VENV) $(OUTPUT) tests/clients/node_modules

$(RUNS): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (once, about half a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes --requirement requirements.lock $(QUIETLY)
	@$(PIP) --no-deps --no-build-isolation --editable . $(QUIETLY)
	@touch $@

$(READY): $(RUNS) tests/requirements.lock
	@echo "Adding what tests and checks need (once) …"
	@$(PIP) --require-hashes --requirement tests/requirements.lock $(QUIETLY)
	@touch $@

$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json
	@sh tests/clients/install.sh
	@touch $@
