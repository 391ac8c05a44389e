// Committer::StartSync: a lone write's round made by the event loop that wrote it, beside the sync thread that makes
// all others. What an event loop is here is the thread that calls it.

#include "committer_fixture.h"
#include "table/change_interest.h"

#include <atomic>
#include <cerrno>
#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace kalam::table {
namespace {

using Where = Committer::Where;

class StartSyncTest : public CommitterTest {
 protected:
  StartSyncTest() {
    committer_options_.quick_sync = std::chrono::hours(1);  // however slow the disk of the test is
    Reopen();
    AwaitSleep();
    gate_.TakeSyncingThreads();
  }

  // Only a sleeping sync thread leaves a round to a loop. It sleeps until somebody wakes it.
  void AwaitSleep() {
    while (!committer_->stats().sync_thread_sleeps) std::this_thread::yield();
  }

  // Writes as an event loop does: nobody is told to sync it.
  Seq Write(std::int64_t id) {
    Statement statement(notes_);
    statement.Insert(id, "v");
    const auto changes = statement.changes();
    const WriteReceipt receipt = writer_->Apply(notes_, alice_, changes, Blocking::kNever);
    EXPECT_TRUE(receipt.status.ok() && !receipt.would_block);
    return receipt.durable_after;
  }

  // The outcome of a write once its queue is told; the queue goes on in the background if the test fails.
  struct Answer {
    RecordingQueue queue;
    std::optional<Status> status;
    const Status& Await() {
      queue.WaitForBatches(1);
      return *status;
    }
  };
  void Ask(Seq seq, Answer& answer) {
    committer_->WhenDurable(seq, answer.queue, [&](const Status& status) { answer.status = status; });
  }
};

using Threads = std::vector<std::thread::id>;

TEST_F(StartSyncTest, ALoneWriteIsSyncedByItsLoop) {
  Answer answer;
  const Seq written = Write(1);
  Ask(written, answer);
  EXPECT_TRUE(gate_.TakeSyncingThreads().empty()) << "nobody was told of it yet";
  EXPECT_EQ(Rows(), "");
  committer_->StartSync(Where::kHere);
  // All is done when it returns: nothing to wait for.
  EXPECT_EQ(gate_.TakeSyncingThreads(), Threads{std::this_thread::get_id()});
  ASSERT_TRUE(answer.status && answer.status->ok());
  EXPECT_TRUE(committer_->IsDurable(written));
  EXPECT_EQ(Rows(), "1=v");
  EXPECT_EQ(committer_->stats().rounds, 1u);
  EXPECT_TRUE(committer_->stats().sync_thread_sleeps);
}

TEST_F(StartSyncTest, WhatIsBegunIsNeitherDurableNorTold) {
  Answer answer;
  const Seq written = Write(1);
  Ask(written, answer);
  committer_->BeginSync();
  EXPECT_TRUE(gate_.TakeSyncingThreads().empty());
  EXPECT_FALSE(answer.status);
  EXPECT_FALSE(committer_->IsDurable(written));
  EXPECT_EQ(Rows(), "");
  const Seq later = Write(2);
  committer_->StartSync(Where::kHere);
  EXPECT_TRUE(answer.status && answer.status->ok());
  EXPECT_TRUE(committer_->IsDurable(later)) << "what came after the beginning is synced, too";
  EXPECT_EQ(Rows(), "1=v 2=v");
}

TEST_F(StartSyncTest, AFullDiskMetAtTheBeginningDelaysTheWrite) {
  gate_.FailWrite(ENOSPC);
  Answer answer;
  Ask(Write(1), answer);
  committer_->BeginSync();
  gate_.FailWrite(0);
  EXPECT_FALSE(answer.status);
  committer_->StartSync(Where::kHere);
  EXPECT_TRUE(answer.Await().ok()) << "it waited for space, and it is kept";
  EXPECT_EQ(Rows(), "1=v");
}

TEST_F(StartSyncTest, WithNothingWrittenItDoesNothing) {
  committer_->StartSync(Where::kHere);
  committer_->StartSync(Where::kElsewhere);
  EXPECT_TRUE(gate_.TakeSyncingThreads().empty());
  EXPECT_EQ(committer_->stats().rounds, 0u);
}

TEST_F(StartSyncTest, OneOfManyWritesIsLeftToTheSyncThread) {
  Answer answer;
  Ask(Write(1), answer);
  committer_->StartSync(Where::kElsewhere);
  EXPECT_TRUE(answer.Await().ok());
  const Threads threads = gate_.TakeSyncingThreads();
  ASSERT_EQ(threads.size(), 1u);
  EXPECT_NE(threads[0], std::this_thread::get_id());
}

TEST_F(StartSyncTest, ASlowDiskIsLeftToTheSyncThread) {
  committer_options_.quick_sync = std::chrono::microseconds(1);
  Reopen();
  AwaitSleep();
  // As quick as can be until a sync was seen; no disk takes a microsecond.
  Done(Statement(notes_).Insert(1, "a"));
  AwaitSleep();
  gate_.TakeSyncingThreads();
  Answer answer;
  Ask(Write(2), answer);
  committer_->StartSync(Where::kHere);
  EXPECT_TRUE(answer.Await().ok());
  const Threads threads = gate_.TakeSyncingThreads();
  ASSERT_EQ(threads.size(), 1u);
  EXPECT_NE(threads[0], std::this_thread::get_id());
}

TEST_F(StartSyncTest, ASyncThatFailsOnTheLoopAcknowledgesNothingAndEndsWriting) {
  Done(Statement(notes_).Insert(1, "a"));
  AwaitSleep();
  gate_.TakeSyncingThreads();
  gate_.FailSync(EIO);

  Answer answer;
  const Seq written = Write(2);
  Ask(written, answer);
  auto waiting = std::async(std::launch::async, [&] {
    // Not before the loop has met the error: a waiting writer wakes the sync thread.
    while (gate_.syncs() == 0) std::this_thread::yield();
    return committer_->WaitDurable(written);
  });
  committer_->StartSync(Where::kHere);
  // The sync thread is told, and tells everyone.
  EXPECT_EQ(answer.Await().error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(waiting.get().error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(gate_.TakeSyncingThreads().front(), std::this_thread::get_id()) << "the loop met it";
  EXPECT_FALSE(committer_->IsDurable(written));
  EXPECT_EQ(Rows(), "1=a") << "readers keep what is durable";

  const auto later = Apply(Statement(notes_).Insert(3, "c"));
  EXPECT_EQ(later.status.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(committer_->WaitDurable(written).error().code(), ErrorCode::kUnavailable);
  gate_.FailSync(0);
  committer_->StartSync(Where::kHere);
  EXPECT_FALSE(committer_->IsDurable(written)) << "a sync that works later proves nothing about that write";
}

TEST_F(StartSyncTest, AFullDiskMetByTheLoopDelaysTheWriteAndLosesNoChange) {
  struct Sink final : ChangeSink {
    void OnDurable(const DurableSnapshotPtr&, std::span<const std::uint32_t> slots, std::uint64_t count,
                   WrittenRecords&) override {
      touched.insert(touched.end(), slots.begin(), slots.end());
      changes += count;
    }
    std::vector<std::uint32_t> touched;  // read after the writer was answered
    std::uint64_t changes = 0;           // the same
  } sink;
  committer_->SetChangeSink(&sink);
  const std::uint32_t slot = ChangeInterest::SlotOf(PartitionPrefix(notes_.id, alice_));
  committer_->Watch(slot);

  gate_.FailWrite(ENOSPC);
  Answer answer;
  Ask(Write(1), answer);
  committer_->StartSync(Where::kHere);
  gate_.FailWrite(0);
  EXPECT_TRUE(answer.Await().ok()) << "it waited for space, and it is kept";
  EXPECT_EQ(sink.touched, std::vector<std::uint32_t>{slot}) << "the round that failed had taken note of it";
  EXPECT_EQ(sink.changes, 1u);
  EXPECT_EQ(Rows(), "1=v");
  committer_->SetChangeSink(nullptr);
}

TEST_F(StartSyncTest, ALoopNeverWaitsForARoundOfTheSyncThread) {
  gate_.Close();
  const auto first = Apply(Statement(notes_).Insert(1, "a"));
  gate_.AwaitSync();
  Answer answer;
  const Seq second = Write(2);
  Ask(second, answer);
  committer_->StartSync(Where::kHere);  // returns though the disk is held
  EXPECT_FALSE(committer_->IsDurable(first.durable_after));
  gate_.Open();
  // The sync thread goes on with it: nobody else will.
  EXPECT_TRUE(answer.Await().ok());
  EXPECT_TRUE(committer_->IsDurable(second));
  const Threads threads = gate_.TakeSyncingThreads();
  ASSERT_EQ(threads.size(), 2u);
  EXPECT_EQ(threads[0], threads[1]);
  EXPECT_NE(threads[0], std::this_thread::get_id());
  EXPECT_EQ(Rows(), "1=a 2=v");
}

TEST_F(StartSyncTest, WritesDuringALoopsRoundAreLeftToTheSyncThread) {
  gate_.Close();
  Answer first, second;
  Ask(Write(1), first);
  std::thread loop([&] { committer_->StartSync(Where::kHere); });
  const std::thread::id loop_id = loop.get_id();
  gate_.AwaitSync();

  // Another loop, which must not wait.
  Ask(Write(2), second);
  committer_->StartSync(Where::kHere);
  EXPECT_FALSE(first.status || second.status);
  EXPECT_EQ(Rows(), "");
  gate_.Open();
  EXPECT_TRUE(second.Await().ok());
  loop.join();
  ASSERT_TRUE(first.status && first.status->ok()) << "rounds are one after the other";
  const Threads threads = gate_.TakeSyncingThreads();
  ASSERT_EQ(threads.size(), 2u);
  EXPECT_EQ(threads[0], loop_id);
  EXPECT_NE(threads[1], loop_id);
  EXPECT_NE(threads[1], std::this_thread::get_id());
  EXPECT_EQ(committer_->stats().rounds, 2u);
}

// A wake-up that gets lost between loops, workers and the sync thread would leave somebody waiting for ever.
TEST_F(StartSyncTest, LoopsAndWorkersWritingAtOnceAreAllAnswered) {
  constexpr int kThreads = 4, kWrites = 200;
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      Writer writer(*store_, *committer_);
      for (int i = 0; i < kWrites; ++i) {
        Statement statement(notes_);
        statement.Insert(number * kWrites + i, "v");
        const auto changes = statement.changes();
        const bool is_loop = number % 2 == 0;
        const auto receipt = writer.Apply(notes_, alice_, changes, is_loop ? Blocking::kNever : Blocking::kAllowed);
        ASSERT_TRUE(receipt.status.ok());
        if (!is_loop) {
          ASSERT_TRUE(committer_->WaitDurable(receipt.durable_after).ok());
          ++answered;
          continue;
        }
        Answer answer;
        Ask(receipt.durable_after, answer);
        committer_->StartSync(i % 4 == 0 ? Where::kElsewhere : Where::kHere);
        ASSERT_TRUE(answer.Await().ok());
        ++answered;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(answered, kThreads * kWrites);
}

}  // namespace
}  // namespace kalam::table
