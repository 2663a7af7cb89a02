# Every target does its own set-up: a virtual environment in .venv with the pinned requirements.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
CAMPAIGN ?= simulators/campaigns/retail.yaml
DATA ?= data
ADDRESS ?= 127.0.0.1:50051
ARGS ?=
TEST_PROCESSES ?= 2
SCENARIO ?= ryan
TARGET ?=
CSV ?= ../shared/data/hillstrom.csv.gz
MAPPING ?= simulators/mappings/hillstrom.yaml

.PHONY: serve test soak lint format protos replay simulate bench requirements clean

serve: $(READY)
	@exec $(RUN) -m server --address $(ADDRESS) --data $(DATA) --campaign $(CAMPAIGN) $(ARGS)

test: $(READY)
	$(RUN) -m pytest -m "not soak" --numprocesses $(TEST_PROCESSES) --dist worksteal $(ARGS)

soak: $(READY)
	$(RUN) -m pytest -m soak $(ARGS)

lint: $(READY)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

format: $(READY)
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

protos: $(READY)
	$(RUN) protos/generate.py

replay: $(READY)
	$(RUN) -m simulators.replay $(MAPPING) --csv $(CSV) --target $(ADDRESS) $(ARGS)

simulate: $(READY)
	@$(RUN) -m simulators.simulate $(SCENARIO) $(if $(TARGET),--target $(TARGET)) --json build/simulated-$(SCENARIO).json \
		--html build/simulated-$(SCENARIO).html $(ARGS)

bench: $(READY)
	$(RUN) -m benchmarks.decision_cost $(ARGS)

requirements: $(READY)
	$(RUN) -m pip install --quiet pip-tools
	$(RUN) -m piptools compile --quiet --upgrade --extra dev --allow-unsafe --strip-extras --no-header --no-emit-index-url --no-emit-trusted-host \
		--no-emit-find-links --no-annotate --no-emit-options --output-file requirements.txt pyproject.toml
	@sed -i '/^#/d; /^$$/d; /^pip==/d' requirements.txt

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; name one with make PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make virtual environments; install its venv module (Debian: python3-venv)" >&2; exit 1; }
	@$(RUN) -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .hypothesis
