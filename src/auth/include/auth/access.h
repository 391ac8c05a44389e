#pragma once

#include <string_view>

#include "auth/identity.h"
#include "base/result.h"
#include "model/table_def.h"

namespace kalam::auth {

// What a statement wants to do. Each value has a row in access_test.cc for every role and object.
enum class Action {
  kCreateNamespace,
  kDropNamespace,
  kAlterNamespace,
  kCreateStorage,
  kAlterStorage,
  kDropStorage,
  kShowStorages,
  kShowNamespaces,
  kCreateUserTable,
  kCreateSharedTable,
  kCreateStreamTable,
  kAlterTable,
  kDropTable,
  kShowTables,
  kDescribe,
  kCreateUser,
  kAlterUser,
  kDropUser,
  kCreateApiKey,
  kDropApiKey,
  kShowApiKeys,
  kGrantAccess,
  kRevokeAccess,
  kFlushTable,
  kFlushAllTables,
  kKillJob,  // of system.jobs; the object's name is the job's type: "flush"
  kClearCache,
  kBackup,
  kRestore,
  kSubscribe,  // to the caller's rows of a table
  kExplain,  // of a SELECT; its tables are authorized as kSelect besides
  kSelect,
  kInsert,
  kUpdate,
  kDelete,
  kKillLiveQuery,  // of system.live_queries, owned by the subscriber; the last one: kActionCount counts on it
};

inline constexpr int kActionCount = static_cast<int>(Action::kKillLiveQuery) + 1;

// What it wants to do it to.
enum class ObjectKind {
  kServer,     // no table: namespaces, lists, tables that don't exist yet
  kUserTable,  // one user's rows of a USER table
  kSharedTable,
  kStreamTable,
  kSystemCatalog,  // system.tables, .namespaces, .table_schemas, information_schema.*: rows filtered by use
  kSystemUsers,    // system.users
  kSystemStorages,     // system.storages, SHOW STORAGES
  kSystemJobs,         // system.jobs
  kSystemStats,        // system.stats
  kSystemLiveQueries,  // system.live_queries: rows filtered by use; the last one
};

inline constexpr int kObjectKindCount = static_cast<int>(ObjectKind::kSystemLiveQueries) + 1;

// Views must live through the call.
struct Object {
  ObjectKind kind = ObjectKind::kServer;
  std::string_view name = {};     // "app.notes", for the message
  std::string_view owner = {};    // the user who ran CREATE; empty for the server and system tables
  std::string_view rows_of = {};  // USER table: whose rows; empty = the caller's own
  // SHARED table: `public` everybody, `private` owner and admins, `restricted` owner, users with a
  // grant, and admins.
  AccessLevel access = AccessLevel::kPublic;
  bool granted = false;  // SHARED restricted: the caller has a grant
};

// `table` as an object. `name` must be `table.name.ToString()`, kept by the caller.
Object ObjectOf(const TableDef& table, std::string_view name, bool granted = false);

// The one place that answers "may `who` do `action` to `object`". What no rule allows is denied.
// Pure. Error: kPermissionDenied with `Permission denied: <why>`, for example
// `Permission denied: Only DBA or System users can create namespaces`.
//
// It decides about rights only: a statement that nobody can run, such as UPDATE on a STREAM table,
// passes here and is refused by the one who would run it.
Status Authorize(const Identity& who, Action action, const Object& object);

// True if `who` may use the table in some way, hence sees it in system.tables, SHOW and DESCRIBE.
bool IsVisible(const Identity& who, const Object& object);

}  // namespace kalam::auth
