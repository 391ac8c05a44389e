#include "jobs/compaction.h"

#include "compaction_policy.h"
#include "flush_fixture.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace kalam::jobs {
namespace {

// --- which segments

std::shared_ptr<cold::Manifest::Entry> EntryOf(std::uint64_t id, std::uint64_t bytes, std::uint64_t rows = 1'000) {
  cold::Segment segment{.id = cold::SegmentId(id),
                        .storage_id = "local",
                        .file = cold::ObjectName::Parse("f").value(),
                        .bytes = bytes,
                        .sha256 = {},
                        .rows = rows,
                        .min_key = {},
                        .max_key = {},
                        .min_seq = {},
                        .max_seq = {}};
  segment.created_at = 1'000;
  return std::make_shared<cold::Manifest::Entry>(cold::Manifest::Entry{std::move(segment), nullptr, nullptr});
}

using Entries = std::vector<cold::Manifest::EntryPtr>;

std::vector<std::uint64_t> Picked(const Entries& entries,
                                  std::optional<TimestampMicros> expired = {}) {
  std::vector<std::uint64_t> ids;
  for (const auto& entry :
       PickSegments(cold::Manifest(1, entries), {.min_files = 4, .max_file_bytes = 100 << 20}, expired))
    ids.push_back(entry->segment.id.value());
  return ids;
}

TEST(CompactionPolicy, MergesFilesOfOneSize) {
  Entries entries = {EntryOf(1, 50 << 20), EntryOf(2, 5'000), EntryOf(3, 9'000'000),
                     EntryOf(4, 700), EntryOf(5, 900)};
  EXPECT_TRUE(Picked(entries).empty()) << "three small files are not enough";
  entries.push_back(EntryOf(6, 20'000));
  EXPECT_EQ(Picked(entries), (std::vector<std::uint64_t>{2, 4, 5, 6}));
}

TEST(CompactionPolicy, LeavesLargeFilesAlone) {
  Entries entries;
  for (std::uint64_t id = 1; id <= 8; ++id) entries.push_back(EntryOf(id, 40 << 20));
  EXPECT_TRUE(Picked(entries).empty()) << "four of them are more than max_file_bytes";
}

TEST(CompactionPolicy, RewritesAFileThatShowsFewOfItsRowsOrHasExpiredTombstones) {
  const auto first = EntryOf(1, 40 << 20, 6), second = EntryOf(2, 40 << 20, 6);
  const Entries entries = {first, second};
  first->hidden = std::make_shared<const cold::HiddenKeys>(cold::HiddenKeys{"a"});
  EXPECT_TRUE(Picked(entries).empty());
  first->hidden = std::make_shared<const cold::HiddenKeys>(cold::HiddenKeys{"a", "b"});
  EXPECT_EQ(Picked(entries), (std::vector<std::uint64_t>{1}));
  first->hidden = nullptr;
  second->segment.tombstones = 1;
  EXPECT_TRUE(Picked(entries, 1'000).empty());
  EXPECT_EQ(Picked(entries, 1'001), (std::vector<std::uint64_t>{2}));
}

// --- merging

using CompactionTest = ColdTierTest;

TEST_F(CompactionTest, ManyFilesBecomeOneAndTheirRowsStay) {
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(Insert("maya", round, "new").ok());
    if (round > 0) {
      ASSERT_EQ(Change("maya", round - 1, "changed").value(), 1u);
    }
    ASSERT_TRUE(Flush().ok());
  }
  ASSERT_EQ(Change("maya", 1, "", true).value(), 1u);
  const std::string before = Rows("maya");
  EXPECT_EQ(Manifest("maya")->entries().size(), 4u);
  const auto result = Compact();
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_NE(
      result->find("\"files_merged\":4,\"files_written\":1,\"rows_written\":4,\"rows_removed\":3"),
      std::string::npos)
      << *result;
  EXPECT_EQ(Manifest("maya")->entries().size(), 1u);
  EXPECT_EQ(Rows("maya"), before);
  EXPECT_EQ(Files().size(), 5u) << "readers may be at the old ones";
  Sweep();
  EXPECT_EQ(Files().size(), 1u);
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(Rows("maya"), before);
  Reopen();
  EXPECT_EQ(Rows("maya"), before);
  EXPECT_EQ(Insert("maya", 2, "again").error().code(), ErrorCode::kConstraint);
}

TEST_F(CompactionTest, ASnapshotFromBeforeReadsTheFilesOfItsTime) {
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(Insert("maya", round, "x").ok());
    ASSERT_TRUE(Flush().ok());
  }
  const auto snapshot = committer_->Snapshot();
  ASSERT_TRUE(Compact().ok());
  const TableDefPtr def = table();
  auto rows = reader_->Scan(snapshot, *def, User("maya"), {}, table::Direction::kForward,
                            table::Blocking::kAllowed);
  int count = 0;
  for (; rows.Valid(); rows.Next()) ++count;
  EXPECT_TRUE(rows.status().ok()) << rows.status().error().message();
  EXPECT_EQ(count, 4);
}

TEST_F(CompactionTest, TombstonesGoAfterTheirRetentionAndNothingComesBack) {
  ASSERT_TRUE(Insert("maya", 1, "old").ok());
  ASSERT_TRUE(Insert("maya", 2, "kept").ok());
  ASSERT_TRUE(Flush().ok());
  ASSERT_EQ(Change("maya", 1, "", true).value(), 1u);
  ASSERT_TRUE(Flush().ok());
  // This one never was cold.
  ASSERT_TRUE(Insert("noor", 7, "hot").ok());
  ASSERT_EQ(Change("noor", 7, "", true).value(), 1u);
  const TableCompactor compactor(MergeParts());
  JobContext context("job");
  clock_.Shift(std::chrono::hours(23));
  EXPECT_FALSE(compactor.NeedsCleanup(*table()).value());
  clock_.Shift(std::chrono::hours(2));
  EXPECT_TRUE(compactor.NeedsCleanup(*table()).value());
  EXPECT_EQ(HotRows("noor"), 1u);
  const auto result = compactor.Cleanup(id_, context);
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_NE(result->find("\"hot_rows_removed\":1"), std::string::npos) << *result;
  EXPECT_EQ(HotRows("noor"), 0u);
  EXPECT_EQ(Rows("maya"), "2=kept");
  EXPECT_FALSE(compactor.NeedsCleanup(*table()).value());
  Sweep();
  Reopen();
  EXPECT_EQ(Rows("maya"), "2=kept");
  EXPECT_TRUE(Insert("maya", 1, "anew").ok());
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(Rows("maya"), "1=anew 2=kept");
}

TEST_F(CompactionTest, AFileOfWhichNothingIsLeftGoes) {
  ASSERT_TRUE(Insert("maya", 1, "x").ok());
  ASSERT_EQ(Change("maya", 1, "", true).value(), 1u);
  ASSERT_TRUE(Flush().ok());
  clock_.Shift(std::chrono::hours(25));
  ASSERT_TRUE(Compact().ok());
  EXPECT_TRUE(Manifest("maya")->entries().empty());
  Sweep();
  EXPECT_TRUE(Files().empty());
  ASSERT_TRUE(Insert("maya", 1, "y").ok());
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(Rows("maya"), "1=y");
}

// --- files that nobody has

TEST_F(CompactionTest, WhatACrashLeftGoesButNotWhatAnotherPutThere) {
  ASSERT_TRUE(Insert("maya", 1, "x").ok());
  ASSERT_TRUE(Flush().ok());
  ASSERT_EQ(Files().size(), 1u);
  cold::Segment segment = Manifest("maya")->entries()[0]->segment;
  // The same bytes under another name: put, claimed, never published.
  const std::string orphan = Files()[0] + ".parquet";
  std::filesystem::copy_file(Files()[0], orphan);
  segment.file = cold::ObjectName::Parse(segment.file.text() + ".parquet").value();
  ASSERT_TRUE(garbage_->Claim(segment).ok());
  Sweep();
  EXPECT_EQ(Files().size(), 2u) << "it may still be published";
  EXPECT_EQ(garbage_->Claim(segment).error().code(), ErrorCode::kAlreadyExists) << "not before it is gone";
  Sweep();
  EXPECT_EQ(Files().size(), 2u) << "the refusal has not freed it";
  Reopen();
  // Somebody else's now.
  std::ofstream(orphan, std::ios::app) << "more";
  Sweep();
  EXPECT_EQ(Files().size(), 2u);

  std::filesystem::copy_file(Files()[0].size() < Files()[1].size() ? Files()[0] : Files()[1],
                             orphan, std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(garbage_->Claim(segment).ok());
  Reopen();
  Sweep();
  EXPECT_EQ(Files().size(), 1u);
  EXPECT_EQ(Rows("maya"), "1=x");
}

// A sweep looks at claims while flushes make, settle and forget theirs.
TEST_F(CompactionTest, ASweepTakesNoFileThatIsPublishedMeanwhile) {
  std::atomic<bool> stop = false;
  std::thread sweeper([&] {
    while (!stop) Sweep();
  });
  std::string expected;
  for (int id = 0; id < 150; ++id) {
    ASSERT_TRUE(Insert("maya", id, "x").ok());
    ASSERT_TRUE(Flush().ok());
    expected += (id == 0 ? "" : " ") + std::to_string(id) + "=x";
  }
  stop = true;
  sweeper.join();
  EXPECT_EQ(Files().size(), Manifest("maya")->entries().size());
  EXPECT_EQ(Rows("maya"), expected);
}

TEST_F(CompactionTest, AUserWhoIsRemovedMeanwhileStaysRemoved) {
  ASSERT_TRUE(Insert("maya", 1, "x").ok());
  const auto remove = [&] {
    kv::Batch batch;
    batch.DeletePrefix(kv::Family::kHot, PartitionPrefix(id_, User("maya")));
    EXPECT_TRUE(garbage_->AddAllOf(id_, "maya", clock_.NowMicros(), batch).ok());
    EXPECT_TRUE(committer_->WriteDurably(batch).ok());
  };
  for (const char* moment : {"flush: file stored", "flush: segment published"}) {
    ASSERT_TRUE(Flush([&](std::string_view place) -> Status {
                  if (place == moment) remove();
                  return {};
                }).ok());
    EXPECT_EQ(Rows("maya"), "") << moment;
    Sweep();
    EXPECT_TRUE(Files().empty()) << moment;
    ASSERT_TRUE(Insert("maya", 1, "again").ok());
  }
  for (int round = 2; round < 6; ++round) {
    ASSERT_TRUE(Insert("maya", round, "x").ok());
    ASSERT_TRUE(Flush().ok());
  }
  ASSERT_TRUE(Compact([&](std::string_view place) -> Status {
                if (place == "compaction: file stored") remove();
                return {};
              }).ok());
  EXPECT_EQ(Rows("maya"), "");
  Sweep();
  EXPECT_TRUE(Files().empty());
}

}  // namespace
}  // namespace kalam::jobs
