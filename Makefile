# SPDX-License-Identifier: Apache-2.0
# make demo and make test are all that a newcomer needs; `make help` lists the rest.

SWIFT    ?= swift
PREFIX   ?= /usr
DESTDIR  ?=
CACHE    ?= $(HOME)/.cache/lcl
BIN      := .build/release
INSTALL  := install -D -m
SUDO     := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PACKAGES := libsqlite3-dev libopenblas-dev libjpeg-dev libpng-dev

.PHONY: help deps build demo model-smollm2 test-mllm bench-mllm test install uninstall clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install the system packages that are missing
	@command -v $(SWIFT) >/dev/null || { echo "Swift 6.3 is not on the PATH: see https://www.swift.org/install/linux/" >&2; exit 1; }
	@missing=; for package in $(PACKAGES); do \
	  dpkg-query -W -f='$${Status}\n' $$package 2>/dev/null | grep -q '^install ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; fi

build: deps ## build the three programs
	$(SWIFT) build -c release

demo: build ## start a daemon in a scratch directory, run a real job, show the answers
	LCL_BIN=$(CURDIR)/$(BIN) LCL_CACHE=$(CACHE) Tests/Demo/demo.sh

test: deps ## build and run every test
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build --disable-xctest

model-smollm2: ## fetch SmolLM2-135M-Instruct Q4_1 (98 MB) into the cache, for bench-mllm and the tests against it
	Tests/Reference/fetch_smollm2.sh $(CACHE)/models

test-mllm: model-smollm2 deps ## the tests that need the real SmolLM2
	$(SWIFT) build -c release --build-tests
	LCL_SMOLLM2=$(CACHE)/models/SmolLM2-135M-Instruct.Q4_1.gguf $(SWIFT) test -c release --skip-build --disable-xctest --filter SmolLM2

bench-mllm: build model-smollm2 ## speed of the language model: a support set of 640 tokens, 64 queries of 12, 2 labels of 3
	$(BIN)/lcl bench mllm --model $(CACHE)/models/SmolLM2-135M-Instruct.Q4_1.gguf

install: ## install programs, unit, configuration, model and man pages below DESTDIR
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path .build-static
	$(INSTALL) 755 -t $(DESTDIR)$(PREFIX)/bin .build-static/release/lcl .build-static/release/lclctl
	$(INSTALL) 755 -t $(DESTDIR)$(PREFIX)/sbin .build-static/release/lcld
	$(INSTALL) 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system systemd/lcld.service
	$(INSTALL) 644 systemd/lcld.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/lcld.conf
	$(INSTALL) 644 systemd/lcld.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/lcld.conf
	$(INSTALL) 644 -t $(DESTDIR)/etc/lcld/schema etc/lcld/schema/*.json
	[ -e $(DESTDIR)/etc/lcld/lcld.json ] || $(INSTALL) 644 etc/lcld/lcld.json $(DESTDIR)/etc/lcld/lcld.json
	$(INSTALL) 644 -t $(DESTDIR)/var/lib/lcld/models/default var/lib/lcld/models/default/*

uninstall: ## remove what install put there; jobs, results and an edited configuration stay
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/lcl bin/lclctl sbin/lcld lib/systemd/system/lcld.service lib/sysusers.d/lcld.conf lib/tmpfiles.d/lcld.conf)
	cmp -s etc/lcld/lcld.json $(DESTDIR)/etc/lcld/lcld.json && rm -f $(DESTDIR)/etc/lcld/lcld.json || true
	rm -rf $(DESTDIR)/etc/lcld/schema $(DESTDIR)/var/lib/lcld/models/default

clean: ## remove what was built
	rm -rf .build .build-static
