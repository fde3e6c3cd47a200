# The everyday commands; `make help` lists them. Behind them stand the CMake presets of CMakePresets.json.

PYTHON := /usr/bin/python3
IMAGE ?= plimsoll:dev
reports := $(CURDIR)/build/reports

FUZZ_SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help setup build demo test golden-update asan tsan fuzz soak e2e e2e-rotation e2e-rollout bench docs image tidy format bench-api-server

help: ## list these commands
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: ## install the Debian packages that are missing (sudo when not root)
	@scripts/install-packages

build: setup ## the release program: build/plimsoll
	cmake --preset release
	cmake --build --preset release

demo: build ## the main job on this machine: a server, an annotated Job, what becomes of it and why
	@scripts/demo

test: build ## unit, golden, property, architecture and loopback tests
	@mkdir -p $(reports)
	ctest --test-dir build --output-on-failure --output-junit $(reports)/test.xml

golden-update: build ## rewrite the expected.yaml files that say something else; look at the difference
	UPDATE_GOLDEN=1 build/plimsoll test tests/golden/mutate

asan: setup ## the same tests under AddressSanitizer and UndefinedBehaviorSanitizer
	cmake --preset asan
	cmake --build --preset asan
	@mkdir -p $(reports)
	ctest --test-dir build/asan --output-on-failure --output-junit $(reports)/asan.xml

tsan: setup ## the tests of all that has threads, under ThreadSanitizer
	cmake --preset tsan
	cmake --build --preset tsan
	@mkdir -p $(reports)
	TSAN_OPTIONS=halt_on_error=1 setarch -R ctest --test-dir build/tsan --output-on-failure --output-junit $(reports)/tsan.xml \
	  -R '^(reload|http|tls|auth|kube|telemetry|webhook|loopback)$$'

fuzz: build ## the fuzzers of tests/fuzz, FUZZ_SECONDS=600 each; they go on from what earlier runs learnt
	@scripts/install-packages fuzz
	cmake --preset fuzz
	cmake --build --preset fuzz
	@mkdir -p $(reports)
	$(PYTHON) tests/fuzz/run.py --seconds $(FUZZ_SECONDS) --junit $(reports)/fuzz.xml

soak: build ## what takes minutes: reloads under load, three times the load; SOAK=reload_test.py runs one file
	cmake --build --preset release --target plimsoll_load
	$(PYTHON) -m pytest -s tests/soak/$(SOAK)

e2e: build ## beside Kubernetes' Go code, and on a real control plane; K8S_VERSION=v1.35.4 (needs Go 1.26 or KUBEBUILDER_ASSETS)
	@scripts/install-packages e2e
	$(PYTHON) tests/e2e/cluster/build.py
	@mkdir -p $(reports)
	$(PYTHON) -m pytest tests/oracle tests/e2e --junit-xml=$(reports)/e2e.xml

e2e-rotation: build ## certificates and authorities rotate under 10,000 creates on the real API server, 0 failed
	PLIMSOLL_CREATES=10000 $(PYTHON) -m pytest tests/e2e/certificates_test.py

e2e-rollout: build ## replicas restart one by one under 10,000 creates on the real API server, 0 failed
	PLIMSOLL_CREATES=10000 $(PYTHON) -m pytest -s tests/e2e/rollout_test.py

docs: build ## write docs/cli.md and the answers on the pages of docs/ anew, from what the program says
	@scripts/generate-cli-docs build/plimsoll
	@UPDATE_DOCS=1 $(PYTHON) -m pytest -q tests/loopback/documents_test.py

image: ## the container image, by docker, podman or buildah; IMAGE=plimsoll:dev names it
	@scripts/build-image "$(IMAGE)"

tidy: build ## clang-tidy over the sources
	@scripts/install-packages tools
	run-clang-tidy-14 -quiet -p build '/(src|webhook|tests)/'

format: ## clang-format over the sources
	@scripts/install-packages tools
	git ls-files '*.cpp' '*.hpp' | xargs clang-format-14 -i

bench: setup ## decide beside the bare JSON parser; the server beside nginx (wrk, nginx)
	@scripts/install-packages bench
	cmake --preset release
	cmake --build --preset release --target plimsoll plimsoll_bench
	build/tests/plimsoll_bench
	$(PYTHON) tests/bench/serve_bench.py build/plimsoll

bench-api-server: build ## what a create costs on the real API server, beside an in-process policy (eight minutes)
	$(PYTHON) tests/e2e/cluster/build.py
	$(PYTHON) tests/bench/api_server_cost.py build/plimsoll
