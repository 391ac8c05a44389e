// Every kind of statement and every endpoint, by every role, on what is theirs, another's, shared and the system's
// (specification 4.5, 4.6, 0.4). src/auth/access_test.cc has the same for each auth::Action.

#include <set>

#include "sql/statement.h"
#include "support/http_client.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

struct Case {
  const char* sql;                      // {n} is a number of its own for each try, {key} the first cell of `before`
  const char* may;                      // letters of the roles that may: u(ser) s(ervice) d(ba) y(system)
  const char* before = "";              // run before each try ...
  const char* before_as = "system";     // ... by this user; `caller`: by who tries
  const char* refusal = "ermission denied";
};

constexpr const char* kAll = "usdy";
constexpr const char* kAdmins = "dy";
constexpr const char* kNobody = "";
constexpr const char* kCaller = "caller";
constexpr const char* kOther = "other";
constexpr const char* kShared = "CREATE SHARED TABLE app.t{n} (id BIGINT PRIMARY KEY) ACCESS restricted";
constexpr const char* kKey = "CREATE API KEY FOR 'other'";
constexpr const char* kUser = "CREATE USER v{n}";
constexpr const char* kStorage = "CREATE STORAGE s{n} TYPE filesystem PATH '/tmp/kalamdb-s'";
constexpr const char* kHidden = "not found";

// One row at least for each alternative of sql::KalamStatement: a test checks that. app.open, closed, some, granted
// are SHARED tables of `other`: public, private, restricted, and restricted with a grant for each caller.
constexpr Case kCases[] = {
    {"CREATE NAMESPACE n{n}", kAdmins},
    {"DROP NAMESPACE n{n}", kAdmins, "CREATE NAMESPACE n{n}"},
    {"ALTER NAMESPACE app SET OPTIONS (a = 1)", kAdmins},
    {"SHOW NAMESPACES", kAll},
    {"SHOW TABLES", kAll},
    {"CREATE USER TABLE app.t{n} (id BIGINT PRIMARY KEY)", kAll},
    {"CREATE SHARED TABLE app.t{n} (id BIGINT PRIMARY KEY)", kAll},
    {"CREATE STREAM TABLE app.t{n} (id BIGINT PRIMARY KEY) TTL 10", kAll},
    {"DROP TABLE app.t{n}", "sdy", kShared, kOther},
    {"DROP TABLE app.t{n}", kAll, kShared, kCaller},
    {"ALTER TABLE app.t{n} ADD COLUMN more TEXT", "sdy", kShared, kOther},
    {"ALTER TABLE app.t{n} ADD COLUMN more TEXT", kAll, kShared, kCaller},
    {"DESCRIBE TABLE app.notes", kAll},
    {"DESCRIBE TABLE app.open", kAll},
    {"DESCRIBE TABLE app.closed", kAdmins, "", "", kHidden},
    {"DESCRIBE TABLE app.some", kAdmins, "", "", kHidden},
    {"DESCRIBE TABLE app.granted", kAll},
    {"SHOW TABLE STATS app.notes", kAll},
    {"SHOW TABLE STATS app.closed", kAdmins, "", "", kHidden},
    {"DESCRIBE TABLE system.users", kAdmins, "", "", kHidden},
    {"DESCRIBE TABLE system.tables", kAll},

    {"CREATE STORAGE s{n} TYPE filesystem PATH '/tmp/kalamdb-s'", kAdmins},
    {"ALTER STORAGE s{n} SET NAME 'x'", kAdmins, kStorage},
    {"DROP STORAGE s{n}", kAdmins, kStorage},
    {"DELETE FROM system.storages WHERE storage_id = 's{n}'", kAdmins, kStorage},
    {"UPDATE system.storages SET uri = '/x' WHERE storage_id = 'local'", kNobody},
    {"SHOW STORAGES", kAdmins},
    {"CLEAR CACHE", kAdmins},

    {"CREATE USER v{n}", kAdmins},
    {"CREATE USER v{n} ROLE system", "y"},
    {"ALTER USER v{n} SET ROLE service", kAdmins, kUser},
    {"ALTER USER system SET EMAIL 'a@example.com'", "y"},
    {"DROP USER v{n}", kAdmins, kUser},
    {"CREATE API KEY FOR 'other'", kAdmins},
    {"DROP API KEY '{key}'", kAdmins, kKey},
    {"SHOW API KEYS", kAdmins},
    {"GRANT ACCESS ON app.t{n} TO 'maya'", kAdmins, kShared, kOther},
    {"GRANT ACCESS ON app.t{n} TO 'maya'", kAll, kShared, kCaller},
    {"REVOKE ACCESS ON app.t{n} FROM 'maya'", kAdmins, kShared, kOther},
    {"REVOKE ACCESS ON app.t{n} FROM 'maya'", kAll, kShared, kCaller},
    {"SUBSCRIBE TO app.notes", kAll},
    {"SUBSCRIBE TO app.events WHERE id > 1", kAll},
    {"SUBSCRIBE TO app.open", kNobody, "", "", "not supported on shared tables"},
    {"SUBSCRIBE TO system.users", kNobody, "", "", "not supported on system tables"},
    {"KILL LIVE QUERY 'lq-0123456789abcdef'", kNobody, "", "", "Live query not found"},  // others': live_query_control
    {"FLUSH TABLE app.notes", "sdy"},
    {"FLUSH TABLE app.t{n}", kAll, kShared, kCaller},
    {"FLUSH TABLE app.t{n}", "sdy", kShared, kOther},
    {"FLUSH TABLE app.closed", "sdy"},
    {"FLUSH ALL TABLES IN app", "sdy"},
    {"KILL JOB 'no-such-job'", kNobody, "", "", ""},  // who may: job_statements and access_test
    {"BACKUP DATABASE app TO 'b{n}'", "sdy"},
    {"BACKUP DATABASE app TO '/proc/b{n}'", kAdmins},  // accepted; the job fails
    {"SHOW BACKUPS FOR DATABASE app", "sdy"},
    {"RESTORE DATABASE r{n} FROM 'no-such-backup'", kNobody, "", "", ""},  // who may: src/auth/access_test.cc

    {"BEGIN; COMMIT", kAll},
    {"BEGIN; ROLLBACK", kAll},
    {"EXPLAIN SELECT * FROM app.notes", kAll},
    {"EXPLAIN SELECT * FROM app.closed", kAdmins},

    {"SELECT * FROM app.notes", kAll},
    {"SELECT * FROM app.notes WHERE id = 1", kAll},
    // Another's rows of a USER table have no name in SQL; X-USER-ID is the only way to them.
    {"SELECT * FROM app.other.notes", kNobody, "", "", "does not exist"},
    {"SELECT * FROM app.open", kAll},
    {"SELECT * FROM app.closed", kAdmins},
    {"SELECT * FROM app.closed WHERE id = 1", kAdmins},
    {"SELECT (SELECT max(id) FROM app.closed) FROM app.open", kAdmins},
    {"SELECT * FROM app.some", kAdmins},
    {"SELECT * FROM app.some WHERE id = 1", kAdmins},
    {"SELECT * FROM app.granted WHERE id = 1", kAll},
    {"SELECT * FROM app.t{n}", kAll, kShared, kCaller},
    {"SELECT * FROM app.events", kAll},
    {"SELECT * FROM system.tables", kAll},
    {"SELECT * FROM system.namespaces", kAll},
    {"SELECT * FROM system.table_schemas", kAll},
    {"SELECT * FROM system.live_queries", kAll},
    {"SELECT * FROM information_schema.columns", kAll},
    {"SELECT * FROM system.users", kAdmins},
    {"SELECT * FROM system.storages", kAdmins},
    {"SELECT * FROM system.stats", kAdmins},
    {"SELECT * FROM system.jobs", "sdy"},

    {"INSERT INTO app.notes (id) VALUES ({n})", kAll},
    {"INSERT INTO app.open (id) VALUES ({n})", kAll},
    {"INSERT INTO app.closed (id) VALUES ({n})", kAdmins},
    {"INSERT INTO app.some (id) VALUES ({n})", kAdmins},
    {"INSERT INTO app.granted (id) VALUES ({n})", kAll},
    {"INSERT INTO app.open (id) SELECT id * 100000 + {n} FROM app.closed", kAdmins},
    {"INSERT INTO app.events (id) VALUES ({n})", kAll},
    {"INSERT INTO system.users (user_id, username) VALUES ('w{n}', 'w')", kAdmins},
    {"INSERT INTO system.tables (table_name) VALUES ('w')", kNobody},
    {"UPDATE app.notes SET s = 'x' WHERE id = 1", kAll},
    {"UPDATE app.open SET s = 'x' WHERE s = 'y'", kAll},
    {"UPDATE app.closed SET s = 'x' WHERE id = 1", kAdmins},
    {"UPDATE app.some SET s = 'x'", kAdmins},
    {"UPDATE app.granted SET s = 'x'", kAll},
    {"UPDATE system.users SET email = 'e' WHERE user_id = 'v{n}'", kAdmins, kUser},
    {"UPDATE system.users SET role = 'system' WHERE user_id = 'v{n}'", "y", kUser},
    {"UPDATE system.namespaces SET name = 'x'", kNobody},
    {"DELETE FROM app.notes WHERE id = 1", kAll},
    {"DELETE FROM app.open WHERE s = 'none'", kAll},
    {"DELETE FROM app.closed WHERE id = 1", kAdmins},
    {"DELETE FROM app.some", kAdmins},
    {"DELETE FROM app.granted WHERE id = 1", kAll},
    {"DELETE FROM system.users WHERE user_id = 'v{n}'", kAdmins, kUser},
    {"DELETE FROM system.jobs", kNobody},

    {"COPY app.open TO 'x.csv'", kNobody},
    {"PRAGMA database_list", kNobody},
};

struct Caller {
  char letter;
  const char* user;
};
constexpr Caller kCallers[] = {{'u', "uma"}, {'s', "sven"}, {'d', "dora"}, {'y', "system"}};

std::string Filled(std::string text, const std::string& number, const std::string& key) {
  for (const auto& [mark, value] : {std::pair("{n}", number), std::pair("{key}", key)}) {
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
      text.replace(at, std::string_view(mark).size(), value);
    }
  }
  return text;
}

using AccessMatrix = SharedServerTest;

TEST_F(AccessMatrix, EveryStatementByEveryRole) {
  ASSERT_TRUE(Ok(Client().Run(
      "CREATE USER uma; CREATE USER sven ROLE service; CREATE USER dora ROLE dba; CREATE USER other; "
      "CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, s TEXT); "
      "CREATE STREAM TABLE app.events (id BIGINT PRIMARY KEY) TTL 60")));
  ASSERT_TRUE(Ok(Client(kOther).Run(
      "CREATE SHARED TABLE app.open (id BIGINT PRIMARY KEY, s TEXT) ACCESS public; "
      "CREATE SHARED TABLE app.closed (id BIGINT PRIMARY KEY, s TEXT) ACCESS private; "
      "CREATE SHARED TABLE app.some (id BIGINT PRIMARY KEY, s TEXT) ACCESS restricted; "
      "CREATE SHARED TABLE app.granted (id BIGINT PRIMARY KEY, s TEXT) ACCESS restricted; "
      "GRANT ACCESS ON app.granted TO 'uma'; GRANT ACCESS ON app.granted TO 'sven'")));
  int number = 1000;
  for (const Case& row : kCases) {
    for (const Caller& caller : kCallers) {
      const std::string n = std::to_string(++number);
      std::string key;
      if (*row.before != '\0') {
        const bool by_caller = std::string_view(row.before_as) == kCaller;
        const SqlAnswer before = Client(by_caller ? caller.user : row.before_as).Run(Filled(row.before, n, ""));
        ASSERT_TRUE(Ok(before));
        if (row.before == kKey) key = before.rows()[0][0];
      }
      const SqlAnswer answer = Client(caller.user).Run(Filled(row.sql, n, key));
      const bool may = std::string_view(row.may).find(caller.letter) != std::string_view::npos;
      SCOPED_TRACE(std::string(caller.user) + (may ? " may " : " may not ") + row.sql);
      if (may) {
        EXPECT_TRUE(Ok(answer));
      } else {
        EXPECT_NE(answer.http.status, 200);
        EXPECT_NE(answer.error().find(row.refusal), std::string::npos) << answer;
      }
    }
  }
}

TEST_F(AccessMatrix, HasARowForEveryStatementOfOurs) {
  std::set<std::size_t> seen;
  for (const Case& row : kCases) {
    const std::string filled = Filled(row.sql, "1", "x");
    std::string_view rest = filled;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(';'), rest.size());
      const auto parsed = sql::ParseStatement(rest.substr(0, end), sql::ErrorStyle::kPostgres);
      if (parsed.ok()) seen.insert(parsed->index());
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  EXPECT_EQ(seen.size(), std::variant_size_v<sql::KalamStatement>) << "a new statement needs a row in kCases";
}

TEST_F(AccessMatrix, OnlyLoginAndHealthNeedNoIdentity) {
  struct Endpoint {
    const char* method;
    const char* path;
    int without;  // the status without credentials, through a proxy
  };
  for (const Endpoint& endpoint : {Endpoint{"POST", "/v1/api/sql", 401}, Endpoint{"POST", "/v1/api/auth/login", 400},
                                   Endpoint{"GET", "/v1/api/healthcheck", 200}, Endpoint{"GET", "/health", 200},
                                   Endpoint{"GET", "/metrics", 404}}) {
    HttpClient client(server().port());
    const HttpResponse answer =
        client.Request(endpoint.method, endpoint.path, "{}", {{"X-Forwarded-For", "203.0.113.7"}});
    EXPECT_EQ(answer.status, endpoint.without) << endpoint.path << ": " << answer.body;
  }
}

}  // namespace
}  // namespace kalam::test
