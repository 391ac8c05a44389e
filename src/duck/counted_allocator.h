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

// What a statement did with its memory.
struct MemoryUse {
  bool exceeded = false;  // something was refused: then this is why it failed, whatever the engine says
  std::uint64_t peak_bytes = 0;
  std::int64_t held_bytes = 0;  // more than before, when it had ended
};

// Bounds what a statement holds while it runs on this thread.
class CountedMemory {
 public:
  CountedMemory(std::uint64_t bytes, duckdb::Connection& connection, MemoryUse& use)
      : use_(use), budget_(bytes, [&connection] { connection.Interrupt(); }) {}
  ~CountedMemory() { use_ = {budget_.exceeded(), budget_.peak_bytes(), budget_.held_bytes()}; }

 private:
  MemoryUse& use_;
  MemoryBudget budget_;
};

// What was freed goes back to the system. Milliseconds: after a statement that held much.
void GiveBackFreedMemory();

}  // namespace kalam::duck
