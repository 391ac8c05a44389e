#pragma once

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "live_client.h"
#include "support/server_test.h"

namespace kalam::test {

// A namespace of its own with a USER table `messages`, a client of user maya, and what tests of live queries look at.
class LiveQuery : public SharedServerTest {
 protected:
  void SetUp() override {
    ns_ = OwnNamespace();
    sql_ = std::make_unique<SqlClient>(server().port(), "maya");
    Run("CREATE USER TABLE " + Table() +
        " (id BIGINT PRIMARY KEY, room TEXT, body TEXT, n INT DEFAULT 0)");
  }
  std::string Table() const { return ns_ + ".messages"; }
  SqlAnswer Run(const std::string& sql) {
    SqlAnswer answer = sql_->Run(sql);
    EXPECT_TRUE(Ok(answer));
    return answer;
  }
  static LiveClient Connect(const std::string& user = "maya") { return LiveClient(server().port(), user); }
  static void ExpectAck(const Json& message, const std::string& id) {
    EXPECT_EQ(message["type"].text(), "subscription_ack") << message.Dump();
    EXPECT_EQ(message["subscription_id"].text(), id) << message.Dump();
    EXPECT_GT(std::strtoull(message["seq"].text().c_str(), nullptr, 10), 0u) << message.Dump();
  }
  static void ExpectError(const Json& message, std::string_view code, std::string_view text) {
    EXPECT_EQ(message["type"].text(), "error") << message.Dump();
    EXPECT_EQ(message["code"].text(), code) << message.Dump();
    EXPECT_NE(message["message"].text().find(text), std::string::npos) << message.Dump();
  }
  static std::string Kind(const Json& message) { return message["change_type"].text(); }
  // Of the only row.
  static const Json& Row(const Json& message) { return message["rows"][0]; }
  static const Json& Old(const Json& message) { return message["old_values"][0]; }
  std::vector<std::vector<std::string>> LiveQueries(const std::string& columns) {
    return Run("SELECT " + columns + " FROM system.live_queries WHERE namespace_id = '" + ns_ + "' ORDER BY created_at")
        .rows();
  }
  // Waits until the list has so many rows of this test's namespace.
  bool AwaitLiveQueries(std::size_t count) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (LiveQueries("live_id").size() != count) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::string ns_;
  std::unique_ptr<SqlClient> sql_;
};

}  // namespace kalam::test
