# What a newcomer types: make demo, make test. Everything else is in CONTRIBUTING.md.
#
#   make demo            builds soroi and shows it with simulated malls; DEMO_FOR=60s ends it by itself
#   make test            installs what the tests need, then runs all of them on both database engines
#   make check           make test, and that generated files are current
#   make bench           measures what the README promises
#   make fuzz            runs each fuzz target for FUZZ_FOR (20s)
#   make gen             runs the generators

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

GO ?= go
DEMO_FOR ?=
FUZZ_FOR ?= 20s

UI := internal/web/ui
# Without a usable git there is no revision to put into the binary.
VCS := $(shell git rev-parse --verify -q HEAD >/dev/null 2>&1 || echo -buildvcs=false)

.PHONY: demo test check bench fuzz gen build web vendure setup lint clean

demo: build
	@exec bin/soroi demo $(if $(DEMO_FOR),--for $(DEMO_FOR))

build: web
	CGO_ENABLED=0 $(GO) build -trimpath $(VCS) -o bin/soroi ./cmd/soroi

test: web vendure
	@scripts/setup test
	@scripts/lint
	@$(GO) test -count=1 ./internal/archtest
	@SOROI_TEST_CHROMIUM="$$(scripts/find-chromium)" SOROI_TEST_MUST=postgres,chromium,vendure CGO_ENABLED=1 \
		scripts/with-postgres $(GO) test -race -shuffle=on -timeout 20m ./...

check: test
	@scripts/gen-current

bench: web
	@scripts/setup test
	@scripts/with-postgres $(GO) run ./internal/bench

fuzz:
	@scripts/fuzz $(FUZZ_FOR)

gen:
	$(GO) generate ./...
	$(GO) test -count=1 -run '^TestTableOfChannels$$' ./internal/channel/all -update

lint:
	@scripts/lint

clean:
	rm -rf bin build $(UI)/node_modules
	find $(UI)/dist -type f ! -name .keep -delete

# The assets: built once per change of their sources.
web: $(UI)/dist/.built

$(UI)/dist/.built: $(UI)/node_modules/.installed $(UI)/package.json $(shell find $(UI)/src -type f 2>/dev/null)
	@npm --prefix $(UI) run --silent build
	@touch $@

$(UI)/node_modules/.installed: $(UI)/package-lock.json | setup
	@echo "installing the packages of $(UI)"
	@cd $(UI) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The real Vendure server that its connector is tested against.
vendure: | setup
	@scripts/vendure-real

setup:
	@scripts/setup build
