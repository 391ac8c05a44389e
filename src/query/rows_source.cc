#include "query/rows_source.h"

namespace kalam::query {
namespace {

class RowsCursor final : public duck::ScanCursor {
 public:
  explicit RowsCursor(const Rows& rows) : rows_(rows) {}
  Result<bool> Next() override { return ++position_ <= rows_.rows.size(); }
  Datum Column(std::size_t column) const override { return rows_.rows[position_ - 1][column].view(); }

 private:
  const Rows& rows_;
  std::size_t position_ = 0;  // one past the current row
};

class RowsSource final : public duck::ScanSource {
 public:
  explicit RowsSource(Rows rows) : rows_(std::move(rows)) {}
  const std::vector<duck::ScanColumn>& columns() const override { return rows_.columns; }
  const std::vector<duck::ScanColumn>& hidden_columns() const override {
    static const std::vector<duck::ScanColumn> none;
    return none;
  }
  std::optional<std::size_t> key_column() const override { return std::nullopt; }
  std::optional<std::uint64_t> estimated_rows() const override { return rows_.rows.size(); }
  Result<std::unique_ptr<duck::ScanCursor>> Open(const duck::KeyRange&) const override {
    return std::unique_ptr<duck::ScanCursor>(std::make_unique<RowsCursor>(rows_));
  }

 private:
  const Rows rows_;
};

}  // namespace

std::shared_ptr<const duck::ScanSource> MakeRowsSource(Rows rows) {
  return std::make_shared<RowsSource>(std::move(rows));
}

}  // namespace kalam::query
