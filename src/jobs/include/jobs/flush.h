#pragma once

#include "base/clock.h"
#include "catalog/catalog.h"
#include "cold/cold_rows.h"
#include "cold/garbage.h"
#include "cold/storages.h"
#include "jobs/table_flusher.h"
#include "kv/store.h"
#include "table/committer.h"
#include "table/reader.h"
#include "table/writer.h"

#include <functional>
#include <memory>
#include <string_view>

namespace kalam::jobs {

// Stops a flush at a place that has a name, as a crash would: tests set it and restart the store.
// Empty: none.
using FailPoint = std::function<Status(std::string_view place)>;

// What a flush works with. All outlive the flusher.
struct FlushParts {
  const Clock& clock;
  kv::Store& store;
  const catalog::Catalog& catalog;
  table::Committer& committer;
  const table::Reader& reader;
  table::Writer& writer;
  cold::ManifestStore& manifests;
  cold::Storages& storages;
  cold::Garbage& garbage;
  duck::SegmentEngine& engine;
  // Told of each partition that has a new segment; empty: nobody.
  std::function<void(const TableDef&, const UserId&)> flushed = {};
  FailPoint fail_point = {};
};

// For each partition with hot rows, in this order (design 1.7, 7.1, 7.2):
//   1. the rows of one moment, sorted as they are by key, become a file beside its place, while the
//   committer records which keys are written from that moment on;
//   2. the file is made durable under its name;
//   3. one commit publishes the segment, with the keys it hides in older ones;
//   4. when that is durable, the hot rows go, each only if it is still the version that was
//   written: all but those of the recorded keys, in as few ranges as there are gaps between these.
// A crash after any step loses nothing and shows nothing twice: until 3 the file is an orphan, from
// 3 on hot rows hide the segment's until they are gone. Tombstones are written like rows.
std::unique_ptr<TableFlusher> MakeTableFlusher(const FlushParts& parts);

}  // namespace kalam::jobs
