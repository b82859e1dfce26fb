# make demo   builds the medium, installs a host in a virtual machine, boots it, reports
# make test   everything that must hold before a change lands (this is what CI runs)
# make run    the installer's screens in this terminal, on a virtual disk that is kept
# (make run BOOT=disk starts the kept disk again)
# Others: setup, iso, lint, unit, disk, vm, test-all, clean. A case alone: make vm CASE=minimal_efi

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PATH := $(PATH):/usr/sbin:/sbin
export PYTHONDONTWRITEBYTECODE := 1

ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo --preserve-env=PATH,CI,PYTHONDONTWRITEBYTECODE)
PYTHON := .venv/bin/python
STEP := @/usr/bin/python3 tests/step.py
PYTEST := $(PYTHON) -m pytest
VM_TESTS := $(if $(CASE),tests/vm/test_$(CASE).py,tests/vm)
LIVE := -o log_cli=true -o log_cli_level=INFO -o log_cli_format='  %(message)s' --durations=0

.PHONY: help setup iso demo run test test-all lint unit disk vm vm-all clean

help:
	@sed -n 's/^# \?//p;/^$$/q' Makefile

setup: build/setup.stamp
build/setup.stamp: tests/vm/setup.sh pyproject.toml
	$(STEP) setup -- tests/vm/setup.sh
	@touch $@

iso: setup
	$(if $(wildcard build/photon.iso),,$(STEP) --room 6)
	$(STEP) iso -- $(ROOT) $(PYTHON) -m iso_hooks build-iso

demo: iso
	@$(ROOT) $(PYTHON) -m tests.vm.demo

run: iso
	@$(ROOT) $(PYTHON) -m tests.vm.by_hand $(BOOT)

lint: setup
	$(STEP) lint --show -- $(PYTHON) -m ruff check .
	$(STEP) types --show -- $(PYTHON) -m mypy

unit: setup
	$(STEP) unit --show -- $(PYTEST) -q tests/unit tests/screens

disk: iso
	$(STEP) disk --show -- $(ROOT) $(PYTEST) -q -m disk tests/disk

vm: iso
	$(STEP) --room 8
	$(STEP) vm --show -- $(ROOT) $(PYTEST) -m 'vm$(if $(CASE),, and once)' $(LIVE) $(VM_TESTS)

vm-all: iso
	$(STEP) --room 8
	$(STEP) vm --show -- $(ROOT) $(PYTEST) -m vm $(LIVE) tests/vm

test test-all:
	$(STEP) --room 14
	@/usr/bin/python3 tests/step.py --reset
	@trap '/usr/bin/python3 tests/step.py --report' EXIT; \
	$(MAKE) setup; $(MAKE) lint; $(MAKE) unit; $(MAKE) disk; \
	$(MAKE) $(if $(filter test-all,$@),vm-all,vm)

clean:
	$(ROOT) rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
