# Every developer command on one screen. `make chat` and `make test` set up what they need and can be run again at once.
PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
BIN    := $(VENV)/bin
LLAMA  := llama-cpp-python==0.3.36
SHELL  := bash
.SHELLFLAGS := -o pipefail -c
# Of llama.cpp we use the library alone, for this machine's processor: a fifth of the default build's time.
export CMAKE_ARGS = -DGGML_NATIVE=ON -DLLAVA_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
	-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF \
	-DCMAKE_PROJECT_llama.cpp_INCLUDE=$(abspath $(VENV))/lean.cmake
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STAGE   = @printf '%s == %s\n' "$$(date +%T)" '$(1)'

.PHONY: help chat test check eval eval-time bench bench-sync bench-retrieval bench-checks bench-page setup clean
help:            ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST)

chat: setup      ## set up, index seeds/, open the chat page (ARGS="--port 8000")
	$(call STAGE,index of seeds/)
	$(BIN)/quoth add seeds/articles
	$(call STAGE,chat page)
	$(BIN)/python app.py $(ARGS)

test: setup      ## set up, run the whole test suite (ARGS="-k dates")
	$(call STAGE,tests)
	$(BIN)/python -m pytest $(ARGS)

check: setup     ## formatting, lint, types
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

eval: setup      ## score answers and citations on the starter questions (ARGS="--limit 20")
	$(BIN)/quoth eval seeds $(ARGS)

eval-time: setup ## the starter questions about time, a row each: window, newest cited, pass or why not
	$(BIN)/quoth eval seeds --type present --type dated --type relative --type superseded --out runs/seeds-time $(ARGS)

bench: setup     ## seconds, tokens, memory of a question; beside another setup (ARGS="--against naive", see --help)
	$(BIN)/python -m tests.bench $(ARGS)

bench-sync: setup ## seconds of a sync of 2,000 articles of which none, one or all may have changed
	$(BIN)/python -m tests.bench_sync $(ARGS)

bench-checks: setup ## what each check adds to an answer's time, as a ratio in one run
	$(BIN)/python -m tests.bench_checks $(ARGS)

bench-retrieval: setup  ## what is found, how soon and at what size (ARGS="FOLDER… --json FILE")
	$(BIN)/python -m tests.bench_retrieval $(ARGS)

bench-page: setup ## Enter to evidence and Stop to idle in a real browser, beside a naive page (ARGS="--questions 2")
	$(BIN)/python -m tests.bench_page $(ARGS)

setup: $(VENV)/.installed
clean:           ## remove the environment; models and index stay
	rm -rf $(VENV)

# The compiler and the downloads run side by side.
$(VENV)/.installed: pyproject.toml constraints.txt assistant/models.toml
	$(call STAGE,environment)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet -c constraints.txt --upgrade pip
	echo 'set(LLAMA_BUILD_COMMON OFF)' > $(VENV)/lean.cmake
	$(MAKE) --no-print-directory -j2 $(VENV)/.compiled $(VENV)/.fetched
	$(call STAGE,quoth itself)
	$(PIP) install --quiet -c constraints.txt --find-links $(VENV)/wheels -e '.[dev]'
	touch $@

$(VENV)/.compiled: Makefile
	$(call STAGE,llama.cpp: build for this processor (one to ten minutes))
	mkdir -p $(VENV)/wheels
	$(PIP) wheel -v --no-deps -w $(VENV)/wheels $(LLAMA) 2>&1 | tee $(VENV)/llama.log \
		| awk 'match($$0, /^ *\[[0-9]+\/[0-9]+\]/) { print "llama.cpp" substr($$0, 1, RLENGTH); fflush() }' \
		|| { tail -n 40 $(VENV)/llama.log; exit 1; }
	$(call STAGE,llama.cpp: built)
	touch $@

$(VENV)/.fetched: pyproject.toml constraints.txt assistant/models.toml
	$(call STAGE,packages: download)
	$(BIN)/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
		print('\n'.join(r for r in p['dependencies'] + p['optional-dependencies']['test'] if 'llama' not in r))" \
		> $(VENV)/requirements.txt
	$(PIP) install --progress-bar on -c constraints.txt -r $(VENV)/requirements.txt
	$(call STAGE,models: download)
	$(BIN)/python -m assistant models pull qwen2.5-coder-1.5b all-minilm-l6-v2 smollm2-135m
	$(call STAGE,models: there)
	touch $@
