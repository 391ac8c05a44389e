# The front door. `make` alone lists what there is.

BUILD := build/release
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=
ifdef CI
CMAKE_FLAGS += -DKALAM_WERROR=ON
endif

.PHONY: help setup configure build run test check-all demo bench format clean

help:
	@echo "make run        set up, build, and start the server on localhost:8080 with ./data"
	@echo "make test       set up, build, and run all tests"
	@echo "make demo       two mailboxes, a few queries, a restart, and all is still there"
	@echo "make build      set up and build into $(BUILD)/bin"
	@echo "make check-all  the tests under clang-16 and under the sanitizers"
	@echo "make bench      compare with PostgreSQL 15 on this machine"
	@echo "make format     clang-format"
	@echo "make clean      remove build/"

setup:
	@scripts/setup

configure: setup
	@cmake -G Ninja -B $(BUILD) -S . -DCMAKE_BUILD_TYPE=Release $(CMAKE_FLAGS) --log-level=WARNING

build: configure
	@cmake --build $(BUILD) -j $(JOBS)

run: configure
	@cmake --build $(BUILD) -j $(JOBS) --target kalamdb-server kalam
	@$(BUILD)/bin/kalamdb-server

test: build
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

check-all:
	@scripts/setup --check-all
	cmake -G Ninja -B build/clang -S . -DCMAKE_CXX_COMPILER=clang++-16 -DKALAM_WERROR=ON -DKALAM_BENCH=OFF
	cmake --build build/clang -j $(JOBS)
	ctest --test-dir build/clang --output-on-failure -j $(JOBS)
	cmake -G Ninja -B build/asan -S . -DKALAM_SANITIZE=address,undefined -DKALAM_BENCH=OFF
	cmake --build build/asan -j $(JOBS)
	ctest --test-dir build/asan --output-on-failure -j $(JOBS)

demo: build
	@scripts/demo

bench: configure
	@scripts/setup --bench
	@cmake --build $(BUILD) -j $(JOBS) --target kalamdb-server kalam-bench
	@bench/run

format:
	@git ls-files '*.cc' '*.h' | xargs clang-format -i

clean:
	@rm -rf build
