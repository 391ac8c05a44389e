#include "sql/user_statements.h"

#include "sql/secrets.h"
#include "sql/statement.h"

#include <gtest/gtest.h>

namespace kalam::sql {
namespace {

template <typename Statement>
Statement Parse(std::string_view sql) {
  auto parsed = ParseStatement(sql, ErrorStyle::kPostgres);
  EXPECT_TRUE(parsed.ok()) << sql << ": " << (parsed.ok() ? "" : parsed.error().message());
  if (!parsed.ok() || !std::holds_alternative<Statement>(*parsed)) {
    ADD_FAILURE() << sql;
    return {};
  }
  return std::get<Statement>(*std::move(parsed));
}

std::string Refusal(std::string_view sql) {
  const auto parsed = ParseStatement(sql, ErrorStyle::kPostgres);
  return parsed.ok() ? "accepted" : parsed.error().message();
}

TEST(UserStatements, CreateTakesItsClausesInAnyOrderAndSpelling) {
  const auto plain = Parse<CreateUser>("CREATE USER maya");
  EXPECT_EQ(plain.name, "maya");
  EXPECT_FALSE(plain.role || plain.password);
  const auto full = Parse<CreateUser>(
      "create user if not exists 'maya-2' WITH PASSWORD 'it''s' role = 'dba' METADATA '{\"a\":1}' "
      "EMAIL 'm@x.y';");
  EXPECT_TRUE(full.if_not_exists);
  EXPECT_EQ(full.name, "maya-2");
  EXPECT_EQ(full.role, "dba");
  EXPECT_EQ(full.password, "it's");
  EXPECT_EQ(full.metadata, "{\"a\":1}");
  EXPECT_EQ(full.email, "m@x.y");
  EXPECT_EQ(Parse<CreateUser>("CREATE USER maya ROLE service").role, "service");
}

// US14 T086a test_create_user_rejects_owner_id
TEST(UserStatements, OwnerIdIsRefusedWithTheSetText) {
  constexpr const char* kText = "OWNER_ID is not supported; use CREATE USER <username>";
  EXPECT_EQ(Refusal("CREATE USER maya OWNER_ID 'x'"), kText);
  EXPECT_EQ(Refusal("CREATE USER OWNER_ID 'x'"), kText);
}

TEST(UserStatements, SlipsAreSyntaxErrors) {
  for (const char* bad :
       {"CREATE USER", "CREATE USER maya PASSWORD secret", "CREATE USER maya ROLE user ROLE dba",
        "CREATE USER maya nonsense", "ALTER USER maya", "ALTER USER maya SET", "DROP USER",
        "CREATE API KEY maya", "DROP API KEY", "GRANT ACCESS ON app.t",
        "GRANT SELECT ON app.t TO x", "REVOKE ACCESS ON app.t TO x", "SHOW API"}) {
    EXPECT_TRUE(Refusal(bad).starts_with("ERROR: syntax error")) << bad << ": " << Refusal(bad);
  }
}

TEST(UserStatements, AlterDropKeysAndGrants) {
  const auto alter = Parse<AlterUser>("ALTER USER maya SET PASSWORD 'new password', ROLE dba");
  EXPECT_EQ(alter.password, "new password");
  EXPECT_EQ(alter.role, "dba");
  EXPECT_EQ(Parse<AlterUser>("ALTER USER maya SET EMAIL = 'a' SET METADATA = '{}'").metadata, "{}");
  EXPECT_TRUE(Parse<DropUser>("DROP USER IF EXISTS maya").if_exists);
  EXPECT_EQ(Parse<CreateApiKey>("CREATE API KEY FOR 'maya' NAME 'ci'").name, "ci");
  EXPECT_EQ(Parse<CreateApiKey>("CREATE API KEY FOR USER maya").user, "maya");
  EXPECT_EQ(Parse<DropApiKey>("DROP API KEY '0199-x'").id, "0199-x");
  EXPECT_EQ(Parse<ShowApiKeys>("SHOW API KEYS").user, std::nullopt);
  EXPECT_EQ(Parse<ShowApiKeys>("SHOW API KEYS FOR 'maya'").user, "maya");
  const auto grant = Parse<GrantAccess>("GRANT ACCESS ON TABLE app.t TO 'maya'");
  EXPECT_EQ(grant.table.ns, "app");
  EXPECT_EQ(grant.user, "maya");
  EXPECT_EQ(Parse<RevokeAccess>("REVOKE ACCESS ON t FROM maya").table.ns, std::nullopt);
}

TEST(Secrets, AreNotSentBack) {
  EXPECT_EQ(RedactSecrets("CREATE USER m WITH PASSWORD 'it''s' ROLE dba"),
            "CREATE USER m WITH PASSWORD '***' ROLE dba");
  EXPECT_EQ(RedactSecrets("ALTER STORAGE s SET CREDENTIALS = '{\"secret_key\":\"x\"}'"),
            "ALTER STORAGE s SET CREDENTIALS = '***'");
  EXPECT_EQ(RedactSecrets("CREATE USER m PASSWORD hunter2"), "CREATE USER m PASSWORD '***'");
  EXPECT_EQ(RedactSecrets("UPDATE system.users SET password = hunter2"), "UPDATE system.users SET password = '***'");
  EXPECT_EQ(RedactSecrets("SELECT 1"), "SELECT 1");
  EXPECT_EQ(RedactSecrets("SELECT 1; CREATE USER m PASSWORD hunter2"), "SELECT 1; CREATE USER m PASSWORD '***'");
  for (const char* column : {"SELECT credentials FROM system.storages",
                             "INSERT INTO app.t (id, password) VALUES (1, 2)",
                             "SELECT id FROM app.t WHERE password IS NULL ORDER BY password DESC"}) {
    EXPECT_EQ(RedactSecrets(column), column);
  }
  EXPECT_EQ(RedactSecretsOf("CREATE USER m PASSWORD hunter2", "syntax error near 'hunter2'"),
            "syntax error near ''***''");
}

}  // namespace
}  // namespace kalam::sql
