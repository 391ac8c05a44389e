#pragma once

#include "jobs/compaction.h"
#include "model/ids.h"

#include <cstdint>
#include <optional>

namespace kalam::jobs {

struct CompactedPartition {
  std::uint64_t files_merged = 0;
  std::uint64_t files_written = 0;
  std::uint64_t rows_written = 0;
  std::uint64_t rows_removed = 0;
};

// Tombstones before this are to go; nullopt: the table keeps them.
std::optional<TimestampMicros> ExpiredBefore(const TableDef& table, TimestampMicros now);

// Merges what is due in one partition, see compaction.h. Errors: kCancelled; kNotFound when the
// table was dropped; what storages and store give. What was merged before stays merged.
Result<CompactedPartition> CompactPartition(const CompactionParts& parts, TableId table,
                                            const UserId& user, JobContext& context);

}  // namespace kalam::jobs
