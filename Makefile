# `make demo` shows the portal, `make test` proves it. `make help` lists the rest.
PYTHON ?= python3
WORKERS ?= 2
SIZES ?= 10000,100000
FUZZ_EXAMPLES ?= 20
RUN = .venv/bin/python
SBOM ?= sbom.json
MESSAGES_OF = $(if $(ADD),--locale=$(ADD),--all)
AUDIT = .cache/audit/bin
LINT_ENVIRONMENT = PORTAL_ENVIRONMENT=test DATABASE_URL=postgresql:///lint REDIS_URL=redis://127.0.0.1:6379/0

export PYTHON
unexport PYTHONDONTWRITEBYTECODE  # demo and tests start many processes, which would each compile everything
.PHONY: help demo demo-reset test fuzz bench lint format lock audit sbom screenshots messages environment-demo environment-develop

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: environment-demo ## Show the portal on 127.0.0.1:8000 (PORT=…), with a sandbox AWS and 60 days of history
	@$(RUN) -m demo

demo-reset: environment-demo ## Forget the demo's data; the next `make demo` starts over
	@$(RUN) -m demo reset

test: environment-develop ## Run the tests (ARGS="-k word", WORKERS=2)
	@PORTAL_ENVIRONMENT=test $(RUN) -m embedded run -- $(RUN) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(ARGS)

fuzz: environment-develop ## Call every page, form and door with hostile values, for longer (FUZZ_EXAMPLES=20, WORKERS=2)
	@FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(MAKE) --no-print-directory test ARGS="tests/hostile $(ARGS)"

bench: environment-develop ## Measure what must stay fast, as a table and JSON (SIZES=10000,100000, ARGS="--keep FOLDER")
	@$(RUN) -m benchmarks --sizes $(SIZES) $(ARGS)

lint: environment-develop ## Check style, types, the floors' imports, migrations and deployment settings
	@$(LINT_ENVIRONMENT) PATH="$(CURDIR)/.venv/bin:$$PATH" sh .ci/lint

format: environment-develop ## Format the code and apply the safe corrections
	@$(RUN) -m ruff check --quiet --fix . ; $(RUN) -m ruff format .

screenshots: environment-develop ## Take pictures of the running demo (PORT=8000) into docs/screenshots/
	@mkdir -p docs/screenshots && $(RUN) -m demo.screenshots

lock: ## Write the locked requirements anew from pyproject.toml (needs uv)
	@bash requirements/compile.sh

audit: environment-audit ## Ask the advisory service of PyPI whether a locked package is known to be vulnerable
	@AUDIT=$(AUDIT) sh .ci/audit

sbom: environment-audit ## Write what the product is made of to sbom.json (CycloneDX; SBOM=file)
	@$(AUDIT)/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible --output-format JSON \
		--output-file $(SBOM) requirements/product.txt

messages: environment-develop ## Gather the words to translate into locale/ and compile them (ADD=de: a language more; needs GNU gettext)
	@mkdir -p locale && $(LINT_ENVIRONMENT) $(RUN) manage.py makemessages --extension=html,txt,py,toml --no-wrap --no-location $(MESSAGES_OF) \
		$(foreach one,.venv .demo static-files tests sandbox demo embedded benchmarks client docs pyproject.toml,--ignore=$(one))
	@$(LINT_ENVIRONMENT) $(RUN) manage.py compilemessages --ignore=.venv

environment-audit:
	@sh requirements/install.sh audit .cache/audit

environment-demo:
	@sh requirements/install.sh demo

environment-develop:
	@sh requirements/install.sh develop
