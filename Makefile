# `make demo` and `make test` build their own environment in .venv and need nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint clean

demo: .venv/installed
	$(BIN)/supreme demo demo

test: .venv/installed lint
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/installed: pyproject.toml constraints-cpu.txt
	$(PYTHON) -m venv .venv
	PIP_CONSTRAINT=$(CURDIR)/constraints-cpu.txt $(BIN)/pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf .venv demo
