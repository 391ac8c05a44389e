#include "table/writer.h"

#include <deque>
#include <thread>

#include "model/row_upgrade.h"
#include "model/schema_change.h"
#include "test_table.h"

namespace kalam::table {
namespace {

class WriterTest : public TableTest {
 protected:
  void ExpectDuplicate(const WriteReceipt& receipt) {
    ASSERT_FALSE(receipt.status.ok());
    EXPECT_EQ(receipt.status.error().code(), ErrorCode::kConstraint);
    EXPECT_EQ(receipt.status.error().message(),
              "duplicate key value violates primary key \"id\"");
    EXPECT_EQ(receipt.affected_rows, 0u);
  }
};

TEST_F(WriterTest, InsertedRowsAreReadInKeyOrderWithAscendingSeqs) {
  Done(Statement(notes_).Insert(3, "c").Insert(-1, "a").Insert(2, "b"));
  EXPECT_EQ(Rows(), "-1=a 2=b 3=c");
  EXPECT_LT(SeqOf(3), SeqOf(-1)) << "the statement's order";
  EXPECT_LT(SeqOf(-1), SeqOf(2));
  EXPECT_EQ(committer_->Snapshot()->seq(), SeqOf(2));
}

TEST_F(WriterTest, DuplicateKeyRefusesTheWholeStatement) {
  Done(Statement(notes_).Insert(2, "first"));
  const auto receipt = Apply(Statement(notes_).Insert(1, "x").Insert(2, "second").Insert(3, "x"));
  ExpectDuplicate(receipt);
  EXPECT_EQ(receipt.durable_after, SeqOf(2)) << "the answer waits for the row it speaks of";
  EXPECT_EQ(Rows(), "2=first");
}

TEST_F(WriterTest, DuplicateWithinAStatementIsRefused) {
  ExpectDuplicate(Apply(Statement(notes_).Insert(1, "x").Insert(1, "y")));
  EXPECT_EQ(Rows(), "");
}

TEST_F(WriterTest, LargeInsertsFindDuplicatesAnywhereInTheirRange) {
  Done(Statement(notes_).Insert(500, "taken"));
  Statement overlapping(notes_);
  for (int i = 0; i < 1000; i += 2) overlapping.Insert(i, "x");
  ExpectDuplicate(Apply(overlapping));
  Statement between(notes_);
  for (int i = 1; i < 1000; i += 2) between.Insert(i, "x");
  Done(between);
  Statement beyond(notes_);
  for (int i = 2000; i > 1000; --i) beyond.Insert(i, "x");
  Done(beyond);
  EXPECT_EQ(HotRows(*store_, notes_, alice_).size(), 1501u);
}

TEST_F(WriterTest, PartitionsAndTablesDoNotMeet) {
  Done(Statement(notes_).Insert(1, "alice's"));
  const TableDef other = MakeNotes(8);
  const Statement statement = Statement(notes_).Insert(1, "x");
  const auto changes = statement.changes();
  EXPECT_TRUE(writer_->Apply(notes_, UserId::FromTrusted("alicea"), changes, Blocking::kAllowed)
                  .status.ok());
  EXPECT_TRUE(writer_->Apply(notes_, UserId::FromTrusted("alic"), changes, Blocking::kAllowed)
                  .status.ok());
  EXPECT_TRUE(writer_->Apply(other, alice_, changes, Blocking::kAllowed).status.ok());
  EXPECT_EQ(Rows(), "1=alice's");
}

TEST_F(WriterTest, DeletedRowsStayAsTombstonesAndFreeTheirKey) {
  Done(Statement(notes_).Insert(1, "a"));
  Done(Statement(notes_).Delete(1, "a", SeqOf(1)));
  EXPECT_EQ(Rows(), "1=a!");
  Done(Statement(notes_).Insert(1, "again"));
  EXPECT_EQ(Rows(), "1=again");
  EXPECT_EQ(ReplayLog(*store_, notes_, alice_), HotRows(*store_, notes_, alice_));
}

TEST_F(WriterTest, InsertsOverTombstonesHaveThemAsTheirOldRows) {
  for (const int rows : {5, 40}) {  // looked up one by one; after one look at the range
    Statement first(notes_);
    for (int i = 0; i < rows; i += 2) first.Insert(1000 * rows + i, "a");
    Done(first);
    Statement removal(notes_);
    for (int i = 0; i < rows; i += 4) removal.Delete(1000 * rows + i, "a", SeqOf(1000 * rows + i));
    Done(removal);
    Statement again(notes_);
    for (int i = rows - 1; i >= 0; --i) {
      if (i % 4 != 2) again.Insert(1000 * rows + i, "b");
    }
    Done(again);
  }
  EXPECT_EQ(ReplayLog(*store_, notes_, alice_), HotRows(*store_, notes_, alice_));
}

TEST_F(WriterTest, ChangeComputedFromAnOldVersionIsAConflict) {
  Done(Statement(notes_).Insert(1, "a").Insert(2, "b"));
  const Seq old = SeqOf(1);
  Done(Statement(notes_).Update(1, "a2", old));
  for (const auto& late : {Statement(notes_).Update(2, "x", SeqOf(2)).Update(1, "x", old),
                           Statement(notes_).Delete(1, "x", old)}) {
    const auto receipt = Apply(late);
    ASSERT_FALSE(receipt.status.ok());
    EXPECT_EQ(receipt.status.error().code(), ErrorCode::kConflict);
    EXPECT_GE(receipt.durable_after, SeqOf(1));
  }
  EXPECT_EQ(Rows(), "1=a2 2=b");
}

TEST_F(WriterTest, KeysMayMoveOntoEachOther) {
  Done(Statement(notes_).Insert(1, "a").Insert(2, "b"));
  // UPDATE notes SET id = id + 1
  Done(Statement(notes_)
           .Delete(1, "a", SeqOf(1))
           .Insert(2, "a")
           .Delete(2, "b", SeqOf(2))
           .Insert(3, "b"));
  EXPECT_EQ(Rows(), "1=a! 2=a 3=b");
  EXPECT_EQ(ReplayLog(*store_, notes_, alice_), HotRows(*store_, notes_, alice_));
}

TEST_F(WriterTest, MovingAKeyOntoAnotherRowIsADuplicate) {
  Done(Statement(notes_).Insert(1, "a").Insert(2, "b"));
  ExpectDuplicate(Apply(Statement(notes_).Delete(1, "a", SeqOf(1)).Insert(2, "a")));
  EXPECT_EQ(Rows(), "1=a 2=b");
}

// What a transaction hands over; `base` as it would have seen it.
struct Staged {
  ChangeOp op;
  std::int64_t id;
  std::string body;
  Seq base;
};

class TransactionCommitTest : public WriterTest {
 protected:
  WriteReceipt Commit(const TableDef& second, const std::vector<Staged>& first_rows,
                      const std::vector<Staged>& second_rows) {
    std::deque<std::string> bytes;
    std::vector<StagedChange> changes;
    const auto add = [&](const TableDef& table, const UserId& user, const std::vector<Staged>& rows) {
      for (const Staged& row : rows) {
        const std::string& key = bytes.emplace_back(Key(row.id));
        const std::string& encoded =
            bytes.emplace_back(Row(table, row.id, row.body, row.op == ChangeOp::kDelete));
        changes.push_back({&table, user.text(), row.op, key, encoded, row.base});
      }
    };
    add(notes_, alice_, first_rows);
    add(second, UserId(), second_rows);
    auto receipt = writer_->ApplyAll(changes);
    EXPECT_TRUE(committer_->WaitDurable(receipt.durable_after).ok());
    return receipt;
  }
};

TEST_F(TransactionCommitTest, SeveralTablesAreOneContiguousCommit) {
  const TableDef other = MakeNotes(8);
  Done(Statement(notes_).Insert(1, "a").Insert(2, "b"));
  const auto before = committer_->stats().commits;
  const auto receipt = Commit(other,
                              {{ChangeOp::kUpdate, 1, "a2", SeqOf(1)},
                               {ChangeOp::kDelete, 2, "b", SeqOf(2)},
                               {ChangeOp::kInsert, 3, "c", Seq()}},
                              {{ChangeOp::kInsert, 1, "x", Seq()}});
  ASSERT_TRUE(receipt.status.ok());
  EXPECT_EQ(receipt.affected_rows, 4u);
  EXPECT_EQ(committer_->stats().commits, before + 1);
  EXPECT_EQ(Rows(), "1=a2 2=b! 3=c");
  EXPECT_EQ(receipt.durable_after.value() - SeqOf(1).value(), 3u) << "seqs follow each other";
  EXPECT_EQ(ReplayLog(*store_, notes_, alice_), HotRows(*store_, notes_, alice_));
  EXPECT_EQ(ReplayLog(*store_, other, UserId()), HotRows(*store_, other, UserId()));
  EXPECT_EQ(HotRows(*store_, other, UserId()).size(), 1u);
}

TEST_F(TransactionCommitTest, TheFirstCommitterWins) {
  const TableDef other = MakeNotes(8);
  Done(Statement(notes_).Insert(1, "a").Insert(2, "b"));
  const Seq seen = SeqOf(1);
  Done(Statement(notes_).Update(1, "faster", seen));
  Done(Statement(notes_).Delete(2, "b", SeqOf(2)));
  Done(Statement(notes_).Insert(5, "faster"));
  const std::vector<Staged> losers = {{ChangeOp::kUpdate, 1, "late", seen},
                                      {ChangeOp::kInsert, 5, "late", Seq()},
                                      {ChangeOp::kInsert, 2, "late", Seq()}};
  for (const Staged& loser : losers) {
    const auto receipt = Commit(other, {{ChangeOp::kInsert, 9, "x", Seq()}, loser},
                                {{ChangeOp::kInsert, 1, "x", Seq()}});
    ASSERT_FALSE(receipt.status.ok());
    EXPECT_EQ(receipt.status.error().code(), ErrorCode::kConflict);
    EXPECT_GE(receipt.durable_after, SeqOf(loser.id)) << "the answer waits for the row it speaks of";
  }
  EXPECT_EQ(Rows(), "1=faster 2=b! 5=faster");
  EXPECT_TRUE(HotRows(*store_, other, UserId()).empty());
  EXPECT_TRUE(Commit(other, {{ChangeOp::kInsert, 2, "b3", SeqOf(2)}}, {}).status.ok())
      << "over the tombstone that it saw";
  EXPECT_EQ(ReplayLog(*store_, notes_, alice_), HotRows(*store_, notes_, alice_));
}

TEST_F(TransactionCommitTest, ADroppedTableIsAConflict) {
  const TableDef other = MakeNotes(8);
  const std::string prefix = TablePrefix(other.id);
  ASSERT_TRUE(committer_->WriteAndDropPrefixes(kv::Batch(), std::span(&prefix, 1)).ok());
  const auto receipt = Commit(other, {{ChangeOp::kInsert, 9, "x", Seq()}}, {{ChangeOp::kInsert, 1, "x", Seq()}});
  ASSERT_FALSE(receipt.status.ok());
  EXPECT_EQ(receipt.status.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(Rows(), "");
}

TEST_F(WriterTest, TheLatestStateHasWhatIsNotDurableYet) {
  const auto receipt = Apply(Statement(notes_).Insert(1, "a"));
  const auto latest = committer_->LatestSnapshot();
  EXPECT_EQ(latest->seq(), receipt.durable_after);
  FoundRow value;
  const auto found = Reader(*store_).Get(*latest, notes_, alice_, Key(1), value, Blocking::kAllowed);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, RowLookup::kFound);
}

TEST_F(WriterTest, MutateSeesTheLatestStateAndSaysWhatItDid) {
  const auto set = [&](std::string_view body, bool deleted = false) {
    return [this, body, deleted](std::string_view, std::string& row) -> Result<bool> {
      row = Row(notes_, 1, body, deleted);
      return true;
    };
  };
  const auto mutate = [&](const MutateFn& decide) {
    const auto receipt = writer_->Mutate(notes_, alice_, Key(1), decide, Blocking::kAllowed);
    EXPECT_TRUE(receipt.status.ok());
    return receipt.affected_rows;
  };
  EXPECT_EQ(mutate(set("x", /*deleted=*/true)), 0u) << "nothing to delete";
  EXPECT_EQ(mutate(set("a")), 1u);
  EXPECT_EQ(mutate([&](std::string_view latest, std::string& row) -> Result<bool> {
              EXPECT_EQ(Body(notes_, latest), "a") << "not durable yet, and seen";
              row = Row(notes_, 1, "b");
              return true;
            }),
            1u);
  EXPECT_EQ(mutate(set("b", /*deleted=*/true)), 1u);
  EXPECT_EQ(mutate(set("c", /*deleted=*/true)), 0u) << "it is deleted already";

  const auto kept = writer_->Mutate(
      notes_, alice_, Key(1), [](std::string_view, std::string&) -> Result<bool> { return false; },
      Blocking::kAllowed);
  EXPECT_EQ(kept.affected_rows, 0u);
  ASSERT_TRUE(committer_->WaitDurable(kept.durable_after).ok());
  EXPECT_EQ(Rows(), "1=b!") << "what `kept` saw is durable once it may be answered";

  const auto refused = writer_->Mutate(
      notes_, alice_, Key(1),
      [](std::string_view, std::string&) -> Result<bool> {
        return Error(ErrorCode::kConstraint, "no");
      },
      Blocking::kAllowed);
  EXPECT_EQ(refused.status.error().message(), "no");
  EXPECT_EQ(refused.durable_after, kept.durable_after);
  EXPECT_EQ(mutate(set("d")), 1u) << "over the tombstone";
  EXPECT_EQ(ReplayLog(*store_, notes_, alice_), HotRows(*store_, notes_, alice_));
}

TEST_F(WriterTest, LoopsAreToldWhenARowIsLatched) {
  const Statement statement = Statement(notes_).Insert(1, "x");
  const auto changes = statement.changes();
  bool tried = false;
  const auto outer = writer_->Mutate(
      notes_, alice_, Key(1),
      [&](std::string_view, std::string&) -> Result<bool> {
        std::thread([&] {
          EXPECT_TRUE(
              writer_->Apply(notes_, alice_, changes, Blocking::kNever).would_block);
          tried = true;
        }).join();
        return false;
      },
      Blocking::kAllowed);
  EXPECT_TRUE(outer.status.ok());
  EXPECT_TRUE(tried);
  EXPECT_TRUE(writer_->Apply(notes_, alice_, changes, Blocking::kNever).status.ok());
}

TEST_F(WriterTest, LoopsAreToldWhenARowIsOnlyOnDisk) {
  Done(Statement(notes_).Insert(1, "a"));
  Reopen();
  Statement statement(notes_);
  statement.Insert(1, "x");
  const auto changes = statement.changes();
  EXPECT_TRUE(writer_->Apply(notes_, alice_, changes, Blocking::kNever).would_block);
  ExpectDuplicate(writer_->Apply(notes_, alice_, changes, Blocking::kAllowed));
  ExpectDuplicate(writer_->Apply(notes_, alice_, changes, Blocking::kNever));
}

TEST_F(WriterTest, DroppedTablesTakeNoRows) {
  Done(Statement(notes_).Insert(1, "a"));
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, "definition", "gone");
  ASSERT_TRUE(committer_->WriteAndDropPrefixes(batch, std::vector{TablePrefix(notes_.id)}).ok());
  EXPECT_EQ(Rows(), "");
  EXPECT_TRUE(ReplayLog(*store_, notes_, alice_).empty());
  const auto receipt = Apply(Statement(notes_).Insert(2, "late"));
  ASSERT_FALSE(receipt.status.ok());
  EXPECT_EQ(receipt.status.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(receipt.status.error().message(), "relation 'app.notes' does not exist");
  EXPECT_EQ(Rows(), "");
}

// notes_ with one more column.
TableDef Altered(const TableDef& table) {
  AddColumn add;
  add.column.name = "topic";
  add.column.initial = Value(Datum::Text("none"));
  return std::move(ApplyColumnChange(table, add)->next);
}

TEST_F(WriterTest, NoRowOfAnOldDefinitionIsWrittenOnceTheTableIsAltered) {
  Done(Statement(notes_).Insert(1, "a"));
  const Seq first = SeqOf(1);
  const TableDef altered = Altered(notes_);
  const std::string rows = TablePrefix(notes_.id);
  ASSERT_TRUE(committer_->WriteAndFence(kv::Batch(), rows, altered.schema_version).ok());

  const auto overtaken = [&](const Statement& statement) {
    const auto receipt = Apply(statement);
    return !receipt.status.ok() && receipt.status.error().code() == ErrorCode::kConflict;
  };
  EXPECT_TRUE(overtaken(Statement(notes_).Insert(2, "late")));
  EXPECT_TRUE(overtaken(Statement(notes_).Update(1, "late", first)));
  EXPECT_TRUE(overtaken(Statement(notes_).Delete(1, "late", first)));
  EXPECT_EQ(Rows(), "1=a");

  // Another table is not concerned, and the fence can be taken down again.
  EXPECT_TRUE(writer_->Apply(MakeNotes(8), alice_, Statement(notes_).Insert(1, "b").changes(), Blocking::kAllowed)
                  .status.ok());
  ASSERT_TRUE(committer_->WriteAndFence(kv::Batch(), rows, notes_.schema_version).ok());
  Done(Statement(notes_).Insert(2, "b"));
  EXPECT_EQ(Rows(), "1=a 2=b");
}

TEST_F(WriterTest, OldRowsReadUnderTheNewDefinitionAndTheLogKeepsThemAsTheyWere) {
  Done(Statement(notes_).Insert(1, "a"));
  const TableDef altered = Altered(notes_);
  const Reader reader(*store_);
  const auto snapshot = committer_->Snapshot();
  FoundRow found;
  ASSERT_EQ(*reader.Get(*snapshot, altered, alice_, Key(1), found, Blocking::kAllowed), RowLookup::kFound);
  EXPECT_EQ(RowView(altered.layout, found.view()).column(2).text(), "none");
  auto cursor = reader.Scan(snapshot, altered, alice_, {}, Direction::kForward, Blocking::kAllowed);
  ASSERT_TRUE(cursor.Valid());
  EXPECT_EQ(cursor.key(), Key(1));
  EXPECT_EQ(cursor.row().column(2).text(), "none");
  EXPECT_EQ(cursor.row().schema_version(), 2);

  const auto logged = ReplayLog(*store_, notes_, alice_).at(Key(1));
  EXPECT_EQ(RowSchemaVersion(logged), 1);
  std::string scratch;
  EXPECT_EQ(RowView(altered.layout, *CurrentRow(altered, logged, scratch)).column(2).text(), "none");
}

TEST_F(WriterTest, AnEmptyStatementHasNothingToWaitFor) {
  const auto receipt = Apply(Statement(notes_));
  EXPECT_TRUE(receipt.status.ok());
  EXPECT_EQ(receipt.durable_after, Seq(0));
}

using ReaderTest = TableTest;

TEST_F(ReaderTest, ScansKeepToTheirBoundsBothWays) {
  Statement statement(notes_);
  for (int i = 1; i <= 5; ++i) statement.Insert(i, "v");
  Done(statement);
  EXPECT_EQ(Rows({.lower = Key(2), .upper = Key(4)}), "2=v 3=v");
  EXPECT_EQ(Rows({.lower = Key(2), .upper = Key(4)}, Direction::kBackward), "3=v 2=v");
  EXPECT_EQ(Rows({.lower = Key(4), .upper = {}}), "4=v 5=v");
  EXPECT_EQ(Rows({}, Direction::kBackward), "5=v 4=v 3=v 2=v 1=v");
}

TEST_F(ReaderTest, ASnapshotStaysAsItWas) {
  Done(Statement(notes_).Insert(1, "old"));
  const auto snapshot = committer_->Snapshot();
  Done(Statement(notes_).Update(1, "new", SeqOf(1)));
  const Reader reader(*store_);
  FoundRow value;
  ASSERT_EQ(*reader.Get(*snapshot, notes_, alice_, Key(1), value, Blocking::kAllowed),
            RowLookup::kFound);
  EXPECT_EQ(Body(notes_, value.view()), "old");
  EXPECT_EQ(Rows(), "1=new");
  EXPECT_EQ(*reader.Get(*snapshot, notes_, alice_, Key(2), value, Blocking::kAllowed),
            RowLookup::kNotFound);
}

TEST_F(ReaderTest, LoopsAreToldWhenRowsAreOnlyOnDisk) {
  Done(Statement(notes_).Insert(1, "a"));
  Reopen();
  const Reader reader(*store_);
  const auto snapshot = committer_->Snapshot();
  FoundRow value;
  EXPECT_EQ(*reader.Get(*snapshot, notes_, alice_, Key(1), value, Blocking::kNever),
            RowLookup::kWouldBlock);
  auto cursor = reader.Scan(snapshot, notes_, alice_, {}, Direction::kForward, Blocking::kNever);
  EXPECT_FALSE(cursor.Valid());
  EXPECT_TRUE(cursor.would_block());
}

TEST_F(ReaderTest, DamagedRowsAreErrorsNotRows) {
  kv::Batch batch;
  batch.Put(kv::Family::kHot, PartitionPrefix(notes_.id, alice_) + Key(1), "not a row");
  ASSERT_TRUE(committer_->WriteDurably(batch).ok());
  const Reader reader(*store_);
  const auto snapshot = committer_->Snapshot();
  FoundRow value;
  EXPECT_EQ(reader.Get(*snapshot, notes_, alice_, Key(1), value, Blocking::kAllowed).error().code(),
            ErrorCode::kCorruption);
  auto cursor = reader.Scan(snapshot, notes_, alice_, {}, Direction::kForward, Blocking::kAllowed);
  EXPECT_FALSE(cursor.Valid());
  EXPECT_EQ(cursor.status().error().code(), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace kalam::table
