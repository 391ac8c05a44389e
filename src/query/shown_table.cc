#include "shown_table.h"

namespace kalam::query {

std::vector<ShownColumn> ShownColumns(const TableDef& table) {
  std::vector<ShownColumn> shown;
  for (const ColumnDef& column : table.columns) {
    shown.push_back({column.name, column.type, column.nullable && !column.primary_key,
                     column.default_expr ? std::optional(column.default_expr->text) : std::nullopt,
                     column.primary_key});
  }
  if (table.has_system_columns()) {
    shown.push_back({std::string(kUpdatedColumn), DataType::kTimestamp, false, std::nullopt, false});
    shown.push_back({std::string(kDeletedColumn), DataType::kBoolean, false, std::nullopt, false});
  }
  return shown;
}

std::vector<ShownColumn> ShownColumns(const SystemTable& table) {
  std::vector<ShownColumn> shown;
  for (const SystemColumn& column : table.columns) {
    shown.push_back({column.name, column.type, column.presence == Presence::kOptional, column.default_text,
                     column.presence == Presence::kPrimaryKey});
  }
  return shown;
}

std::vector<TableDefPtr> VisibleTables(const catalog::Catalog& catalog, const Viewer& viewer,
                                       std::string_view ns_column) {
  const auto ns = viewer.Only(ns_column);
  const auto name = viewer.Only("table_name");
  std::vector<TableDefPtr> tables;
  if (ns && name) {
    tables.push_back(catalog.FindTable(*ns, *name));
  } else {
    tables = catalog.ListTables(ns);
  }
  std::erase_if(tables, [&](const TableDefPtr& table) {
    return !table || (name && table->name.table != *name) || !viewer.may_see(*table);
  });
  return tables;
}

std::string DocumentKey(const TableName& name) { return name.ns + ":" + name.table; }

}  // namespace kalam::query
