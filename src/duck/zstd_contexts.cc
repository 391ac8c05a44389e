#include "zstd_contexts.h"

#include <atomic>
#include <memory>

#include <zstd.h>
#include <zstd_errors.h>

namespace kalam::duck {
namespace {

std::atomic<std::size_t> g_pages{0};

const std::size_t kNoMemory = static_cast<std::size_t>(-static_cast<int>(duckdb_zstd::ZSTD_error_memory_allocation));

}  // namespace

std::size_t PagesThroughKeptContexts() { return g_pages.load(std::memory_order_relaxed); }

}  // namespace kalam::duck

namespace duckdb_zstd {

// As zstd.h describes them.

size_t ZSTD_decompress(void* to, size_t capacity, const void* from, size_t size) {
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return kalam::duck::kNoMemory;
  kalam::duck::g_pages.fetch_add(1, std::memory_order_relaxed);
  return ZSTD_decompressDCtx(context.get(), to, capacity, from, size);
}

size_t ZSTD_compress(void* to, size_t capacity, const void* from, size_t size, int level) {
  thread_local const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (!context) return kalam::duck::kNoMemory;
  kalam::duck::g_pages.fetch_add(1, std::memory_order_relaxed);
  return ZSTD_compressCCtx(context.get(), to, capacity, from, size, level);
}

}  // namespace duckdb_zstd
