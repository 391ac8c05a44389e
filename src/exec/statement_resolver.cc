#include "statement_resolver.h"

#include "query/system_tables.h"
#include "query/table_source.h"

namespace kalam::exec {
namespace {

using auth::Action;
using auth::ObjectKind;
using SourcePtr = std::shared_ptr<const duck::ScanSource>;

constexpr std::string_view kDefaultNamespace = "default";

std::string Join(const std::vector<std::string>& parts) {
  std::string joined;
  for (const auto& part : parts) joined += (joined.empty() ? "" : ".") + part;
  return joined;
}

}  // namespace

Result<TableDefPtr> FindTable(const catalog::Catalog& catalog, sql::ErrorStyle style,
                              const std::vector<std::string>& parts) {
  TableDefPtr table;
  if (parts.size() == 1) table = catalog.FindTable(kDefaultNamespace, parts[0]);
  if (parts.size() == 2) table = catalog.FindTable(parts[0], parts[1]);
  if (parts.size() == 3 && parts[1] == "user") {
    table = catalog.FindTable(parts[0], parts[2]);
    if (table && table->kind != TableKind::kUser) table = nullptr;
  }
  if (!table) return sql::RelationDoesNotExist(style, Join(parts));
  return table;
}

Status AuthorizeTable(const auth::Identity& who, auth::Action action, const TableDef& table) {
  const std::string name = table.name.ToString();
  return auth::Authorize(who, action, auth::ObjectOf(table, name));
}

bool IsVisibleTable(const auth::Identity& who, const TableDef& table) {
  const std::string name = table.name.ToString();
  return auth::IsVisible(who, auth::ObjectOf(table, name));
}

Result<SourcePtr> StatementResolver::Resolve(const duck::TableReference& reference) {
  if (reference.parts.size() == 2 && (reference.parts[0] == "system" || reference.parts[0] == "information_schema")) {
    return ResolveSystem(reference.parts[0], reference.parts[1]);
  }
  KALAM_TRY_ASSIGN(TableDefPtr table, FindTable(services_.catalog, style_, reference.parts));
  KALAM_TRY(AuthorizeTable(who_, Action::kSelect, *table));
  if (table->kind == TableKind::kStream) return query::MakeStreamSource(services_.streams, std::move(table));
  UserId partition = table->kind == TableKind::kUser ? who_.user_id : UserId();
  const bool include_deleted = reference.include_deleted && deleted_rows_ == DeletedRows::kOnRequest;
  return query::MakeHotSource(services_.reader, std::move(table), std::move(partition), snapshot_, include_deleted);
}

Result<SourcePtr> StatementResolver::ResolveSystem(const std::string& schema, const std::string& table) {
  const auto authorize = [&](ObjectKind kind) {
    const std::string name = schema + "." + table;
    return auth::Authorize(who_, Action::kSelect, auth::Object{.kind = kind, .name = name});
  };
  const auto visible = [this](const TableDef& def) { return IsVisibleTable(who_, def); };
  const catalog::Catalog& catalog = services_.catalog;
  if (schema == "system" && table == "users") {
    KALAM_TRY(authorize(ObjectKind::kSystemUsers));
    return query::MakeRowsSource(query::SystemUsers(catalog, false));
  }
  KALAM_TRY(authorize(ObjectKind::kSystemCatalog));
  if (schema == "system" && table == "tables") return query::MakeRowsSource(query::SystemTables(catalog, visible));
  if (schema == "system" && table == "namespaces") return query::MakeRowsSource(query::SystemNamespaces(catalog));
  if (schema == "information_schema" && table == "tables") {
    return query::MakeRowsSource(query::InformationSchemaTables(catalog, visible));
  }
  if (schema == "information_schema" && table == "columns") {
    return query::MakeRowsSource(query::InformationSchemaColumns(catalog, visible));
  }
  return sql::RelationDoesNotExist(style_, schema + "." + table);
}

}  // namespace kalam::exec
