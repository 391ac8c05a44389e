#pragma once

#include <cstdint>

namespace kalam {

// What the process uses of memory. Between the two lie code, stacks, what DuckDB's own allocator and the kernel's page
// cache of our mappings hold, and what was freed and not yet given back: if `resident_bytes` grows and
// `allocated_bytes` does not, look there.
struct MemoryUse {
  std::uint64_t allocated_bytes = 0;  // by malloc and operator new; 0 where jemalloc is not the allocator
  std::uint64_t resident_bytes = 0;   // of the whole process, as proc(5) counts it
};

// Some microseconds. Thread-safe.
MemoryUse ReadMemoryUse();

}  // namespace kalam
