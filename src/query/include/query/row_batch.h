#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/datum.h"
#include "model/ids.h"
#include "model/table_def.h"
#include "table/writer.h"

namespace kalam::query {

// Longest TEXT primary key, in bytes. Keys are stored with each version and in the change log, which counts
// them in 16 bits.
inline constexpr std::size_t kMaxPrimaryKeyBytes = 4096;

// What defaults are computed from.
struct RowContext {
  TimestampMicros now = 0;
  std::string_view current_user;
  std::function<Seq()> next_id;  // SNOWFLAKE_ID()
};

// One value of a row to be written.
struct CellInput {
  Datum datum;
  bool is_default = false;  // DEFAULT, or a column left out
  bool is_parameter = false;  // of the request: then a value that does not convert is its fault
  std::optional<DefaultFunction> function = {};  // called for each row; its value has the column's type
};

// The changes of one statement: values are converted to their columns' types, defaults filled in, NOT NULL
// checked, and rows and keys encoded, before anything is written. Not thread-safe; Clear() keeps the
// memory for the next statement.
class RowBatch {
 public:
  // `max_bytes` bounds the encoded rows (limits.statement_memory).
  explicit RowBatch(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void Clear();
  std::size_t size() const { return pending_.size(); }

  // `cells` has one entry per declared column. Errors: kConstraint, naming the column.
  Status AddInsert(const TableDef& table, std::span<const CellInput> cells, const RowContext& context);

  // The row `old` (its columns, its seq) becomes `cells`; a changed key is a delete and an insert.
  Status AddUpdate(const TableDef& table, std::span<const Datum> old, Seq old_seq,
                   std::span<const CellInput> cells, const RowContext& context);

  Status AddDelete(const TableDef& table, std::span<const Datum> old, Seq old_seq, TimestampMicros now);

  // A change that another batch made, copied.
  Status AddEncoded(const table::RowChange& change);

  // All changes. Valid until the batch changes.
  std::span<const table::RowChange> changes();

 private:
  struct Pending {
    table::ChangeOp op;
    std::size_t key_begin, row_begin, row_end;  // in bytes_: key, then row
    Seq expected;
  };

  Status Convert(const TableDef& table, std::span<const CellInput> cells, const RowContext& context);
  // Takes in what was appended to `bytes_`. Errors: kLimitExceeded.
  Status Finish(Pending pending);
  Status Add(table::ChangeOp op, const TableDef& table, std::span<const Datum> row, Seq expected,
             TimestampMicros now);

  const std::size_t max_bytes_;
  std::string bytes_;
  std::vector<Pending> pending_;
  std::vector<table::RowChange> changes_;
  std::vector<Datum> row_;            // the row at hand
  std::vector<std::string> scratch_;  // per column, for converted text
};

// What a column left out gets; NULL without a DEFAULT. May borrow from `column`, `context` and `scratch`.
Datum DefaultValue(const ColumnDef& column, const RowContext& context, std::string& scratch);

// The value of one call. May borrow from `context` and `scratch`.
Datum FunctionValue(DefaultFunction function, const RowContext& context, std::string& scratch);

// Puts the column's name in front of a failure: `column 'at': cannot convert ...`.
Error ColumnError(const ColumnDef& column, const Error& error);
// `NOT NULL violation: column 'email' cannot be null`
Error NotNullViolation(const ColumnDef& column);

}  // namespace kalam::query
