#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "duck/engine.h"
#include "duck/scan_source.h"
#include "model/datum.h"

// WHERE and SELECT list of one query, bound once and then evaluated over single rows: what a live query
// needs. Rows come in batches (RowChunk), since the engine's cost per call is a hundred times that per row.
namespace kalam::duck {

// Rows of one table, column by column, as the engine reads them: the table's columns, its hidden columns, and
// the moment that NOW() means for the row. Not thread-safe.
class RowChunk {
 public:
  static constexpr std::size_t kMaxRows = 2048;

  // The types of `source`'s columns, its hidden columns, and NOW().
  static std::vector<DataType> TypesOf(const ScanSource& source);

  explicit RowChunk(std::vector<DataType> types);
  ~RowChunk();
  RowChunk(RowChunk&&) noexcept;
  RowChunk& operator=(RowChunk&&) noexcept;

  void Clear();
  // One cell per column, in the form that the column stores. Text is copied.
  void Append(std::span<const Datum> cells);
  std::size_t size() const { return size_; }
  bool full() const { return size_ == kMaxRows; }

 private:
  friend class RowPredicate;
  friend class RowProjection;
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::size_t size_ = 0;
};

// What evaluation needs of the engine, shared by all that was bound.
class RowContext;

// A condition that only some values of one column can meet: `column = v` or `column IN (v, ...)`.
struct ColumnValues {
  std::size_t column = 0;
  std::vector<Value> values;  // of the column's own type, without repetitions, never NULL
};

// A WHERE clause. True, false and NULL as in SQL: only true matches. Immutable, shared by threads.
class RowPredicate {
 public:
  RowPredicate() = default;  // no WHERE: every row matches
  RowPredicate(RowPredicate&&) noexcept;
  RowPredicate& operator=(RowPredicate&&) noexcept;
  ~RowPredicate();

  // Equal keys mean the same condition with the same constants. Empty without WHERE.
  const std::string& key() const { return key_; }

  // A row matches if it meets each of these and the rest.
  const std::vector<ColumnValues>& column_values() const { return column_values_; }
  // Is there a rest?
  bool has_rest() const { return rest_ != nullptr; }

  // Evaluates the rest. Not thread-safe: one per thread; the predicate outlives it.
  class Evaluator {
   public:
    explicit Evaluator(const RowPredicate& predicate);
    ~Evaluator();
    Evaluator(Evaluator&&) noexcept;

    // Puts those of `rows` for which the rest is true into `matching`, in the same order.
    // Errors: what goes wrong with one of the rows (a cast that fails); the outcome is unknown then.
    Status Select(const RowChunk& chunk, std::span<const std::uint32_t> rows,
                  std::vector<std::uint32_t>& matching);

   private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };

 private:
  friend class RowBinder;
  struct Rest;

  std::string key_;
  std::vector<ColumnValues> column_values_;
  std::unique_ptr<const Rest> rest_;
};

// A SELECT list. Immutable, shared by threads.
class RowProjection {
 public:
  RowProjection(RowProjection&&) noexcept;
  RowProjection& operator=(RowProjection&&) noexcept;
  ~RowProjection();

  // Equal keys mean the same expressions under the same names.
  const std::string& key() const { return key_; }
  const std::vector<OutputColumn>& columns() const { return columns_; }
  // The list is columns of the table and nothing else: these, numbered as in RowChunk. Needs no engine then.
  const std::optional<std::vector<std::size_t>>& plain_columns() const { return plain_columns_; }

  // Not thread-safe: one per thread; the projection outlives it.
  class Evaluator {
   public:
    explicit Evaluator(const RowProjection& projection);
    ~Evaluator();
    Evaluator(Evaluator&&) noexcept;

    // Calls sink.OnRow once for each of `rows`. Errors: those of the rows, and the sink's.
    Status Read(const RowChunk& chunk, std::span<const std::uint32_t> rows, RowSink& sink);

   private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };

 private:
  friend class RowBinder;
  struct List;
  RowProjection();

  std::string key_;
  std::vector<OutputColumn> columns_;
  std::optional<std::vector<std::size_t>> plain_columns_;
  std::unique_ptr<const List> list_;
};

struct RowQuery {
  TableReference table;
  RowPredicate where;
  RowProjection select;
  bool has_order = false;                  // ORDER BY: for whoever shows a whole result; left out here
  std::vector<std::string> named_columns;  // that the statement names anywhere, lower case, sorted
};

}  // namespace kalam::duck
