#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "model/table_def.h"

// ALTER TABLE on definitions: what may be changed, and what the table is afterwards. Pure.
namespace kalam {

struct AddColumn {
  ColumnDef column;  // DEFAULT converted; `initial` set to its value, evaluated once
};
struct DropColumn {
  std::string name;
};
struct ModifyColumn {
  std::string name;
  // Absent: stays as it is.
  std::optional<DataType> type = {};
  std::optional<bool> nullable = {};
};
struct RenameColumn {
  std::string from;
  std::string to;
};
using ColumnChange = std::variant<AddColumn, DropColumn, ModifyColumn, RenameColumn>;

// A table has at most this many columns.
inline constexpr std::size_t kMaxColumns = 1000;
// Columns of all versions of a table together: bounds its document and what readers keep of the past.
inline constexpr std::size_t kMaxHistoryColumns = 100'000;

struct SchemaChange {
  TableDef next;     // schema_version is one more; finished
  std::string text;  // for schema_history: `Added column 'topic' (TEXT)`
  // ModifyColumn only: this column of the old definition (an index) must be checked row by row.
  std::optional<std::size_t> check = {};
};

// Errors: kUnsupported for STREAM tables; kNotFound for a column that is not there; kAlreadyExists
// `Column 'x' already exists`; kInvalidArgument for system columns, the primary key, names,
// `NOT NULL column 'x' requires a DEFAULT value for existing rows`, a DEFAULT that does not fit the new type;
// kLimitExceeded.
Result<SchemaChange> ApplyColumnChange(const TableDef& table, const ColumnChange& change);

// Does a live row's value, of the old definition, fit `modified`, the column as it is to be? The value itself
// is not in the message: rows may be another user's. Errors: kConstraint.
Status CheckModifiedValue(const Datum& value, DataType from, const ColumnDef& modified);

}  // namespace kalam
