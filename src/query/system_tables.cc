#include "query/system_tables.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/json_writer.h"
#include "information_schema.h"
#include "query/inspection.h"
#include "shown_table.h"
#include "shown_values.h"

namespace kalam::query {
namespace {

using auth::ObjectKind;
using enum DataType;
using enum Presence;

constexpr std::string_view kSystem = "system";

auto Named(std::string_view schema, std::string_view name) {
  return [=](const SystemTable& table) { return table.schema == schema && table.name == name; };
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

enum class Credentials { kShown, kMasked };

RowStream StorageRows(const catalog::Catalog& catalog, Credentials credentials) {
  return StreamOf(catalog.ListStorages(), [credentials](const catalog::StoragePtr& storage, std::vector<Row>& rows) {
    const bool any = storage->credentials || !storage->sealed_credentials.empty();
    const Value masked = any ? Text("***") : Value();
    rows.push_back({Text(storage->id), Text(storage->name), OptionalText(storage->description),
                    Text(ToString(storage->type)), Text(storage->uri),
                    credentials == Credentials::kShown ? OptionalText(storage->credentials) : masked,
                    Text(storage->shared_tables_template), Text(storage->user_tables_template),
                    Int(storage->created_at), Int(storage->updated_at)});
  });
}

SystemTable Tables(const catalog::Catalog& catalog) {
  return {.schema = std::string(kSystem),
          .name = "tables",
          .kind = ObjectKind::kSystemCatalog,
          .columns = {{"table_id", kText, kPrimaryKey},
                      {"table_name", kText},
                      {"namespace", kText},
                      {"table_type", kText},
                      {"created_at", kTimestamp},
                      {"storage_location", kText},
                      {"storage_id", kText},
                      {"use_user_storage", kBoolean},
                      {"flush_policy", kText},
                      {"schema_version", kInt},
                      {"deleted_retention_hours", kInt, kOptional},
                      {"access", kText, kOptional}},
          .rows = [&catalog](const Viewer& viewer) {
            const bool admin = auth::IsAdmin(viewer.who.role);
            return StreamOf(VisibleTables(catalog, viewer, "namespace"), [&catalog, admin](const TableDefPtr& table,
                                                                              std::vector<Row>& rows) {
              // Where things are on the host is the administrators' affair.
              const std::string location = admin ? catalog.StorageLocation(*table) : std::string();
              rows.push_back({Text(DocumentKey(table->name)), Text(table->name.table), Text(table->name.ns),
                              Text(ToLowerName(table->kind)), Int(table->created_at), Text(location),
                              Text(table->storage_id), Bool(table->use_user_storage),
                              Text(FlushPolicyJson(table->flush)), Int(table->schema_version),
                              OptionalInt(table->deleted_retention_hours),
                              table->kind == TableKind::kShared ? Text(ToString(table->access)) : Value()});
            });
          }};
}

SystemTable Namespaces(const catalog::Catalog& catalog) {
  return {.schema = std::string(kSystem),
          .name = "namespaces",
          .kind = ObjectKind::kSystemCatalog,
          .columns = {{"namespace_id", kText, kPrimaryKey},
                      {"name", kText},
                      {"options", kText},
                      {"table_count", kInt},
                      {"created_at", kTimestamp}},
          .rows = [&catalog](const Viewer&) {
            return StreamOf(catalog.ListNamespaces(), [](const catalog::NamespaceInfo& ns, std::vector<Row>& rows) {
              rows.push_back({Text(ns.name), Text(ns.name), Text(ns.options_json),
                              Int(static_cast<std::int64_t>(ns.table_count)), Int(ns.created_at)});
            });
          }};
}

SystemTable Users(const catalog::Catalog& catalog) {
  return {.schema = std::string(kSystem),
          .name = "users",
          .kind = ObjectKind::kSystemUsers,
          .columns = {{"user_id", kText, kPrimaryKey},
                      {"username", kText},
                      {"role", kText, kRequired, "'user'"},
                      {"metadata", kText, kOptional},
                      {"email", kText, kOptional},
                      {"storage_mode", kText, kRequired, "'table'"},
                      {"storage_id", kText, kOptional},
                      {"created_at", kTimestamp, kRequired, "NOW()"},
                      {"updated_at", kTimestamp, kRequired, "NOW()"},
                      {"deleted_at", kTimestamp, kOptional}},
          .rows = [&catalog](const Viewer& viewer) {
            std::vector<catalog::UserPtr> users = catalog.ListUsers();
            if (const auto name = viewer.Only("username")) {
              std::erase_if(users, [&](const catalog::UserPtr& user) { return user->username != *name; });
            }
            return StreamOf(std::move(users), [all = viewer.deleted_users](const catalog::UserPtr& user,
                                                                              std::vector<Row>& rows) {
              if (user->deleted_at && !all) return;
              rows.push_back({Text(user->user_id), Text(user->username), Text(auth::ToString(user->role)),
                              OptionalText(user->metadata), OptionalText(user->email), Text(user->storage_mode),
                              OptionalText(user->storage_id), Int(user->created_at), Int(user->updated_at),
                              OptionalInt(user->deleted_at)});
            });
          }};
}

SystemTable Storages(const catalog::Catalog& catalog) {
  return {.schema = std::string(kSystem),
          .name = "storages",
          .kind = ObjectKind::kSystemStorages,
          .columns = {{"storage_id", kText, kPrimaryKey},
                      {"storage_name", kText},
                      {"description", kText, kOptional},
                      {"storage_type", kText},
                      {"uri", kText},
                      {"credentials", kText, kOptional},
                      {"shared_tables_template", kText},
                      {"user_tables_template", kText},
                      {"created_at", kTimestamp},
                      {"updated_at", kTimestamp}},
          .rows = [&catalog](const Viewer& viewer) {
            const auto shown = auth::IsAdmin(viewer.who.role) ? Credentials::kShown : Credentials::kMasked;
            return StorageRows(catalog, shown);
          }};
}

SystemTable Jobs() {
  return {.schema = std::string(kSystem),
          .name = "jobs",
          .kind = ObjectKind::kSystemJobs,
          .columns = {{"job_id", kText, kPrimaryKey},
                      {"job_type", kText},
                      {"namespace_id", kText},
                      {"table_name", kText, kOptional},
                      {"status", kText},
                      {"parameters", kText},
                      {"result", kText, kOptional},
                      {"trace", kText},
                      {"memory_used", kBigInt},
                      {"cpu_used", kBigInt},
                      {"created_at", kTimestamp},
                      {"started_at", kTimestamp, kOptional},
                      {"completed_at", kTimestamp, kOptional},
                      {"node_id", kText},
                      {"error", kText, kOptional},
                      {"error_message", kText, kOptional}},
          .rows = NoRows};
}

SystemTable LiveQueries() {
  return {.schema = std::string(kSystem),
          .name = "live_queries",
          .kind = ObjectKind::kSystemLiveQueries,
          .columns = {{"live_id", kText, kPrimaryKey},
                      {"connection_id", kText},
                      {"namespace_id", kText},
                      {"table_name", kText},
                      {"query_id", kText},
                      {"user_id", kText},
                      {"query", kText},
                      {"options", kText},
                      {"changes", kBigInt, kRequired, "0"},
                      {"node", kText},
                      {"created_at", kTimestamp},
                      {"last_update", kTimestamp, kOptional}},
          .rows = NoRows};
}

SystemTable TableSchemas(const catalog::Catalog& catalog) {
  return {.schema = std::string(kSystem),
          .name = "table_schemas",
          .kind = ObjectKind::kSystemCatalog,
          .columns = {{"schema_id", kText, kPrimaryKey},
                      {"table_id", kText},
                      {"namespace_id", kText},
                      {"table_name", kText},
                      {"version", kInt},
                      {"schema_version", kInt},
                      {"created_at", kTimestamp},
                      {"changes", kText},
                      {"arrow_schema", kText}},
          .rows = [&catalog](const Viewer& viewer) {
            return StreamOf(VisibleTables(catalog, viewer, "namespace_id"), [&catalog](const TableDefPtr& table,
                                                                       std::vector<Row>& rows) {
              const std::string key = DocumentKey(table->name);
              for (const auto& entry : catalog.SchemaHistory(table->name.ns, table->name.table)) {
                rows.push_back({Text(key + ":" + std::to_string(entry.version)), Text(key), Text(table->name.ns),
                                Text(table->name.table), Int(entry.version), Int(entry.version),
                                Int(entry.created_at), Text(entry.changes), Text(entry.arrow_schema_json)});
              }
            });
          }};
}

SystemTable StatsTable(const Stats& stats) {
  return {.schema = std::string(kSystem),
          .name = "stats",
          .kind = ObjectKind::kSystemStats,
          .columns = {{"name", kText, kPrimaryKey}, {"value", kBigInt}},
          .rows = [&stats](const Viewer&) {
            return StreamOf(stats.Read(), [](const Stats::Entry& entry, std::vector<Row>& rows) {
              rows.push_back({Text(entry.name), Int(entry.value)});
            });
          }};
}

}  // namespace

SystemTables::SystemTables(const catalog::Catalog& catalog, const Stats& stats) {
  tables_.push_back(InformationSchemaColumns(catalog, *this));
  tables_.push_back(InformationSchemaTables(catalog, *this));
  tables_.push_back(Jobs());
  tables_.push_back(LiveQueries());
  tables_.push_back(Namespaces(catalog));
  tables_.push_back(StatsTable(stats));
  tables_.push_back(Storages(catalog));
  tables_.push_back(TableSchemas(catalog));
  tables_.push_back(Tables(catalog));
  tables_.push_back(Users(catalog));
}

const SystemTable* SystemTables::Find(std::string_view schema, std::string_view name) const {
  const auto it = std::ranges::find_if(tables_, Named(schema, name));
  return it == tables_.end() ? nullptr : &*it;
}

void SystemTables::Supply(std::string_view schema, std::string_view name, RowsFunction rows) {
  const auto it = std::ranges::find_if(tables_, Named(schema, name));
  KALAM_CHECK(it != tables_.end(), "rows are supplied to a table of the list");
  it->rows = std::move(rows);
}

Listing ShowStorages(const catalog::Catalog& catalog, const SystemTables& system) {
  return {.columns = ScanColumns(system.Find("system", "storages")->columns),
          .rows = StorageRows(catalog, Credentials::kMasked)};
}

bool MayRead(const Viewer& viewer, const SystemTable& table) {
  const std::string name = table.qualified_name();
  return auth::Authorize(viewer.who, auth::Action::kSelect, {.kind = table.kind, .name = name}).ok();
}

}  // namespace kalam::query
