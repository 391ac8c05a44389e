// What a user does who asks for more than the machine has, and what others notice of it.

#include "support/server_test.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace kalam::test {
namespace {

class Overload : public OwnServerTest {
 protected:
  // Sends `user`'s query that takes longer than the test, and goes on.
  void AskForTooMuch(const std::string& user) {
    const std::string body =
        "{\"sql\":\"SELECT count(*) FROM range(10000000) a(x), range(10000000) b(y) "
        "WHERE x * y % 7 = 3\"}";
    clients_.emplace_back(server_->port())
        .SendRaw("POST /v1/api/sql HTTP/1.1\r\nHost: localhost\r\nX-USER-ID: " + user +
                 "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  // Until so many statements wait for a thread.
  testing::AssertionResult AwaitWaiting(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::string seen;
    do {
      seen = SqlClient(server_->port(), "system")
                 .Run("SELECT value FROM system.stats WHERE name = 'statements_waiting'")
                 .cell();
      if (seen == std::to_string(count)) return testing::AssertionSuccess();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    } while (std::chrono::steady_clock::now() < deadline);
    return testing::AssertionFailure() << seen << " wait, not " << count;
  }

  ServerProcess* server_ = nullptr;
  std::vector<HttpClient> clients_;
};

TEST_F(Overload, WhoAsksForTooMuchWaitsAloneAndIsToldWhenToComeBack) {
  const std::size_t may_run = std::max(1u, std::thread::hardware_concurrency());
  const std::size_t may_wait =
      may_run + 2;  // whoever comes at once has room before the first begins
  server_ =
      &Make({.env = {{"KALAMDB_LIMITS_MAX_WAITING_STATEMENTS_PER_USER", std::to_string(may_wait)},
                     {"KALAMDB_LIMITS_STATEMENT_TIMEOUT_SECONDS", "300"}}});
  server_->Start();
  SqlClient greedy(server_->port(), "greedy"), modest(server_->port(), "modest");
  ASSERT_TRUE(Ok(greedy.Run(
      "CREATE TABLE notes (id BIGINT PRIMARY KEY, n BIGINT); INSERT INTO notes VALUES (1, 1)")));

  for (std::size_t i = 0; i < may_run; ++i) AskForTooMuch("greedy");
  for (std::size_t waiting = 1; waiting <= may_wait; ++waiting) {
    AskForTooMuch("greedy");
    ASSERT_TRUE(AwaitWaiting(waiting));
  }

  const auto asked_at = std::chrono::steady_clock::now();
  const SqlAnswer refused = greedy.Run("SELECT count(*) FROM range(10)");
  EXPECT_LT(std::chrono::steady_clock::now() - asked_at, std::chrono::seconds(5));
  EXPECT_EQ(refused.http.status, 503);
  EXPECT_EQ(refused.code(), "UNAVAILABLE");
  EXPECT_EQ(refused.http.Header("Retry-After"), "1");

  // Others' queries find a thread, and so do the same user's rows and changes.
  EXPECT_EQ(modest.Run("SELECT count(*) FROM range(10)").cell(), "10");
  EXPECT_EQ(greedy.Run("SELECT n FROM notes WHERE id = 1").cell(), "1");
  EXPECT_TRUE(Ok(greedy.Run("UPDATE notes SET n = n + 1 WHERE n + 0 = 1")));
  EXPECT_EQ(greedy.Run("SELECT n FROM notes WHERE id = 1").cell(), "2");

  // A client that goes takes its query with it, whether that runs or waits.
  clients_.clear();
  EXPECT_TRUE(AwaitWaiting(0));
  EXPECT_EQ(greedy.Run("SELECT count(*) FROM range(10)").cell(), "10");
}

}  // namespace
}  // namespace kalam::test
