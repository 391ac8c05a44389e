#include "alter_table.h"

#include "live_ddl.h"
#include "model/schema_change.h"

namespace kalam::exec {
namespace {

constexpr std::string_view kDefaultNamespace = "default";

// The column that a change names and that must be there.
std::string_view NamedColumn(const ColumnChange& change) {
  if (const auto* drop = std::get_if<DropColumn>(&change)) return drop->name;
  if (const auto* modify = std::get_if<ModifyColumn>(&change)) return modify->name;
  if (const auto* rename = std::get_if<RenameColumn>(&change)) return rename->from;
  return {};
}

// Of ADD COLUMN: rows that are there already show what the DEFAULT gives now, once for all of them.
ColumnChange WithInitialValue(ColumnChange change, const StatementContext& context) {
  if (auto* add = std::get_if<AddColumn>(&change)) {
    std::string scratch;
    add->column.initial = Value(query::DefaultValue(add->column, context.row_context(), scratch));
  }
  return change;
}

// All live rows of all partitions, as catalog::Catalog::RowCheck. The fence is up: the snapshot has every row
// that the old definition can write.
Status CheckRows(const TableDef& old_def, const TableDef& new_def, std::size_t column,
                 const StatementContext& context) {
  constexpr std::uint64_t kRowsBetweenLooks = 1024;
  const auto snapshot = context.services.committer.Snapshot();
  const DataType from = old_def.columns[column].type;
  std::uint64_t count = 0;
  KALAM_TRY_ASSIGN(const auto users, context.services.reader.Partitions(snapshot, old_def));
  for (const UserId& user : users) {
    auto rows = context.services.reader.Scan(snapshot, old_def, user, {}, table::Direction::kForward,
                                             table::Blocking::kAllowed);
    for (; rows.Valid(); rows.Next()) {
      if (++count % kRowsBetweenLooks == 0) KALAM_TRY(context.CheckTime());
      if (rows.row().deleted()) continue;
      KALAM_TRY(CheckModifiedValue(rows.row().column(column), from, new_def.columns[column]));
    }
    KALAM_TRY(rows.status());
  }
  return {};
}

}  // namespace

Status RunAlterTable(const sql::AlterTable& statement, StatementContext& context) {
  const TableName name = statement.name.Resolve(kDefaultNamespace);
  catalog::Catalog& catalog = context.services.catalog;
  const TableDefPtr table = catalog.FindTable(name.ns, name.table);
  if (!table) return sql::RelationDoesNotExist(context.options.error_style, name.ToString());
  KALAM_TRY(AuthorizeTable(catalog, context.who, auth::Action::kAlterTable, *table));
  if (statement.kind && *statement.kind != table->kind) {
    return Error(ErrorCode::kInvalidArgument, "Table " + name.ToString() + " is a " +
                                                  std::string(ToString(table->kind)) + " table, not a " +
                                                  std::string(ToString(*statement.kind)) + " table");
  }
  const std::string_view column = NamedColumn(statement.change);
  if (!column.empty() && table->kind != TableKind::kStream && !IsSystemColumn(column) && !table->FindColumn(column)) {
    return sql::ColumnDoesNotExist(context.options.error_style, column);
  }
  if (std::holds_alternative<DropColumn>(statement.change)) {
    KALAM_TRY(CheckColumnNotFollowed(*table, column, context));
  }
  const auto check = [&](const TableDef& old_def, const TableDef& new_def, std::size_t index) {
    return CheckRows(old_def, new_def, index, context);
  };
  KALAM_TRY_ASSIGN(const TableDefPtr altered,
                   catalog.AlterTable(name, table->id, WithInitialValue(statement.change, context), check));
  context.services.live.TableChanged(altered->id);
  context.response.AddOutcome(0, "Schema updated successfully. Version incremented to " +
                                     std::to_string(altered->schema_version) + ".");
  return {};
}

}  // namespace kalam::exec
