#pragma once

#include "duck/row_query.h"
#include "duckdb_headers.h"

namespace kalam::duck {

// Shared by all bound row queries: a connection that nothing runs on, for the evaluator's settings.
class RowContext {
 public:
  RowContext(duckdb::DuckDB& database, const ErrorTexts& texts) : connection_(database), texts_(texts) {}
  duckdb::ClientContext& engine() { return *connection_.context; }
  const ErrorTexts& texts() const { return texts_; }

 private:
  duckdb::Connection connection_;
  const ErrorTexts& texts_;
};

struct RowPredicate::Rest {
  std::shared_ptr<RowContext> context;
  duckdb::unique_ptr<duckdb::Expression> expression;
};

struct RowProjection::List {
  std::shared_ptr<RowContext> context;
  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> expressions;
  duckdb::vector<duckdb::LogicalType> types;
};

// The name under which NOW() is a column of each row.
inline constexpr std::string_view kNowColumn = "kalam_now";

// Makes a RowQuery of a SELECT: checks its shape, then (with the walker in between, which is the caller's
// affair) binds it and takes its expressions out of the plan. One per statement.
class RowBinder {
 public:
  explicit RowBinder(std::shared_ptr<RowContext> context) : context_(std::move(context)) {}

  // Refuses what can't be said row by row, as far as the text tells, and takes ORDER BY off.
  // Errors: kUnsupported.
  Status Prepare(duckdb::SelectStatement& select);

  // Of the walked statement, inside a session whose scope has its source.
  // Errors: kUnsupported for the rest of what can't be said row by row; throws the engine's own.
  Result<RowQuery> Bind(duckdb::ClientContext& session, duckdb::unique_ptr<duckdb::SelectStatement> select,
                        const ScanSource& source);

 private:
  Result<RowQuery> TakeApart(duckdb::ClientContext& session, duckdb::unique_ptr<duckdb::SelectStatement> select,
                             const ScanSource& source);
  // Turns references to the scan into positions in a RowChunk and refuses what has no value per row.
  Status Settle(duckdb::unique_ptr<duckdb::Expression>& expression, const duckdb::LogicalGet& get,
                const ScanSource& source, bool in_where) const;
  void TakeColumnValues(RowPredicate& predicate, const ScanSource& source,
                        duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& conditions) const;

  const std::shared_ptr<RowContext> context_;
  TableReference table_;
  bool has_order_ = false;
  std::vector<std::string> named_columns_;
};

// `source` with one more hidden column: kNowColumn.
std::shared_ptr<const ScanSource> WithNowColumn(std::shared_ptr<const ScanSource> source);

}  // namespace kalam::duck
