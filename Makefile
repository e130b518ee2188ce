# A fresh clone needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin
# torch spins on shared cores unless told not to.
export OMP_WAIT_POLICY ?= passive
export GOMP_SPINCOUNT ?= 0

.PHONY: demo test check dense lanes slow vllm e2e clean

.venv/.base: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -e .
	@touch $@

.venv/.dev: pyproject.toml .venv/.base
	$(BIN)/pip install --quiet -c constraints-cpu.txt -e '.[dev]'
	@touch $@

.venv/.dense: pyproject.toml .venv/.dev
	$(BIN)/pip install --quiet -c constraints-cpu.txt -e '.[dev,dev-dense]'
	@touch $@

.venv/.e2e: pyproject.toml .venv/.dev
	$(BIN)/pip install --quiet -c constraints-cpu.txt -e '.[dev,dev-e2e]'
	@touch $@

demo: .venv/.base  ## the main job on the shipped corpus, set-up included
	$(BIN)/allabel demo

test: .venv/.dev  ## the fast suite, set-up included
	$(BIN)/pytest -n 2

check: .venv/.dense  ## the whole gate: form, types, layers, the README's commands
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 0 -m 'not vllm and not e2e' tests/integration/test_readme.py
	$(BIN)/python benchmarks/main_job.py --quick

dense: .venv/.dense  ## what needs torch: embeddings and fine-tuned taggers, with a real encoder
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 tests/unit/retrieval/test_dense.py tests/contract tests/unit/active tests/integration/finetune

slow: .venv/.dev  ## tests that take minutes
	$(BIN)/pytest -n 2 -m slow

vllm: .venv/.dev  ## against a real vLLM server with a small model (3 GB are installed the first time)
	$(PYTHON) tests/with_vllm.py $(BIN)/pytest -n 0 -m vllm

e2e: .venv/.e2e  ## the annotation app in a real browser (Chromium has to be installed: apt-get install chromium)
	$(BIN)/pytest -n 0 -m e2e

lanes: slow dense vllm e2e  ## every slow lane

clean:
	rm -rf .venv demo build dist
