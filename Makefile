.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MADE := $(VENV)/.made-with-$(notdir $(PYTHON))
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PYTEST_ARGS ?=
# Tests wait for processes and databases as much as they reckon: two at a time keep two cores busy.
WORKERS ?= auto

.PHONY: help
help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: run
run: $(INSTALLED) ## run everything here: web, worker, scheduler, Redis; Ctrl-C stops it (PORT=5001 for another port)
	@$(BIN)/python -m app.supervisor --with-parent

.PHONY: test
test: lint ## run the checks and the whole test suite (PYTEST_ARGS="-k pool" for a part)
	@$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS) || { code=$$?; \
		test $$code != 5 || echo "No test fits PYTEST_ARGS." >&2; exit $$code; }

.PHONY: lint
lint: $(INSTALLED_DEV) ## run the checks only: style, types, layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: audit
audit: $(INSTALLED_DEV) ## ask whether a dependency is known to be vulnerable
	@$(BIN)/python .ci/audit.py

.PHONY: soak
soak: $(INSTALLED_DEV) ## run the long tests at full size (an hour or more)
	GONGHAI_TEST_SIZE=full $(BIN)/python -m pytest -m "race or kill or queue or rows or fuzz" $(PYTEST_ARGS)

.PHONY: pin
pin: ## work out requirements*.txt anew from requirements*.in (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes requirements-dev.in -o requirements-dev.txt

.PHONY: screenshots
screenshots: $(INSTALLED_DEV) ## photograph every main screen anew into docs/screenshots (needs Chromium; ONLY="pool" for a part)
	@$(BIN)/python .ci/screenshots.py $(ONLY)

.PHONY: assets
assets: $(MADE) ## fetch the scripts of others anew, as pinned in package.json (needs npm)
	@$(BIN)/python .ci/assets.py

.PHONY: messages
messages: $(INSTALLED) ## collect the texts for translation and compile the translations
	mkdir -p build
	$(BIN)/pybabel -q extract -F babel.cfg -k _l -k lazy_gettext -k lazy_ngettext:1,2 -k lazy_pgettext:1c,2 \
		--add-location=file --no-wrap --project=Gonghai --version=1 -o build/messages.pot .
	$(BIN)/pybabel -q update -i build/messages.pot -d app/translations --no-fuzzy-matching --ignore-obsolete --no-wrap
	for domain in messages admin wtforms; do $(BIN)/pybabel -q compile -d app/translations -D $$domain || exit 1; done

# A virtual environment is made anew only if it belongs to another version of Python than the one asked for.
$(MADE):
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not here: install Python 3.11 or newer, or name it, as in \`make run PYTHON=/path/to/python3.12\`." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, and $(PYTHON) is older: name another one, as in \`make run PYTHON=python3.12\`." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) comes without venv: install it (on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@which='import sys; print(sys.version_info[:2])'; \
	if ! test -x $(BIN)/python || test "$$($(BIN)/python -c "$$which")" != "$$($(PYTHON) -c "$$which")"; then \
		echo "making $(VENV)"; $(PYTHON) -m venv --clear $(VENV); \
	fi
	@touch $@

$(INSTALLED): requirements.txt $(MADE)
	@echo "installing what the application needs (a minute or two, once)"
	@$(PIP) install --quiet --require-hashes -r requirements.txt
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	@echo "installing what the checks and tests need"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
