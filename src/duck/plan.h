#pragma once

#include "duck/engine.h"
#include "duckdb_headers.h"
#include "parsed_statement.h"
#include "rows_select.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kalam::duck {

// A statement's walked SELECT with its parameters in place, as all users share it. Knows names of
// tables and types of parameters; no user, no snapshot, no value. Immutable.
struct Plan {
  struct Table {
    TableReference reference;
    SchemaStamp stamp;
  };
  struct Parameter {
    std::string name;          // as the walker gave it
    // Exact: another one would make the engine plan again. SQLNULL: unused, for example in the parser's second copy of
    // a common table expression.
    duckdb::LogicalType type;
  };
  // A cell of INSERT ... VALUES that is a constant or parameter.
  struct Simple {
    Value constant;
    std::optional<std::size_t> parameter;  // counted from 0
  };

  std::uint64_t id = 0;  // of prepared statements; never used twice

  // What ParsedStatement says of it.
  StatementKind kind = StatementKind::kSelect;
  TableReference target;
  std::vector<std::string> columns;

  // Which rows it computes, see RowsWanted. A writer asks by the definition that it holds; the
  // stamps below may be of a newer one, if ALTER TABLE came between.
  std::vector<std::string> wanted_columns;
  std::vector<DataType> wanted_types;
  bool with_seq = true;

  SelectPtr select;            // null: see below
  std::size_t text_bytes = 0;  // of its SQL: a measure for its size
  std::vector<Table> tables;   // by number of the source
  std::vector<Parameter> parameters;
  // INSERT: the cells that are DEFAULT, row by row. UPDATE: the columns of SET that are. Empty:
  // none.
  std::vector<bool> defaults;
  std::vector<bool> parameter_columns;  // UPDATE: the columns of SET that are just a parameter

  // Without a `select`, one of these:
  std::vector<std::vector<Simple>> rows;  // all cells are simple: nothing to ask the engine
  std::vector<std::size_t>
      depends_on;  // there is one plan per value of these parameters, under VariantKey
  bool needs_constants =
      false;  // this statement runs only with constants in place of its parameters

  bool Computes(const RowsWanted& wanted) const {
    return std::ranges::equal(wanted_columns, wanted.columns) &&
           std::ranges::equal(wanted_types, wanted.types) && with_seq == wanted.with_seq;
  }

  // One plan per value: this entry only says so.
  bool is_fork() const { return !depends_on.empty() && !select && rows.empty(); }
};

using PlanPtr = std::shared_ptr<const Plan>;

}  // namespace kalam::duck
