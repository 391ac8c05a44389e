#include "query/table_source.h"

#include <algorithm>
#include <iterator>

#include "cold_split.h"
#include "duck/engine.h"
#include "model/key_codec.h"

namespace kalam::query {
namespace {

// So many keys are looked up one by one; more are found by scans.
constexpr std::size_t kMaxSinglePoints = 16;

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

duck::SchemaStamp StampOf(const TableDef& table) {
  return {table.id.value(), static_cast<std::uint64_t>(table.schema_version)};
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

// The snapshot's rows with a transaction's own in their places.
class MergedCursor final : public duck::ScanCursor {
 public:
  using StagedIterator = table::StagedRows::const_iterator;

  MergedCursor(const TableDef& table, table::RowCursor rows, StagedIterator staged, StagedIterator staged_end,
               bool include_deleted)
      : table_(table), rows_(std::move(rows)), staged_(staged), staged_end_(staged_end),
        include_deleted_(include_deleted) {}

  Result<bool> Next() override {
    do {
      Step();
      Choose();
    } while (place_ != Place::kEnd && !include_deleted_ && RowDeleted(row_));
    if (place_ == Place::kEnd) KALAM_TRY(rows_.status());
    return place_ != Place::kEnd;
  }
  Datum Column(std::size_t column) const override {
    return CellOf(table_, RowView(table_.layout, row_), column);
  }

 private:
  enum class Place : std::uint8_t { kStart, kStored, kStaged, kBoth, kEnd };

  void Step() {
    if (place_ == Place::kStored || place_ == Place::kBoth) rows_.Next();
    if (place_ == Place::kStaged || place_ == Place::kBoth) ++staged_;
  }

  void Choose() {
    const bool stored = rows_.Valid();
    const bool staged = staged_ != staged_end_;
    if (!stored && !staged) {
      place_ = Place::kEnd;
    } else if (!staged || (stored && rows_.key() < std::string_view(staged_->first))) {
      place_ = Place::kStored;
    } else {
      place_ = stored && rows_.key() == staged_->first ? Place::kBoth : Place::kStaged;
    }
    if (place_ == Place::kStored) row_ = rows_.row().bytes();
    if (place_ == Place::kStaged || place_ == Place::kBoth) row_ = staged_->second.row;
  }

  const TableDef& table_;
  table::RowCursor rows_;
  StagedIterator staged_;
  const StagedIterator staged_end_;
  const bool include_deleted_;
  Place place_ = Place::kStart;
  std::string_view row_;
};

class HotSource final : public duck::ScanSource {
 public:
  HotSource(const table::Reader& reader, TableDefPtr table, UserId user, table::DurableSnapshotPtr snapshot,
            bool include_deleted, const table::StagedRows* staged, SharedColumns columns)
      : reader_(reader),
        table_(std::move(table)),
        user_(std::move(user)),
        snapshot_(std::move(snapshot)),
        include_deleted_(include_deleted),
        staged_(staged),
        columns_(std::move(columns)) {}

  const std::vector<duck::ScanColumn>& columns() const override { return *columns_; }
  const std::vector<duck::ScanColumn>& hidden_columns() const override { return SeqColumn(); }
  std::optional<std::size_t> key_column() const override { return table_->primary_key; }
  // Of cold rows, which are most where a plan depends on it; counting hot ones means reading them.
  std::optional<std::uint64_t> estimated_rows() const override;
  std::optional<duck::SchemaStamp> stamp() const override { return StampOf(*table_); }
  Result<std::unique_ptr<duck::ScanCursor>> Open(const duck::KeyRange& keys) const override;
  Result<std::optional<duck::SplitScan>> OpenSplit(const duck::KeyRange& keys) const override;

  // Reads the given keys one by one.
  class PointsCursor;

 private:
  std::unique_ptr<duck::ScanCursor> CursorOver(table::RowCursor rows, const table::ScanBounds& bounds) const;

  const table::Reader& reader_;
  const TableDefPtr table_;
  const UserId user_;
  const table::DurableSnapshotPtr snapshot_;
  const bool include_deleted_;
  const table::StagedRows* const staged_;  // null: none
  const SharedColumns columns_;
};

class HotSource::PointsCursor final : public duck::ScanCursor {
 public:
  PointsCursor(const HotSource& source, const std::vector<Value>& points) : source_(source) {
    for (const Value& point : points) keys_.push_back(KeyForm(point));
  }

  Result<bool> Next() override {
    while (next_ < keys_.size()) {
      KALAM_TRY_ASSIGN(const bool found, Find(keys_[next_++]));
      if (found && (source_.include_deleted_ || !RowDeleted(row_))) return true;
    }
    return false;
  }
  Datum Column(std::size_t column) const override {
    return CellOf(*source_.table_, RowView(source_.table_->layout, row_), column);
  }

 private:
  Result<bool> Find(const std::string& key) {
    if (source_.staged_) {
      const auto staged = source_.staged_->find(key);
      if (staged != source_.staged_->end()) {
        row_ = staged->second.row;
        return true;
      }
    }
    KALAM_TRY_ASSIGN(const table::RowLookup found,
                     source_.reader_.Get(*source_.snapshot_, *source_.table_, source_.user_, key, value_,
                                         table::Blocking::kAllowed));
    if (found == table::RowLookup::kFound) row_ = value_.view();
    return found == table::RowLookup::kFound;
  }

  const HotSource& source_;
  std::vector<std::string> keys_;
  std::size_t next_ = 0;
  table::FoundRow value_;
  std::string_view row_;
};

// `rows` with a transaction's own within the bounds in their places.
std::unique_ptr<duck::ScanCursor> HotSource::CursorOver(table::RowCursor rows, const table::ScanBounds& bounds) const {
  if (!staged_) return std::make_unique<RangeCursor>(*table_, std::move(rows), include_deleted_);
  const bool empty = bounds.upper && *bounds.upper < bounds.lower;
  const auto begin = staged_->lower_bound(bounds.lower);
  const auto end = empty          ? begin
                   : bounds.upper ? staged_->lower_bound(*bounds.upper)
                                  : staged_->end();
  return std::make_unique<MergedCursor>(*table_, std::move(rows), begin, end, include_deleted_);
}

table::ScanBounds BoundsOf(const duck::KeyRange& keys) {
  table::ScanBounds bounds;
  if (keys.lower) bounds.lower = KeyForm(*keys.lower);
  // The smallest key after it, since the bound includes it.
  if (keys.upper) bounds.upper = KeyForm(*keys.upper) + '\0';
  if (keys.points && !keys.points->empty()) {
    bounds.lower = std::max(bounds.lower, KeyForm(keys.points->front()));
    const std::string after_last = KeyForm(keys.points->back()) + '\0';
    if (!bounds.upper || after_last < *bounds.upper) bounds.upper = after_last;
  }
  return bounds;
}

std::optional<std::uint64_t> HotSource::estimated_rows() const {
  if (reader_.cold() == nullptr) return std::nullopt;
  const auto manifest = reader_.cold()->manifests().Load(table_->id, user_.text(), snapshot_->view_ptr());
  if (!manifest.ok() || (*manifest)->empty()) return std::nullopt;
  return (*manifest)->live_rows();
}

bool IsPoint(const duck::KeyRange& keys) {
  return keys.lower && keys.upper && keys.lower->view() == keys.upper->view();
}

Result<std::unique_ptr<duck::ScanCursor>> HotSource::Open(const duck::KeyRange& keys) const {
  using CursorPtr = std::unique_ptr<duck::ScanCursor>;
  if (keys.points) return CursorPtr(std::make_unique<PointsCursor>(*this, *keys.points));
  if (IsPoint(keys)) return CursorPtr(std::make_unique<PointsCursor>(*this, std::vector<Value>{*keys.lower}));
  const table::ScanBounds bounds = BoundsOf(keys);
  return CursorOver(reader_.Scan(snapshot_, *table_, user_, bounds, table::Direction::kForward,
                                 table::Blocking::kAllowed),
                    bounds);
}

Result<std::optional<duck::SplitScan>> HotSource::OpenSplit(const duck::KeyRange& keys) const {
  if (IsPoint(keys) || (keys.points && keys.points->size() <= kMaxSinglePoints)) {
    return std::optional<duck::SplitScan>();
  }
  const table::ScanBounds bounds = BoundsOf(keys);
  KALAM_TRY_ASSIGN(auto part, ColdPartOf(reader_, *table_, user_, *snapshot_, bounds, keys));
  if (!part) return std::optional<duck::SplitScan>();
  if (!include_deleted_) part->deleted_column = table_->columns.size() + 1;
  if (!part->segments.empty()) {
    KALAM_TRY_ASSIGN(part->hidden, reader_.HotKeys(snapshot_, *table_, user_, bounds));
  }
  if (staged_) {
    std::vector<std::string> staged;
    for (const auto& [key, row] : *staged_) staged.push_back(key);
    std::vector<std::string> both;
    std::ranges::set_union(part->hidden, staged, std::back_inserter(both));
    part->hidden = std::move(both);
  }
  return std::optional<duck::SplitScan>(
      duck::SplitScan{CursorOver(reader_.ScanHot(snapshot_, *table_, user_, bounds), bounds), std::move(part)});
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
  std::optional<duck::SchemaStamp> stamp() const override { return StampOf(*table_); }
  Result<std::unique_ptr<duck::ScanCursor>> Open(const duck::KeyRange&) const override {
    return std::unique_ptr<duck::ScanCursor>(std::make_unique<StreamCursor>(*table_, scan_));
  }

  Seq upto() const { return scan_.upto(); }

 private:
  const TableDefPtr table_;
  const std::vector<duck::ScanColumn> columns_;
  const table::StreamScan scan_;  // at its beginning; each cursor walks a copy
};

// Encoded rows at hand, alone or with those proposed in their place.
class EncodedRowsSource final : public duck::ScanSource {
 public:
  using Rows = std::vector<std::string_view>;

  EncodedRowsSource(TableDefPtr table, Rows rows, std::optional<Rows> proposed)
      : table_(std::move(table)),
        columns_(VisibleColumns(*table_)),
        own_columns_(columns_.size()),
        rows_(std::move(rows)),
        proposed_(std::move(proposed)) {
    if (!proposed_) return;
    for (std::size_t i = 0; i < own_columns_; ++i) {
      columns_.push_back({duck::ExcludedColumn(columns_[i].name), columns_[i].type});
    }
  }

  const std::vector<duck::ScanColumn>& columns() const override { return columns_; }
  const std::vector<duck::ScanColumn>& hidden_columns() const override {
    static const std::vector<duck::ScanColumn> none;
    return proposed_ ? SeqColumn() : none;
  }
  std::optional<std::size_t> key_column() const override { return std::nullopt; }
  std::optional<std::uint64_t> estimated_rows() const override { return rows_.size(); }
  Result<std::unique_ptr<duck::ScanCursor>> Open(const duck::KeyRange&) const override {
    return std::unique_ptr<duck::ScanCursor>(std::make_unique<Cursor>(*this));
  }

 private:
  class Cursor final : public duck::ScanCursor {
   public:
    explicit Cursor(const EncodedRowsSource& source) : source_(source) {}
    Result<bool> Next() override { return ++position_ <= source_.rows_.size(); }
    Datum Column(std::size_t column) const override { return source_.CellAt(position_ - 1, column); }

   private:
    const EncodedRowsSource& source_;
    std::size_t position_ = 0;  // one past the current row
  };

  Datum CellAt(std::size_t row, std::size_t column) const {
    const auto cell = [&](const Rows& rows, std::size_t of_row) {
      return CellOf(*table_, RowView(table_->layout, rows[row]), of_row);
    };
    if (column < own_columns_) return cell(rows_, column);
    if (column < columns_.size()) return cell(*proposed_, column - own_columns_);
    return cell(rows_, own_columns_);  // `_seq`
  }

  const TableDefPtr table_;
  std::vector<duck::ScanColumn> columns_;
  const std::size_t own_columns_;
  const Rows rows_;
  const std::optional<Rows> proposed_;
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
                                                      table::DurableSnapshotPtr snapshot, bool include_deleted,
                                                      const table::StagedRows* staged, SharedColumns columns) {
  if (!columns) columns = std::make_shared<const std::vector<duck::ScanColumn>>(VisibleColumns(*table));
  return std::make_shared<HotSource>(reader, std::move(table), std::move(user), std::move(snapshot),
                                     include_deleted, staged, std::move(columns));
}

std::shared_ptr<const duck::ScanSource> MakeUnwrittenSource(TableDefPtr table, std::vector<std::string_view> rows) {
  return std::make_shared<EncodedRowsSource>(std::move(table), std::move(rows), std::nullopt);
}

std::shared_ptr<const duck::ScanSource> MakeConflictSource(TableDefPtr table, std::vector<std::string_view> in_the_way,
                                                           std::vector<std::string_view> proposed) {
  return std::make_shared<EncodedRowsSource>(std::move(table), std::move(in_the_way), std::move(proposed));
}

std::shared_ptr<const duck::ScanSource> MakeStreamSource(const table::StreamStore& streams, TableDefPtr table,
                                                         Seq* upto) {
  auto source = std::make_shared<StreamSource>(streams, std::move(table));
  if (upto) *upto = source->upto();
  return source;
}

}  // namespace kalam::query
