#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parsed_statement.h"

// INSERT, UPDATE and DELETE as the SELECT that computes their rows.
namespace kalam::duck {

// Which rows the caller wants of a statement: see Engine::InsertRows, UpdateRows, DeleteRows.
struct RowsWanted {
  std::span<const std::string> columns;
  std::span<const DataType> types;  // of the last columns: those that are written
  bool with_seq = true;
};

struct RowsSelect {
  SelectPtr select;
  // INSERT: the cells that are DEFAULT, row by row. UPDATE: the columns of SET that are. Empty: none.
  std::vector<bool> defaults;
  // UPDATE: the columns of SET that are just a parameter.
  std::vector<bool> parameters;
};

// Takes the statement's tree apart. Error: kInvalidArgument for an INSERT with rows of another width.
Result<RowsSelect> ToSelect(duckdb::SQLStatement& statement, const RowsWanted& wanted);

// The rows of INSERT ... VALUES; null for every other SELECT.
duckdb::vector<duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>>>* ValuesOf(duckdb::SelectStatement& select);

// A literal as it stands in VALUES, without asking the engine; nullopt for everything that needs it.
std::optional<Datum> Literal(const duckdb::ParsedExpression& expression);

// Casts the last columns of `select`, whose types are `sources`, to `types` where the engine must do it before we
// convert: text stays text (our own rules read it, the same as for literals). False: nothing to cast.
// Error: kInvalidArgument when an INSERT has not as many columns.
Result<bool> CastColumns(SelectPtr& select, const duckdb::vector<duckdb::LogicalType>& sources,
                         std::span<const DataType> types, bool is_insert);

// Passes rows on and marks the cells where DEFAULT or just a parameter stood.
class DefaultMarker final : public RowSink {
 public:
  DefaultMarker(RowSink& sink, StatementKind kind, const std::vector<bool>& defaults,
                const std::vector<bool>& parameters)
      : sink_(sink), is_insert_(kind == StatementKind::kInsert), defaults_(defaults), parameters_(parameters) {}

  Status OnColumns(std::vector<OutputColumn> columns) override { return sink_.OnColumns(std::move(columns)); }
  Status OnRow(std::span<const Cell> row) override;

 private:
  RowSink& sink_;
  const bool is_insert_;
  const std::vector<bool>& defaults_;
  const std::vector<bool>& parameters_;
  std::size_t next_ = 0;  // INSERT: of defaults_
  std::vector<Cell> cells_;
};

}  // namespace kalam::duck
