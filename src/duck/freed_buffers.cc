#include "freed_buffers.h"

#include <duckdb/main/database.hpp>
#include <duckdb/storage/buffer/buffer_pool.hpp>

namespace kalam::duck {
namespace {

struct Pool : duckdb::BufferPool {
  using BufferPool::PurgeAgedBlocks;
};

}  // namespace

void ForgetFreedBuffers(duckdb::DatabaseInstance& instance) {
  // What has not been used for so long goes, too: there is none, as nothing that is still used may go without a file
  // to go to.
  constexpr std::uint32_t kSeconds = 3'600;
  (instance.GetBufferPool().*&Pool::PurgeAgedBlocks)(kSeconds);
}

}  // namespace kalam::duck
