#include "table/committer.h"

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "committer_fixture.h"
#include "table/change_interest.h"

namespace kalam::table {
namespace {

TEST_F(CommitterTest, ReadersSeeAWriteWhenItIsDurableAndNotBefore) {
  gate_.Close();
  const auto receipt = Apply(Statement(notes_).Insert(1, "a"));
  gate_.AwaitSync();
  EXPECT_EQ(Rows(), "");
  EXPECT_FALSE(committer_->IsDurable(receipt.durable_after));
  gate_.Open();
  ASSERT_TRUE(committer_->WaitDurable(receipt.durable_after).ok());
  EXPECT_EQ(Rows(), "1=a");
  EXPECT_TRUE(committer_->IsDurable(receipt.durable_after));
}

TEST_F(CommitterTest, WritersDuringASyncShareTheNextOneAndOnePost) {
  gate_.Close();
  RecordingQueue queue;
  int ok = 0;
  const auto add = [&](std::int64_t id) {
    const auto receipt = Apply(Statement(notes_).Insert(id, "v"));
    committer_->WhenDurable(receipt.durable_after, queue,
                            [&](const Status& status) { ok += status.ok(); });
  };
  add(0);
  gate_.AwaitSync();
  for (int i = 1; i <= 10; ++i) add(i);
  gate_.Open();
  EXPECT_EQ(queue.WaitForBatches(2), (std::vector<std::size_t>{1, 10}));
  EXPECT_EQ(ok, 11);
  EXPECT_EQ(committer_->stats().commits, 11u);
  // The second round is counted just after its acknowledgements went out.
  while (committer_->stats().rounds < 2) std::this_thread::yield();
  EXPECT_EQ(committer_->stats().rounds, 2u);
}

TEST_F(CommitterTest, WhatIsDurableAlreadyIsPostedAtOnce) {
  Done(Statement(notes_).Insert(1, "a"));
  RecordingQueue queue;
  bool ok = false;
  committer_->WhenDurable(SeqOf(1), queue, [&](const Status& status) { ok = status.ok(); });
  EXPECT_TRUE(ok);
}

TEST_F(CommitterTest, SubscribersAreToldAfterReadersAndBeforeWriters) {
  struct Sink final : ChangeSink {
    void OnDurable(const DurableSnapshotPtr& snapshot, std::span<const std::uint32_t>, std::uint64_t,
                   WrittenRecords&) override {
      story += "sink" + std::to_string(committer->Snapshot()->seq() == snapshot->seq()) +
               std::to_string(committer->IsDurable(snapshot->seq())) + " ";
    }
    Committer* committer = nullptr;
    std::string story;
  } sink;
  sink.committer = committer_.get();
  committer_->SetChangeSink(&sink);
  RecordingQueue queue;
  const auto receipt = Apply(Statement(notes_).Insert(1, "a"));
  committer_->WhenDurable(receipt.durable_after, queue,
                          [&](const Status&) { sink.story += "writer"; });
  queue.WaitForBatches(1);
  EXPECT_EQ(sink.story, "sink10 writer");
  committer_->SetChangeSink(nullptr);
}

TEST_F(CommitterTest, TheSinkHearsOfWatchedPartitionsOnlyAndOnceARound) {
  struct Sink final : ChangeSink {
    void OnDurable(const DurableSnapshotPtr&, std::span<const std::uint32_t> slots, std::uint64_t count,
                   WrittenRecords&) override {
      touched.insert(touched.end(), slots.begin(), slots.end());
      changes += count;
    }
    std::vector<std::uint32_t> touched;  // read after the writers were answered
    std::uint64_t changes = 0;           // the same
  } sink;
  committer_->SetChangeSink(&sink);
  Done(Statement(notes_).Insert(1, "nobody follows"));
  EXPECT_TRUE(sink.touched.empty());

  const std::uint32_t slot = ChangeInterest::SlotOf(PartitionPrefix(notes_.id, alice_));
  const Seq from = committer_->Watch(slot);
  EXPECT_EQ(from, committer_->Snapshot()->seq());
  Done(Statement(notes_).Insert(2, "a").Insert(3, "b"));
  EXPECT_EQ(sink.touched, std::vector<std::uint32_t>{slot});
  Done(Statement(notes_).Insert(4, "c"));
  EXPECT_EQ(sink.touched.size(), 2u);
  committer_->Unwatch(slot);
  Done(Statement(notes_).Insert(5, "d"));
  EXPECT_EQ(sink.touched.size(), 2u);
  EXPECT_EQ(sink.changes, 5u);
  committer_->SetChangeSink(nullptr);
}

TEST_F(CommitterTest, AFailedSyncFailsTheWaitingAndLaterWriters) {
  Done(Statement(notes_).Insert(1, "a"));
  gate_.Close();
  const auto receipt = Apply(Statement(notes_).Insert(2, "b"));
  RecordingQueue queue;
  std::optional<ErrorCode> code;
  committer_->WhenDurable(receipt.durable_after, queue, [&](const Status& status) {
    if (!status.ok()) code = status.error().code();
  });
  gate_.FailSync(EIO);
  gate_.Open();
  queue.WaitForBatches(1);
  EXPECT_EQ(code, ErrorCode::kUnavailable);
  EXPECT_EQ(committer_->WaitDurable(receipt.durable_after).error().code(), ErrorCode::kUnavailable);
  const auto later = Apply(Statement(notes_).Insert(3, "c"));
  ASSERT_FALSE(later.status.ok());
  EXPECT_EQ(later.status.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(Rows(), "1=a") << "readers keep what is durable";
}

TEST_F(CommitterTest, WritersOutlastAFullDiskThatIsCleared) {
  gate_.FailWrite(ENOSPC);
  const auto caught = Apply(Statement(notes_).Insert(1, "caught"));
  ASSERT_TRUE(caught.status.ok());
  // Once the sync has failed, writes are refused.
  WriteReceipt refused = Apply(Statement(notes_).Insert(1000, "x"));
  std::int64_t id = 1000;
  while (refused.status.ok()) refused = Apply(Statement(notes_).Insert(++id, "x"));
  EXPECT_EQ(refused.status.error().code(), ErrorCode::kIo);
  EXPECT_NE(refused.status.error().message().find("disk full"), std::string::npos);

  gate_.FailWrite(0);
  EXPECT_TRUE(committer_->WaitDurable(caught.durable_after).ok()) << "it waited, and it is kept";
  Done(Statement(notes_).Insert(5, "after"));
  Reopen();
  EXPECT_EQ(Rows({.lower = {}, .upper = Key(1000)}), "1=caught 5=after");
  EXPECT_EQ(Rows({.lower = Key(id), .upper = {}}), "") << "what was refused stays away";
}

TEST_F(CommitterTest, SeqsGoOnAboveAllEarlierOnesAfterRestart) {
  Done(Statement(notes_).Insert(1, "a"));
  const Seq written = SeqOf(1);
  const Seq shown = *committer_->ReserveIds(5000, Blocking::kAllowed);
  Reopen();
  EXPECT_GT(committer_->NextId(), committer_->AdvanceId(shown, 4999));
  EXPECT_EQ(SeqOf(1), written);
  EXPECT_EQ(Rows(), "1=a");
}

TEST_F(CommitterTest, IdsThatAreShownAtOnceAreLeasedDurably) {
  // What a second store would read if this process died now.
  const auto durable_lease = [&] {
    kv::PinnedValue value;
    EXPECT_EQ(*store_->Get(kv::Family::kMeta, "seq_lease", value,
                           {.snapshot = &committer_->Snapshot()->view()}),
              kv::ReadOutcome::kFound);
    return Seq(LoadLittleEndian<std::uint64_t>(value.view().data()));
  };
  for (const std::uint32_t count : {1u, 100u, 4096u * 3000, 1u}) {
    const Seq first = *committer_->ReserveIds(count, Blocking::kAllowed);
    EXPECT_GT(durable_lease(), committer_->AdvanceId(first, count - 1));
  }
}

TEST_F(CommitterTest, LoopsAreToldWhenTheLeaseHasRunOut) {
  EXPECT_EQ(*committer_->ReserveIds(1, Blocking::kNever), Seq(0)) << "a new store has none";
  EXPECT_NE(*committer_->ReserveIds(1, Blocking::kAllowed), Seq(0));
  EXPECT_NE(*committer_->ReserveIds(1, Blocking::kNever), Seq(0));
}

TEST_F(CommitterTest, DefinitionsAreOnDiskWhenTheWriteReturns) {
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, "k", "v");
  ASSERT_TRUE(committer_->WriteDurably(batch).ok());
  EXPECT_EQ(batch.count(), 1u) << "the caller's batch is untouched";
  kv::PinnedValue value;
  EXPECT_EQ(*store_->Get(kv::Family::kMeta, "k", value,
                         {.snapshot = &committer_->Snapshot()->view()}),
            kv::ReadOutcome::kFound);
}

class IntervalTest : public CommitterTest {
 protected:
  IntervalTest() {
    committer_options_ = {.mode = SyncMode::kInterval, .interval = std::chrono::milliseconds(20)};
    Reopen();
  }
};

TEST_F(IntervalTest, WritersAreAnsweredBeforeASyncThatIsDueAlready) {
  committer_options_.interval = std::chrono::milliseconds(0);
  Reopen();
  gate_.Close();
  Done(Statement(notes_).Insert(1, "a"));
  EXPECT_EQ(Rows(), "1=a");
  gate_.AwaitSync();
  gate_.Open();
  Reopen();
  EXPECT_EQ(Rows(), "1=a");
}

TEST_F(IntervalTest, WritersAreAnsweredBeforeTheSyncWhichFollowsByItself) {
  gate_.Close();
  Done(Statement(notes_).Insert(1, "a"));
  EXPECT_EQ(Rows(), "1=a");
  gate_.AwaitSync();  // with no further write to set it off
  gate_.Open();
  Reopen();
  EXPECT_EQ(Rows(), "1=a");
}

TEST(Completion, CarriesLargeAndMoveOnlyCaptures) {
  int sum = 0;
  std::array<int, 100> large{};
  large[99] = 5;
  auto owned = std::make_unique<int>(7);
  std::vector<Completion> all;
  all.emplace_back([&sum, large](const Status&) { sum += large[99]; });
  all.emplace_back([&sum, owned = std::move(owned)](const Status&) { sum += *owned; });
  for (int i = 0; i < 20; ++i) all.emplace_back([](const Status&) {});  // makes the vector move them
  for (auto& completion : all) completion(Status());
  EXPECT_EQ(sum, 12);
}

}  // namespace
}  // namespace kalam::table
