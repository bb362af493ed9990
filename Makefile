# make run    the city on this machine, with demo data          make test    every test
# make check  format, lint, types, import rules                 make schema  the graph's snapshots
# make load   locust on a city of its own                       make bench   the figures in docs/benchmarks/
# make docs   generated documents                               make reset   forget ./var
# make contract   what is made of sdk/contract/bridge.schema.json; then make sdk-js, which packs the JavaScript SDK

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN    := .venv/bin
DATA   ?= var
PORT   ?= 8000

# The rooms that have a benchmark of their own under docs/benchmarks/scripts.
MEASURED := citycode data health identity licences notifications payments rates reports rewrap

# What is imported is compiled once, not in every process that starts; some images ask for the latter.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run site test check setup composer audits kit sdk-js format schema docs contract load bench bench-web bench-sensor bench-local bench-memory bench-gateway bench-identity-crowd bench-miniapps-bridge bench-miniapps-start bench-miniapps-review bench-miniapps-tokens bench-miniapps-backends bench-tong-start audit $(MEASURED:%=bench-%) lock reset debian

run: setup
	@$(BIN)/python -m api serve --embedded --demo --sandbox --welcome --data-dir $(DATA) --port $(PORT)

setup: .venv/installed

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info[:2] == (3, 11) else "CityTong needs Python 3.11. Set PYTHON=/path/to/python3.11.")'
	@echo "Installing Python packages into .venv (once; about a minute) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config contracts.toml

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Two workers more than cores: a quarter of a run is waiting, for processes and for pages. A file is one worker's: what
# its tests share (a city, phones that are signed in) is made once. Those with cities are last (tests/conftest.py).
WORKERS ?= $(shell expr $$(nproc) + 2)

test: setup debian composer audits kit
	$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile --no-loadscope-reorder $(ARGS)

# What tests need beside Python: a browser, fonts for Chinese, Node for the composer, a token of PKCS #11.
debian:
	@sh tests/debian-packages.sh

composer: api/composition/node_modules/installed

api/composition/node_modules/installed: api/composition/package-lock.json
	@cd api/composition && npm ci --ignore-scripts --silent
	@touch $@

# Public audits of GraphQL over HTTP, for tests alone.
audits: tests/contract/web/audits/node_modules/installed

tests/contract/web/audits/node_modules/installed: tests/contract/web/audits/package-lock.json
	@cd tests/contract/web/audits && npm ci --ignore-scripts --silent
	@touch $@

# What @citytong/sdk is built and tested with.
kit: sdk/js/node_modules/installed

sdk/js/node_modules/installed: sdk/js/package-lock.json
	@cd sdk/js && npm ci --ignore-scripts --silent
	@touch $@

# The published form of @citytong/sdk, after a change of sdk/js/src; its hashes go into the rules of review.
sdk-js: kit
	@cd sdk/js && node build.js
	@$(MAKE) --no-print-directory contract

schema: setup composer
	for backend in sensor governance data; do $(BIN)/python -m backends.$$backend schema || exit 1; done
	$(BIN)/python -m api schema

# What developers read, as static pages in var/site.
site: setup
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

docs: setup
	$(BIN)/python -m api docs

contract: setup
	PYTHONPATH=sdk/python/src $(BIN)/python -m sdk.contract

load: setup
	$(BIN)/python -m loadtest

# Each prints the table that its document holds; payments alone takes two minutes.
bench: bench-web $(MEASURED:%=bench-%) bench-identity-crowd bench-miniapps-bridge bench-miniapps-start bench-miniapps-tokens bench-miniapps-backends bench-miniapps-review bench-tong-start bench-sensor

bench-identity-crowd: setup
	$(BIN)/python -m docs.benchmarks.scripts.identity_crowd

# In Chromium: a minute.
bench-miniapps-bridge: setup debian
	$(BIN)/python -m docs.benchmarks.scripts.miniapps_bridge

bench-web: setup
	$(BIN)/python -m loadtest.bench

$(MEASURED:%=bench-%): bench-%: setup
	$(BIN)/python -m docs.benchmarks.scripts.$*

bench-miniapps-start: setup
	$(BIN)/python -m docs.benchmarks.scripts.miniapps_start

bench-miniapps-review: setup
	PYTHONPATH=sdk/python/src $(BIN)/python -m docs.benchmarks.scripts.miniapps_review

bench-miniapps-tokens: setup
	PYTHONPATH=sdk/python/src $(BIN)/python -m docs.benchmarks.scripts.miniapps_tokens

bench-miniapps-backends: setup
	PYTHONPATH=sdk/python/src $(BIN)/python -m docs.benchmarks.scripts.miniapps_backends

# In Chromium.
bench-tong-start: setup debian
	PYTHONPATH=sdk/python/src $(BIN)/python -m docs.benchmarks.scripts.tong_start

# A million requests: ten minutes of one core.
bench-memory: setup
	$(BIN)/python -m docs.benchmarks.scripts.gateway_memory

# Beside Mercurius and Apollo Server where Node can be had.
bench-local: setup
	@cd docs/benchmarks/peers/local && npm ci --ignore-scripts --silent || echo "Without Node's peers." >&2
	$(BIN)/python -m docs.benchmarks.scripts.local

# The Federation audit; AUDIT is where its subgraphs answer (the script says how they are started).
AUDIT ?= http://127.0.0.1:4200
audit: setup
	$(BIN)/python -m docs.benchmarks.scripts.gateway_audit --audit $(AUDIT) --record tests/contract/gateway_audit/recorded --table docs/benchmarks/gateway-audit.md

# WORK: the public benchmark's folder; PEERS: where npm installed other gateways; NODE: Node 24.
NODE ?= node
bench-gateway: setup
ifdef WORK
	$(BIN)/python -m docs.benchmarks.scripts.gateway --work $(WORK) $(if $(PEERS),--peers $(PEERS)) --node $(NODE) --table docs/benchmarks/gateway.md
else
	@echo 'bench-gateway needs the public benchmark: make bench-gateway WORK=path/to/benchmarks/gateway [PEERS=folder]'
endif

# PRSA names the published files: make bench-sensor PRSA="path/to/PRSA_Data_*.csv.gz"
bench-sensor: setup
ifdef PRSA
	$(BIN)/python -m backends.sensor bench $(PRSA)
else
	@echo 'bench-sensor needs the published files: make bench-sensor PRSA="path/to/PRSA_Data_*.csv.gz"'
endif

# Versions that fit together, with the hashes of what was read; no address of a registry.
lock:
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 pyproject.toml --extra embedded --extra dev --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	$(BIN)/uv pip compile --quiet --python-version 3.11 pyproject.toml --constraint requirements.lock --generate-hashes --no-emit-index-url --no-header -o docker/requirements.lock
	echo aiosmtpd | $(BIN)/uv pip compile --quiet --python-version 3.11 - --constraint requirements.lock --generate-hashes --no-emit-index-url --no-annotate --no-header -o docker/carriers.lock

reset:
	rm -rf $(DATA)
