#include "query/table_source.h"

#include "model/key_codec.h"

namespace kalam::query {
namespace {

const std::vector<duck::ScanColumn>& SeqColumn() {
  static const std::vector<duck::ScanColumn> columns = {{std::string(kSeqColumn), DataType::kBigInt}};
  return columns;
}

// A row's cells as the engine numbers them: declared columns, system columns, `_seq`.
Datum CellOf(const TableDef& table, const RowView& row, std::size_t column) {
  const std::size_t declared = table.columns.size();
  if (column < declared) return row.column(column);
  if (!table.has_system_columns()) return Datum::Int(static_cast<std::int64_t>(row.seq().value()));
  switch (column - declared) {
    case 0: return Datum::Int(row.updated());
    case 1: return Datum::Bool(row.deleted());
    default: return Datum::Int(static_cast<std::int64_t>(row.seq().value()));
  }
}

std::string KeyForm(const Value& value) {
  std::string key;
  AppendPrimaryKey(key, value.view());
  return key;
}


class RangeCursor final : public duck::ScanCursor {
 public:
  RangeCursor(const TableDef& table, table::RowCursor rows, bool include_deleted)
      : table_(table), rows_(std::move(rows)), include_deleted_(include_deleted) {}

  Result<bool> Next() override {
    // Asked again at the end, it stays there: the store's iterator may not be moved past it.
    if (started_ && !rows_.Valid()) return false;
    do {
      if (started_) rows_.Next();
      started_ = true;
    } while (rows_.Valid() && rows_.row().deleted() && !include_deleted_);
    if (!rows_.Valid()) KALAM_TRY(rows_.status());
    return rows_.Valid();
  }
  Datum Column(std::size_t column) const override { return CellOf(table_, rows_.row(), column); }

 private:
  const TableDef& table_;
  table::RowCursor rows_;
  const bool include_deleted_;
  bool started_ = false;
};

class HotSource final : public duck::ScanSource {
 public:
  HotSource(const table::Reader& reader, TableDefPtr table, UserId user, table::DurableSnapshotPtr snapshot,
            bool include_deleted)
      : reader_(reader),
        table_(std::move(table)),
        user_(std::move(user)),
        snapshot_(std::move(snapshot)),
        include_deleted_(include_deleted),
        columns_(VisibleColumns(*table_)) {}

  const std::vector<duck::ScanColumn>& columns() const override { return columns_; }
  const std::vector<duck::ScanColumn>& hidden_columns() const override { return SeqColumn(); }
  std::optional<std::size_t> key_column() const override { return table_->primary_key; }
  std::optional<std::uint64_t> estimated_rows() const override { return std::nullopt; }
  Result<std::unique_ptr<duck::ScanCursor>> Open(const duck::KeyRange& keys) const override;

  // Reads the given keys one by one.
  class PointsCursor;

 private:
  const table::Reader& reader_;
  const TableDefPtr table_;
  const UserId user_;
  const table::DurableSnapshotPtr snapshot_;
  const bool include_deleted_;
  const std::vector<duck::ScanColumn> columns_;
};

class HotSource::PointsCursor final : public duck::ScanCursor {
 public:
  PointsCursor(const HotSource& source, const std::vector<Value>& points) : source_(source) {
    for (const Value& point : points) keys_.push_back(KeyForm(point));
  }

  Result<bool> Next() override {
    while (next_ < keys_.size()) {
      KALAM_TRY_ASSIGN(const table::RowLookup found,
                       source_.reader_.Get(*source_.snapshot_, *source_.table_, source_.user_, keys_[next_++],
                                           value_, table::Blocking::kAllowed));
      if (found != table::RowLookup::kFound) continue;
      if (source_.include_deleted_ || !RowDeleted(value_.view())) return true;
    }
    return false;
  }
  Datum Column(std::size_t column) const override {
    return CellOf(*source_.table_, RowView(source_.table_->layout, value_.view()), column);
  }

 private:
  const HotSource& source_;
  std::vector<std::string> keys_;
  std::size_t next_ = 0;
  kv::PinnedValue value_;
};

Result<std::unique_ptr<duck::ScanCursor>> HotSource::Open(const duck::KeyRange& keys) const {
  using CursorPtr = std::unique_ptr<duck::ScanCursor>;
  if (keys.points) return CursorPtr(std::make_unique<PointsCursor>(*this, *keys.points));
  if (keys.lower && keys.upper && keys.lower->view() == keys.upper->view()) {
    return CursorPtr(std::make_unique<PointsCursor>(*this, std::vector<Value>{*keys.lower}));
  }
  table::ScanBounds bounds;
  if (keys.lower) bounds.lower = KeyForm(*keys.lower);
  // The smallest key after it, since the bound includes it.
  if (keys.upper) bounds.upper = KeyForm(*keys.upper) + '\0';
  return CursorPtr(std::make_unique<RangeCursor>(
      *table_,
      reader_.Scan(snapshot_, *table_, user_, bounds, table::Direction::kForward, table::Blocking::kAllowed),
      include_deleted_));
}

class StreamCursor final : public duck::ScanCursor {
 public:
  StreamCursor(const TableDef& table, table::StreamScan scan) : table_(table), scan_(std::move(scan)) {}
  Result<bool> Next() override { return scan_.Next(); }
  Datum Column(std::size_t column) const override {
    return CellOf(table_, RowView(table_.layout, scan_.row()), column);
  }

 private:
  const TableDef& table_;
  table::StreamScan scan_;
};

class StreamSource final : public duck::ScanSource {
 public:
  StreamSource(const table::StreamStore& streams, TableDefPtr table)
      : table_(std::move(table)), columns_(VisibleColumns(*table_)), scan_(streams.Scan(*table_)) {}

  const std::vector<duck::ScanColumn>& columns() const override { return columns_; }
  const std::vector<duck::ScanColumn>& hidden_columns() const override { return SeqColumn(); }
  std::optional<std::size_t> key_column() const override { return std::nullopt; }
  std::optional<std::uint64_t> estimated_rows() const override { return std::nullopt; }
  Result<std::unique_ptr<duck::ScanCursor>> Open(const duck::KeyRange&) const override {
    return std::unique_ptr<duck::ScanCursor>(std::make_unique<StreamCursor>(*table_, scan_));
  }

 private:
  const TableDefPtr table_;
  const std::vector<duck::ScanColumn> columns_;
  const table::StreamScan scan_;  // at its beginning; each cursor walks a copy
};

}  // namespace

std::vector<duck::ScanColumn> VisibleColumns(const TableDef& table) {
  std::vector<duck::ScanColumn> columns;
  for (const ColumnDef& column : table.columns) columns.push_back({column.name, column.type});
  if (table.has_system_columns()) {
    columns.push_back({std::string(kUpdatedColumn), DataType::kTimestamp});
    columns.push_back({std::string(kDeletedColumn), DataType::kBoolean});
  }
  return columns;
}

std::shared_ptr<const duck::ScanSource> MakeHotSource(const table::Reader& reader, TableDefPtr table, UserId user,
                                                      table::DurableSnapshotPtr snapshot, bool include_deleted) {
  return std::make_shared<HotSource>(reader, std::move(table), std::move(user), std::move(snapshot),
                                     include_deleted);
}

std::shared_ptr<const duck::ScanSource> MakeStreamSource(const table::StreamStore& streams, TableDefPtr table) {
  return std::make_shared<StreamSource>(streams, std::move(table));
}

}  // namespace kalam::query
