#include "query/system_tables.h"

#include <string>

#include "base/json_writer.h"

namespace kalam::query {
namespace {

using duck::ScanColumn;

Value Text(std::string_view text) { return Value(Datum::Text(text)); }
Value Int(std::int64_t number) { return Value(Datum::Int(number)); }
Value Bool(bool value) { return Value(Datum::Bool(value)); }
Value OptionalText(const std::optional<std::string>& text) { return text ? Text(*text) : Value(); }
Value OptionalInt(const std::optional<std::int64_t>& number) { return number ? Int(*number) : Value(); }

std::vector<ScanColumn> TextColumns(std::initializer_list<const char*> names) {
  std::vector<ScanColumn> columns;
  for (const char* name : names) columns.push_back({name, DataType::kText});
  return columns;
}

std::string FlushPolicyJson(const FlushPolicy& policy) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  if (policy.row_threshold) json.Key("row_threshold").Int(*policy.row_threshold);
  if (policy.interval_seconds) json.Key("interval_seconds").Int(*policy.interval_seconds);
  json.EndObject();
  return out;
}

// The document key of a table (specification 6.3).
std::string TableKey(const TableDef& table) { return table.name.ns + ":" + table.name.table; }

std::string_view InformationSchemaType(TableKind kind) {
  return kind == TableKind::kStream ? "STREAM TABLE" : "BASE TABLE";
}

// A column as information_schema and DESCRIBE show it; the system columns come after the declared ones.
struct ShownColumn {
  std::string name;
  DataType type;
  bool nullable;
  std::optional<std::string> default_text;
  bool primary_key;
};

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

}  // namespace

Rows SystemTables(const catalog::Catalog& catalog, const TableFilter& visible) {
  Rows out;
  out.columns = {{"table_id", DataType::kText},          {"table_name", DataType::kText},
                 {"namespace", DataType::kText},         {"table_type", DataType::kText},
                 {"created_at", DataType::kTimestamp},   {"storage_location", DataType::kText},
                 {"storage_id", DataType::kText},        {"use_user_storage", DataType::kBoolean},
                 {"flush_policy", DataType::kText},      {"schema_version", DataType::kInt},
                 {"deleted_retention_hours", DataType::kInt}, {"access", DataType::kText}};
  for (const TableDefPtr& table : catalog.ListTables()) {
    if (!visible(*table)) continue;
    out.rows.push_back({Text(TableKey(*table)), Text(table->name.table), Text(table->name.ns),
                        Text(ToLowerName(table->kind)), Int(table->created_at), Text(""), Text(table->storage_id),
                        Bool(table->use_user_storage), Text(FlushPolicyJson(table->flush)),
                        Int(table->schema_version), OptionalInt(table->deleted_retention_hours),
                        table->kind == TableKind::kShared ? Text(ToString(table->access)) : Value()});
  }
  return out;
}

Rows SystemNamespaces(const catalog::Catalog& catalog) {
  Rows out;
  out.columns = {{"namespace_id", DataType::kText},
                 {"name", DataType::kText},
                 {"options", DataType::kText},
                 {"table_count", DataType::kInt},
                 {"created_at", DataType::kTimestamp}};
  for (const auto& ns : catalog.ListNamespaces()) {
    out.rows.push_back({Text(ns.name), Text(ns.name), Text(ns.options_json),
                        Int(static_cast<std::int64_t>(ns.table_count)), Int(ns.created_at)});
  }
  return out;
}

Rows SystemUsers(const catalog::Catalog& catalog, bool include_deleted) {
  Rows out;
  out.columns = {{"user_id", DataType::kText},       {"username", DataType::kText},
                 {"role", DataType::kText},          {"metadata", DataType::kText},
                 {"email", DataType::kText},         {"storage_mode", DataType::kText},
                 {"storage_id", DataType::kText},    {"created_at", DataType::kTimestamp},
                 {"updated_at", DataType::kTimestamp}, {"deleted_at", DataType::kTimestamp}};
  for (const auto& user : catalog.ListUsers()) {
    if (user->deleted_at && !include_deleted) continue;
    out.rows.push_back({Text(user->user_id), Text(user->username), Text(auth::ToString(user->role)),
                        OptionalText(user->metadata), OptionalText(user->email), Text(user->storage_mode),
                        OptionalText(user->storage_id), Int(user->created_at), Int(user->updated_at),
                        OptionalInt(user->deleted_at)});
  }
  return out;
}

Rows InformationSchemaTables(const catalog::Catalog& catalog, const TableFilter& visible) {
  Rows out;
  out.columns = {{"table_catalog", DataType::kText},    {"table_schema", DataType::kText},
                 {"table_name", DataType::kText},       {"table_type", DataType::kText},
                 {"table_id", DataType::kText},         {"created_at", DataType::kTimestamp},
                 {"updated_at", DataType::kTimestamp},  {"schema_version", DataType::kInt},
                 {"storage_id", DataType::kText},       {"use_user_storage", DataType::kBoolean},
                 {"deleted_retention_hours", DataType::kInt}, {"ttl_seconds", DataType::kBigInt}};
  for (const TableDefPtr& table : catalog.ListTables()) {
    if (!visible(*table)) continue;
    out.rows.push_back({Text("def"), Text(table->name.ns), Text(table->name.table),
                        Text(InformationSchemaType(table->kind)), Text(TableKey(*table)), Int(table->created_at),
                        Int(table->updated_at), Int(table->schema_version), Text(table->storage_id),
                        Bool(table->use_user_storage), OptionalInt(table->deleted_retention_hours),
                        OptionalInt(table->ttl_seconds)});
  }
  return out;
}

Rows InformationSchemaColumns(const catalog::Catalog& catalog, const TableFilter& visible) {
  Rows out;
  out.columns = {{"table_catalog", DataType::kText},   {"table_schema", DataType::kText},
                 {"table_name", DataType::kText},      {"column_name", DataType::kText},
                 {"ordinal_position", DataType::kInt}, {"data_type", DataType::kText},
                 {"is_nullable", DataType::kBoolean},  {"column_default", DataType::kText},
                 {"is_primary_key", DataType::kBoolean}};
  for (const TableDefPtr& table : catalog.ListTables()) {
    if (!visible(*table)) continue;
    std::int64_t ordinal = 0;
    for (const ShownColumn& column : ShownColumns(*table)) {
      out.rows.push_back({Text("def"), Text(table->name.ns), Text(table->name.table), Text(column.name),
                          Int(++ordinal), Text(ToString(column.type)), Bool(column.nullable),
                          OptionalText(column.default_text), Bool(column.primary_key)});
    }
  }
  return out;
}

Rows ShowNamespaces(const catalog::Catalog& catalog) {
  Rows out;
  out.columns = {{"name", DataType::kText}, {"table_count", DataType::kInt}, {"created_at", DataType::kTimestamp}};
  for (const auto& ns : catalog.ListNamespaces()) {
    out.rows.push_back({Text(ns.name), Int(static_cast<std::int64_t>(ns.table_count)), Int(ns.created_at)});
  }
  return out;
}

Rows ShowTables(const catalog::Catalog& catalog, std::optional<std::string_view> ns,
                const TableFilter& visible) {
  Rows out;
  out.columns = TextColumns({"namespace", "table_name", "table_type"});
  out.columns.push_back({"created_at", DataType::kTimestamp});
  for (const TableDefPtr& table : catalog.ListTables(ns)) {
    if (!visible(*table)) continue;
    out.rows.push_back({Text(table->name.ns), Text(table->name.table), Text(ToLowerName(table->kind)),
                        Int(table->created_at)});
  }
  return out;
}

Rows Describe(const TableDef& table) {
  Rows out;
  out.columns = {{"column_name", DataType::kText},    {"data_type", DataType::kText},
                 {"is_nullable", DataType::kBoolean}, {"column_default", DataType::kText},
                 {"is_primary_key", DataType::kBoolean}, {"current_schema_version", DataType::kInt},
                 {"schema_history_reference", DataType::kText}};
  const std::string history = "SELECT * FROM system.table_schemas WHERE namespace_id = '" + table.name.ns +
                              "' AND table_name = '" + table.name.table + "'";
  for (const ShownColumn& column : ShownColumns(table)) {
    out.rows.push_back({Text(column.name), Text(ToString(column.type)), Bool(column.nullable),
                        OptionalText(column.default_text), Bool(column.primary_key), Int(table.schema_version),
                        Text(history)});
  }
  return out;
}

Rows DescribeHistory(const catalog::Catalog& catalog, const TableDef& table) {
  Rows out;
  out.columns = {{"version", DataType::kInt}, {"created_at", DataType::kTimestamp}, {"changes", DataType::kText}};
  for (const auto& version : catalog.SchemaHistory(table.name.ns, table.name.table)) {
    out.rows.push_back({Int(version.version), Int(version.created_at), Text(version.changes)});
  }
  return out;
}

}  // namespace kalam::query
