#include "query/inspection.h"

#include <variant>

#include "shown_table.h"
#include "shown_values.h"

namespace kalam::query {
namespace {

using enum DataType;

Listing DescribeColumns(std::vector<ShownColumn> columns, int version, const TableName& name) {
  const std::string history = "SELECT * FROM system.table_schemas WHERE namespace_id = '" + name.ns +
                              "' AND table_name = '" + name.table + "'";
  return {.columns = {{"column_name", kText},
                      {"data_type", kText},
                      {"is_nullable", kBoolean},
                      {"column_default", kText},
                      {"is_primary_key", kBoolean},
                      {"current_schema_version", kInt},
                      {"schema_history_reference", kText}},
          .rows = StreamOf(std::move(columns), [version, history](const ShownColumn& column, std::vector<Row>& rows) {
            rows.push_back({Text(column.name), Text(ToString(column.type)), Bool(column.nullable),
                            OptionalText(column.default_text), Bool(column.primary_key), Int(version),
                            Text(history)});
          })};
}

}  // namespace

Listing ShowNamespaces(const catalog::Catalog& catalog) {
  return {.columns = {{"name", kText}, {"table_count", kInt}, {"created_at", kTimestamp}},
          .rows = StreamOf(catalog.ListNamespaces(), [](const catalog::NamespaceInfo& ns, std::vector<Row>& rows) {
            rows.push_back({Text(ns.name), Int(static_cast<std::int64_t>(ns.table_count)), Int(ns.created_at)});
          })};
}

Listing ShowTables(const catalog::Catalog& catalog, const SystemTables& system, std::optional<std::string_view> ns,
                   const Viewer& viewer) {
  Listing listing{.columns = {{"namespace", kText},
                              {"table_name", kText},
                              {"table_type", kText},
                              {"created_at", kTimestamp}},
                  .rows = {}};
  if (ns && SystemTables::IsSystemSchema(*ns)) {
    std::vector<const SystemTable*> tables;
    for (const SystemTable& table : system.tables()) {
      if (table.schema == *ns && MayRead(viewer, table)) tables.push_back(&table);
    }
    listing.rows = StreamOf(std::move(tables), [](const SystemTable* table, std::vector<Row>& rows) {
      rows.push_back({Text(table->schema), Text(table->name), Text("system"), Value()});
    });
    return listing;
  }
  std::vector<TableDefPtr> tables = catalog.ListTables(ns);
  std::erase_if(tables, [&](const TableDefPtr& table) { return !viewer.may_see(*table); });
  listing.rows = StreamOf(std::move(tables), [](const TableDefPtr& table, std::vector<Row>& rows) {
    rows.push_back({Text(table->name.ns), Text(table->name.table), Text(ToLowerName(table->kind)),
                    Int(table->created_at)});
  });
  return listing;
}

Listing Describe(const TableDef& table) {
  return DescribeColumns(ShownColumns(table), table.schema_version, table.name);
}

Listing Describe(const SystemTable& table) {
  return DescribeColumns(ShownColumns(table), 1, {table.schema, table.name});
}

Listing DescribeHistory(const catalog::Catalog& catalog, const TableDef& table) {
  return {.columns = {{"version", kInt}, {"created_at", kTimestamp}, {"changes", kText}},
          .rows = StreamOf(catalog.SchemaHistory(table.name.ns, table.name.table),
                           [](const catalog::SchemaVersion& version, std::vector<Row>& rows) {
                             rows.push_back({Int(version.version), Int(version.created_at), Text(version.changes)});
                           })};
}

}  // namespace kalam::query
