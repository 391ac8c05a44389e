#include "table/written_records.h"

#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "committer_fixture.h"
#include "model/row_codec.h"
#include "table/change_interest.h"
#include "table/change_reader.h"

namespace kalam::table {
namespace {

// As seq:key|row|old row.
template <typename Source>
std::string All(Source source) {
  std::string all;
  while (true) {
    const auto change = source.Next();
    EXPECT_TRUE(change.ok());
    if (!change.ok() || !*change) return all;
    const ChangeRecord& at = **change;
    all += std::to_string(RowSeq(at.row).value()) + ":" + std::string(at.key) + "|" + std::string(at.row) + "|" +
           std::string(at.old_row) + "\n";
  }
}

std::string Key(const std::string& partition, std::uint64_t seq) {
  std::string key = partition;
  AppendBigEndian(key, seq);
  return key;
}

TEST(WrittenRecords, BeyondItsBoundItIsEmptyAndSaysSo) {
  WrittenRecords records;
  records.Add(Key("p", 1), std::string(WrittenRecords::kMaxBytes / 2, 'x'));
  EXPECT_TRUE(records.complete());
  records.Add(Key("p", 2), std::string(WrittenRecords::kMaxBytes / 2, 'x'));
  EXPECT_FALSE(records.complete());
  EXPECT_TRUE(records.empty());
  records.Add(Key("p", 3), "x");
  EXPECT_TRUE(records.empty()) << "what came before is missing";

  WrittenRecords mail;
  mail.Add(Key("p", 0), "x");
  mail.Take(records);
  EXPECT_FALSE(mail.complete());
  EXPECT_TRUE(records.complete()) << "it begins anew";
  WrittenRecords more;
  more.Add(Key("p", 4), "x");
  mail.Take(more);
  EXPECT_FALSE(mail.complete());
  mail.Clear();
  EXPECT_TRUE(mail.complete());
}

class WrittenRecordsTest : public CommitterTest {
 protected:
  struct Sink final : ChangeSink {
    void OnDurable(const DurableSnapshotPtr& snapshot, std::span<const std::uint32_t>, std::uint64_t,
                   WrittenRecords& records) override {
      all.Take(records);
      upto = snapshot;
    }
    WrittenRecords all;  // read after the writers were answered
    DurableSnapshotPtr upto;
  };
};

// What the sink is told of a watched partition is what the log has, byte by byte.
TEST_F(WrittenRecordsTest, AreWhatTheLogHas) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const UserId users[] = {UserId::FromTrusted("alice"), UserId::FromTrusted("alic"), UserId::FromTrusted("bob"),
                          UserId::FromTrusted("carol")};
  Sink sink;
  committer_->SetChangeSink(&sink);
  for (int i = 0; i < 3; ++i) committer_->Watch(ChangeInterest::SlotOf(PartitionPrefix(notes_.id, users[i])));
  Seq after = committer_->Snapshot()->seq();
  for (int round = 0; round < 30; ++round) {
    for (auto commits = 1 + random() % 6; commits > 0; --commits) {
      Statement statement(notes_);
      for (auto rows = 1 + random() % 5; rows > 0; --rows) {
        statement.Insert(static_cast<std::int64_t>(round * 1000 + commits * 10 + rows),
                         std::string(random() % 300, 'b'));
      }
      ASSERT_TRUE(writer_->Apply(notes_, users[random() % 4], statement.changes(), Blocking::kAllowed).status.ok());
    }
    ASSERT_TRUE(committer_->WaitDurable(committer_->LatestSnapshot()->seq()).ok());
    ASSERT_TRUE(sink.all.complete());
    for (const UserId& user : users) {
      const std::string partition = PartitionPrefix(notes_.id, user);
      const std::string told = All(sink.all.Of(partition));
      EXPECT_EQ(told, &user == &users[3] ? "" : All(ChangeReader(*store_, sink.upto->view_ptr(), partition, after)));
    }
    after = sink.upto->seq();
    sink.all.Clear();
  }
  committer_->SetChangeSink(nullptr);
}

// A round that fails keeps them for the one that works.
TEST_F(WrittenRecordsTest, OutlastAFullDisk) {
  Sink sink;
  committer_->SetChangeSink(&sink);
  const std::string partition = PartitionPrefix(notes_.id, alice_);
  const Seq after = committer_->Watch(ChangeInterest::SlotOf(partition));
  gate_.FailWrite(ENOSPC);
  const auto caught = Apply(Statement(notes_).Insert(1, "caught"));
  ASSERT_TRUE(caught.status.ok());
  while (!store_->needs_recovery()) std::this_thread::yield();
  gate_.FailWrite(0);
  ASSERT_TRUE(committer_->WaitDurable(caught.durable_after).ok());
  EXPECT_EQ(All(sink.all.Of(partition)), All(ChangeReader(*store_, sink.upto->view_ptr(), partition, after)));
  EXPECT_NE(All(sink.all.Of(partition)), "");
  committer_->SetChangeSink(nullptr);
}

}  // namespace
}  // namespace kalam::table
