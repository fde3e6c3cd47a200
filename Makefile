# The everyday commands; `make help` lists them. Behind them stand the CMake presets of CMakePresets.json.

PYTHON := /usr/bin/python3
reports := $(CURDIR)/build/reports

.DEFAULT_GOAL := help
.PHONY: help setup build test asan e2e tidy format bench

help: ## list these commands
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: ## install the Debian packages that are missing (sudo when not root)
	@scripts/install-packages

build: setup ## the release program: build/plimsoll
	cmake --preset release
	cmake --build --preset release

test: build ## unit, golden, property, architecture and loopback tests
	@mkdir -p $(reports)
	ctest --test-dir build --output-on-failure --output-junit $(reports)/test.xml

asan: setup ## the same tests under AddressSanitizer and UndefinedBehaviorSanitizer
	cmake --preset asan
	cmake --build --preset asan
	@mkdir -p $(reports)
	ctest --test-dir build/asan --output-on-failure --output-junit $(reports)/asan.xml

e2e: build ## on a real Kubernetes control plane; K8S_VERSION=v1.35.4 for another (needs Go 1.26 or KUBEBUILDER_ASSETS)
	$(PYTHON) tests/e2e/cluster/build.py
	@mkdir -p $(reports)
	$(PYTHON) -m pytest tests/e2e --junit-xml=$(reports)/e2e.xml

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
