#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam {
inline namespace link_v1 {

// One value of a row as the server sent it. Numbers stay text, so that a 64-bit integer or a double
// reaches the caller with every digit it was sent with. Valid as long as its Rows.
class Cell {
 public:
  enum class Kind : std::uint8_t {
    kNull,
    kBool,    // text() is "true" or "false"
    kNumber,  // text() is the JSON number, digit for digit
    kString,  // text() is the unescaped UTF-8 text
    kJson,    // a nested array or object; text() is its JSON
  };

  Cell() = default;
  Cell(Kind kind, std::string_view text) : kind_(kind), text_(text) {}

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  std::string_view text() const { return text_; }

  // nullopt when the cell is not a number that fits the type exactly (AsDouble: nearly).
  std::optional<std::int64_t> AsInt64() const;
  std::optional<double> AsDouble() const;
  std::optional<bool> AsBool() const;

 private:
  Kind kind_ = Kind::kNull;
  std::string_view text_;
};

class Rows;

// One row: a view into its Rows, cheap to copy.
class Row {
 public:
  Row(const Rows* rows, std::size_t index) : rows_(rows), index_(index) {}

  std::size_t size() const;
  Cell operator[](std::size_t column) const;
  // By name; a null cell if there is no such column.
  Cell operator[](std::string_view column) const;

 private:
  const Rows* rows_;
  std::size_t index_;
};

// The rows of one result set: all text in one buffer, a small fixed record per cell. Copies are
// deep and independent.
class Rows {
 public:
  explicit Rows(std::vector<std::string> columns = {}) : columns_(std::move(columns)) {}

  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t size() const { return columns_.empty() ? 0 : cells_.size() / columns_.size(); }
  bool empty() const { return cells_.empty(); }

  Row operator[](std::size_t row) const { return Row(this, row); }
  Cell at(std::size_t row, std::size_t column) const;
  // Bytes of all cells' text.
  std::size_t text_bytes() const { return text_.size(); }
  std::optional<std::size_t> IndexOf(std::string_view column) const;

  // Adds a row of nulls and fills cells of the last row: for whoever builds rows (the parser,
  // tests).
  void AppendRow() { cells_.resize(cells_.size() + columns_.size()); }
  void SetInLastRow(std::size_t column, Cell::Kind kind, std::string_view text);

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Row;

    Iterator(const Rows* rows, std::size_t row) : rows_(rows), row_(row) {}
    Row operator*() const { return (*rows_)[row_]; }
    Iterator& operator++() {
      ++row_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return row_ == other.row_; }

   private:
    const Rows* rows_;
    std::size_t row_;
  };
  Iterator begin() const { return Iterator(this, 0); }
  Iterator end() const { return Iterator(this, size()); }

 private:
  struct Span {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    Cell::Kind kind = Cell::Kind::kNull;
  };

  std::vector<std::string> columns_;
  std::vector<Span> cells_;  // row after row
  std::string text_;
};

// What one statement gave.
struct StatementResult {
  bool has_rows = false;          // a result set, possibly empty; else DDL or DML
  Rows rows;                      // rows.columns() in SELECT-list order
  std::uint64_t row_count = 0;    // rows returned, or rows affected
  std::string message;            // of DDL and DML, else empty
  std::optional<bool> cache_hit;  // whether a cached plan served it, where the server says so

  // The rows as a JSON array of objects, [{"id":1,"body":"hello"}]; without a result set what was done,
  // {"message":"1 row inserted.","row_count":1}. Numbers digit for digit.
  std::string ToJson() const;
  // The rows as CSV, see row_text.h; empty without a result set.
  std::string ToCsv() const;
};

struct Response {
  std::vector<StatementResult> results;  // one per statement, in order
  double took_ms = 0;                    // the server's time for the whole request
  std::optional<bool> cache_hit;

  // That of the statement; of several an array, with one element for each.
  std::string ToJson() const;
  // That of the statement; of several their result sets, an empty line between two.
  std::string ToCsv() const;
};

}  // namespace link_v1
}  // namespace kalam
