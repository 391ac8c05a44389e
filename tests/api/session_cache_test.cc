// US4 T257 test_session_caching: what a user's queries prepared of the tables they use, and CLEAR CACHE.

#include "support/server_test.h"

namespace kalam::test {
namespace {

class SessionCaching : public OwnServerTest {
 protected:
  SqlClient Start(ServerOptions options = {}) {
    server_ = &Make(std::move(options));
    server_->Start();
    SqlClient root(server_->port());
    EXPECT_TRUE(Ok(root.Run("CREATE NAMESPACE app")));
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(Ok(root.Run("CREATE USER TABLE app.t" + std::to_string(i) +
                              " (id BIGINT PRIMARY KEY, body TEXT)")));
    }
    return SqlClient(server_->port(), "maya");
  }

  std::int64_t Stat(std::string_view name) {
    return std::stoll(
        SqlClient(server_->port())
            .Run("SELECT value FROM system.stats WHERE name = '" + std::string(name) + "'")
            .cell());
  }
  std::int64_t Registrations() { return Stat("session_cache_registrations_total"); }

  ServerProcess* server_ = nullptr;
};

// US4 T258 test_first_query_caches_registration, T259 test_cached_registration_reuse
TEST_F(SessionCaching, TenQueriesOneRegistration) {
  auto maya = Start();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Ok(maya.Run("SELECT count(*) FROM app.t0")));
  EXPECT_EQ(Registrations(), 1);
  EXPECT_GE(Stat("session_cache_hits_total"), 9);
}

// US4 T260 test_cache_eviction_after_timeout: the 30 s are in src/exec/session_cache_test.cc, by a
// clock that is stepped
TEST_F(SessionCaching, WithoutTimeNothingIsKept) {
  auto maya = Start({.config = "[session_cache]\nmax_size = 0\n"});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Ok(maya.Run("SELECT count(*) FROM app.t0")));
  EXPECT_GE(Registrations(), 3);
  EXPECT_EQ(Stat("session_cache_entries"), 0);
}

// US4 T261 test_schema_change_invalidates_cache: another table under the name has another schema
TEST_F(SessionCaching, AChangedSchemaIsRegisteredAnew) {
  auto maya = Start();
  EXPECT_EQ(maya.Run("SELECT * FROM app.t0 WHERE body = 'x'").columns().size(), 4u);
  ASSERT_TRUE(Ok(SqlClient(server_->port())
                     .Run("DROP USER TABLE app.t0; CREATE USER TABLE app.t0 (id BIGINT PRIMARY "
                          "KEY, body TEXT, more INT)")));
  EXPECT_EQ(maya.Run("SELECT * FROM app.t0 WHERE body = 'x'").columns().size(), 5u);
  EXPECT_EQ(Stat("session_cache_entries"), 1);
}

// US4 T262 test_multi_table_session_cache
TEST_F(SessionCaching, FiveTablesAreAllKept) {
  auto maya = Start();
  const std::string sql =
      "SELECT (SELECT count(*) FROM app.t0) + (SELECT count(*) FROM app.t1) + "
      "(SELECT count(*) FROM app.t2) + (SELECT count(*) FROM app.t3) + "
      "(SELECT count(*) FROM app.t4)";
  EXPECT_TRUE(Ok(maya.Run(sql)));
  const auto first = Registrations();
  EXPECT_EQ(first, 5);
  EXPECT_TRUE(Ok(maya.Run(sql)));
  EXPECT_EQ(Registrations(), first);
}

// US4 T263 test_cache_isolation_between_sessions
TEST_F(SessionCaching, SessionsShareNothing) {
  auto maya = Start();
  SqlClient noah(server_->port(), "noah");
  EXPECT_TRUE(Ok(maya.Run("INSERT INTO app.t0 VALUES (1, 'maya')")));
  EXPECT_EQ(maya.Run("SELECT count(*) FROM app.t0").cell(), "1");
  EXPECT_EQ(noah.Run("SELECT count(*) FROM app.t0").cell(), "0");
  EXPECT_EQ(Registrations(), 2);
  EXPECT_EQ(Stat("session_cache_sessions"), 2);
}

// US4 T264 test_dropped_table_cache_cleanup
TEST_F(SessionCaching, ADroppedTableLeavesNothing) {
  auto maya = Start();
  EXPECT_TRUE(Ok(maya.Run("SELECT count(*) FROM app.t0")));
  EXPECT_EQ(Stat("session_cache_entries"), 1);
  ASSERT_TRUE(Ok(SqlClient(server_->port()).Run("DROP USER TABLE app.t0")));
  EXPECT_NE(
      maya.Run("SELECT count(*) FROM app.t0").error().find("relation 'app.t0' does not exist"),
      std::string::npos);
  EXPECT_EQ(Stat("session_cache_entries"), 0);
}

// T428 test_clear_cache_command
TEST_F(SessionCaching, ClearCacheEmptiesBoth) {
  auto maya = Start();
  SqlClient root(server_->port());
  ASSERT_TRUE(Ok(root.Run("CLEAR CACHE")));
  EXPECT_TRUE(Ok(maya.Run("SELECT count(*) FROM app.t0")));
  EXPECT_TRUE(Ok(maya.Run("SELECT max(body) FROM app.t1")));
  const SqlAnswer cleared = root.Run("clear cache;");
  EXPECT_EQ(cleared.columns(), (std::vector<std::string>{"cache", "entries_cleared"}));
  EXPECT_EQ(cleared.rows(),
            (std::vector<std::vector<std::string>>{{"session", "2"}, {"query_plan", "2"}}));
  EXPECT_EQ(cleared.message(), "Cache cleared: session=2, query_plan=2");
  EXPECT_EQ(maya.Run("SELECT count(*) FROM app.t0").json["cache_hit"].text(), "false");
  EXPECT_TRUE(FailsWith(maya.Run("CLEAR CACHE"), "PERMISSION_DENIED", "clear caches"));
}

}  // namespace
}  // namespace kalam::test
