# `make help` lists what there is to make. Every target sets up what it needs (tools/setup).

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

# Asked when a recipe runs, after setup may have installed the headers.
FEATURES = $(shell pkg-config --exists openssl 2>/dev/null || echo --features modregn/vendored)
# The tests, and what looks at their code, build every feature in.
ALL_FEATURES = $(FEATURES) --features modregn/age,modregn/web
TEST = $(shell cargo nextest --version >/dev/null 2>&1 && echo nextest run || echo test --lib --bins --tests)
DENY = $(shell command -v cargo-deny || echo target/tools/bin/cargo-deny)
# One package however often it is built: the commit's time, and no path of the machine that builds it.
EPOCH = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
CARGOS = $(or $(CARGO_HOME),$(HOME)/.cargo)
HOMELESS = --remap-path-prefix=$(CURDIR)=/modregn --remap-path-prefix=$(CARGOS)=/cargo
HOMELESS_C = -ffile-prefix-map=$(CURDIR)=/modregn -ffile-prefix-map=$(CARGOS)=/cargo

.PHONY: help
help: ## Lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: demo
demo: setup-build ## Answers 98 invented municipalities' requests and shows what came of it
	cargo run --locked --release --quiet $(FEATURES) -- demo $(ARGS)

.PHONY: build
build: setup-build ## Builds target/release/modregn
	cargo build --locked --release $(FEATURES)

.PHONY: test
test: format lint docs deny check ## All that is checked before a change goes in

.PHONY: format
format: ## Formatting
	cargo fmt --all --check

.PHONY: lint
lint: setup-build ## clippy, warnings are errors
	cargo clippy --locked --workspace --all-targets $(ALL_FEATURES) -- -D warnings

.PHONY: docs
docs: setup-build ## rustdoc, warnings are errors
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items $(ALL_FEATURES)

.PHONY: deny
deny: target/tools/deny ## Dependencies: licences, sources, duplicates; advisories where their database can be had
	$(DENY) --log-level error check licenses bans sources
	@if $(DENY) --log-level off fetch db 2>/dev/null; then $(DENY) check advisories; \
	else echo 'deny: NOT checked against advisories: their database cannot be reached from here'; fi

# Unoptimised: it runs for a second and builds in a third of the time.
target/tools/deny:
	command -v cargo-deny || cargo install --locked --quiet --profile dev --root target/tools \
		--target-dir target/tools/build cargo-deny
	rm -rf target/tools/build
	mkdir -p $(@D) && touch $@

# As cargo-deny: these run for seconds.
target/tools/cargo-deb: TOOL = cargo-deb@3.8.0
target/tools/cargo-cyclonedx: TOOL = cargo-cyclonedx@0.5.9
target/tools/cargo-deb target/tools/cargo-cyclonedx:
	cargo install --locked --quiet --profile dev --root target/tools --target-dir target/tools/build $(TOOL)
	rm -rf target/tools/build
	touch $@

.PHONY: deb
deb: export SOURCE_DATE_EPOCH = $(EPOCH)
deb: export RUSTFLAGS = $(HOMELESS)
deb: export CFLAGS = $(HOMELESS_C)
deb: setup-build sbom target/tools/cargo-deb ## The Debian package, in target/debian
	cargo build --locked --release $(ALL_FEATURES)
	rm -rf target/package/man target/package/completions
	target/release/modregn package-files target/package
	target/tools/bin/cargo-deb --no-build --locked --variant sbom --output target/debian/

.PHONY: deb-check
deb-check: setup-test ## Boots a machine, and tries the package there that `make deb` has made
	MODREGN_PACKAGE=$$(ls -t target/debian/*.deb | head -n 1) \
		cargo test --locked $(ALL_FEATURES) --test package

.PHONY: sbom
sbom: target/tools/cargo-cyclonedx ## All that is in the program: target/package/modregn.cdx.json (CycloneDX)
	@mkdir -p target/package
	SOURCE_DATE_EPOCH=$(EPOCH) target/tools/bin/cargo-cyclonedx cyclonedx --format json \
		--spec-version 1.5 --override-filename modregn.cdx --no-build-deps --features age,web
	sed 's|file://$(CURDIR)|file:///modregn|' modregn.cdx.json >target/package/modregn.cdx.json
	rm -f modregn.cdx.json fuzz/modregn.cdx.json

.PHONY: fuzz
fuzz: setup-build ## Every fuzz target, as `check` does for a moment; longer with MODREGN_FUZZ_SECONDS=600
	cargo test --locked --quiet --package modregn-fuzz $(FEATURES)

.PHONY: check
check: setup-test target/tools/cargo-deb ## The tests, and a short run of every fuzz target
	cargo $(TEST) --workspace --locked $(ALL_FEATURES) $(ARGS)
	cargo test --workspace --locked --doc --quiet $(ALL_FEATURES)

.PHONY: crash
crash: setup-test ## A thousand runs that are killed at random; others by MODREGN_CRASH_RUNS=10000
	MODREGN_CRASH_RUNS=$${MODREGN_CRASH_RUNS:-1000} cargo test --locked $(FEATURES) --test crash

.PHONY: bless
bless: setup-test ## Writes the generated documents anew
	BLESS=1 cargo test --locked --quiet $(FEATURES) --test transfer_states --test configuration

.PHONY: bench
bench: setup-test ## The benchmarks; give one by ARGS='--bench decode'
	cargo bench --locked $(FEATURES) $(ARGS)

.PHONY: setup-build setup-test
setup-build:
	@tools/setup build
setup-test:
	@tools/setup test
