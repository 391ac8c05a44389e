# The front door. `make` alone lists what there is. Every target does its own set-up first, and may
# be repeated: what is done already costs a second or two.

BUILD := build/release
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=
# Where `make install` puts things; DESTDIR goes before it.
PREFIX ?= /usr/local
# Arguments for the server: make run ARGS='--port 9000'
ARGS ?=
ifdef CI
CMAKE_FLAGS += -DKALAM_WERROR=ON
endif

.PHONY: help setup configure build run install test check-all check-clang check-asan fuzz demo bench bench-growth format clean examples

help:
	@echo "make run        set up, build, and start the server on localhost:8080 with ./data"
	@echo "make test       set up, build, and run all tests"
	@echo "make demo       load 6,046 real e-mails, query them, restart the server: all still there"
	@echo "make build      set up and build into $(BUILD)/bin"
	@echo "make install    install into PREFIX=/usr/local: programs, kalam-link, man pages, completions, systemd unit"
	@echo "make check-all  all tests again, under clang-16 and under the sanitizers"
	@echo "make fuzz       fuzz the parsers and the engine's cage, FUZZ_SECONDS=20 each"
	@echo "make bench      measure beside PostgreSQL, Redis and DuckDB; regenerate docs/performance.md (15 minutes)"
	@echo "make bench-growth  the growth laws of it at more sizes (8 minutes)"
	@echo "make examples   build examples/chat"
	@echo "make format     clang-format"
	@echo "make clean      remove build/ (not ./data)"

setup:
	@scripts/setup

configure: setup
	@cmake --preset release $(CMAKE_FLAGS) --log-level=WARNING

build: configure
	@cmake --build $(BUILD) -j $(JOBS)

# The two binaries only: a first run need not wait for the tests to compile.
run: configure
	@cmake --build $(BUILD) -j $(JOBS) --target kalamdb-server kalam
	@exec $(BUILD)/bin/kalamdb-server $(ARGS)

# What is installed only, so that installing needs no tests.
install: configure
	@cmake --build $(BUILD) -j $(JOBS) --target kalamdb-server kalam kalam_link reference
	@cmake --install $(BUILD) --prefix $(PREFIX) --strip

test: build
	@scripts/setup --test
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

check-all: check-clang check-asan

check-clang check-asan: check-%:
	@scripts/setup --check-all
	@cmake --preset $* --log-level=WARNING
	@cmake --build --preset $* -j $(JOBS)
	@ctest --preset $* -j $(JOBS)

fuzz:
	@scripts/setup --check-all
	@cmake --preset fuzz --log-level=WARNING
	@cmake --build --preset fuzz -j $(JOBS)
	@fuzz/run

demo: configure
	@scripts/setup --demo
	@cmake --build $(BUILD) -j $(JOBS) --target kalamdb-server kalam
	@scripts/demo

# The set-up comes first: the configuration looks for PostgreSQL's client library.
bench:
	@scripts/setup --bench
	@$(MAKE) --no-print-directory configure
	@cmake --build $(BUILD) -j $(JOBS) --target kalamdb-server kalam bench
	@bench/run --keep
	@bench/growth --quick --keep
	@bench/document

# The growth laws at all four sizes.
bench-growth:
	@scripts/setup --bench
	@$(MAKE) --no-print-directory configure
	@cmake --build $(BUILD) -j $(JOBS) --target kalamdb-server bench
	@bench/growth --keep
	@bench/document

examples: configure
	@cmake --build $(BUILD) -j $(JOBS) --target chat

format:
	@scripts/setup --check-all
	@git ls-files '*.cc' '*.h' | xargs clang-format-16 -i

clean:
	@rm -rf build
