#include "model/schema_change.h"

#include <limits>

#include "model/row_upgrade.h"

namespace kalam {
namespace {

constexpr std::size_t kMaxColumnName = 64;

Error Invalid(std::string message) { return Error(ErrorCode::kInvalidArgument, std::move(message)); }

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

std::string Typed(const ColumnDef& column) {
  return Quoted(column.name) + " (" + std::string(ToString(column.type)) + (column.nullable ? ")" : " NOT NULL)");
}

// The column that a change names, if it may be changed.
Result<std::size_t> FindChangeable(const TableDef& table, std::string_view name) {
  if (IsSystemColumn(name)) {
    return Invalid("System column " + Quoted(name) + " cannot be altered (managed by system)");
  }
  const auto column = table.FindColumn(name);
  if (!column) return Error(ErrorCode::kNotFound, "ERROR: column " + Quoted(name) + " does not exist");
  if (*column == table.primary_key) {
    return Invalid("PRIMARY KEY column " + Quoted(table.columns[*column].name) + " cannot be altered or dropped");
  }
  return *column;
}

Status CheckNewName(const TableDef& table, std::string_view name, std::optional<std::size_t> renamed) {
  if (IsSystemColumn(name)) {
    return Invalid("System column " + Quoted(name) + " cannot be declared (managed by system)");
  }
  if (name.empty() || name.size() > kMaxColumnName) return Invalid("ERROR: column names have 1 to 64 characters");
  const auto existing = table.FindColumn(name);
  if (existing && existing != renamed) {
    return Error(ErrorCode::kAlreadyExists, "Column " + Quoted(table.columns[*existing].name) + " already exists");
  }
  return {};
}

// Changes `change.next`, a copy of the table.
class Change {
 public:
  explicit Change(SchemaChange& change) : change_(change), table_(change.next) {}

  Status operator()(const AddColumn& add) {
    KALAM_TRY(CheckNewName(table_, add.column.name, std::nullopt));
    if (add.column.primary_key) return Invalid("Multiple PRIMARY KEY columns not supported");
    if (!add.column.nullable && add.column.initial.view().is_null()) {
      return Invalid("NOT NULL column " + Quoted(add.column.name) + " requires a DEFAULT value for existing rows");
    }
    if (table_.columns.size() >= kMaxColumns) return Invalid("ERROR: a table has at most 1000 columns");
    table_.columns.push_back(add.column);
    table_.columns.back().id = 0;
    change_.text = "Added column " + Typed(add.column);
    return {};
  }

  Status operator()(const DropColumn& drop) {
    KALAM_TRY_ASSIGN(const std::size_t column, FindChangeable(table_, drop.name));
    change_.text = "Dropped column " + Quoted(table_.columns[column].name);
    table_.columns.erase(table_.columns.begin() + static_cast<std::ptrdiff_t>(column));
    return {};
  }

  Status operator()(const ModifyColumn& modify) {
    KALAM_TRY_ASSIGN(const std::size_t index, FindChangeable(table_, modify.name));
    ColumnDef& column = table_.columns[index];
    const std::string before = Typed(column);
    const DataType from = column.type;
    const bool was_nullable = column.nullable;
    column.nullable = modify.nullable.value_or(column.nullable);
    column.type = modify.type.value_or(from);
    if (from != column.type) {
      KALAM_TRY(ConvertDefault(column, from));
      KALAM_TRY_ASSIGN(column.initial, Converted(column.initial, from, column));
    }
    if (from != column.type || (was_nullable && !column.nullable)) change_.check = index;
    change_.text = "Modified column " + before + " to " + Typed(column);
    return {};
  }

  Status operator()(const RenameColumn& rename) {
    KALAM_TRY_ASSIGN(const std::size_t column, FindChangeable(table_, rename.from));
    KALAM_TRY(CheckNewName(table_, rename.to, column));
    change_.text = "Renamed column " + Quoted(table_.columns[column].name) + " to " + Quoted(rename.to);
    table_.columns[column].name = rename.to;
    return {};
  }

 private:
  static Result<Value> Converted(const Value& value, DataType from, const ColumnDef& column) {
    std::string scratch;
    const auto converted = ConvertStored(value.view(), from, column.type, scratch);
    if (converted.ok()) return Value(*converted);
    return Invalid("DEFAULT of column " + Quoted(column.name) + " cannot be converted from " +
                   std::string(ToString(from)) + " to " + std::string(ToString(column.type)));
  }

  static Status ConvertDefault(ColumnDef& column, DataType from) {
    if (!column.default_expr) return {};
    if (column.default_expr->function) {
      return Invalid("DEFAULT " + column.default_expr->text + " of column " + Quoted(column.name) +
                     " does not fit type " + std::string(ToString(column.type)));
    }
    KALAM_TRY_ASSIGN(column.default_expr->literal, Converted(column.default_expr->literal, from, column));
    return {};
  }

  SchemaChange& change_;
  TableDef& table_;
};

Status CheckRoomForHistory(const TableDef& table) {
  std::size_t columns = table.columns.size();
  for (const auto& version : table.past) columns += version->size();
  if (columns <= kMaxHistoryColumns && table.schema_version < std::numeric_limits<std::uint16_t>::max()) return {};
  return Error(ErrorCode::kLimitExceeded, "ERROR: the schema history of table " + table.name.ToString() +
                                              " is full: copy its rows to a new table");
}

}  // namespace

Result<SchemaChange> ApplyColumnChange(const TableDef& table, const ColumnChange& change) {
  if (table.kind == TableKind::kStream) {
    return Error(ErrorCode::kUnsupported, "ALTER TABLE is not supported on STREAM tables");
  }
  KALAM_TRY(CheckRoomForHistory(table));
  SchemaChange result{.next = table, .text = {}};
  auto past = std::make_shared<std::vector<PastColumn>>();
  for (const ColumnDef& column : table.columns) past->push_back({column.id, column.type});
  result.next.past.push_back(std::move(past));
  ++result.next.schema_version;
  KALAM_TRY(std::visit(Change(result), change));
  result.next.Finish();
  return result;
}

Status CheckModifiedValue(const Datum& value, DataType from, const ColumnDef& modified) {
  if (value.is_null()) {
    if (modified.nullable) return {};
    return Error(ErrorCode::kConstraint,
                 "NOT NULL violation: column " + Quoted(modified.name) + " has NULL in existing rows");
  }
  std::string scratch;
  if (ConvertStored(value, from, modified.type, scratch).ok()) return {};
  return Error(ErrorCode::kConstraint, "Cannot modify column " + Quoted(modified.name) +
                                           ": an existing value cannot be converted from " +
                                           std::string(ToString(from)) + " to " +
                                           std::string(ToString(modified.type)));
}

}  // namespace kalam
