# A fresh clone needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin
# torch spins on shared cores unless told not to.
export OMP_WAIT_POLICY ?= passive
export GOMP_SPINCOUNT ?= 0
# The suites start hundreds of programs: what Python compiled for one is there for the next.
unexport PYTHONDONTWRITEBYTECODE
comma := ,

.PHONY: demo test check docs dense plugin web dist audit lock lanes slow vllm e2e crash faults concurrency fuzz injection soak privacy clean

.venv/.base: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -e .
	@touch $@

# With LOCKED=1, as in CI, the versions of locked/ and no others, each file by its hash.
ifdef LOCKED
install = $(BIN)/pip install --quiet --require-hashes $(addprefix -r locked/,$(1)) && $(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
else
install = $(BIN)/pip install --quiet -c constraints-cpu.txt -e '.[$(2)]'
endif

.venv/.dev: pyproject.toml locked/dev.txt .venv/.base
	$(call install,dev.txt,dev)
	@touch $@

.venv/.dense: pyproject.toml locked/torch.txt .venv/.dev
	$(call install,dev.txt torch.txt,dev$(comma)dev-dense)
	@touch $@

.venv/.e2e: pyproject.toml .venv/.dev
	$(call install,dev.txt,dev$(comma)dev-e2e)
	@touch $@

.venv/.audit: pyproject.toml .venv/.dev
	$(call install,dev.txt,dev$(comma)dev-audit)
	@touch $@

.venv/.docs: pyproject.toml .venv/.dev
	$(call install,dev.txt,dev$(comma)docs)
	@touch $@

demo: .venv/.base  ## the main job on the shipped corpus, set-up included
	$(BIN)/allabel demo

test: .venv/.dev  ## the fast suite, set-up included
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

check: .venv/.dense .venv/.audit  ## the whole gate: form, types, layers, holes, every command of README and docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml allabel app eval retrieval
	$(BIN)/python tests/scan_secrets.py
	$(BIN)/python tests/audit.py
	$(BIN)/pytest -n 2 -m 'not vllm and not e2e' tests/integration/test_docs_blocks.py tests/integration/test_notebook.py
	$(BIN)/python benchmarks/main_job.py --quick

docs: .venv/.docs  ## the site in build/site: warnings are errors; its links, what its pages load, and spelling
	$(BIN)/python docs/reference/write_site.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	$(BIN)/python docs/reference/check_site.py build/site
	$(BIN)/codespell $(wildcard *.md) docs allabel app eval retrieval

dist: .venv/.audit  ## the wheel and the sdist in dist/: looked into, installed in clean environments, each extra resolved
	rm -rf dist
	ALLABEL_DIST=dist $(BIN)/pytest -n 0 -m slow tests/integration/test_wheel.py

dense: .venv/.dense  ## what needs torch: embeddings and fine-tuned taggers, with a real encoder
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 tests/unit/retrieval/test_dense.py tests/contract tests/unit/active tests/integration/finetune tests/reliability/test_web_models.py

plugin: .venv/.dev  ## the example plugin, in an environment of its own: its tests, and allabel with it
	$(BIN)/pytest -n 0 -m slow tests/integration/test_plugin_example.py

web: .venv/.dev  ## the server, the app and models before strangers; what needs torch or a browser is in dense and e2e
	$(BIN)/pytest -n 2 -m '' tests/reliability/test_web_server.py tests/reliability/test_web_app.py tests/reliability/test_web_models.py tests/reliability/test_web_signing_in.py tests/reliability/test_web_redirects.py tests/reliability/test_web_audit.py

audit: .venv/.audit  ## whether a locked version has a known hole; fails where nobody can be asked
	ALLABEL_AUDIT=required $(BIN)/python tests/audit.py

lock: .venv/.audit  ## write the versions that CI tests anew; FIND_LINKS is where torch's CPU build lies
	$(BIN)/python tests/lock_versions.py --upgrade --find-links '$(FIND_LINKS)'

slow: .venv/.dev  ## tests that take minutes
	$(BIN)/pytest -n 2 -m slow

vllm: .venv/.dev  ## against a real vLLM server with a small model (3 GB are installed the first time)
	$(PYTHON) tests/with_vllm.py $(BIN)/pytest -n 0 -m vllm

e2e: .venv/.e2e  ## the annotation app in a real browser (Chromium has to be installed: apt-get install chromium)
	$(BIN)/pytest -n 0 -m e2e

# What docs/reliability.md stands on, each at its full length.
crash: .venv/.dev  ## kill -9 at random moments, 200 times, on SQLite and PostgreSQL
	ALLABEL_KILLS=200 $(BIN)/pytest -n 0 -s -m slow tests/reliability/test_crash*.py

faults: .venv/.dev  ## full disks, locks, clocks, restarts of PostgreSQL, damaged files; backup and restore (as root, with faketime)
	ALLABEL_DAMAGES=2000 ALLABEL_BACKUPS=50 ALLABEL_KILLS=200 ALLABEL_RESTARTS=50 $(BIN)/pytest -n 0 -s -m 'slow or not slow' tests/reliability/test_backup*.py tests/reliability/test_fault*.py tests/reliability/test_damage*.py

concurrency: .venv/.dev  ## sixteen writers, and courses of events against a model
	ALLABEL_CONCURRENCY_S=60 ALLABEL_EXAMPLES=60 $(BIN)/pytest -n 0 -s -m 'slow or not slow' tests/reliability/test_concurrency*.py

fuzz: .venv/.dev  ## a million changed inputs to every reader
	ALLABEL_FUZZ_INPUTS=1000000 $(BIN)/pytest -n 0 -s tests/reliability/test_fuzz_readers.py tests/reliability/test_fuzz_http.py

injection: .venv/.dev  ## how often a small real model strays under attack (vLLM, an hour)
	$(PYTHON) tests/with_vllm.py sh -c '$(BIN)/python benchmarks/injection.py --base-url "$$ALLABEL_TEST_LLM" --out build/injection.jsonl'

soak: .venv/.e2e  ## app, server and PostgreSQL under mixed load for an hour
	$(BIN)/python tests/reliability/soak.py --minutes 60

privacy: .venv/.dense .venv/.e2e  ## who is addressed, under strace; what logs and temporary files hold
	$(BIN)/pytest -n 0 -m slow tests/reliability/test_privacy_traced.py

lanes: slow dense vllm e2e  ## every slow lane

clean:
	rm -rf .venv demo build dist
