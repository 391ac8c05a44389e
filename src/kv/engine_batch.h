#pragma once

#include <rocksdb/write_batch.h>

#include "kv/batch.h"

namespace kalam::kv {

struct Batch::Impl {
  rocksdb::WriteBatch batch;
};

// The engine's number of a family. Families are created in enum order behind the engine's own "default"
// (0), which stays empty; Store::Open checks that.
inline std::uint32_t EngineId(Family family) { return static_cast<std::uint32_t>(family) + 1; }

}  // namespace kalam::kv
