#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "cold/manifest.h"
#include "cold/object_store.h"
#include "cold/storages.h"
#include "duck/segment_engine.h"
#include "model/row_codec.h"
#include "model/table_def.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace kalam::jobs {

// Makes one segment of rows in key order: a file in the storage, and what a manifest says of it.
// For one use on one thread; removes its file unless it was stored.
class SegmentBuilder {
 public:
  // All must outlive it. The rows are of `table`.
  SegmentBuilder(const TableDef& table, duck::SegmentEngine& engine, cold::ObjectStore& store,
                 const Clock& clock);
  ~SegmentBuilder();
  SegmentBuilder(const SegmentBuilder&) = delete;
  SegmentBuilder& operator=(const SegmentBuilder&) = delete;

  // nullopt at the end; a view is valid until the next call.
  using NextRow = std::function<Result<std::optional<RowView>>()>;

  // Writes all rows to a file that nobody else sees yet. Errors: those of `next`, kIo.
  Status Write(const NextRow& next);

  // Puts the file in its place, durable. The segment still lacks its id and the list of its keys.
  // Errors: those of the store.
  Result<cold::ManifestChange::Added> Store(const cold::Placement& place);
  // Takes a stored file away again: it is in no manifest.
  void Discard();

 private:
  Result<cold::ObjectName> PutUnderFreeName(const std::string& folder);

  const TableDef& table_;
  duck::SegmentEngine& engine_;
  cold::ObjectStore& store_;
  const Clock& clock_;
  const std::filesystem::path local_;
  cold::KeyFilter::Builder filter_;
  std::optional<cold::Segment> segment_;
  bool stored_ = false;
};

}  // namespace kalam::jobs
