#include "query/system_table.h"

#include <algorithm>

namespace kalam::query {
namespace {

class StreamCursor final : public duck::ScanCursor {
 public:
  explicit StreamCursor(RowStream rows) : rows_(std::move(rows)) {}
  Result<bool> Next() override {
    // Asked again at the end, it stays there.
    valid_ = valid_ && rows_(row_);
    return valid_;
  }
  Datum Column(std::size_t column) const override { return row_[column].view(); }

 private:
  RowStream rows_;
  Row row_;
  bool valid_ = true;
};

class SystemSource final : public duck::ScanSource {
 public:
  SystemSource(const SystemTable& table, Viewer viewer)
      : table_(table), columns_(ScanColumns(table.columns)), viewer_(std::move(viewer)) {}
  const std::vector<duck::ScanColumn>& columns() const override { return columns_; }
  const std::vector<duck::ScanColumn>& hidden_columns() const override {
    static const std::vector<duck::ScanColumn> none;
    return none;
  }
  std::optional<std::size_t> key_column() const override { return std::nullopt; }
  std::optional<std::uint64_t> estimated_rows() const override { return std::nullopt; }
  // The tables of this kind stay where and what they are as long as the server runs.
  std::optional<duck::SchemaStamp> stamp() const override {
    return duck::SchemaStamp{UINT64_MAX, reinterpret_cast<std::uintptr_t>(&table_)};
  }
  Result<std::unique_ptr<duck::ScanCursor>> Open(const duck::KeyRange& keys) const override {
    Viewer viewer = viewer_;
    for (const auto& [column, lower, upper] : keys.columns) {
      const bool one = lower && upper && lower->view() == upper->view();
      if (one && lower->view().kind() == Datum::Kind::kText) {
        viewer.only.push_back({columns_[column].name, std::string(lower->view().text())});
      }
    }
    return std::unique_ptr<duck::ScanCursor>(std::make_unique<StreamCursor>(table_.rows(viewer)));
  }

 private:
  const SystemTable& table_;
  const std::vector<duck::ScanColumn> columns_;
  const Viewer viewer_;
};

}  // namespace

std::optional<std::string_view> Viewer::Only(std::string_view column) const {
  const auto found = std::ranges::find(only, column, &ColumnText::column);
  return found == only.end() ? std::nullopt : std::optional<std::string_view>(found->text);
}

std::vector<duck::ScanColumn> ScanColumns(const std::vector<SystemColumn>& columns) {
  std::vector<duck::ScanColumn> scanned;
  for (const SystemColumn& column : columns) scanned.push_back({column.name, column.type});
  return scanned;
}

std::shared_ptr<const duck::ScanSource> MakeSystemSource(const SystemTable& table, Viewer viewer) {
  return std::make_shared<SystemSource>(table, std::move(viewer));
}

RowStream NoRows(const Viewer&) {
  return [](Row&) { return false; };
}

}  // namespace kalam::query
