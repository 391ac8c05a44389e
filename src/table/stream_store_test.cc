#include "table/stream_store.h"

#include <random>
#include <thread>

#include "test_table.h"

namespace kalam::table {
namespace {

class StreamStoreTest : public TableTest {
 protected:
  StreamStoreTest() {
    stream_.kind = TableKind::kStream;
    stream_.ttl_seconds = 10;
    Restart({});
  }

  void Restart(StreamOptions options) {
    streams_ = std::make_unique<StreamStore>(*committer_, manual_clock_, options);
  }

  WriteReceipt Write(const Statement& statement) {
    return streams_->Apply(stream_, statement.changes(), Blocking::kAllowed);
  }
  void Insert(std::int64_t id, std::string_view body = "v") {
    const auto receipt = Write(Statement(stream_).Insert(id, body));
    ASSERT_TRUE(receipt.status.ok()) << receipt.status.error().message();
    EXPECT_EQ(receipt.affected_rows, 1u);
    EXPECT_EQ(receipt.durable_after, Seq(0));
  }
  Seq SeqOf(std::int64_t id) {
    Seq seq;
    EXPECT_TRUE(streams_->Get(stream_, Key(id), [&](std::string_view row) { seq = RowSeq(row); }));
    return seq;
  }
  std::string Show(StreamScan scan) {
    std::string text;
    Seq last;
    while (scan.Next()) {
      const RowView row(stream_.layout, scan.row());
      EXPECT_LT(last, row.seq());
      last = row.seq();
      EXPECT_EQ(scan.key(), Key(row.column(0).int_value()));
      if (!text.empty()) text += ' ';
      text += std::to_string(row.column(0).int_value());
      text += '=';
      text += row.column(1).text();
    }
    return text;
  }
  std::string Rows() { return Show(streams_->Scan(stream_)); }

  TableDef stream_ = MakeNotes();
  ManualClock manual_clock_;
  std::unique_ptr<StreamStore> streams_;
};

TEST_F(StreamStoreTest, RowsComeInTheOrderTheyWereWritten) {
  EXPECT_EQ(Rows(), "");
  Insert(3, "c");
  Insert(1, "a");
  EXPECT_EQ(Rows(), "3=c 1=a");
}

TEST_F(StreamStoreTest, LiveKeysAreUnique) {
  Insert(1, "a");
  const auto receipt = Write(Statement(stream_).Insert(2, "b").Insert(1, "x"));
  ASSERT_FALSE(receipt.status.ok());
  EXPECT_EQ(receipt.status.error().message(), "duplicate key value violates primary key \"id\"");
  EXPECT_FALSE(Write(Statement(stream_).Insert(5, "x").Insert(5, "y")).status.ok());
  EXPECT_EQ(Rows(), "1=a");
}

TEST_F(StreamStoreTest, ExpiredRowsAreGoneAndFreeTheirKey) {
  Insert(1, "old");
  manual_clock_.Advance(std::chrono::seconds(9));
  Insert(2, "young");
  EXPECT_EQ(Rows(), "1=old 2=young");
  manual_clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Rows(), "2=young");
  EXPECT_FALSE(streams_->Get(stream_, Key(1), [](std::string_view) {}));
  Insert(1, "new");
  EXPECT_EQ(Rows(), "2=young 1=new");
}

TEST_F(StreamStoreTest, MemoryOfExpiredRowsIsGivenBackInTheBackground) {
  Restart({.eviction_interval = std::chrono::milliseconds(1)});
  for (int i = 0; i < 1000; ++i) Insert(i);
  EXPECT_EQ(streams_->usage(stream_.id).rows, 1000u);
  manual_clock_.Advance(std::chrono::seconds(11));
  while (streams_->usage(stream_.id).rows > 0) std::this_thread::yield();
  EXPECT_EQ(streams_->usage(stream_.id).bytes, 0u);
  Insert(1, "again");
  EXPECT_EQ(Rows(), "1=again");
}

TEST_F(StreamStoreTest, TheOldestRowsGiveWayBeyondMaxBuffer) {
  stream_.max_buffer = 3;
  for (int i = 1; i <= 5; ++i) Insert(i);
  EXPECT_EQ(Rows(), "3=v 4=v 5=v");
  Insert(1, "free again");
  EXPECT_EQ(Rows(), "4=v 5=v 1=free again");
}

TEST_F(StreamStoreTest, BytesAreBounded) {
  Restart({.max_table_bytes = 100'000});
  for (int i = 0; i < 500; ++i) {
    Insert(i, std::string(1000, 'b'));
    EXPECT_LE(streams_->usage(stream_.id).bytes, 100'000u);
  }
  EXPECT_GT(streams_->usage(stream_.id).rows, 50u);
  EXPECT_TRUE(streams_->Get(stream_, Key(499), [](std::string_view) {}));
}

TEST_F(StreamStoreTest, UpdatesMoveToTheEndAndDeletesAreHard) {
  Insert(1, "a");
  Insert(2, "b");
  Insert(3, "c");
  const Seq old = SeqOf(1);
  ASSERT_TRUE(Write(Statement(stream_).Update(1, "a2", old)).status.ok());
  ASSERT_TRUE(Write(Statement(stream_).Delete(2, "b", SeqOf(2))).status.ok());
  EXPECT_EQ(Rows(), "3=c 1=a2");
  const auto late = Write(Statement(stream_).Update(1, "x", old));
  ASSERT_FALSE(late.status.ok());
  EXPECT_EQ(late.status.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(streams_->usage(stream_.id).rows, 2u);
}

TEST_F(StreamStoreTest, AScanIsAMomentWhateverHappensMeanwhile) {
  for (int i = 0; i < 300; ++i) Insert(i, "v");
  auto scan = streams_->Scan(stream_);
  const std::string before = Rows();
  ASSERT_TRUE(Write(Statement(stream_).Delete(5, "v", SeqOf(5))).status.ok());
  ASSERT_TRUE(Write(Statement(stream_).Update(6, "changed", SeqOf(6))).status.ok());
  stream_.max_buffer = 10;
  Insert(1000);
  manual_clock_.Advance(std::chrono::seconds(100));
  EXPECT_EQ(Show(std::move(scan)), before);
}

// A follower misses nothing that happens to rows between two looks, and can go back as far as no row was evicted.
TEST_F(StreamStoreTest, ChangesAreKeptForAFollower) {
  const auto text = [&](const StreamChanges& changes) {
    std::string all = changes.complete ? "" : "incomplete ";
    Seq last;
    for (const StreamChange& change : changes.changes) {
      EXPECT_GT(change.seq, last);
      last = change.seq;
      all += (change.op == ChangeOp::kInsert ? "+" : change.expired ? "x" : "-") + Body(stream_, change.row()) + " ";
    }
    return all;
  };
  Insert(1, "a");
  const Seq begin = streams_->Watch(stream_, true);
  stream_.max_buffer = 2;
  Insert(2, "b");
  Insert(3, "c");  // the first one leaves
  EXPECT_EQ(text(streams_->ChangesSince(stream_, begin)), "+b +c ");
  EXPECT_EQ(text(streams_->TakeChanges(stream_.id)), "+b +c xa ");
  EXPECT_EQ(text(streams_->TakeChanges(stream_.id)), "");
  Insert(4, "d");
  Insert(5, "e");
  EXPECT_EQ(text(streams_->TakeChanges(stream_.id)), "+d xb +e xc ");
  EXPECT_EQ(text(streams_->ChangesSince(stream_, begin)), "incomplete ");
  streams_->Unwatch(stream_.id);
  Insert(6, "f");
  EXPECT_EQ(text(streams_->TakeChanges(stream_.id)), "");
}

TEST_F(StreamStoreTest, DroppedTablesAreEmptyAndTakeNoRows) {
  Insert(1);
  streams_->Drop(stream_.id);
  EXPECT_EQ(Rows(), "");
  const auto receipt = Write(Statement(stream_).Insert(2, "late"));
  ASSERT_FALSE(receipt.status.ok());
  EXPECT_EQ(receipt.status.error().code(), ErrorCode::kNotFound);
}

TEST_F(StreamStoreTest, LoopsAreToldWhenIdsMustBeLeasedFirst) {
  const Statement statement = Statement(stream_).Insert(1, "a");
  const auto changes = statement.changes();
  EXPECT_TRUE(streams_->Apply(stream_, changes, Blocking::kNever).would_block);
  EXPECT_TRUE(streams_->Apply(stream_, changes, Blocking::kAllowed).status.ok());
  const Statement second = Statement(stream_).Insert(2, "b");
  const auto more = second.changes();
  EXPECT_TRUE(streams_->Apply(stream_, more, Blocking::kNever).status.ok());
}

TEST_F(StreamStoreTest, WritersScansAndEvictionRunTogether) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Restart({.eviction_interval = std::chrono::milliseconds(1)});
  stream_.max_buffer = 500;
  std::atomic<bool> done{false};
  std::thread scanner([&] {
    while (!done) {
      auto scan = streams_->Scan(stream_);
      std::map<std::string, int> keys;
      while (scan.Next()) EXPECT_EQ(++keys[std::string(scan.key())], 1) << "a key twice";
      EXPECT_LE(keys.size(), 500u);
      manual_clock_.Advance(std::chrono::milliseconds(100));
    }
  });
  std::vector<std::thread> writers;
  for (unsigned t = 0; t < 3; ++t) {
    writers.emplace_back([&, t] {
      std::mt19937 random(seed + t);
      for (int i = 0; i < 3000; ++i) {
        const auto id = static_cast<std::int64_t>(random() % 800);
        Seq seq;
        Statement statement(stream_);
        if (streams_->Get(stream_, Key(id), [&](std::string_view row) { seq = RowSeq(row); })) {
          if (random() % 2 == 0) {
            statement.Update(id, "updated", seq);
          } else {
            statement.Delete(id, "v", seq);
          }
        } else {
          statement.Insert(id, "v");
        }
        (void)streams_->Apply(stream_, statement.changes(), Blocking::kAllowed);  // may conflict
      }
    });
  }
  for (auto& writer : writers) writer.join();
  done = true;
  scanner.join();
  manual_clock_.Advance(std::chrono::seconds(100));
  while (streams_->usage(stream_.id).bytes > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace kalam::table
