# `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo
STAMP := $(VENV)/.installed
# One for each of two cores: what is timed in a test should not wait for a third one.
WORKERS ?= 2

.PHONY: help demo test lint install setup vsix bench lock clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: install ## Turn an example brief into a verified capsule with the embedded model, without any key.
	@scripts/setup-dev || true
	$(BIN)/quantumlayer models pull qwen2.5-coder-1.5b
	$(BIN)/quantumlayer generate examples/briefs/textkit.brief.md --out $(DEMO) --force || [ $$? = 3 ]

test: install ## Install what tests need, check the code, run every test.
	scripts/setup-dev
	$(MAKE) lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: install ## Formatting, style, types and the house's layers; the VS Code extension's, too.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy server
	$(BIN)/lint-imports
	scripts/format-lua --check
	scripts/vscode-check

install: $(STAMP) ## Make the environment from the pinned, hashed requirements.

$(STAMP): requirements-dev.txt pyproject.toml
	test -x $(BIN)/python || PYTHON=$(PYTHON) scripts/make-venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps -e .
	touch $(STAMP)

setup: install ## Install system packages (Docker, bubblewrap) and make the sandbox image.
	scripts/setup-dev

vsix: install ## Pack the VS Code extension: build/quantumlayer.vsix.
	scripts/vscode-package

bench: install ## Server start, engine overhead, edit to diagnostics, a large workspace, defects found.
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/workspace.py --runs 1
	$(BIN)/python benchmarks/defects.py

lock: ## Pin the requirements anew (needs uv).
	uv pip compile --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 --upgrade \
		pyproject.toml -o requirements.txt
	uv pip compile --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11 \
		--extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## Remove the environment and what was built.
	rm -rf editors/vscode/build editors/vscode/bundled editors/vscode/node_modules
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
