#include "auth/access.h"

#include <string>

namespace kalam::auth {
namespace {

Status Denied(std::string why) {
  return Error(ErrorCode::kPermissionDenied, "Permission denied: " + std::move(why));
}

Status AdminsOnly(const Identity& who, std::string_view deed) {
  if (IsAdmin(who.role)) return {};
  return Denied("Only DBA or System users can " + std::string(deed));
}

bool Owns(const Identity& who, const Object& object) {
  return !object.owner.empty() && object.owner == who.user_id.text();
}

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

// Reading and writing rows.
Status AuthorizeRows(const Identity& who, Action action, const Object& object) {
  switch (object.kind) {
    case ObjectKind::kUserTable:
      if (object.rows_of.empty() || object.rows_of == who.user_id.text()) return {};
      if (IsAdmin(who.role)) return {};
      return Denied("rows of another user in table " + Quoted(object.name));
    case ObjectKind::kStreamTable: return {};
    case ObjectKind::kSharedTable:
      if (IsAdmin(who.role) || Owns(who, object)) return {};
      switch (object.access) {
        case AccessLevel::kPublic: return {};
        case AccessLevel::kPrivate: return Denied("table " + Quoted(object.name) + " is private");
        case AccessLevel::kRestricted:
          if (object.granted) return {};
          return Denied("table " + Quoted(object.name) + " is restricted to users with a grant");
      }
      break;
    case ObjectKind::kSystemCatalog:
      if (action == Action::kSelect) return {};
      return Denied("table " + Quoted(object.name) + " is read-only");
    case ObjectKind::kSystemUsers:
      if (action == Action::kSelect) return AdminsOnly(who, "read system.users");
      return AdminsOnly(who, "change system.users");
    case ObjectKind::kSystemStorages:
      if (action == Action::kDelete) return AdminsOnly(who, "drop storages");
      [[fallthrough]];
    case ObjectKind::kSystemStats:
      if (action == Action::kSelect) return AdminsOnly(who, "read " + std::string(object.name));
      return Denied("table " + Quoted(object.name) + " is read-only");
    case ObjectKind::kSystemJobs:
      if (action != Action::kSelect) return Denied("table " + Quoted(object.name) + " is read-only");
      if (who.role >= Role::kService) return {};
      return Denied("Only Service, DBA or System users can read " + std::string(object.name));
    case ObjectKind::kSystemLiveQueries:
      if (action == Action::kSelect) return {};
      return Denied("table " + Quoted(object.name) + " is read-only");
    case ObjectKind::kServer: break;
  }
  return Denied("no rows there");
}

Status AuthorizeDescribe(const Identity& who, const Object& object) {
  // A USER table is everybody's: each caller has rows of their own in it.
  if (object.kind == ObjectKind::kUserTable) return {};
  return AuthorizeRows(who, Action::kSelect, object);
}

// ALTER and DROP TABLE.
Status AuthorizeDefinition(const Identity& who, std::string_view deed, const Object& object) {
  switch (object.kind) {
    case ObjectKind::kUserTable:
    case ObjectKind::kSharedTable:
    case ObjectKind::kStreamTable:
      if (who.role >= Role::kService || Owns(who, object)) return {};
      return Denied("Only the owner, Service, DBA or System users can " + std::string(deed) + " table " +
                    Quoted(object.name));
    case ObjectKind::kSystemCatalog:
    case ObjectKind::kSystemUsers:
    case ObjectKind::kSystemStorages:
    case ObjectKind::kSystemJobs:
    case ObjectKind::kSystemStats:
    case ObjectKind::kSystemLiveQueries: return Denied("system tables cannot be altered or dropped");
    case ObjectKind::kServer: break;
  }
  return Denied("no table there");
}

// GRANT and REVOKE: by the owner of what is granted.
Status AuthorizeGrant(const Identity& who, const Object& object) {
  if (object.kind != ObjectKind::kSharedTable) return Denied("only SHARED tables have grants");
  if (IsAdmin(who.role) || Owns(who, object)) return {};
  return Denied("Only the owner, DBA or System users can grant or revoke access on table " + Quoted(object.name));
}

// By the owner of what is flushed, and by who looks after the server.
Status AuthorizeFlush(const Identity& who, const Object& object) {
  if (object.kind != ObjectKind::kUserTable && object.kind != ObjectKind::kSharedTable) {
    return Denied("only USER and SHARED tables are flushed");
  }
  if (who.role >= Role::kService || Owns(who, object)) return {};
  return Denied("Only the owner, Service, DBA or System users can flush table " + Quoted(object.name));
}

Status ServiceOnly(const Identity& who, std::string_view deed) {
  if (who.role >= Role::kService) return {};
  return Denied("Only Service, DBA or System users can " + std::string(deed));
}

// Services look after the jobs that services start.
Status AuthorizeKillJob(const Identity& who, const Object& object) {
  if (object.kind != ObjectKind::kSystemJobs) return Denied("no job there");
  const bool of_services = object.name == "flush" || object.name == "backup" || object.name == "cleanup";
  if (of_services) return ServiceOnly(who, "kill a " + std::string(object.name) + " job");
  return AdminsOnly(who, "kill such a job");
}

// Rows of others are never pushed, whatever the role; nor are SHARED tables (specification 0.4).
Status AuthorizeSubscribe(const Identity& who, const Object& object) {
  switch (object.kind) {
    case ObjectKind::kUserTable:
      if (object.rows_of.empty() || object.rows_of == who.user_id.text()) return {};
      return Denied("rows of another user in table " + Quoted(object.name));
    case ObjectKind::kStreamTable: return {};
    default: return Denied("Subscriptions are for USER and STREAM tables");
  }
}

Status AuthorizeKillLiveQuery(const Identity& who, const Object& object) {
  if (object.kind != ObjectKind::kSystemLiveQueries) return Denied("no live query there");
  if (IsAdmin(who.role) || Owns(who, object)) return {};
  return Denied("Only its subscriber, DBA or System users can kill a live query");
}

}  // namespace

Object ObjectOf(const TableDef& table, std::string_view name, bool granted) {
  Object object{.name = name, .owner = table.owner, .access = table.access, .granted = granted};
  switch (table.kind) {
    case TableKind::kUser: object.kind = ObjectKind::kUserTable; break;
    case TableKind::kShared: object.kind = ObjectKind::kSharedTable; break;
    case TableKind::kStream: object.kind = ObjectKind::kStreamTable; break;
  }
  return object;
}

Status Authorize(const Identity& who, Action action, const Object& object) {
  switch (action) {
    case Action::kCreateNamespace: return AdminsOnly(who, "create namespaces");
    case Action::kDropNamespace: return AdminsOnly(who, "drop namespaces");
    case Action::kCreateUser: return AdminsOnly(who, "create users");
    case Action::kAlterUser: return AdminsOnly(who, "alter users");
    case Action::kDropUser: return AdminsOnly(who, "drop users");
    case Action::kCreateApiKey: return AdminsOnly(who, "create API keys");
    case Action::kDropApiKey: return AdminsOnly(who, "drop API keys");
    case Action::kShowApiKeys: return AdminsOnly(who, "list API keys");
    case Action::kGrantAccess:
    case Action::kRevokeAccess: return AuthorizeGrant(who, object);
    case Action::kFlushTable: return AuthorizeFlush(who, object);
    case Action::kFlushAllTables: return ServiceOnly(who, "flush all tables");
    case Action::kKillJob: return AuthorizeKillJob(who, object);
    case Action::kClearCache: return AdminsOnly(who, "clear caches");
    case Action::kBackup: return ServiceOnly(who, "make backups");
    case Action::kRestore: return AdminsOnly(who, "restore backups");
    case Action::kSubscribe: return AuthorizeSubscribe(who, object);
    case Action::kAlterNamespace: return AdminsOnly(who, "alter namespaces");
    case Action::kCreateStorage: return AdminsOnly(who, "create storages");
    case Action::kAlterStorage: return AdminsOnly(who, "alter storages");
    case Action::kDropStorage: return AdminsOnly(who, "drop storages");
    case Action::kShowStorages: return AdminsOnly(who, "list storages");
    case Action::kCreateUserTable:
    case Action::kCreateSharedTable:
    case Action::kCreateStreamTable:
    // Lists show each caller what that caller may use.
    case Action::kShowNamespaces:
    case Action::kShowTables:
    case Action::kExplain: return {};
    case Action::kAlterTable: return AuthorizeDefinition(who, "alter", object);
    case Action::kDropTable: return AuthorizeDefinition(who, "drop", object);
    case Action::kDescribe: return AuthorizeDescribe(who, object);
    case Action::kSelect:
    case Action::kInsert:
    case Action::kUpdate:
    case Action::kDelete: return AuthorizeRows(who, action, object);
    case Action::kKillLiveQuery: return AuthorizeKillLiveQuery(who, object);
  }
  return Denied("unknown action");
}

bool IsVisible(const Identity& who, const Object& object) {
  return Authorize(who, Action::kDescribe, object).ok();
}

}  // namespace kalam::auth
