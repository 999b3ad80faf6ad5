# The one list of commands, the same at the desk and in CI. `make help` prints it.
#
# Each command makes what it needs in .venv, and nothing outside this folder. A stamp file in .venv
# remembers what is installed, so that a second call starts at once.

# Any Python from 3.11 on: `make PYTHON=/opt/python3.12/bin/python test` picks another one.
CANDIDATES = python3.11 python3.12 python3.13 python3 python
IS_RECENT = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for each in $(CANDIDATES); do \
	$$each -c '$(IS_RECENT)' 2>/dev/null && { echo $$each; break; }; done)

VENV = .venv
BIN = $(VENV)/bin
RUN ?= runs/default
MODEL_VERSION ?= 1.0
DATA = $(or $(FACENET_RES_DATA),../shared/data)
LICENCE = Trained on CelebA, UTKFace and other research sets (see the card): for non-commercial research
# Compiling every module at once takes half of the time of an installation; imports do it as needed.
PIP = $(BIN)/python -m pip --disable-pip-version-check install --no-compile -c constraints.txt
PROTOS = protos/facenet_res/v1/*.proto
PROTOC = $(BIN)/python -m grpc_tools.protoc -I protos

.PHONY: help buf load setup demo examples test test-slow torture coverage check lint fmt protos bench study train-default install-default calibrate quantise judge judge-dlib compare docs constraints clean

help: ## Print this list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(VENV)/.dev ## Install everything for development into .venv.

demo: $(VENV)/.demo ## Show the main job end to end; PHOTOS=DIR takes your own photographs.
	$(BIN)/python -m experiments.demo $(if $(PHOTOS),--photos "$(PHOTOS)")

test: $(VENV)/.dev ## Run all tests but the slow ones, benchmarks in miniature included.
	$(BIN)/python -m pytest

test-slow: $(VENV)/.dev ## Run the slow tests too.
	$(BIN)/python -m pytest -m "not gpu"

torture: $(VENV)/.dev ## Damage galleries DAMAGES and kill writers KILLS times (10,000 and 1,000): hours.
	TORTURE_ROUNDS=$(or $(DAMAGES),10000) TORTURE_KILLS=$(or $(KILLS),1000) \
		$(BIN)/python -m pytest -s -m "" tests/torture tests/e2e/test_gallery_kill.py

coverage: $(VENV)/.dev ## Run the tests and hold the coverage of the rooms that must not err.
	$(BIN)/python -m coverage run -m pytest -m "not slow and not gpu and not bench"
	$(BIN)/python -m coverage combine
	$(BIN)/python -m coverage report

check: lint $(VENV)/.dev ## Check format, lint, types, floors, and that the stubs are fresh.
	$(BIN)/mypy
	$(BIN)/lint-imports
	rm -rf build/stubs && mkdir -p build/stubs
	$(PROTOC) --python_out=build/stubs --pyi_out=build/stubs --grpc_python_out=build/stubs $(PROTOS)
	diff -r --exclude=__init__.py --exclude=__pycache__ build/stubs/facenet_res/v1 facenet_res/v1

lint: $(VENV)/.dev ## Check format and lint only: seconds.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

fmt: $(VENV)/.dev ## Format, and fix what can be fixed.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

protos: $(VENV)/.dev ## Make the wire stubs anew from protos/.
	$(PROTOC) --python_out=. --pyi_out=. --grpc_python_out=. $(PROTOS)

buf: ## Lint the protos, and compare them with protos/baseline.binpb; needs npx.
	npx --yes @bufbuild/buf@1.75.0 lint protos
	npx --yes @bufbuild/buf@1.75.0 breaking protos --against protos/baseline.binpb

load: $(VENV)/.dev ## Measure a server under load, overload and hostile clients: minutes; prints tables.
	$(BIN)/python -m experiments.load

# OpenBLAS has its threads spin for 20 ms after a product, on cores that the next thing is measured on.
bench: $(VENV)/.dev ## Measure in full, into bench.jsonl; at the end the table of docs/performance.md.
	OPENBLAS_THREAD_TIMEOUT=4 BENCH_FULL=1 $(BIN)/python -m pytest -m bench --durations=0 tests/benchmarks; \
		status=$$?; $(BIN)/python -m tests.benchmarks.summary bench.jsonl; exit $$status

train-default: $(VENV)/.dev ## Train the default weights from dlib's network, or go on with RUN=runs/default.
	KERAS_BACKEND=$${KERAS_BACKEND:-torch} $(BIN)/facenet-res develop train default --run $(RUN)

install-default: $(VENV)/.dev ## Make the finished RUN's weights the default ones, and judge them.
	KERAS_BACKEND=$${KERAS_BACKEND:-torch} $(BIN)/facenet-res develop export $(RUN) \
		--out facenet_res/weights/default --model-version $(MODEL_VERSION) --overwrite --mirror --licence "$(LICENCE)"
	$(MAKE) calibrate judge

calibrate: $(VENV)/.dev ## Measure the thresholds of both models of the package on the held-out people.
	$(BIN)/facenet-res calibrate --held-out --model facenet_res/weights/default
	mkdir -p build
	$(BIN)/facenet-res calibrate --held-out --model dlib-resnet --out build/dlib-resnet --overwrite
	cp build/dlib-resnet/manifest.toml facenet_res/weights/dlib-resnet/manifest.toml

study: $(VENV)/.dev ## Go on with the studies that the default recipe rests on: two hours on two cores.
	for each in candidates ablation recipe; do \
		KERAS_BACKEND=$${KERAS_BACKEND:-torch} $(BIN)/python -m experiments.study $$each \
			--runs runs/study --out docs/studies || exit 1; done

quantise: $(VENV)/.dev ## Add an int8 network to the default weights, if it loses no more than 0.1 points.
	$(BIN)/facenet-res develop quantise facenet_res/weights/default --out facenet_res/weights/default --overwrite \
		--calibration $(DATA)/crops.zip --held-out --images $(DATA)/lfw.zip --pairs $(DATA)/lfw_pairs.txt

examples: $(VENV)/.dev ## Train and judge the three examples of docs/examples.md: an hour or two; skips without the data.
	for each in pneumonia fine_tuning detector; do \
		KERAS_BACKEND=$${KERAS_BACKEND:-torch} $(BIN)/python -m examples.$$each || exit 1; done

judge: $(VENV)/.dev ## Judge the default weights: their card, judged.json and docs/default-model.html.
	$(BIN)/facenet-res evaluate card --out facenet_res/weights/default --page docs/default-model.html

judge-dlib: $(VENV)/.dev ## Judge dlib's network the same way: its card and judged.json.
	$(BIN)/facenet-res evaluate card --model dlib-resnet --out facenet_res/weights/dlib-resnet --page build/dlib-resnet.html

compare: $(VENV)/.dev ## Show the figures of the default, dlib's and the former default weights row by row.
	$(BIN)/facenet-res evaluate compare default=facenet_res/weights/default/judged.json \
		dlib-resnet=facenet_res/weights/dlib-resnet/judged.json former=docs/studies/former-default.json

docs: $(VENV)/.dev ## Build the documentation site into build/docs; a broken link is an error.
	$(BIN)/zensical build --clean --strict

constraints: $(VENV)/.dev ## Write the versions at hand to constraints.txt.
	grep '^#' constraints.txt > build-constraints.tmp
	$(BIN)/python -m pip --disable-pip-version-check freeze --exclude-editable | sed 's/+cpu$$//' \
		| grep '^[A-Za-z0-9_.-]*==[A-Za-z0-9.]*$$' >> build-constraints.tmp
	mv build-constraints.tmp constraints.txt

clean: ## Remove .venv, caches and everything that was built.
	rm -rf $(VENV) build dist *.egg-info .coverage* .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis .import_linter_cache .cache bench.jsonl build-constraints.tmp
	find facenet_res server experiments examples tests -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "needs Python 3.11 or later: none of $(CANDIDATES)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The main job needs neither TensorFlow nor the tools; whoever has them has this too.
$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing facenet-res into $(VENV): half a minute ..."
	$(PIP) -e '.[demo]'
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing facenet-res and all its tools into $(VENV): one to three minutes ..."
	$(PIP) -e '.[server,heic,postgres,train,torch,jax,onnx,int8,plots,demo,docs,dlib,dev]'
	@touch $(VENV)/.demo $@
