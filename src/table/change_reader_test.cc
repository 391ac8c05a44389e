#include "table/change_reader.h"

#include <algorithm>

#include "test_table.h"

namespace kalam::table {
namespace {

class ChangeReaderTest : public TableTest {
 protected:
  std::vector<Seq> SeqsAfter(Seq after, const UserId& user, kv::SnapshotPtr snapshot = nullptr) {
    ChangeReader changes(*store_, std::move(snapshot), PartitionPrefix(notes_.id, user), after);
    std::vector<Seq> seqs;
    while (true) {
      const auto change = changes.Next();
      EXPECT_TRUE(change.ok());
      if (!change.ok() || !*change) return seqs;
      seqs.push_back(RowSeq((*change)->row));
    }
  }

  int CountRecords() {
    const std::string prefix = TablePrefix(notes_.id);
    const auto it = store_->NewIterator(kv::Family::kLog, {.lower = prefix, .upper = PrefixSuccessor(prefix)});
    int records = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next()) ++records;
    return records;
  }

  const UserId bob_ = UserId::FromTrusted("bob");
};

// Statements of very different sizes, another user's in between; then from each seq on, and from those between.
TEST_F(ChangeReaderTest, ReadingResumesAtAnySeq) {
  const std::string body(1000, 'b');
  std::int64_t id = 0;
  for (const int rows : {1, 2, 200, 1, 65, 3}) {
    Statement statement(notes_);
    for (int i = 0; i < rows; ++i) statement.Insert(++id, body);
    Done(statement);
    ASSERT_TRUE(writer_->Apply(notes_, bob_, statement.changes(), Blocking::kAllowed).status.ok());
  }
  Done(Statement(notes_).Update(5, "new", SeqOf(5)).Delete(7, "", SeqOf(7)));
  EXPECT_LT(CountRecords(), 2 * 20) << "many changes a record";

  const std::vector<Seq> all = SeqsAfter(Seq(), alice_);
  ASSERT_EQ(all.size(), static_cast<std::size_t>(id) + 2);
  ASSERT_TRUE(std::ranges::is_sorted(all));
  EXPECT_EQ(SeqsAfter(Seq(), bob_).size(), static_cast<std::size_t>(id));
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(SeqsAfter(all[i], alice_), std::vector<Seq>(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end()));
    EXPECT_EQ(SeqsAfter(Seq(all[i].value() - 1), alice_),
              std::vector<Seq>(all.begin() + static_cast<std::ptrdiff_t>(i), all.end()));
  }
}

TEST_F(ChangeReaderTest, ASnapshotShowsWholeCommitsUpToItsSeq) {
  Done(Statement(notes_).Insert(1, "a").Insert(2, "b"));
  const auto snapshot = committer_->Snapshot();
  Done(Statement(notes_).Insert(3, "c"));
  EXPECT_EQ(SeqsAfter(Seq(), alice_, snapshot->view_ptr()).size(), 2u);
  EXPECT_EQ(SeqsAfter(Seq(), alice_, snapshot->view_ptr()).back(), snapshot->seq());
  EXPECT_EQ(SeqsAfter(snapshot->seq(), alice_).size(), 1u);
}

TEST_F(ChangeReaderTest, ALargeStatementBecomesSeveralRecords) {
  Statement statement(notes_);
  for (int i = 0; i < 100; ++i) statement.Insert(i, std::string(10'000, 'x'));
  Done(statement);
  EXPECT_GE(CountRecords(), static_cast<int>(100 * 10'000 / (kChangeRecordBytes + 20'000)));
  EXPECT_EQ(ReplayLog(*store_, notes_, alice_), HotRows(*store_, notes_, alice_));
}

TEST_F(ChangeReaderTest, ADamagedRecordIsAnError) {
  Done(Statement(notes_).Insert(1, "a"));
  kv::Batch damage;
  std::string key = PartitionPrefix(notes_.id, alice_);
  AppendBigEndian(key, SeqOf(1).value() + 1);
  damage.Put(kv::Family::kLog, key, "no change");
  ASSERT_TRUE(store_->Write(damage).ok());
  ChangeReader changes(*store_, nullptr, PartitionPrefix(notes_.id, alice_), Seq());
  EXPECT_TRUE(changes.Next().ok());
  const auto next = changes.Next();
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code(), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace kalam::table
