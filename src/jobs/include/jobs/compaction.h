#pragma once

#include "base/clock.h"
#include "catalog/catalog.h"
#include "cold/cold_rows.h"
#include "cold/garbage.h"
#include "cold/storages.h"
#include "jobs/flush.h"
#include "jobs/job_runner.h"
#include "model/ids.h"
#include "model/table_def.h"
#include "table/committer.h"
#include "table/reader.h"
#include "table/writer.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace kalam::jobs {

struct CompactionPolicy {
  std::size_t min_files = 8;  // of about one size that are merged; 2 at least
  std::uint64_t max_file_bytes = std::uint64_t{512} << 20;  // no merge reads more than this
  // How long readers that began before may still open the files that were merged.
  std::chrono::microseconds keep_files = std::chrono::minutes(10);
};

// What a compaction works with. All outlive the compactor.
struct CompactionParts {
  const Clock& clock;
  const catalog::Catalog& catalog;
  table::Committer& committer;
  const table::Reader& reader;
  table::Writer& writer;
  const cold::ColdRows& cold;
  cold::ManifestStore& manifests;
  cold::Storages& storages;
  cold::Garbage& garbage;
  CompactionPolicy policy = {};
  FailPoint fail_point = {};
};

// Makes few large segments of many small ones, leaves out what newer versions hide, and ends
// tombstones after their table's retention (`deleted_retention_hours`). Thread-safe; a table has
// one run of this or of a flush at a time (the lane of its jobs sees to that).
//
// Per merge: the visible rows of the chosen segments, in key order, become a file; one commit puts
// it in their place and notes them as garbage. Since every key is visible in one segment at most,
// the order of segments does not matter, and no other segment changes. A crash before the commit
// leaves a claimed file that the next start deletes.
class TableCompactor {
 public:
  explicit TableCompactor(const CompactionParts& parts) : parts_(parts) {}

  // Is there something to do in a partition? One look at its manifest. Errors: kIo, kCorruption.
  Result<bool> IsDue(const TableDef& table, const UserId& user) const;

  // The work of a `compact` job: these partitions (nullopt: all of the table), each until nothing
  // is due. Returns the job's result as JSON text: `partitions`, `files_merged`, `files_written`,
  // `rows_written`, `rows_removed` (hidden versions and tombstones), `duration_ms`, and `errors`.
  // kCancelled: what was merged stays merged.
  Result<std::string> Compact(TableId table, std::optional<std::span<const UserId>> users,
                              JobContext& context) const;

  // Has a clean-up something to do? Looks at the hot rows until it finds a tombstone. Errors: kIo,
  // kCorruption.
  Result<bool> NeedsCleanup(const TableDef& table) const;
  // The work of a `cleanup` job: tombstones in the hot store whose retention is over and whose key
  // has no cold version, then Compact. Adds `hot_rows_removed`.
  Result<std::string> Cleanup(TableId table, JobContext& context) const;

 private:
  const CompactionParts parts_;
};

}  // namespace kalam::jobs
