#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <random>
#include <thread>

#include "test_table.h"

// Kills a writing process again and again and compares what is left with what it had acknowledged.
//
// The writer is this test binary, started again with CrashWriter as its only test. Its threads work on
// partitions of their own, and step `i` of thread `t` does the same in every run, so the parent knows the
// expected rows from the number of acknowledged steps alone. Acknowledgements arrive through a pipe.
namespace kalam::table {
namespace {

constexpr int kThreads = 4;
constexpr int kAckDescriptor = 3;
constexpr int kCrashes = 8;

using Model = std::map<std::int64_t, std::string>;  // live rows

struct Ack {
  std::int32_t thread;
  std::int32_t step;
};

UserId UserOf(int thread) { return UserId::FromTrusted("user" + std::to_string(thread)); }
std::string BodyOf(int step) { return std::to_string(step) + std::string(step % 400, 'b'); }

// One of three kinds by step: insert three new rows at once, set one row, delete one row.
void StepModel(int step, Model& rows) {
  const std::int64_t id = step * 7 % 50;
  switch (step % 3) {
    case 0:
      for (int i = 0; i < 3; ++i) rows[1000 + step * 3 + i] = BodyOf(step);
      break;
    case 1: rows[id] = BodyOf(step); break;
    default: rows.erase(id); break;
  }
}

WriteReceipt StepWrite(Writer& writer, const TableDef& table, int thread, int step) {
  const std::int64_t id = step * 7 % 50;
  if (step % 3 == 0) {
    Statement statement(table);
    for (int i = 0; i < 3; ++i) statement.Insert(1000 + step * 3 + i, BodyOf(step));
    return writer.Apply(table, UserOf(thread), statement.changes(), Blocking::kAllowed);
  }
  return writer.Mutate(
      table, UserOf(thread), Key(id),
      [&](std::string_view, std::string& row) -> Result<bool> {
        row = Row(table, id, BodyOf(step), /*deleted=*/step % 3 == 2);
        return true;
      },
      Blocking::kAllowed);
}

void WriteUntilKilled(const std::string& path, const std::string& mode,
                      const std::array<int, kThreads>& first_steps) {
  auto store = kv::Store::Open({.path = path, .write_buffer_bytes = 128 << 10});
  KALAM_CHECK(store.ok(), store.error().message());
  const SystemClock clock;
  auto committer = Committer::Open(
      **store, clock, {.mode = mode == "commit" ? SyncMode::kCommit : SyncMode::kInterval});
  KALAM_CHECK(committer.ok(), committer.error().message());
  Writer writer(**store, **committer);
  const TableDef table = MakeNotes();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int step = first_steps[static_cast<std::size_t>(t)];; ++step) {
        const auto receipt = StepWrite(writer, table, t, step);
        KALAM_CHECK(receipt.status.ok(), receipt.status.error().message());
        KALAM_CHECK((*committer)->WaitDurable(receipt.durable_after).ok(), "sync");
        const Ack ack = {.thread = t, .step = step};
        KALAM_CHECK(write(kAckDescriptor, &ack, sizeof(ack)) == sizeof(ack), "acknowledge");
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

// Not a test: the process that CrashTest kills.
TEST(CrashWriter, DISABLED_WritesUntilKilled) {
  std::array<int, kThreads> first_steps;
  for (int t = 0; t < kThreads; ++t) {
    first_steps[static_cast<std::size_t>(t)] =
        std::atoi(std::getenv(("KALAM_CRASH_STEP" + std::to_string(t)).c_str()));
  }
  WriteUntilKilled(std::getenv("KALAM_CRASH_PATH"), std::getenv("KALAM_CRASH_MODE"), first_steps);
}

class CrashTest : public testing::TestWithParam<std::string> {
 protected:
  // Starts the writer; returns its pid and the end of the pipe to read acknowledgements from.
  std::pair<pid_t, int> StartWriter() {
    int ends[2];
    KALAM_CHECK(pipe(ends) == 0, "pipe");
    std::vector<std::string> environment = {"KALAM_CRASH_PATH=" + path(),
                                            "KALAM_CRASH_MODE=" + GetParam()};
    for (int t = 0; t < kThreads; ++t) {
      environment.push_back("KALAM_CRASH_STEP" + std::to_string(t) + "=" +
                            std::to_string(next_[static_cast<std::size_t>(t)]));
    }
    std::vector<char*> envp;
    for (auto& variable : environment) envp.push_back(variable.data());
    envp.push_back(nullptr);
    const char* argv[] = {"table_test", "--gtest_filter=CrashWriter.*",
                          "--gtest_also_run_disabled_tests", nullptr};
    const pid_t child = fork();
    KALAM_CHECK(child >= 0, "fork");
    if (child == 0) {
      dup2(ends[1], kAckDescriptor);
      execve("/proc/self/exe", const_cast<char* const*>(argv), envp.data());
      _exit(127);
    }
    close(ends[1]);
    return {child, ends[0]};
  }

  // Applies acknowledged steps to the models until the writer is gone; kills it after `acks` of them.
  void CollectAndKill(pid_t child, int pipe_end, int acks) {
    Ack ack;
    int seen = 0;
    while (read(pipe_end, &ack, sizeof(ack)) == sizeof(ack)) {
      auto& next = next_[static_cast<std::size_t>(ack.thread)];
      ASSERT_EQ(ack.step, next) << "a thread's steps are acknowledged in order";
      StepModel(next++, models_[static_cast<std::size_t>(ack.thread)]);
      if (++seen == acks) kill(child, SIGKILL);
    }
    close(pipe_end);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the writer ended by itself";
  }

  // The one step that was under way when the writer died may be there, whole, or not at all.
  void CheckThread(const kv::Store& store, int thread) {
    const auto hot = HotRows(store, table_, UserOf(thread));
    EXPECT_EQ(ReplayLog(store, table_, UserOf(thread)), hot);
    Model stored;
    for (const auto& [key, row] : hot) {
      if (RowDeleted(row)) continue;
      stored[DecodePrimaryKey(key, DataType::kBigInt).int_value()] = Body(table_, row);
    }
    auto& model = models_[static_cast<std::size_t>(thread)];
    auto& next = next_[static_cast<std::size_t>(thread)];
    Model with_step_under_way = model;
    StepModel(next, with_step_under_way);
    if (stored != model && stored == with_step_under_way) {
      model = std::move(with_step_under_way);
      ++next;
    }
    EXPECT_TRUE(stored == model) << "thread " << thread << " at step " << next << ": "
                                 << stored.size() << " rows instead of " << model.size();
  }

  // Everything stored was given a seq, and none of them is given out again.
  void CheckSeqs(kv::Store& store) {
    Seq highest;
    for (int t = 0; t < kThreads; ++t) {
      for (const auto& [key, row] : HotRows(store, table_, UserOf(t))) {
        highest = std::max(highest, RowSeq(row));
      }
    }
    const SystemClock clock;
    auto committer = Committer::Open(store, clock, {});
    ASSERT_TRUE(committer.ok());
    EXPECT_GT((*committer)->NextId(), highest);
  }

  std::string path() const { return folder_.path() + "/db"; }

  const TableDef table_ = MakeNotes();
  TempFolder folder_;
  std::array<Model, kThreads> models_;
  std::array<int, kThreads> next_{};
};

TEST_P(CrashTest, NothingAcknowledgedIsLostAndNothingIsHalfDone) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int crash = 0; crash < kCrashes; ++crash) {
    SCOPED_TRACE("crash " + std::to_string(crash));
    const auto [child, pipe_end] = StartWriter();
    ASSERT_NO_FATAL_FAILURE(
        CollectAndKill(child, pipe_end, static_cast<int>(random() % 400 + 1)));
    auto store = kv::Store::Open({.path = path()});
    ASSERT_TRUE(store.ok()) << store.error().message();
    for (int t = 0; t < kThreads; ++t) CheckThread(**store, t);
    CheckSeqs(**store);
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, CrashTest, testing::Values("commit", "interval"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace kalam::table
