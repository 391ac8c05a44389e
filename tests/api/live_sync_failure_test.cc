// Changes are prepared for their subscribers while the disk writes them. When it fails, nobody may be told: at each
// call that changes the write-ahead log, a subscriber hears of the change if and only if its writer was told that it is
// durable, and once.

#include "live_client.h"
#include "support/io_faults.h"
#include "support/server_test.h"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <thread>

namespace kalam::test {
namespace {

using Deed = IoFaults::Deed;

class LiveSyncFailure : public OwnServerTest {
 protected:
  void SetUp() override {
    if (!IoFaults::Available()) GTEST_SKIP() << "the sanitizer's runtime must be loaded first";
    server_ = &Make({});
    faults_.AddTo(server_->options());
    Start();
    ASSERT_TRUE(Ok(SqlClient(server_->port())
                       .Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, room TEXT)")));
  }
  void Start() {
    faults_.Disarm();
    server_->Start();
    sql_.emplace(server_->port(), "maya");
    live_.emplace(server_->port(), "maya");
  }
  SqlAnswer Insert(int id) { return sql_->Run("INSERT INTO app.notes VALUES (" + std::to_string(id) + ", 'lobby')"); }
  void Subscribe() {
    const Json answer = live_->Subscribe("s", "SELECT id FROM app.notes WHERE room = 'lobby'");
    ASSERT_EQ(answer["type"].text(), "subscription_ack");
    // From here on commits tell what they write: nothing is read back from the log.
    ASSERT_TRUE(Ok(Insert(-1)));
    ASSERT_EQ(live_->Next("s")["rows"][0]["id"].text(), "-1");
    ASSERT_TRUE(Ok(sql_->Run("DELETE FROM app.notes WHERE id = -1")));
    ASSERT_EQ(live_->Next("s")["change_type"].text(), "delete");
    AwaitQuietLog();
  }
  // A new log gets zeros ahead, whose calls count like those of an INSERT; nothing tells when the last is through.
  void AwaitQuietLog() {
    faults_.Plan(std::numeric_limits<std::uint64_t>::max(), ".log", Deed::kFail, EIO);
    std::uint64_t before = 0;
    do {
      before = faults_.calls();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    } while (faults_.calls() != before);
    faults_.Disarm();
  }
  void ExpectOneChange(int id) {
    const Json change = live_->Next("s");
    EXPECT_EQ(change["change_type"].text(), "insert") << change.Dump();
    EXPECT_EQ(change["rows"][0]["id"].text(), std::to_string(id)) << change.Dump();
  }
  void ExpectNothingElse() {
    live_->Ping();
    EXPECT_TRUE(live_->Silent(std::chrono::milliseconds(0)));
  }
  // Fails the n-th call of `attempt`, from the first on until none is hit any more; returns which were. `prepare` is
  // left alone.
  template <typename Prepare, typename Attempt>
  std::set<std::string> AtEachCall(int error, Prepare prepare, Attempt attempt) {
    std::set<std::string> failed;
    for (int call = 0; !HasFailure(); ++call) {
      SCOPED_TRACE("call " + std::to_string(call));
      EXPECT_LT(call, 20);
      prepare();
      faults_.Plan(static_cast<std::uint64_t>(call), ".log", Deed::kFail, error);
      attempt(call);
      faults_.Disarm();
      if (!faults_.hit()) break;
      failed.insert(faults_.hit_call().substr(0, faults_.hit_call().find(' ')));
    }
    return failed;
  }

  IoFaults faults_;
  ServerProcess* server_ = nullptr;
  std::optional<SqlClient> sql_;
  std::optional<LiveClient> live_;
};

TEST_F(LiveSyncFailure, WhatIsNotDurableIsToldToNobody) {
  const auto failed = AtEachCall(
      EIO,
      [&] {
        server_->Kill();  // writing has ended for that server
        Start();
        Subscribe();
      },
      [&](int call) {
        if (Insert(call).ok()) {
          ExpectOneChange(call);
        } else {
          EXPECT_TRUE(faults_.hit());
        }
        ExpectNothingElse();
      });
  EXPECT_TRUE(failed.contains("fdatasync"));
}

TEST_F(LiveSyncFailure, WhatAFullDiskDelaysComesOnce) {
  Subscribe();
  const auto failed = AtEachCall(
      ENOSPC, [] {},
      [&](int call) {
        EXPECT_TRUE(Ok(Insert(call))) << "it waits for space, and there is some again";
        ExpectOneChange(call);
        ExpectNothingElse();
      });
  EXPECT_TRUE(failed.contains("fdatasync"));
  EXPECT_NE(server_->Output().find("recovered from a full disk"), std::string::npos);
}

}  // namespace
}  // namespace kalam::test
