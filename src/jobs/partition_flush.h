#pragma once

#include "jobs/flush.h"
#include "model/ids.h"

#include <cstdint>
#include <string>

namespace kalam::jobs {

struct FlushedPartition {
  std::uint64_t rows = 0;  // tombstones included; 0: nothing was hot
  std::string file;  // its whole name: `/var/data/app/users/notes/maya/2025-10-24T14-30-00.parquet`
};

// Flushes one partition, see flush.h. Errors: kCancelled, before its file is published; kNotFound
// when the table was dropped; what storage and store give. The rows are hot then.
Result<FlushedPartition> FlushPartition(const FlushParts& parts, TableId table, const UserId& user,
                                        JobContext& context);

}  // namespace kalam::jobs
