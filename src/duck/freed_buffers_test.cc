#include "freed_buffers.h"

#include "duckdb_headers.h"

#include <malloc.h>

#include <cstddef>
#include <memory>

#include <duckdb/storage/buffer_manager.hpp>
#include <gtest/gtest.h>

namespace kalam::duck {
namespace {

// Sanitizers bring an allocator of their own, which says nothing.
bool AllocatorTells() {
  constexpr std::size_t kSome = 100'000;
  const std::size_t before = mallinfo2().uordblks;
  const auto some = std::make_unique<std::byte[]>(kSome);
  return mallinfo2().uordblks >= before + kSome;
}

TEST(FreedBuffers, LeaveNoRecordsBehind) {
  if (!AllocatorTells()) GTEST_SKIP() << "this allocator does not tell what is in use";
  constexpr std::size_t kBuffers = 20'000, kLeastRecord = 100;
  duckdb::DuckDB database(nullptr);
  auto& buffers = duckdb::BufferManager::GetBufferManager(*database.instance);
  const auto use_some = [&] {
    for (std::size_t i = 0; i < kBuffers; ++i) buffers.Allocate(duckdb::MemoryTag::HASH_TABLE, 4'096, false);
  };
  use_some();
  ForgetFreedBuffers(*database.instance);  // the queue itself keeps its size
  const std::size_t before = mallinfo2().uordblks;
  use_some();
  ASSERT_GT(mallinfo2().uordblks, before + kBuffers * kLeastRecord) << "the engine has changed: there is nothing to do";
  ForgetFreedBuffers(*database.instance);
  EXPECT_LT(mallinfo2().uordblks, before + kBuffers * kLeastRecord / 10);
}

TEST(FreedBuffers, AreToldFromThoseInUse) {
  duckdb::DuckDB database(nullptr);
  duckdb::Connection connection(database);
  auto result = connection.SendQuery("SELECT i FROM range(300000) r(i) ORDER BY hash(i)");
  std::size_t rows = 0;
  while (auto chunk = result->Fetch()) {
    if (chunk->size() == 0) break;
    rows += chunk->size();
    ForgetFreedBuffers(*database.instance);
  }
  EXPECT_EQ(rows, 300'000U);
}

}  // namespace
}  // namespace kalam::duck
