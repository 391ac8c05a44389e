#pragma once

#include <cstdint>

#include "base/memory_budget.h"
#include "duckdb_headers.h"

namespace kalam::duck {

// The engine's allocations, reported to MemoryBudget: vectors, texts and lists, which its own memory limit does not
// see, and the buffers that it does.
class CountedAllocator {
 public:
  // Becomes the default allocator of the library; before the first instance of the engine opens. Once per process.
  static void Install();
  static duckdb::unique_ptr<duckdb::Allocator> Make();
};

// What a statement may hold while it runs on this thread. A large one gives back at its end what the engine's
// allocator would keep.
class CountedMemory {
 public:
  // `exceeded` is set when something was refused: then this is why the statement failed, whatever the engine says.
  CountedMemory(std::uint64_t bytes, duckdb::Connection& connection, bool& exceeded)
      : exceeded_(exceeded), budget_(bytes, [&connection] { connection.Interrupt(); }) {}
  ~CountedMemory();

 private:
  bool& exceeded_;
  MemoryBudget budget_;
};

}  // namespace kalam::duck
