#pragma once

#include "cold/cold_rows.h"
#include "cold/row_block.h"
#include "segment_cursor.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cold {

// The rows of one segment from the first to the last: those of the block around the first one, where it is in memory
// or worth making, then those of the file behind it.
class ForwardSegment {
 public:
  // lower <= key < upper.
  ForwardSegment(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table, const std::string& lower,
                 const std::optional<std::string>& upper, kv::ReadTier tier)
      : cold_(cold), entry_(entry), table_(table), tier_(tier), begin_(lower), upper_(upper) {}

  // Steps to the next row; kEnd behind the last. Errors: as ColdCursor::Next.
  Result<ColdStep> Next();
  // Of the current row; valid until the next step.
  std::string_view key() const { return key_; }
  // The same as a row of the definition.
  Result<std::string_view> Row();

 private:
  Status FindBlock();
  Status OpenFile();

  const ColdRows& cold_;
  const Manifest::Entry& entry_;
  const TableDef& table_;
  const kv::ReadTier tier_;
  std::string begin_;  // of what has not been read
  const std::optional<std::string> upper_;
  bool started_ = false;
  RowBlockPtr block_;     // null: none, or behind it
  std::size_t next_ = 0;  // of the block
  std::unique_ptr<SegmentCursor> file_;
  std::string_view key_;
  std::string upgraded_;
};

// Merges the segments. A key is visible in one of them only, so there is nothing to choose between.
class ForwardCursor final : public ColdCursor {
 public:
  ForwardCursor(const ColdRows& cold, ManifestPtr manifest, const TableDef& table, std::string lower,
                std::optional<std::string> upper, kv::ReadTier tier);
  Result<ColdStep> Next() override;
  std::string_view key() const override { return current_->key(); }
  std::string_view row() const override { return row_; }

 private:
  using SegmentPtr = std::unique_ptr<ForwardSegment>;
  static bool LaterKey(const SegmentPtr& a, const SegmentPtr& b) { return a->key() > b->key(); }
  Result<ColdStep> Step(SegmentPtr segment);

  const ColdRows& cold_;
  const ManifestPtr manifest_;
  const TableDef& table_;
  const std::string lower_;
  const std::optional<std::string> upper_;
  const kv::ReadTier tier_;
  std::vector<const Manifest::Entry*> waiting_;  // by min_key, descending
  std::vector<SegmentPtr> open_;                 // a heap, the smallest key at the front
  SegmentPtr current_;
  std::string_view row_;
};

}  // namespace kalam::cold
