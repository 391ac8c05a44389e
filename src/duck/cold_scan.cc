#include "cold_scan.h"

#include "model/key_codec.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace kalam::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;

// The keys of a chunk, which ascend.
class ChunkKeys {
 public:
  ChunkKeys(duckdb::Vector& keys, idx_t count)
      : is_integer_(keys.GetType().id() == duckdb::LogicalTypeId::BIGINT), count_(count) {
    keys.Flatten(count);
    if (is_integer_) {
      integers_ = FlatVector::GetData<std::int64_t>(keys);
    } else {
      texts_ = FlatVector::GetData<duckdb::string_t>(keys);
    }
  }

  std::string KeyForm(idx_t row) const {
    std::string key;
    AppendPrimaryKey(key, is_integer_ ? Datum::Int(integers_[row]) : Datum::Text(Text(row)));
    return key;
  }
  // The row with the key, from `from` on; count() when there is none.
  idx_t Find(std::string_view key, idx_t from) const {
    const idx_t row = is_integer_
                          ? LowerBound(DecodePrimaryKey(key, DataType::kBigInt).int_value(), from)
                          : LowerBound(key, from);
    return row < count_ && Equals(row, key) ? row : count_;
  }

 private:
  std::string_view Text(idx_t row) const { return {texts_[row].GetData(), texts_[row].GetSize()}; }
  bool Equals(idx_t row, std::string_view key) const {
    return is_integer_ ? integers_[row] == DecodePrimaryKey(key, DataType::kBigInt).int_value()
                       : Text(row) == key;
  }
  idx_t LowerBound(std::int64_t key, idx_t from) const {
    return static_cast<idx_t>(std::lower_bound(integers_ + from, integers_ + count_, key) -
                              integers_);
  }
  idx_t LowerBound(std::string_view key, idx_t from) const {
    idx_t low = from, high = count_;
    while (low < high) {
      const idx_t middle = low + (high - low) / 2;
      if (Text(middle) < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  const bool is_integer_;
  const idx_t count_;
  const std::int64_t* integers_ = nullptr;
  const duckdb::string_t* texts_ = nullptr;
};

}  // namespace

ColdScan::ColdScan(std::shared_ptr<Shared> shared, std::vector<std::optional<std::size_t>> columns,
                   const std::atomic<bool>& interrupted, Valid valid)
    : shared_(std::move(shared)),
      columns_(std::move(columns)),
      interrupted_(interrupted),
      valid_(valid),
      connection_(*shared_->part->engine) {}

std::size_t ColdScan::Need(std::size_t column) {
  const auto known = std::ranges::find(read_, column);
  if (known != read_.end()) return static_cast<std::size_t>(known - read_.begin());
  read_.push_back(column);
  return read_.size() - 1;
}

bool ColdScan::OpenNextSegment() {
  const ColdPart& part = *shared_->part;
  const std::size_t number = shared_->next.fetch_add(1);
  if (number >= part.segments.size()) return false;
  segment_ = &part.segments[number];
  checks_keys_ = !part.hidden.empty() || segment_->hidden;
  checks_tombstones_ = part.deleted_column && segment_->has_tombstones;

  read_.clear();
  for (const auto& column : columns_) {
    if (column) Need(*column);
  }
  const bool bounded = shared_->keys.lower || shared_->keys.upper || shared_->keys.points;
  std::optional<std::size_t> key_column;
  if (bounded || checks_keys_) key_column = Need(part.key_column);
  if (checks_tombstones_) Need(*part.deleted_column);
  std::vector<SegmentScan::Filter> filters;
  for (SegmentScan::Filter filter : shared_->filters) {
    filter.column = Need(filter.column);
    filters.push_back(std::move(filter));
  }
  std::vector<SegmentColumn> columns;
  for (const std::size_t column : read_) columns.push_back(part.columns[column]);
  auto file = segment_->open();
  if (!file.ok()) throw Failure{std::move(file).error()};
  file_ = *std::move(file);
  scan_ = connection_.Open(file_.path, columns, key_column, shared_->keys, filters);
  types_ = SegmentScan::Types(columns);
  RenewChunk();
  return true;
}

void ColdScan::RenewChunk() {
  chunk_.Destroy();
  chunk_.Initialize(*connection_->context, types_);
}

void ColdScan::Drop(const SortedKeys& hidden) {
  const idx_t count = chunk_.size();
  const ChunkKeys keys(chunk_.data[Need(shared_->part->key_column)], count);
  auto key = std::ranges::lower_bound(hidden, keys.KeyForm(0));
  if (key == hidden.end()) return;
  const std::string last = keys.KeyForm(count - 1);
  for (idx_t from = 0; key != hidden.end() && *key <= last; ++key) {
    const idx_t row = keys.Find(*key, from);
    if (row == count) continue;
    dropped_[row] = any_dropped_ = true;
    from = row + 1;
  }
}

idx_t ColdScan::Deliver(duckdb::DataChunk& output) {
  const idx_t count = chunk_.size();
  idx_t kept = count;
  duckdb::SelectionVector selection;
  if (any_dropped_) {
    selection.Initialize(count);
    kept = 0;
    for (idx_t row = 0; row < count; ++row) {
      if (!dropped_[row]) selection.set_index(kept++, row);
    }
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto& vector = output.data[i];
    if (!columns_[i]) {
      if (vector.GetType().id() != duckdb::LogicalTypeId::BOOLEAN) {
        throw duckdb::InternalException("cold rows have no row ids");
      }
      vector.Reference(duckdb::Value::BOOLEAN(true));
    } else if (any_dropped_) {
      vector.Slice(chunk_.data[Need(*columns_[i])], selection, kept);
    } else {
      vector.Reinterpret(chunk_.data[Need(*columns_[i])]);
    }
  }
  output.SetCardinality(kept);
  return kept;
}

idx_t ColdScan::Next(duckdb::DataChunk& output) try {
  while (true) {
    // Conditions may keep nothing of many files, and the engine has no say until there is a row.
    if (interrupted_.load(std::memory_order_relaxed)) throw duckdb::InterruptException();
    if (!scan_) {
      if (!OpenNextSegment()) return 0;
    } else if (valid_ == Valid::kInFlatVectors) {
      RenewChunk();
    }
    if (!scan_->Next(chunk_)) scan_.reset();
    if (chunk_.size() == 0) continue;
    dropped_.assign(chunk_.size(), false);
    any_dropped_ = false;
    if (checks_keys_) {
      if (segment_->hidden) Drop(*segment_->hidden);
      Drop(shared_->part->hidden);
    }
    if (checks_tombstones_) {
      auto& deleted = chunk_.data[Need(*shared_->part->deleted_column)];
      deleted.Flatten(chunk_.size());
      const bool* marks = FlatVector::GetData<bool>(deleted);
      for (idx_t row = 0; row < chunk_.size(); ++row) {
        if (marks[row]) dropped_[row] = any_dropped_ = true;
      }
    }
    if (const idx_t rows = Deliver(output); rows > 0) return rows;
  }
} catch (const duckdb::InterruptException&) {
  throw;
} catch (const std::exception& e) {
  // What goes wrong in a file is no failure of the instance that asks.
  throw Failure{Error(ErrorCode::kIo, "read '" + file_.path + "': " + e.what())};
}

}  // namespace kalam::duck
