#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "cold/garbage.h"
#include "cold/manifest.h"
#include "cold/object_store.h"
#include "cold/storages.h"
#include "cold/write_behind.h"
#include "duck/segment_engine.h"
#include "model/row_codec.h"
#include "model/table_def.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace kalam::jobs {

// Makes one segment of rows in key order: a file in the storage, and what a manifest says of it.
// For one use on one thread. Without Published its file goes with it.
class SegmentBuilder {
 public:
  // All must outlive it. The rows are of `table`.
  SegmentBuilder(const TableDef& table, duck::SegmentEngine& engine, cold::ObjectStore& store,
                 cold::Garbage& garbage, const Clock& clock);
  ~SegmentBuilder();
  SegmentBuilder(const SegmentBuilder&) = delete;
  SegmentBuilder& operator=(const SegmentBuilder&) = delete;

  // nullopt at the end; a view is valid until the next call.
  using NextRow = std::function<Result<std::optional<RowView>>()>;

  // Writes all rows to a file that nobody else sees yet. Errors: those of `next`, kIo.
  Status Write(const NextRow& next, const duck::ExpectedRows& expected);

  // Instead of Write: takes a copy of a file that is a segment already. Errors: kCorruption, with the file's name, when
  // its checksum is another one than the segment's; kNotFound, kIo.
  Status Adopt(const std::filesystem::path& file, cold::Segment segment, std::string filter);
  std::uint64_t rows() const { return segment_->rows; }

  // Puts the file in its place, durable. The segment still lacks its id and the list of its keys.
  // Errors: those of the stores.
  Result<cold::ManifestChange::Added> Store(const cold::Placement& place);
  // Puts the file under this very name, for whoever keeps his own list of files. Errors: those of the store.
  Status PutAs(const cold::ObjectName& name);
  const cold::Segment& segment() const { return *segment_; }
  const std::string& filter() const { return filter_; }

  // The segment is in its manifest, or may be: the commit that puts it there was written.
  void Published();

 private:
  Status PutUnderFreeName(const std::string& folder);

  const TableDef& table_;
  duck::SegmentEngine& engine_;
  cold::ObjectStore& store_;
  const Clock& clock_;
  const std::filesystem::path local_;
  cold::WriteBehind behind_;
  std::string filter_;
  cold::Garbage& garbage_;
  std::optional<cold::Segment> segment_;
  bool stored_ = false;
  bool published_ = false;
};

}  // namespace kalam::jobs
