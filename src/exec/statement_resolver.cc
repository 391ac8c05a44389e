#include "statement_resolver.h"

#include "query/table_source.h"
#include "sql/lexer.h"

namespace kalam::exec {
namespace {

using auth::Action;
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

namespace {

// Looked up only where it decides.
bool HasGrant(const catalog::Catalog& catalog, const auth::Identity& who, const TableDef& table) {
  return table.kind == TableKind::kShared && table.access == AccessLevel::kRestricted &&
         catalog.HasGrant(table.id, who.user_id.text());
}

}  // namespace

Status AuthorizeTable(const catalog::Catalog& catalog, const auth::Identity& who,
                      auth::Action action, const TableDef& table) {
  const std::string name = table.name.ToString();
  return auth::Authorize(who, action, auth::ObjectOf(table, name, HasGrant(catalog, who, table)));
}

bool IsVisibleTable(const catalog::Catalog& catalog, const auth::Identity& who,
                    const TableDef& table) {
  const std::string name = table.name.ToString();
  return auth::IsVisible(who, auth::ObjectOf(table, name, HasGrant(catalog, who, table)));
}

query::Viewer ViewerOf(const catalog::Catalog& catalog, const auth::Identity& who) {
  return {.who = who, .may_see = [&catalog, who](const TableDef& table) {
            return IsVisibleTable(catalog, who, table);
          }};
}

Result<SourcePtr> StatementResolver::Resolve(const duck::TableReference& reference) {
  if (reference.parts.size() == 2 && query::SystemTables::IsSystemSchema(reference.parts[0])) {
    return ResolveSystem(reference.parts[0], reference.parts[1]);
  }
  auto found = FindTable(services_.catalog, style_, reference.parts);
  if (!found.ok()) {
    const auto& parts = reference.parts;
    const std::string ns = parts.size() == 1 ? std::string(kDefaultNamespace) : parts[0];
    services_.sessions.Forget(who_.user_id, {ns, parts.back()});
    return std::move(found).error();
  }
  TableDefPtr table = std::move(found).value();
  KALAM_TRY(AuthorizeTable(services_.catalog, who_, Action::kSelect, *table));
  if (table->kind == TableKind::kStream)
    return query::MakeStreamSource(services_.streams, std::move(table));
  auto columns = services_.sessions.Use(who_.user_id, *table);
  UserId partition = table->kind == TableKind::kUser ? who_.user_id : UserId();
  const bool include_deleted =
      reference.include_deleted && deleted_rows_ == DeletedRows::kOnRequest;
  const table::StagedRows* staged = nullptr;
  if (transaction_) {
    KALAM_TRY_ASSIGN(staged, transaction_->RowsOf(*table));
  }
  return query::MakeHotSource(services_.reader, std::move(table), std::move(partition), snapshot_,
                              include_deleted, staged, std::move(columns));
}

Result<SourcePtr> StatementResolver::ResolveSystem(const std::string& schema,
                                                   const std::string& name) {
  const query::SystemTable* table = services_.system_tables.Find(schema, name);
  const std::string qualified = schema + "." + name;
  if (!table) return sql::RelationDoesNotExist(style_, qualified);
  KALAM_TRY(
      auth::Authorize(who_, Action::kSelect, auth::Object{.kind = table->kind, .name = qualified}));
  query::Viewer viewer = ViewerOf(services_.catalog, who_);
  viewer.deleted_users =
      table->kind == auth::ObjectKind::kSystemUsers && sql::MentionsWord(sql_, "deleted_at");
  return query::MakeSystemSource(*table, std::move(viewer));
}

}  // namespace kalam::exec
