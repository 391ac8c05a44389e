#include "user_statements.h"

#include "auth/api_key.h"
#include "auth/password.h"
#include "statement_results.h"
#include "user_rules.h"

namespace kalam::exec {
namespace {

using auth::Action;
using auth::Object;
using auth::ObjectKind;
using catalog::User;
using enum DataType;

constexpr std::string_view kDefaultNamespace = "default";

Status AuthorizeServer(const StatementContext& context, Action action) {
  return auth::Authorize(context.who, action, Object{.kind = ObjectKind::kServer});
}

Error UserNotFound(std::string_view name) {
  return Error(ErrorCode::kNotFound, "User with user_id '" + std::string(name) + "' not found");
}

// A user that is there and not deleted. Who the caller may not handle is refused.
Result<catalog::UserPtr> FindUser(std::string_view name, const StatementContext& context) {
  auto user = context.services.catalog.FindUser(name);
  if (!user || user->deleted_at) return UserNotFound(name);
  KALAM_TRY(CheckMayHandle(context.who, user->role));
  return user;
}

// What CREATE and ALTER share: checks each property that is there and puts it into `user`.
template <typename Statement>
Status ApplyProperties(const Statement& statement, const StatementContext& context, User& user) {
  if (statement.role) {
    KALAM_TRY_ASSIGN(user.role, auth::ParseRole(*statement.role));
    KALAM_TRY(CheckMayHandle(context.who, user.role));
  }
  if (statement.email) user.email = statement.email;
  if (statement.metadata) {
    KALAM_TRY(CheckMetadata(*statement.metadata));
    user.metadata = statement.metadata;
  }
  if (statement.password) {
    KALAM_TRY(auth::CheckPassword(*statement.password, context.options.password_policy));
    KALAM_TRY_ASSIGN(user.password_hash, auth::HashPassword(*statement.password));
  }
  return {};
}

Result<TableDefPtr> FindSharedTable(const sql::TableRef& name, Action action,
                                    const StatementContext& context) {
  const auto& catalog = context.services.catalog;
  const TableName resolved = name.Resolve(kDefaultNamespace);
  KALAM_TRY_ASSIGN(const TableDefPtr table,
                   FindTable(catalog, context.options.error_style, {resolved.ns, resolved.table}));
  if (table->kind != TableKind::kShared) {
    return Error(ErrorCode::kInvalidArgument, "Access is granted on SHARED tables; " +
                                                  table->name.ToString() + " is a " +
                                                  std::string(ToString(table->kind)) + " table");
  }
  KALAM_TRY(AuthorizeTable(catalog, context.who, action, *table));
  return table;
}

}  // namespace

Status RunUserStatement(const sql::CreateUser& statement, StatementContext& context) {
  KALAM_TRY(AuthorizeServer(context, Action::kCreateUser));
  KALAM_TRY(CheckUserId(statement.name));
  if (statement.if_not_exists && context.services.catalog.FindUser(statement.name)) {
    return Done(context, "User '" + statement.name + "' already exists (skipped)");
  }
  User user;
  user.user_id = user.username = statement.name;
  KALAM_TRY(ApplyProperties(statement, context, user));
  auto created = context.services.catalog.CreateUser(std::move(user));
  if (!created.ok()) {
    const bool skipped =
        statement.if_not_exists && created.error().code() == ErrorCode::kAlreadyExists;
    if (!skipped) return std::move(created).error();
    return Done(context, "User '" + statement.name + "' already exists (skipped)");
  }
  return Done(context, "User '" + statement.name + "' created successfully with role '" +
                           std::string(auth::ToString((*created)->role)) + "'");
}

Status RunUserStatement(const sql::AlterUser& statement, StatementContext& context) {
  KALAM_TRY(AuthorizeServer(context, Action::kAlterUser));
  KALAM_TRY_ASSIGN(const auto user, FindUser(statement.name, context));
  // Hashing takes its time: before the catalog's lock.
  User properties = *user;
  KALAM_TRY(ApplyProperties(statement, context, properties));
  auto changed =
      context.services.catalog.ChangeUser(statement.name, [&](const User& row) -> Result<User> {
        if (row.deleted_at) return UserNotFound(statement.name);
        KALAM_TRY(CheckMayHandle(context.who, row.role));
        User next = row;
        if (statement.role) next.role = properties.role;
        if (statement.email) next.email = properties.email;
        if (statement.metadata) next.metadata = properties.metadata;
        if (statement.password) next.password_hash = properties.password_hash;
        return next;
      });
  if (!changed.ok()) return std::move(changed).error();
  return Done(context, "User '" + statement.name + "' updated successfully");
}

Status RunUserStatement(const sql::DropUser& statement, StatementContext& context) {
  KALAM_TRY(AuthorizeServer(context, Action::kDropUser));
  auto user = FindUser(statement.name, context);
  Status dropped =
      user.ok() ? context.services.catalog.DeleteUser(statement.name) : Status(user.error());
  if (!dropped.ok()) {
    const bool skipped = statement.if_exists && dropped.error().code() == ErrorCode::kNotFound;
    if (!skipped) return dropped;
    return Done(context, "User '" + statement.name + "' does not exist (skipped)");
  }
  return Done(context, "User '" + statement.name + "' dropped successfully");
}

Status RunUserStatement(const sql::CreateApiKey& statement, StatementContext& context) {
  KALAM_TRY(AuthorizeServer(context, Action::kCreateApiKey));
  if (context.ticket) context.ticket->ForgetResults();
  KALAM_TRY(FindUser(statement.user, context));
  KALAM_TRY_ASSIGN(const std::string secret, auth::MakeApiKey());
  KALAM_TRY_ASSIGN(const auto key, context.services.catalog.CreateApiKey(
                                       statement.user, statement.name, auth::HashApiKey(secret)));
  // The only time that the key itself is shown.
  return Show(
      {.columns = {{"key_id", kText}, {"user_id", kText}, {"name", kText}, {"api_key", kText}},
       .rows = query::StreamOf(
           std::vector{key},
           [secret](const auto& made, std::vector<query::Row>& rows) {
             rows.push_back({Value(Datum::Text(made->id)), Value(Datum::Text(made->user_id)),
                             made->name ? Value(Datum::Text(*made->name)) : Value(),
                             Value(Datum::Text(secret))});
           })},
      context);
}

Status RunUserStatement(const sql::DropApiKey& statement, StatementContext& context) {
  KALAM_TRY(AuthorizeServer(context, Action::kDropApiKey));
  KALAM_TRY(context.services.catalog.DropApiKey(statement.id));
  return Done(context, "API key '" + statement.id + "' dropped successfully");
}

Status RunUserStatement(const sql::ShowApiKeys& statement, StatementContext& context) {
  KALAM_TRY(AuthorizeServer(context, Action::kShowApiKeys));
  auto keys = context.services.catalog.ListApiKeys();
  if (statement.user)
    std::erase_if(keys, [&](const auto& key) { return key->user_id != *statement.user; });
  return Show({.columns = {{"key_id", kText},
                           {"user_id", kText},
                           {"name", kText},
                           {"created_at", kTimestamp}},
               .rows = query::StreamOf(
                   std::move(keys),
                   [](const auto& key, std::vector<query::Row>& rows) {
                     rows.push_back({Value(Datum::Text(key->id)), Value(Datum::Text(key->user_id)),
                                     key->name ? Value(Datum::Text(*key->name)) : Value(),
                                     Value(Datum::Int(key->created_at))});
                   })},
              context);
}

Status RunUserStatement(const sql::GrantAccess& statement, StatementContext& context) {
  KALAM_TRY_ASSIGN(const TableDefPtr table,
                   FindSharedTable(statement.table, Action::kGrantAccess, context));
  KALAM_TRY(CheckUserId(statement.user));
  KALAM_TRY(context.services.catalog.Grant(*table, statement.user));
  return Done(context,
              "Access on " + table->name.ToString() + " granted to '" + statement.user + "'");
}

Status RunUserStatement(const sql::RevokeAccess& statement, StatementContext& context) {
  KALAM_TRY_ASSIGN(const TableDefPtr table,
                   FindSharedTable(statement.table, Action::kRevokeAccess, context));
  KALAM_TRY(CheckUserId(statement.user));
  KALAM_TRY(context.services.catalog.Revoke(*table, statement.user));
  return Done(context,
              "Access on " + table->name.ToString() + " revoked from '" + statement.user + "'");
}

}  // namespace kalam::exec
