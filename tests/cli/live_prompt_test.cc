// A live query at the prompt: it shows changes above the line that is typed, and takes commands and statements there.

#include <chrono>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <unistd.h>

#include <gmock/gmock.h>

#include "kalam_runner.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The child process that is the server.
std::string ServerPid() {
  std::istringstream children(ReadFile("/proc/self/task/" + std::to_string(getpid()) + "/children"));
  for (std::string pid; children >> pid;) {
    if (ReadFile("/proc/" + pid + "/comm").starts_with("kalamdb-server")) return pid;
  }
  throw std::runtime_error("no server among the child processes");
}

class CliLivePrompt : public SharedServerTest {
 protected:
  void SetUp() override {
    table_ = OwnNamespace() + ".notes";
    ASSERT_TRUE(Ok(Client().Run("CREATE USER TABLE " + table_ + " (id BIGINT PRIMARY KEY, body TEXT)")));
    terminal_.ReadUntil("kalam> ");
  }
  void Insert(int first, int last) const {
    std::string rows;
    for (int id = first; id <= last; ++id) {
      rows += (id == first ? "(" : ", (") + std::to_string(id) + ", 'n" + std::to_string(id) + "')";
    }
    ASSERT_TRUE(Ok(Client().Run("INSERT INTO " + table_ + " VALUES " + rows)));
  }
  std::string Subscribe(const std::string& command = "\\subscribe SELECT id, body FROM ") {
    terminal_.Type(command + table_ + "\n");
    return terminal_.ReadUntil("Subscription established (ID: ");
  }
  static std::string Shown(int id) {
    return "{\"id\":" + std::to_string(id) + ",\"body\":\"n" + std::to_string(id) + "\"}";
  }

  // A terminal on which lines are echoed as they are typed, and each prompt is shown once.
  static std::unique_ptr<KalamRunner> Runner() {
    auto runner = std::make_unique<KalamRunner>("http://127.0.0.1:" + std::to_string(server().port()));
    runner->SetEnv("TERM", "dumb");
    return runner;
  }

  const std::unique_ptr<KalamRunner> kalam_ = Runner();
  Terminal terminal_{*kalam_, {"--no-color"}};
  std::string table_;
};

// US0 T046 test_cli_subscription_pause_resume
TEST_F(CliLivePrompt, PauseHoldsTheDisplayAndContinueShowsAll) {
  Subscribe();
  Insert(1, 1);
  terminal_.ReadUntil(Shown(1));
  terminal_.Type("\\pause\n");
  terminal_.ReadUntil("Paused.");
  Insert(2, 400);
  const std::string waiting = terminal_.ReadUntil("paused, 399 waiting> ");
  EXPECT_THAT(waiting, Not(HasSubstr("INSERT")));
  terminal_.Type("\\continue\n");
  terminal_.ReadUntil("Continuing; 399 events came meanwhile.");
  for (int id = 2; id <= 400; ++id) terminal_.ReadUntil(Shown(id));
  Insert(401, 401);
  terminal_.ReadUntil(Shown(401));
}

// US0 T045 test_cli_subscription_cancel
TEST_F(CliLivePrompt, CtrlCGoesBackToThePrompt) {
  Subscribe();
  terminal_.Type("\x03");
  terminal_.ReadUntil("kalam> ");
  terminal_.Type("SELECT 40 + 2 AS answer;\n");
  EXPECT_THAT(terminal_.ReadUntil("kalam> "), HasSubstr("│ 42 "));
}

TEST_F(CliLivePrompt, UnsubscribeGoesBackToThePromptAndTheServerKnows) {
  Subscribe("\\watch SELECT * FROM ");
  terminal_.Type("\\unsubscribe\n");
  terminal_.ReadUntil("kalam> ");
  const std::string open = "SELECT count(*) FROM system.live_queries WHERE query LIKE '%" + table_ + "%'";
  while (Client().Run(open).cell() != "0") std::this_thread::yield();
}

TEST_F(CliLivePrompt, StatementsRunWhileChangesAreShown) {
  Subscribe();
  terminal_.Type("INSERT INTO " + table_ + " VALUES (7, 'n7');\n");
  terminal_.ReadUntil(Shown(7));
  terminal_.Type("\\subscribe SELECT 1\n");
  terminal_.ReadUntil("While a subscription is shown: \\pause");
  terminal_.Type("SUBSCRIBE TO " + table_ + "\n");
  terminal_.ReadUntil("one subscription at a time");
}

TEST_F(CliLivePrompt, WhatIsTypedSurvivesTheRowsAboveIt) {
  Subscribe();
  terminal_.Type("SELECT 5");
  terminal_.ReadUntil("live> SELECT 5");
  Insert(1, 1);
  terminal_.ReadUntil(Shown(1));
  terminal_.ReadUntil("live> SELECT 5");
  terminal_.Type("x\x7f + 60 AS sum;\n");
  terminal_.ReadUntil("│ 65 ");
}

TEST_F(CliLivePrompt, QuitLeavesTheProgram) {
  Subscribe();
  terminal_.Type("\\quit\n");
  EXPECT_EQ(terminal_.WaitForExit(), 0);
}

// US13 T430 test_cli_progress_indicator
TEST_F(CliLivePrompt, ALongQueryShowsHowLongItRuns) {
  terminal_.Type("SELECT count(*) FROM range(1000000) a(x), range(1000000) b(y) WHERE x + y = -1;\n");
  const std::string shown = terminal_.ReadUntil(" Executing query... 0.5s");
  EXPECT_THAT(shown, HasSubstr("⠋ Executing query... 0.2s"));
  EXPECT_THAT(shown, HasSubstr("⠙ Executing query... 0."));
  terminal_.Type("\x03");
  const std::string rest = terminal_.ReadUntil("kalam> ");
  EXPECT_THAT(rest, HasSubstr("\r\x1b[K"));
  EXPECT_THAT(rest, HasSubstr("ERROR CANCELLED: the query was cancelled"));
  terminal_.Type("SELECT 1;\n");
  EXPECT_THAT(terminal_.ReadUntil("kalam> "), Not(HasSubstr("Executing")));
}

TEST_F(CliLivePrompt, CtrlCStopsTheQueryOnTheServer) {
  const std::string server_pid = ServerPid();
  const auto processor_time = [&] {  // of the server's process, in clock ticks
    const std::string stat = ReadFile("/proc/" + server_pid + "/stat");
    std::istringstream fields(stat.substr(stat.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    long user = 0;
    long system = 0;
    fields >> user >> system;
    return user + system;
  };
  terminal_.Type("SELECT count(*) FROM range(10000000) a(x), range(10000000) b(y) WHERE x + y = -1;\n");
  const long before = processor_time();
  while (processor_time() < before + 20) std::this_thread::yield();  // it is at work
  terminal_.Type("\x03");
  terminal_.ReadUntil("the query was cancelled");
  // At rest: a window of 200 ms without work. The query itself would take hours.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  long spent = 99;
  while (spent > 2 && std::chrono::steady_clock::now() < deadline) {
    const long at = processor_time();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    spent = processor_time() - at;
  }
  EXPECT_LE(spent, 2);
}

}  // namespace
}  // namespace kalam::test
