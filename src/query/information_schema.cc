#include "information_schema.h"

#include <variant>

#include "shown_table.h"
#include "shown_values.h"

namespace kalam::query {
namespace {

constexpr std::string_view kCatalogName = "def";

// A user table, or a system table.
using Listed = std::variant<TableDefPtr, const SystemTable*>;

// What the viewer may see, by schema and name; the system schemas last.
std::vector<Listed> ListVisible(const catalog::Catalog& catalog, const SystemTables& system, const Viewer& viewer) {
  std::vector<Listed> listed;
  for (TableDefPtr& table : VisibleTables(catalog, viewer, "table_schema")) listed.emplace_back(std::move(table));
  for (const SystemTable& table : system.tables()) {
    if (MayRead(viewer, table)) listed.emplace_back(&table);
  }
  return listed;
}

std::string_view TypeName(TableKind kind) { return kind == TableKind::kStream ? "STREAM TABLE" : "BASE TABLE"; }

Row TableRow(const TableDef& table) {
  return {Text(kCatalogName),
          Text(table.name.ns),
          Text(table.name.table),
          Text(TypeName(table.kind)),
          Text(DocumentKey(table.name)),
          Int(table.created_at),
          Int(table.updated_at),
          Int(table.schema_version),
          Text(table.storage_id),
          Bool(table.use_user_storage),
          OptionalInt(table.deleted_retention_hours),
          OptionalInt(table.ttl_seconds)};
}

Row TableRow(const SystemTable& table) {
  return {Text(kCatalogName),
          Text(table.schema),
          Text(table.name),
          Text("SYSTEM VIEW"),
          Text(DocumentKey({table.schema, table.name})),
          Value(),
          Value(),
          Int(1),
          Value(),
          Bool(false),
          Value(),
          Value()};
}

void AppendColumnRows(std::string_view schema, std::string_view name, const std::vector<ShownColumn>& columns,
                      std::vector<Row>& rows) {
  std::int64_t ordinal = 0;
  for (const ShownColumn& column : columns) {
    rows.push_back({Text(kCatalogName), Text(schema), Text(name), Text(column.name), Int(++ordinal),
                    Text(ToString(column.type)), Bool(column.nullable), OptionalText(column.default_text),
                    Bool(column.primary_key)});
  }
}

}  // namespace

SystemTable InformationSchemaTables(const catalog::Catalog& catalog, const SystemTables& system) {
  using enum DataType;
  using enum Presence;
  return {.schema = "information_schema",
          .name = "tables",
          .kind = auth::ObjectKind::kSystemCatalog,
          .columns = {{"table_catalog", kText},
                      {"table_schema", kText},
                      {"table_name", kText},
                      {"table_type", kText},
                      {"table_id", kText},
                      {"created_at", kTimestamp, kOptional},
                      {"updated_at", kTimestamp, kOptional},
                      {"schema_version", kInt},
                      {"storage_id", kText, kOptional},
                      {"use_user_storage", kBoolean},
                      {"deleted_retention_hours", kInt, kOptional},
                      {"ttl_seconds", kBigInt, kOptional}},
          .rows = [&catalog, &system](const Viewer& viewer) {
            return StreamOf(ListVisible(catalog, system, viewer), [](const Listed& listed, std::vector<Row>& rows) {
              rows.push_back(std::visit([](const auto& table) { return TableRow(*table); }, listed));
            });
          }};
}

SystemTable InformationSchemaColumns(const catalog::Catalog& catalog, const SystemTables& system) {
  using enum DataType;
  using enum Presence;
  return {.schema = "information_schema",
          .name = "columns",
          .kind = auth::ObjectKind::kSystemCatalog,
          .columns = {{"table_catalog", kText},
                      {"table_schema", kText},
                      {"table_name", kText},
                      {"column_name", kText},
                      {"ordinal_position", kInt},
                      {"data_type", kText},
                      {"is_nullable", kBoolean},
                      {"column_default", kText, kOptional},
                      {"is_primary_key", kBoolean}},
          .rows = [&catalog, &system](const Viewer& viewer) {
            return StreamOf(ListVisible(catalog, system, viewer), [](const Listed& listed, std::vector<Row>& rows) {
              if (const auto* table = std::get_if<TableDefPtr>(&listed)) {
                AppendColumnRows((*table)->name.ns, (*table)->name.table, ShownColumns(**table), rows);
              } else {
                const SystemTable& system_table = *std::get<const SystemTable*>(listed);
                AppendColumnRows(system_table.schema, system_table.name, ShownColumns(system_table), rows);
              }
            });
          }};
}

}  // namespace kalam::query
