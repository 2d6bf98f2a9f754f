# Two commands matter: `make run` publishes and serves the seasons, `make test` proves that it works.
# Both set up everything they need; nothing outside this folder is touched, but for Debian packages when you are root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CLIENTS := tests/clients/node_modules/.ready
PORT ?= 8000
OUTPUT ?= publication
# Some tests wait for clocks and services: one process more than there are processors.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)

.DEFAULT_GOAL := help
.PHONY: help run test check coverage bench browser lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 22

run: $(READY) ## check the definitions, publish them and serve them on 127.0.0.1:8000
	@$(BIN)/aslms-feeds check || echo "What is wrong is not published; what was public stays. Mend it while the server runs."
	@$(BIN)/aslms-feeds build --output $(OUTPUT) --base-url http://127.0.0.1:$(PORT) || true
	@exec $(BIN)/aslms-feeds serve --watch --settle 1 --output $(OUTPUT) --base-url http://127.0.0.1:$(PORT) --port $(PORT)

test: $(READY) $(CLIENTS) browser ## every test, with branch coverage
	@$(BIN)/coverage erase
	@TMPDIR=$$(sh tests/scratch.sh) $(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report --skip-empty >.coverage-report

check: $(READY) ## formatting, lint, types, imports that point one way, and the definitions
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >$(VENV)/imports.txt || { cat $(VENV)/imports.txt; exit 1; }
	@$(BIN)/aslms-feeds check --strict

coverage: ## the branch coverage of the last test run
	@cat .coverage-report

bench: $(READY) ## how long builds take, as ratios within one run
	@$(BIN)/python tests/benchmarks/builds.py

browser: # real programs for the tests: a browser, Java for the HTML checker, web servers, systemd's checks, feed readers
	@export PATH="$$PATH:/usr/sbin"; missing=; \
	for one in chromium:chromium java:default-jre-headless nginx:nginx-light caddy:caddy systemd-analyze:systemd newsboat:newsboat sfeed:sfeed; do \
	  command -v $${one%:*} >/dev/null || missing="$$missing $${one#*:}"; done; \
	test -e /usr/lib/nginx/modules/ngx_http_brotli_static_module.so || missing="$$missing libnginx-mod-http-brotli-static"; \
	test -z "$$missing" || test "$$(id -u)" -ne 0 || { \
	  echo "Installing$$missing from Debian …"; apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }

lock: ## pin every dependency again by hash (needs uv)
	uv pip compile --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --extra dev pyproject.toml -o requirements.lock -q

clean: ## forget the environment and what was published here
	rm -rf $(VENV) $(OUTPUT) tests/clients/node_modules

$(READY): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (once, about half a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json
	@sh tests/clients/install.sh
	@touch $@
