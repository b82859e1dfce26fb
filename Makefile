# make demo   builds a medium, installs a host in a virtual machine, boots it, reports
# make test   everything that must hold before a change lands (this is what CI runs)
# make run    the installer's screens in this terminal, on a virtual disk that is kept
# (make run BOOT=disk starts the kept disk again)
# make iso    the medium as it is released, build/photon-standard.iso
# Others: setup, medium, deb, wheel, lint, unit, disk, vm, test-all, clean. A case alone: make vm CASE=minimal_efi
# All but iso use the fast edition of the medium; EDITION=standard uses the released one.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PATH := $(PATH):/usr/sbin:/sbin
export PYTHONDONTWRITEBYTECODE := 1

# The editions are in iso_hooks/recipe.yaml.
EDITION := fast
iso vm-standard: EDITION := standard
export PHOTON_EDITION = $(EDITION)

ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo --preserve-env=PATH,CI,PYTHONDONTWRITEBYTECODE,PHOTON_EDITION)
PYTHON := .venv/bin/python
STEP := @/usr/bin/python3 -m tests.step
# "make setup" installs every tool: a test that lacks one has failed, not been skipped.
PYTEST := $(PYTHON) -m pytest --no-skips
PARALLEL := -n 2
# An emulated machine keeps one processor busy, so that two run at once, the longest cases first.
VM_TESTS := $(PYTEST) -o log_level=INFO -o log_format='%(message)s'
VM_SUITE := $(VM_TESTS) $(PARALLEL) --dist loadfile --no-loadscope-reorder tests/vm

.PHONY: help setup iso medium deb wheel demo run test test-all lint unit disk vm vm-all vm-standard clean

help:
	@sed -n 's/^# \?//p;/^$$/q' Makefile

setup: build/setup.stamp
build/setup.stamp: tests/vm/setup.sh iso_hooks/build-packages.txt pyproject.toml
	$(STEP) setup -- tests/vm/setup.sh
	@touch $@

iso medium: setup
	$(if $(wildcard build/photon-$(EDITION).iso),,$(STEP) --room 6)
	$(STEP) iso-$(EDITION) -- $(ROOT) $(PYTHON) -m iso_hooks build-iso --edition $(EDITION)

# The command for other machines, from the same tree.
deb: setup
	$(STEP) deb --show -- $(PYTHON) -m iso_hooks deb
wheel: setup
	$(STEP) wheel -- $(PYTHON) -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir build .

demo: medium
	@$(ROOT) $(PYTHON) -m tests.vm.demo

run: medium
	@$(ROOT) $(PYTHON) -m tests.vm.by_hand $(BOOT)

lint: setup
	$(STEP) lint --show -- $(PYTHON) -m ruff check .
	$(STEP) types --show -- $(PYTHON) -m mypy

unit: setup
	$(STEP) unit --show -- $(PYTEST) -q $(PARALLEL) tests/unit tests/screens

disk: medium
	$(STEP) disk --show -- $(ROOT) $(PYTEST) -q -m disk tests/disk

vm: medium
	$(STEP) --room 8
	$(STEP) vm --show -- $(ROOT) $(if $(CASE),$(VM_TESTS) -o log_cli=true tests/vm/test_$(CASE).py,$(VM_SUITE) -m once)

# Every case with the fast edition, then those that need the standard one or must pass with both.
vm-all: medium
	$(STEP) --room 8
	$(STEP) vm-all --show -- $(ROOT) $(VM_SUITE) -m 'not standard'
	@$(MAKE) vm-standard

vm-standard: medium
	$(STEP) vm-standard --show -- $(ROOT) $(VM_SUITE) -m 'standard or every_edition'

# The fuzz (tests/unit/fuzz) tries each door for about a second; here for 20, other inputs each day.
test-all: export PHOTON_FUZZ_SECONDS ?= 20
test-all: export PHOTON_FUZZ_SEED ?= $(shell date +%F)
test test-all:
	$(STEP) --room 14
	$(STEP) --reset
	@trap '/usr/bin/python3 -m tests.step --report' EXIT; \
	for part in setup lint unit disk $(if $(filter test-all,$@),vm-all,vm); do $(MAKE) $$part; done

clean:
	$(ROOT) rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
