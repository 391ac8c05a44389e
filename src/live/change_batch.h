#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "duck/row_query.h"
#include "model/table_def.h"
#include "table/change_log.h"
#include "table/stream_store.h"

namespace kalam::live {

// Changes of one partition in seq order, as values of the table's current columns. Each change has two versions
// of its row, numbered through the batch: 2i is the row after change i, 2i + 1 the row before it.
// Not thread-safe; Clear keeps the memory.
class ChangeBatch {
 public:
  static constexpr std::size_t kMaxChanges = duck::RowChunk::kMaxRows / 2;

  ChangeBatch(TableDefPtr table, std::size_t max_bytes) : table_(std::move(table)), max_bytes_(max_bytes) {}

  void Clear();
  bool full() const { return changes_.size() == kMaxChanges || bytes_ >= max_bytes_; }
  bool empty() const { return changes_.empty(); }
  std::size_t size() const { return changes_.size(); }
  const TableDefPtr& table() const { return table_; }

  // Copies what it needs. Errors: kConflict when the change is of a newer version of the table; kCorruption.
  Status Add(const table::ChangeRecord& change);
  Status Add(const table::StreamChange& change);

  Seq seq(std::size_t change) const { return changes_[change].seq; }
  bool is_delete(std::size_t change) const { return changes_[change].op == table::ChangeOp::kDelete; }
  bool is_expiry(std::size_t change) const { return changes_[change].expired; }

  static std::uint32_t After(std::size_t change) { return static_cast<std::uint32_t>(2 * change); }
  static std::uint32_t Before(std::size_t change) { return static_cast<std::uint32_t>(2 * change + 1); }
  std::size_t version_count() const { return 2 * changes_.size(); }
  // A row that a SELECT could show; and a tombstone, which it shows to those who ask for it.
  bool is_live(std::uint32_t version) const { return versions_[version] == Version::kLive; }
  bool is_tombstone(std::uint32_t version) const { return versions_[version] == Version::kTombstone; }
  // Numbered as in RowChunk. For versions that are there.
  std::span<const Datum> cells(std::uint32_t version) const {
    return std::span(cells_).subspan(version * width_, width_);
  }

  // All versions, at their number. Made when first asked for.
  const duck::RowChunk& chunk();

 private:
  enum class Version : std::uint8_t { kNone, kLive, kTombstone };
  struct Change {
    table::ChangeOp op;
    bool expired;
    Seq seq;
  };

  Status AddVersion(std::string_view row, Version version);
  void AddNothing();

  const TableDefPtr table_;
  const std::size_t max_bytes_;
  const std::size_t width_ = table_->columns.size() + (table_->has_system_columns() ? 2 : 0) + 2;
  std::vector<Change> changes_;
  std::vector<Version> versions_;
  std::vector<Datum> cells_;
  std::deque<std::string> rows_;  // what the cells point into; strings are used again
  std::size_t rows_used_ = 0;
  std::size_t bytes_ = 0;
  std::optional<duck::RowChunk> chunk_;
  bool chunk_filled_ = false;
};

}  // namespace kalam::live
