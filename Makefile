# make run    the city on this machine, with demo data          make test    every test
# make check  format, lint, types, import rules                 make schema  the graph's snapshots
# make load   locust on a city of its own                       make bench   the figures in docs/benchmarks/
# make docs   generated documents                               make reset   forget ./var

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN    := .venv/bin
DATA   ?= var
PORT   ?= 8000

.PHONY: run test check setup composer format schema docs load bench bench-web bench-sensor bench-citycode bench-identity bench-local lock reset debian

run: setup
	@$(BIN)/python -m api serve --embedded --demo --welcome --data-dir $(DATA) --port $(PORT)

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

test: setup debian composer
	$(BIN)/python -m pytest $(ARGS)

# What tests need beside Python: a browser, fonts for Chinese, Node for the composer.
debian:
	@sh tests/debian-packages.sh

composer: api/composition/node_modules/installed

api/composition/node_modules/installed: api/composition/package-lock.json
	@cd api/composition && npm ci --ignore-scripts --silent
	@touch $@

schema: setup composer
	for backend in sensor governance data; do $(BIN)/python -m backends.$$backend schema || exit 1; done
	$(BIN)/python -m api schema

docs: setup
	$(BIN)/python -m api docs

load: setup
	$(BIN)/python -m loadtest

bench: bench-web bench-citycode bench-identity bench-sensor

bench-web: setup
	$(BIN)/python -m loadtest.bench

bench-citycode: setup
	$(BIN)/python -m docs.benchmarks.scripts.citycode

bench-identity: setup
	$(BIN)/python -m docs.benchmarks.scripts.identity

# Beside Mercurius and Apollo Server where Node can be had.
bench-local: setup
	@cd docs/benchmarks/peers/local && npm ci --ignore-scripts --silent || echo "Without Node's peers." >&2
	$(BIN)/python -m docs.benchmarks.scripts.local

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

reset:
	rm -rf $(DATA)
