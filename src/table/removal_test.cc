// Hot rows that a segment has go, but for those that were written since it was made.

#include <random>
#include <set>

#include "table/change_recording.h"
#include "test_table.h"

namespace kalam::table {
namespace {

class RemovalTest : public TableTest {
 protected:
  std::unique_ptr<ChangeRecording> Record(std::size_t max_keys = 1'000) {
    return committer_->Record(PartitionPrefix(notes_.id, alice_), max_keys);
  }
  std::vector<Writer::FlushedRow> RowsOf(const ChangeRecording& recording) {
    std::vector<Writer::FlushedRow> rows;
    auto cursor = Reader(*store_).ScanHot(recording.snapshot(), notes_, alice_);
    for (; cursor.Valid(); cursor.Next()) rows.push_back({std::string(cursor.key()), cursor.row().seq()});
    return rows;
  }
  // How many pieces it took.
  int Remove(const ChangeRecording& recording, const std::vector<Writer::FlushedRow>& rows) {
    int pieces = 0;
    for (auto rest = std::span(rows); !rest.empty(); ++pieces) {
      rest = rest.subspan(writer_->RemoveFlushed(notes_, alice_, recording, rest).value());
    }
    return pieces;
  }
  std::set<std::int64_t> HotIds() {
    std::set<std::int64_t> ids;
    auto cursor = Reader(*store_).ScanHot(committer_->LatestSnapshot(), notes_, alice_);
    for (; cursor.Valid(); cursor.Next()) ids.insert(cursor.row().column(0).int_value());
    return ids;
  }
  Status Write(std::int64_t id, bool erase) {
    return writer_->Mutate(notes_, alice_, Key(id),
                           [&](std::string_view, std::string& row) -> Result<bool> {
                             row = Row(notes_, id, "new", erase);
                             return true;
                           },
                           Blocking::kAllowed).status;
  }
};

TEST_F(RemovalTest, AMillionRowsGoAtOnceWhenNobodyWritesMeanwhile) {
  Statement statement(notes_);
  for (int id = 0; id < 5'000; ++id) statement.Insert(id, "old");
  Done(statement);
  const auto recording = Record();
  EXPECT_EQ(Remove(*recording, RowsOf(*recording)), 1);
  EXPECT_TRUE(HotIds().empty());
}

TEST_F(RemovalTest, WhatWasWrittenSinceStays) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 40; ++round) {
    const auto pick = [&](int n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); };
    Statement statement(notes_);
    const int rows = round % 2 == 0 ? 300 : 4'000;
    const auto there = HotIds();
    for (int id = 0; id < rows; ++id) {
      if (!there.contains(id * 2)) statement.Insert(id * 2, "old");
    }
    if (!statement.changes().empty()) Done(statement);
    const auto recording = Record();
    const auto flushed = RowsOf(*recording);
    std::set<std::int64_t> expected;
    for (auto n = pick(20); n > 0; --n) {
      const std::int64_t id = pick(rows * 2 + 10);  // odd ones are new
      // One that an earlier round has deleted cannot be deleted again: nothing would be written.
      const bool erase = id % 2 == 0 && id < rows * 2 && !there.contains(id) && !expected.contains(id) && pick(3) == 0;
      ASSERT_TRUE(Write(id, erase).ok());
      expected.insert(id);
    }
    Remove(*recording, flushed);
    EXPECT_EQ(HotIds(), expected) << "in round " << round;
  }
}

TEST_F(RemovalTest, OtherPartitionsAreNotRecorded) {
  Done(Statement(notes_).Insert(1, "old").Insert(2, "old"));
  const auto recording = Record(1);
  const auto rows = RowsOf(*recording);
  const UserId bob = UserId::FromTrusted("bob");
  for (int id = 0; id < 5; ++id) {
    const std::string key = Key(id), row = Row(notes_, id, "v");
    const RowChange change{.op = ChangeOp::kInsert, .key = key, .row = row, .expected = {}};
    ASSERT_TRUE(writer_->Apply(notes_, bob, {&change, 1}, Blocking::kAllowed).status.ok());
  }
  Remove(*recording, rows);
  EXPECT_TRUE(HotIds().empty());
}

TEST_F(RemovalTest, MoreChangesThanAreRecordedAreSaid) {
  Done(Statement(notes_).Insert(1, "old").Insert(2, "old").Insert(3, "old"));
  const auto recording = Record(1);
  const auto rows = RowsOf(*recording);
  ASSERT_TRUE(Write(1, false).ok());
  ASSERT_TRUE(Write(2, false).ok());
  EXPECT_EQ(writer_->RemoveFlushed(notes_, alice_, *recording, rows).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(HotIds().size(), 3u);
  ASSERT_TRUE(writer_->RemoveFlushed(notes_, alice_, rows).ok());
  EXPECT_EQ(HotIds(), (std::set<std::int64_t>{1, 2}));
}

}  // namespace
}  // namespace kalam::table
