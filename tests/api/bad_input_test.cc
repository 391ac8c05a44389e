// Hostile and broken input: a clear answer, bounded time and memory, and the next request is served.

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/server_test.h"

namespace kalam::test {
namespace {

class BadInput : public SharedServerTest {
 protected:
  void SetUp() override { server().ResetPeak(); }
  void TearDown() override {
    EXPECT_TRUE(Ok(Client().Run("SELECT 1")));
    EXPECT_LT(server().PeakResidentBytes(), std::uint64_t{1500} << 20);
    SharedServerTest::TearDown();
  }
  static SqlAnswer Quick(const std::string& sql) {
    const auto start = std::chrono::steady_clock::now();
    SqlAnswer answer = Client().Run(sql);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
    return answer;
  }
};

std::string Times(int count, std::string_view text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

// Texts that are small or large, and would cost seconds to years: each is refused by the key that bounds it.
TEST_F(BadInput, BombsOfThePlanner) {
  std::string ctes = "WITH a AS (SELECT 1)";
  for (int i = 0; i < 2000; ++i) ctes += ", a" + std::to_string(i) + " AS (SELECT 1)";
  const std::pair<std::string, std::string> bombs[] = {
      {"SELECT " + Times(2000, "(") + "1" + Times(2000, ")"), "max_nesting_depth"},
      {"SELECT 1" + Times(100'000, "+1"), "max_nesting_depth"},
      {"SELECT 1" + Times(5000, "::INT"), "max_nesting_depth"},
      {"SELECT " + Times(3000, "CASE WHEN true THEN ") + "1" + Times(3000, " END"), "max_nesting_depth"},
      {"SELECT 1 IN (1" + Times(200'000, ",1") + ")", "max_in_list"},
      {"SELECT 1" + Times(100'000, ",1"), "max_select_items"},
      {"SELECT 1 WHERE true" + Times(100'000, " AND true"), "max_conditions"},
      {ctes + " SELECT 1", "max_ctes"},
      {"SELECT 1 FROM range(1) t" + Times(100, " JOIN range(1) t ON true"), "max_joins"},
      {"SELECT " + Times(30, "(SELECT ") + "1" + Times(30, ")"), "max_subquery_depth"},
      {"SELECT '{}'::JSON" + Times(40, "->'a'"), "max_arrow_chain"},
      {Times(100'000, "SELECT 1;"), "max_batch_statements"},
      {"INSERT INTO nowhere VALUES (1)" + Times(100'001, ",(1)"), "max_values_rows"},
  };
  for (const auto& [sql, key] : bombs) {
    EXPECT_TRUE(FailsWith(Quick(sql), "LIMIT_EXCEEDED", "limits." + key)) << sql.substr(0, 60);
  }
  EXPECT_TRUE(FailsWith(Quick("SELECT 1" + Times(5000, " UNION ALL SELECT 1")), "LIMIT_EXCEEDED", "max_nesting_depth"));
  // A little below the limits it is only slow.
  EXPECT_TRUE(Ok(Quick("SELECT 1" + Times(3999, ",1"))));
  EXPECT_TRUE(Ok(Quick("SELECT " + Times(15, "(SELECT ") + "1" + Times(15, ")"))));
}

// Functions that make gigabytes, or hours of work, out of a line.
TEST_F(BadInput, BombsOfFunctions) {
  constexpr const char* kDoubled = "(SELECT repeat(repeat('x', 6000), 10000) AS a)";
  const std::pair<std::string, std::string> bombs[] = {
      {"SELECT unnest(range(1000000000))", "limits.max_list_elements"},
      {"SELECT repeat('x', 2000000000)", "limits.max_string_bytes"},
      {"SELECT lpad('x', 1999999999, 'y')", "limits.max_string_bytes"},
      {"SELECT replace(repeat('a', 1000000), 'a', repeat('b', 1000))", "limits.max_string_bytes"},
      {"SELECT regexp_replace(repeat('a', 1000000), 'a', repeat('b', 1000), 'g')", "limits.max_string_bytes"},
      {std::string("SELECT length(a || a || a || a) FROM ") + kDoubled, "limits.max_string_bytes"},
      {std::string("SELECT length(concat(a, a)) FROM ") + kDoubled, "limits.max_string_bytes"},
      {std::string("SELECT length(concat_ws(a, 'x', 'y', 'z')) FROM ") + kDoubled, "limits.max_string_bytes"},
      {std::string("SELECT length(hex(a)) FROM ") + kDoubled, "limits.max_string_bytes"},
      {std::string("SELECT len(string_split(a, '')) FROM ") + kDoubled, "limits.max_string_bytes"},
      {"SELECT length(repeat(repeat('x', 6000), 9000 + CAST(range AS INT))) FROM range(1000)",
       "limits.max_string_bytes"},
      {"SELECT len(list_concat(range(700000), range(700000)))", "limits.max_list_elements"},
      {"SELECT levenshtein(repeat('a', 10000000), repeat('b', 10000000))", "too many steps"},
      {"SELECT damerau_levenshtein(repeat('a', 100000), repeat('b', 100000))", "too many steps"},
  };
  for (const auto& [sql, text] : bombs) EXPECT_TRUE(FailsWith(Quick(sql), "SQL_EXECUTION_ERROR", text));
  EXPECT_TRUE(FailsWith(Quick("SELECT length(string_agg(repeat(repeat('x', 6000), 10000), '')) FROM range(100)"),
                        "LIMIT_EXCEEDED", "limits.statement_memory"));
  // Of ordinary size they do what they always did.
  EXPECT_EQ(Quick("SELECT length(repeat('ab', 1000) || 'c' || hex('x')) + levenshtein('kitten', 'sitting')").cell(),
            "2006");
}

// What no argument shows beforehand: each holds more than a statement may, and gives it back.
TEST_F(BadInput, BombsOfMemory) {
#ifdef KALAM_SANITIZED
  GTEST_SKIP() << "a sanitized server does not count what it allocates";
#endif
  const std::uint64_t before = server().PeakResidentBytes();
  for (const char* sql : {
           "SELECT len(list_transform(range(2000), x -> repeat('x', 1000000)))",
           "SELECT reservoir_quantile(x, 0.5, 100000000) FROM range(1000000) r(x)",
           "SELECT median(x) FROM range(300000000) r(x)",
           "SELECT entropy(x) FROM range(100000000) r(x)",
           "SELECT mode(x) FROM range(100000000) r(x)",
           "SELECT count(DISTINCT repeat('x', 100000) || x) FROM range(100000) r(x)",
           "SELECT max(len(l)) FROM (SELECT list(x) OVER (ORDER BY x) AS l FROM range(20000) r(x))",
           "SELECT len(max(x, 999999)) FROM range(10000) r(x) GROUP BY x",
           "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t, range(3)) SELECT count(*) FROM t",
       }) {
    EXPECT_TRUE(FailsWith(Client().Run(sql), "LIMIT_EXCEEDED", "limits.statement_memory")) << sql;
  }
  EXPECT_TRUE(FailsWith(Quick("SELECT map(range(1000000), range(1000000))"), "SQL_EXECUTION_ERROR",
                        "limits.max_list_elements"));
  EXPECT_TRUE(Ok(Quick("SELECT cardinality(list_histogram(range(100000)))")));
  server().ResetPeak();
  EXPECT_LT(server().PeakResidentBytes(), before + (std::uint64_t{200} << 20)) << "memory that was freed is kept";
}

// Several at once hold no more than one may.
TEST_F(BadInput, BombsAtOnce) {
#ifdef KALAM_SANITIZED
  GTEST_SKIP() << "a sanitized server does not count what it allocates";
#endif
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([] {
      EXPECT_TRUE(FailsWith(Client().Run("SELECT mode(x) FROM range(100000000) r(x)"), "LIMIT_EXCEEDED",
                            "limits.statement_memory"));
    });
  }
  for (auto& client : clients) client.join();
}

TEST_F(BadInput, WhatIsNotThere) {
  const std::string ns = OwnNamespace();
  const std::string table = ns + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE USER TABLE " + table +
                              " (id BIGINT PRIMARY KEY, body TEXT NOT NULL, n INT, d DATE, j JSON, b BOOLEAN);"
                              "INSERT INTO " + table + " (id, body) VALUES (1, 'kept')")));
  const std::pair<std::string, std::string> mistakes[] = {
      {"SELECT * FROM nowhere.t", "relation 'nowhere.t' does not exist"},
      {"SELECT * FROM " + ns + ".nothing", "relation '" + ns + ".nothing' does not exist"},
      {"INSERT INTO nowhere.t VALUES (1)", "relation 'nowhere.t' does not exist"},
      {"SELECT nothing FROM " + table, "column 'nothing' does not exist"},
      {"INSERT INTO " + table + " (nothing) VALUES (1)", "column 'nothing' does not exist"},
      {"UPDATE " + table + " SET nothing = 1", "column 'nothing' does not exist"},
      {"DELETE FROM " + table + " WHERE nothing = 1", "column 'nothing' does not exist"},
      {"SELECT nothing(1)", "function nothing does not exist"},
      {"INSERT INTO " + table + " (id, body) VALUES (1, 'again')", "duplicate key value violates primary key \"id\""},
      {"INSERT INTO " + table + " (id, body) VALUES (7, 'a'), (7, 'b')", "duplicate key"},
      {"INSERT INTO " + table + " (id, body) VALUES (7, NULL)", "NOT NULL violation: column 'body' cannot be null"},
      {"INSERT INTO " + table + " (id) VALUES (7)", "NOT NULL violation: column 'body' cannot be null"},
      {"UPDATE " + table + " SET body = NULL", "NOT NULL violation: column 'body' cannot be null"},
      {"INSERT INTO " + table + " (id, body) VALUES ('abc', 'x')", "column 'id': cannot convert TEXT 'abc' to BIGINT"},
      {"INSERT INTO " + table + " (id, body, n) VALUES (7, 'x', 99999999999)", "column 'n': cannot convert"},
      {"INSERT INTO " + table + " (id, body, d) VALUES (7, 'x', '2025-02-30')", "column 'd': cannot convert"},
      {"INSERT INTO " + table + " (id, body, j) VALUES (7, 'x', '{')", "column 'j': cannot convert"},
      {"INSERT INTO " + table + " (id, body, b) VALUES (7, 'x', 7)", "column 'b': cannot convert"},
      {"INSERT INTO " + table + " (id, body) VALUES (9223372036854775808, 'x')", "out of range"},
      {"UPDATE " + table + " SET n = 'abc'", "column 'n': cannot convert TEXT 'abc' to INT"},
      {"INSERT INTO " + table + " (id, body) VALUES (7)", "more target columns than expressions"},
  };
  for (const auto& [sql, text] : mistakes) EXPECT_TRUE(FailsWith(Client().Run(sql), "SQL_EXECUTION_ERROR", text));
  const SqlAnswer all = Client().Run("SELECT id, body, n FROM " + table);
  EXPECT_EQ(all.rows(), (std::vector<std::vector<std::string>>{{"1", "kept", "NULL"}})) << all;
}

TEST_F(BadInput, WhatReachesBeyondTheTables) {
  for (const char* sql : {"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')",
                          "COPY (SELECT 1) TO '/tmp/kalamdb-never.csv'", "ATTACH '/tmp/kalamdb-never.db'",
                          "CALL pragma_version()", "PRAGMA version", "SET memory_limit = '1GB'", "INSTALL httpfs",
                          "LOAD httpfs", "SELECT getenv('HOME')", "EXPORT DATABASE '/tmp/kalamdb-never'"}) {
    const SqlAnswer answer = Client().Run(sql);
    EXPECT_TRUE(FailsWith(answer, "PERMISSION_DENIED", "permission denied"));
    EXPECT_EQ(answer.http.status, 403);
  }
  for (const char* sql : {"SELECT * FROM '/etc/passwd'", "SELECT * FROM '/tmp/x.csv'", "FROM \"/tmp/x.parquet\""}) {
    EXPECT_TRUE(FailsWith(Client().Run(sql), "SQL_EXECUTION_ERROR", "does not exist"));
  }
}

TEST_F(BadInput, NulCharacters) {
  EXPECT_TRUE(FailsWith(Client().Send(R"({"sql":"SELECT 1 \u0000, (((("})"), "INVALID_SQL", "NUL"));
  EXPECT_TRUE(FailsWith(Client().Send(R"({"sql":"SELECT 'a\u0000b'"})"), "INVALID_SQL", "NUL"));
}

TEST_F(BadInput, SemicolonsInQuotesAndComments) {
  EXPECT_EQ(Client().Run("SELECT ';' || \";\" /* ; */ FROM (SELECT 'x;' AS \";\") -- ; ;").cell(), ";x;");
  EXPECT_EQ(Client().Run("/* ; /* ; */ */ SELECT $a$;'$a$ || E'\\';'").cell(), ";'';");
  EXPECT_TRUE(FailsWith(Client().Run("SELECT 'a; SELECT 1"), "BATCH_PARSE_ERROR", "Unterminated quoted string"));
  EXPECT_TRUE(FailsWith(Client().Run("SELECT 1 /* ; "), "BATCH_PARSE_ERROR", "Unterminated block comment"));
}

TEST_F(BadInput, BodiesThatAreNotRequests) {
  for (const char* body : {"", "{", "[]", "null", "{\"sql\":7}", "{\"sql\":\"SELECT 1\",\"params\":{}}",
                           "{\"sql\":\"SELECT 1\"} trailing", "\xff\xfe", "{\"SQL\":\"SELECT 1\"}"}) {
    const SqlAnswer answer = Client().Send(body);
    EXPECT_EQ(answer.http.status, 400) << answer;
    EXPECT_EQ(answer.code(), "INVALID_REQUEST") << answer;
  }
}

TEST_F(BadInput, TenMegabytesOfText) {
  const SqlAnswer answer = Quick("SELECT length('" + std::string(10 << 20, 'x') + "')");
  ASSERT_TRUE(Ok(answer));
  EXPECT_EQ(answer.cell(), "10485760");
}

TEST_F(BadInput, BodiesBeyondTheLimitAreRefusedUnread) {
  HttpClient http(server().port());
  http.SendRaw("POST /v1/api/sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n{");
  EXPECT_EQ(http.ReadResponse().status, 413);
}

TEST_F(BadInput, ABodyCutOffIsNoRequest) {
  HttpClient http(server().port());
  http.SendRaw("POST /v1/api/sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"sql\":");
  http.FinishSending();
  EXPECT_TRUE(http.WaitForClose(std::chrono::seconds(5)));
}

TEST_F(BadInput, MalformedHttp) {
  for (const char* bytes : {"nonsense\r\n\r\n", "GET\r\n\r\n", "POST /v1/api/sql HTTP/9.9\r\n\r\n",
                            "POST /v1/api/sql HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                            "POST /v1/api/sql HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n"}) {
    HttpClient http(server().port());
    http.SendRaw(bytes);
    EXPECT_EQ(http.ReadResponse().status, 400) << bytes;
  }
}

}  // namespace
}  // namespace kalam::test
