// What kalam-link refuses to send is what the server would refuse, in the server's words, and nothing else.

#include "support/server_test.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <kalam/kalam.h>

namespace kalam::test {
namespace {

using LinkPlaceholders = SharedServerTest;

TEST_F(LinkPlaceholders, AreCountedAsTheServerCountsThem) {
  const std::string table = OwnNamespace() + ".t";
  ASSERT_TRUE(Ok(Client().Run("CREATE USER TABLE " + table + " (id BIGINT PRIMARY KEY, body TEXT)")));
  const kalam::Client link =
      kalam::Client::Builder().Host("127.0.0.1:" + std::to_string(server().port())).User("maya").Build().value();
  SqlClient sql = Client("maya");
  int refused = 0;
  int sent = 0;
  for (const std::string& statement : std::vector<std::string>{
           "SELECT 1", "SELECT $1", "SELECT $1, $2", "SELECT $2", "SELECT $1 + $1", "SELECT $3, $1", "SELECT $0",
           "SELECT ?", "SELECT ?, ?", "SELECT $1, ?", "SELECT $name", "SELECT $-1", "SELECT $99999999999999999999",
           "SELECT '$1', $1", "SELECT $1 AS \"$2\"", "SELECT $1 AS a$2", "SELECT E'\\'$2', $1", "SELECT $$ $2 $$, $1",
           "SELECT $t$ $2 $$ $t$, $1", "SELECT $1 -- $2", "SELECT $1 /* $2 /* $3 */ */", "SELECT 1$1", "SELECT $1a",
           "SELECT $1; ;", "SELECT $1; SELECT $2", ";", "-- $1", "SELECT '$1", "SELECT /* $1",
           "SELECT body FROM " + table + " WHERE id = $1", "SELECT body FROM " + table + " WHERE id = $1 AND body = $2",
           "INSERT INTO " + table + " VALUES ($1, $2) ON CONFLICT DO NOTHING",
           "INSERT INTO " + table + " VALUES ($1, '$2') ON CONFLICT DO NOTHING",
           "UPDATE " + table + " SET body = $2 WHERE id = $1", "DELETE FROM " + table + " WHERE id = ?",
           "DESCRIBE " + table, "SHOW TABLES", "CREATE NAMESPACE a$1", "EXPLAIN SELECT $1"}) {
    std::vector<Param> params;
    std::string json;
    for (int given = 0; given < 4; ++given) {
      const SqlAnswer server_says = sql.Run(statement, "[" + json + "]");
      const auto link_says = link.Query(statement, params);
      EXPECT_EQ(link_says.ok(), server_says.ok()) << server_says;
      if (!link_says) {
        const Error& error = link_says.error();
        const bool here = error.kind == ErrorKind::kInvalidRequest;
        ++(here ? refused : sent);
        if (here && server_says.code() == error.code) {
          EXPECT_EQ(error.message, server_says.error()) << server_says;
        }
      }
      params.emplace_back(given + 1);
      json += (given == 0 ? "" : ",") + std::to_string(given + 1);
    }
  }
  EXPECT_GT(refused, 50);
  EXPECT_GT(sent, 10) << "syntax errors and the like are the server's";
}

}  // namespace
}  // namespace kalam::test
