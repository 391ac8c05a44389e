#include "auth/access.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace kalam::auth {
namespace {

// The matrix of specification 4.5, 4.6 and 0.4, written out: what each action needs on each object.
// Letters are the roles that may: u(ser) s(ervice) d(ba) y(stem).
enum class On {
  kServer,
  kOwnRows,     // USER table, the caller's rows
  kOthersRows,  // USER table, another user's rows
  kPublic,      // SHARED, somebody else's
  kPrivate,
  kRestricted,
  kRestrictedGranted,
  kOwnPrivate,  // SHARED, created by the caller
  kOwnRestricted,
  kStream,
  kSystemCatalog,
  kSystemUsers,
  kSystemStorages,
  kSystemJobs,
  kSystemStats,
  kSystemLiveQueries,
};
constexpr int kOnCount = static_cast<int>(On::kSystemLiveQueries) + 1;

constexpr const char* kAll = "usdy";
constexpr const char* kAdmins = "dy";
constexpr const char* kNobody = "";

struct Row {
  Action action;
  // In the order of On.
  const char* may[kOnCount];
};

const std::vector<Row> kMatrix = {
    // clang-format off
    //                             server   own      others   public   private  restr.   granted  ownpriv  ownrestr stream   catalog  users    storages jobs     stats    livequeries
    {Action::kCreateNamespace,   {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kDropNamespace,     {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kAlterNamespace,    {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kCreateStorage,     {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kAlterStorage,      {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kDropStorage,       {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kShowStorages,      {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kShowNamespaces,    {kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll, kAll, kAll, kAll, kAll}},
    {Action::kCreateUserTable,   {kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll, kAll, kAll, kAll, kAll}},
    {Action::kCreateSharedTable, {kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll, kAll, kAll, kAll, kAll}},
    {Action::kCreateStreamTable, {kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll, kAll, kAll, kAll, kAll}},
    {Action::kShowTables,        {kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll, kAll, kAll, kAll, kAll}},
    {Action::kCreateUser,         {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kAlterUser,          {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kDropUser,           {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kCreateApiKey,       {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kDropApiKey,         {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kShowApiKeys,        {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kGrantAccess,        {kNobody, kNobody, kNobody, kAdmins, kAdmins, kAdmins, kAdmins, kAll,    kAll,    kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody}},
    {Action::kRevokeAccess,       {kNobody, kNobody, kNobody, kAdmins, kAdmins, kAdmins, kAdmins, kAll,    kAll,    kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody}},
    {Action::kFlushTable,         {kNobody, kAll, "sdy", "sdy", "sdy", "sdy", "sdy", kAll, kAll, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody}},
    {Action::kFlushAllTables,     {"sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy"}},
    {Action::kKillJob,            {kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kAdmins, kNobody, kNobody}},
    {Action::kClearCache,         {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kBackup,             {"sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy", "sdy"}},
    {Action::kRestore,            {kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins, kAdmins}},
    {Action::kSubscribe,          {kNobody, kAll, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kAll, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody}},
    {Action::kExplain,           {kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll,    kAll, kAll, kAll, kAll, kAll}},
    // Own rows stand for a table that the caller created, others' rows for one that somebody else did.
    {Action::kAlterTable,        {kNobody, kAll,    "sdy",   "sdy",   "sdy",   "sdy",   "sdy",   kAll,    kAll,    "sdy",   kNobody, kNobody, kNobody, kNobody, kNobody, kNobody}},
    {Action::kDropTable,         {kNobody, kAll,    "sdy",   "sdy",   "sdy",   "sdy",   "sdy",   kAll,    kAll,    "sdy",   kNobody, kNobody, kNobody, kNobody, kNobody, kNobody}},
    {Action::kDescribe,          {kNobody, kAll,    kAll,    kAll,    kAdmins, kAdmins, kAll,    kAll,    kAll,    kAll,    kAll,    kAdmins, kAdmins, "sdy", kAdmins, kAll}},
    {Action::kSelect,            {kNobody, kAll,    kAdmins, kAll,    kAdmins, kAdmins, kAll,    kAll,    kAll,    kAll,    kAll,    kAdmins, kAdmins, "sdy", kAdmins, kAll}},
    {Action::kInsert,            {kNobody, kAll,    kAdmins, kAll,    kAdmins, kAdmins, kAll,    kAll,    kAll,    kAll,    kNobody, kAdmins, kNobody, kNobody, kNobody, kNobody}},
    {Action::kUpdate,            {kNobody, kAll,    kAdmins, kAll,    kAdmins, kAdmins, kAll,    kAll,    kAll,    kAll,    kNobody, kAdmins, kNobody, kNobody, kNobody, kNobody}},
    {Action::kDelete,            {kNobody, kAll,    kAdmins, kAll,    kAdmins, kAdmins, kAll,    kAll,    kAll,    kAll,    kNobody, kAdmins, kAdmins, kNobody, kNobody, kNobody}},
    {Action::kKillLiveQuery,     {kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kNobody, kAdmins}},
    // clang-format on
};

Object Make(On on) {
  Object object{.name = "app.t", .owner = "somebody"};
  switch (on) {
    case On::kServer: return {.kind = ObjectKind::kServer, .name = "app"};
    case On::kOwnRows:
      object.kind = ObjectKind::kUserTable;
      object.owner = "caller";
      return object;
    case On::kOthersRows:
      object.kind = ObjectKind::kUserTable;
      object.rows_of = "somebody";
      return object;
    case On::kSystemCatalog: return {.kind = ObjectKind::kSystemCatalog, .name = "system.tables"};
    case On::kSystemUsers: return {.kind = ObjectKind::kSystemUsers, .name = "system.users"};
    case On::kSystemStorages: return {.kind = ObjectKind::kSystemStorages, .name = "system.storages"};
    case On::kSystemJobs: return {.kind = ObjectKind::kSystemJobs, .name = "system.jobs"};
    case On::kSystemStats: return {.kind = ObjectKind::kSystemStats, .name = "system.stats"};
    case On::kSystemLiveQueries: return {.kind = ObjectKind::kSystemLiveQueries, .name = "system.live_queries"};
    case On::kStream: object.kind = ObjectKind::kStreamTable; return object;
    case On::kPublic:
    case On::kPrivate:
    case On::kRestricted:
    case On::kRestrictedGranted:
    case On::kOwnPrivate:
    case On::kOwnRestricted: break;
  }
  object.kind = ObjectKind::kSharedTable;
  if (on == On::kOwnPrivate || on == On::kOwnRestricted) object.owner = "caller";
  if (on == On::kPrivate || on == On::kOwnPrivate) object.access = AccessLevel::kPrivate;
  if (on == On::kRestricted || on == On::kRestrictedGranted || on == On::kOwnRestricted) {
    object.access = AccessLevel::kRestricted;
  }
  object.granted = on == On::kRestrictedGranted;
  return object;
}

Identity Caller(Role role) { return {UserId::FromTrusted("caller"), role}; }

char LetterOf(Role role) { return "usdy"[static_cast<int>(role)]; }

TEST(Access, MatrixHasOneRowForEveryAction) {
  std::set<Action> seen;
  for (const Row& row : kMatrix) EXPECT_TRUE(seen.insert(row.action).second);
  EXPECT_EQ(static_cast<int>(seen.size()), kActionCount);
}

TEST(Access, MatrixHasObjectsOfEveryKind) {
  std::set<ObjectKind> seen;
  for (int on = 0; on < kOnCount; ++on) seen.insert(Make(static_cast<On>(on)).kind);
  EXPECT_EQ(static_cast<int>(seen.size()), kObjectKindCount);
}

TEST(Access, AuthorizeSaysWhatTheMatrixSays) {
  int cells = 0;
  for (const Row& row : kMatrix) {
    for (int on = 0; on < kOnCount; ++on) {
      for (const Role role : kAllRoles) {
        SCOPED_TRACE("action " + std::to_string(static_cast<int>(row.action)) + " on " +
                     std::to_string(on) + " as " + std::string(ToString(role)));
        const bool may = std::string_view(row.may[on]).find(LetterOf(role)) != std::string::npos;
        const Status answer = Authorize(Caller(role), row.action, Make(static_cast<On>(on)));
        EXPECT_EQ(answer.ok(), may);
        if (!answer.ok()) {
          EXPECT_EQ(answer.error().code(), ErrorCode::kPermissionDenied);
          EXPECT_TRUE(answer.error().message().starts_with("Permission denied: "));
        }
        ++cells;
      }
    }
  }
  EXPECT_EQ(cells, kActionCount * kOnCount * 4);
}

TEST(Access, DenialsHaveTheDocumentedTexts) {
  const auto text = [](Action action, On on) {
    return Authorize(Caller(Role::kUser), action, Make(on)).error().message();
  };
  EXPECT_EQ(text(Action::kCreateNamespace, On::kServer),
            "Permission denied: Only DBA or System users can create namespaces");
  EXPECT_EQ(text(Action::kDropNamespace, On::kServer),
            "Permission denied: Only DBA or System users can drop namespaces");
  EXPECT_EQ(text(Action::kSelect, On::kPrivate), "Permission denied: table 'app.t' is private");
  EXPECT_EQ(text(Action::kSelect, On::kSystemUsers),
            "Permission denied: Only DBA or System users can read system.users");
}

TEST(Access, ServicesKillTheJobsOfServices) {
  const auto may = [](Role role, std::string_view job) {
    return Authorize(Caller(role), Action::kKillJob, {.kind = ObjectKind::kSystemJobs, .name = job}).ok();
  };
  for (const char* job : {"flush", "backup", "cleanup"}) {
    EXPECT_FALSE(may(Role::kUser, job));
    EXPECT_TRUE(may(Role::kService, job));
  }
  EXPECT_FALSE(may(Role::kService, "restore"));
  EXPECT_TRUE(may(Role::kDba, "restore"));
}

TEST(Access, TablesWithoutAnOwnerBelongToNobody) {
  Object object = Make(On::kPrivate);
  object.owner = "";
  const Identity nameless{UserId(), Role::kUser};
  EXPECT_FALSE(Authorize(nameless, Action::kSelect, object).ok());
  EXPECT_FALSE(Authorize(nameless, Action::kDropTable, object).ok());
}

TEST(Access, ListsShowWhatTheCallerMayUse) {
  EXPECT_TRUE(IsVisible(Caller(Role::kUser), Make(On::kOthersRows)));
  EXPECT_TRUE(IsVisible(Caller(Role::kUser), Make(On::kPublic)));
  EXPECT_TRUE(IsVisible(Caller(Role::kUser), Make(On::kRestrictedGranted)));
  EXPECT_FALSE(IsVisible(Caller(Role::kUser), Make(On::kPrivate)));
  EXPECT_FALSE(IsVisible(Caller(Role::kService), Make(On::kRestricted)));
  EXPECT_TRUE(IsVisible(Caller(Role::kDba), Make(On::kPrivate)));
}

TEST(Access, ATableDefinitionBecomesItsObject) {
  TableDef table;
  table.name = {"app", "t"};
  table.kind = TableKind::kShared;
  table.owner = "somebody";
  table.access = AccessLevel::kRestricted;
  const std::string name = table.name.ToString();
  EXPECT_FALSE(Authorize(Caller(Role::kUser), Action::kSelect, ObjectOf(table, name)).ok());
  EXPECT_TRUE(Authorize(Caller(Role::kUser), Action::kSelect, ObjectOf(table, name, true)).ok());
  table.kind = TableKind::kUser;
  EXPECT_EQ(ObjectOf(table, name).kind, ObjectKind::kUserTable);
  table.kind = TableKind::kStream;
  EXPECT_EQ(ObjectOf(table, name).kind, ObjectKind::kStreamTable);
}

}  // namespace
}  // namespace kalam::auth
