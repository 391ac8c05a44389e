#include "base/memory_use.h"

#include <unistd.h>

#include <cstddef>
#include <fstream>

// jemalloc's, if it is the allocator of the process.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old, std::size_t* old_size, void* value,
                                             std::size_t value_size);

namespace kalam {

MemoryUse ReadMemoryUse() {
  MemoryUse use;
  if (mallctl != nullptr) {
    std::uint64_t epoch = 1;  // its figures are those of the last time that this was set
    std::size_t size = sizeof(epoch);
    mallctl("epoch", &epoch, &size, &epoch, size);
    std::size_t allocated = 0;
    size = sizeof(allocated);
    if (mallctl("stats.allocated", &allocated, &size, nullptr, 0) == 0) use.allocated_bytes = allocated;
  }
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total_pages = 0, resident_pages = 0;
  if (statm >> total_pages >> resident_pages) {
    use.resident_bytes = resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }
  return use;
}

}  // namespace kalam
