# The set-up and the everyday commands. Wants GNU make 3.81 or later, git, and a Python from 3.11 to 3.13.
#
# ARCHIVE, FRIEND and DATA_DIR are a person's own words. They reach the programs through the environment alone, byte for
# byte: no line below splices them into a shell command, and `override` with `value` keeps make from reading a $ in them.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup repro test soak lint chat serve forget clean build run always
unexport MAKEFLAGS MAKELEVEL PYTHONHOME PYTHONPATH UV_PYTHON VIRTUAL_ENV

define verbatim
ifneq ($$(origin $(1)),undefined)
override $(1) := $$(value $(1))
export $(1)
endif
endef
$(foreach name,ARCHIVE FRIEND DATA_DIR PYTHON ENGINE,$(eval $(call verbatim,$(name))))

# `dvc`, and the `python` that its stages call, are the environment's own; it is entered through `python -m`, since the
# first line of its scripts holds a path that may have moved.
override ORIGINAL_PATH := $(value PATH)
export ORIGINAL_PATH
export PATH := $(CURDIR)/.venv/bin:$(ORIGINAL_PATH)
export PYTHONUTF8 := 1
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
python := .venv/bin/python

UV_VERSION := 0.13.9
UV_OLDEST := 0.8
# Once GPU=1 was given, the environment keeps CUDA's libraries until GPU=0.
GPU ?= $(if $(wildcard .venv/.made-gpu),1,0)
device := $(if $(filter-out 0,$(GPU)),gpu,cpu)
made := .venv/.made-$(device)
code := $(patsubst %/,%,$(sort $(dir $(wildcard src/*.py stages/*.py tests/*.py bench/*.py audit/*.py data/demo/*.py))))

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1 - /p' Makefile | awk -F' - ' '{printf "make %-8s %s\n", $$1, $$2}'
	@echo
	@echo "Your own archive: make repro ARCHIVE=/path/to/facebook-NAME FRIEND='Friend Name'"
	@echo "Set-up: PYTHON=/path/to/python picks the Python, GPU=1 adds CUDA's libraries (GPU=0 takes them away again)"

setup: $(made) ## make .venv/ from uv.lock (uv is brought in if it is not there)

repro: setup ## set-up, then the whole pipeline: a bot and its report
	@$(python) src/set_params.py
	@$(python) -m dvc repro
	@$(python) src/summary.py
	@echo "Your own archive: .venv/bin/python src/stats.py /path/to/facebook-NAME"

soak: setup ## the tests that take minutes: the demo itself
	@$(python) -m pytest -m soak $(ARGS)

test: setup ## set-up, then every test (ARGS='-k name' for some)
	@$(python) -m pytest $(ARGS)

lint: setup ## ruff and mypy
	@$(python) -m ruff check $(code)
	@$(python) -m ruff format --check $(code)
	@$(python) -m mypy $(code)

chat: setup ## talk to the bot (ARGS='--temperature 0.5' and the like)
	@$(python) src/chat.py $(ARGS)

serve: setup ## the same on a page in the browser, and for programs that speak OpenAI's protocol
	@$(python) src/serve.py --open $(ARGS)

forget: setup ## delete, after asking, all that was derived from an archive
	@$(python) src/forget.py $(ARGS)

clean: ## remove .venv/, .uv/ and tools' caches; models, checkpoints and data stay
	@rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src stages tests bench audit data -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

build: ## build the container's image (ENGINE=podman instead of docker)
	@"$${ENGINE:-docker}" build -t friendbot .

run: ## the pipeline and a chat in the container: DATA_DIR=/path/to/facebook-NAME FRIEND='Friend Name'
	@$(run_container)

# ---- How the environment is made -------------------------------------------------------------------------------------

# PYTHON= given: look again even if the environment is there, since it may be of another Python.
$(made): pyproject.toml uv.lock $(if $(value PYTHON),always)
	@$(find_python); $(find_uv); \
	echo "Making .venv/ from uv.lock"; \
	[ "$$found" = .venv/bin/python ] || { UV_PYTHON=$$found; export UV_PYTHON; }; \
	$$uv sync --locked --quiet $(if $(filter gpu,$(device)),--extra gpu) || exit 1; \
	rm -f .venv/.made-cpu .venv/.made-gpu; touch $@

# Sets `found` to a Python that runs and fits; `able` is empty if it cannot make environments. Where several fit, one
# that can goes first. An environment that is there already keeps its Python unless PYTHON names one.
define find_python
found=; able=; \
try() { \
  [ -z "$$able" ] || return 0; \
  "$$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || return 0; \
  if "$$1" -c 'import ensurepip, venv' 2>/dev/null; then found=$$1; able=yes; else found=$${found:-$$1}; fi; \
}; \
if [ -n "$$PYTHON" ]; then \
  try "$$PYTHON"; \
else \
  [ ! -x .venv/bin/python ] || try .venv/bin/python; \
  for name in python3.11 python3.12 python3.13 python3; do \
    IFS=:; for folder in $$ORIGINAL_PATH; do unset IFS; [ ! -x "$$folder/$$name" ] || try "$$folder/$$name"; done; unset IFS; \
  done; \
fi; \
if [ -z "$$found" ]; then \
  wanted="Python 3.11, 3.12 or 3.13"; \
  if [ -n "$$PYTHON" ]; then printf '%s\n' "make: PYTHON: $$PYTHON does not run, or is not $$wanted" >&2; \
  else echo "make: no $$wanted was found; install one, or name it: make setup PYTHON=/path/to/python3.11" >&2; fi; \
  exit 2; \
fi
endef

# Sets `uv`: the one on PATH if it is recent enough, else a pinned one of our own in .uv/.
recent := import sys; old, new = ([int(n) for n in v.split(".")[:2]] for v in sys.argv[1:4:2]); sys.exit(new < old)
define find_uv
uv=uv; \
if ! "$$found" -c '$(recent)' $(UV_OLDEST) $$(uv --version 2>/dev/null) 2>/dev/null; then \
  uv=.uv/bin/uv; \
  case $$($$uv --version 2>/dev/null) in "uv $(UV_VERSION)"*) ;; *) \
    if [ -z "$$able" ]; then \
      echo "make: $$found cannot make environments (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 2; \
    fi; \
    echo "Bringing uv $(UV_VERSION) into .uv/"; rm -rf .uv; \
    "$$found" -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || { \
      rm -rf .uv; echo "make: uv could not be brought in; the lines above say why" >&2; exit 2; }; \
  esac; \
fi
endef

# ---- The container ---------------------------------------------------------------------------------------------------

# The archive is mounted read-only at /archive (a single file inside it, under its own name); results stay in a volume.
# The mount is one line of CSV, so that a path may hold commas, colons and quotes. The archive is read as its owner.
define run_container
csv() { printf '%s' "$$1" | sed 's/"/""/g'; }; \
set -- run --rm --interactive --network none --volume friendbot-results:/results --env FRIEND; \
[ ! -t 0 ] || set -- "$$@" --tty; \
[ "$$(id -u)" = 0 ] || set -- "$$@" --user "$$(id -u):$$(id -g)"; \
if [ -n "$$DATA_DIR" ]; then \
  case $$DATA_DIR in /*) from=$$DATA_DIR ;; *) from=$$PWD/$$DATA_DIR ;; esac; \
  [ -e "$$from" ] || { printf '%s\n' "make: DATA_DIR: $$from does not exist" >&2; exit 2; }; \
  to=/archive; [ -d "$$from" ] || to=/archive/$$(basename -- "$$from"); \
  set -- "$$@" --mount "type=bind,\"source=$$(csv "$$from")\",\"target=$$(csv "$$to")\",readonly"; \
fi; \
"$${ENGINE:-docker}" "$$@" friendbot $(ARGS)
endef
