#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/temp_folder.h"
#include "kv/store.h"
#include "model/key_codec.h"
#include "model/row_codec.h"
#include "table/change_reader.h"
#include "table/committer.h"
#include "table/reader.h"
#include "table/writer.h"

namespace kalam::table {

// A table `app.notes (id BIGINT PRIMARY KEY, body TEXT)` and what tests do with it.
inline TableDef MakeNotes(std::uint32_t id = 7) {
  TableDef table;
  table.id = TableId(id);
  table.name = {"app", "notes"};
  table.columns.resize(2);
  table.columns[0].name = "id";
  table.columns[0].type = DataType::kBigInt;
  table.columns[0].nullable = false;
  table.columns[0].primary_key = true;
  table.columns[1].name = "body";
  table.columns[1].type = DataType::kText;
  table.Finish();
  return table;
}

inline std::string Key(std::int64_t id) {
  std::string key;
  AppendPrimaryKey(key, Datum::Int(id));
  return key;
}

inline std::string Row(const TableDef& table, std::int64_t id, std::string_view body,
                       bool deleted = false) {
  const Datum columns[] = {Datum::Int(id), Datum::Text(body)};
  std::string row;
  EncodeRow(table.layout, table.schema_version, 1, deleted, columns, row);
  return row;
}

inline std::string Body(const TableDef& table, std::string_view row) {
  return std::string(RowView(table.layout, row).column(1).text());
}

// Rows of one statement, with the bytes they point to.
class Statement {
 public:
  explicit Statement(const TableDef& table) : table_(table) {}
  Statement& Insert(std::int64_t id, std::string_view body) {
    return Add(ChangeOp::kInsert, id, body, Seq());
  }
  Statement& Update(std::int64_t id, std::string_view body, Seq expected) {
    return Add(ChangeOp::kUpdate, id, body, expected);
  }
  Statement& Delete(std::int64_t id, std::string_view body, Seq expected) {
    return Add(ChangeOp::kDelete, id, body, expected);
  }
  std::vector<RowChange> changes() const {
    std::vector<RowChange> changes;
    for (const auto& [op, key, row, expected] : rows_) {
      changes.push_back({.op = op, .key = key, .row = row, .expected = expected});
    }
    return changes;
  }

 private:
  struct Owned {
    ChangeOp op;
    std::string key;
    std::string row;
    Seq expected;
  };
  Statement& Add(ChangeOp op, std::int64_t id, std::string_view body, Seq expected) {
    rows_.push_back({op, Key(id), Row(table_, id, body, op == ChangeOp::kDelete), expected});
    return *this;
  }

  const TableDef& table_;
  std::vector<Owned> rows_;
};

class ManualClock final : public Clock {
 public:
  TimestampMicros NowMicros() const override { return now_.load(); }
  void Advance(std::chrono::microseconds by) { now_ += by.count(); }

 private:
  std::atomic<TimestampMicros> now_{SystemClock().NowMicros()};
};

// A store in a temporary folder with committer, writer and reader on it.
class TableTest : public testing::Test {
 protected:
  TableTest() { Open(); }

  void Open() {
    auto store = kv::Store::Open(store_options());
    ASSERT_TRUE(store.ok()) << store.error().message();
    store_ = std::move(store).value();
    auto committer = Committer::Open(*store_, clock_, committer_options_);
    ASSERT_TRUE(committer.ok()) << committer.error().message();
    committer_ = std::move(committer).value();
    writer_ = std::make_unique<Writer>(*store_, *committer_);
  }
  void Close() {
    writer_.reset();
    committer_.reset();
    store_.reset();
  }
  void Reopen() {
    Close();
    Open();
  }

  virtual kv::Options store_options() { return {.path = folder_.path() + "/db"}; }

  WriteReceipt Apply(const Statement& statement) {
    const auto changes = statement.changes();
    auto receipt = writer_->Apply(notes_, alice_, changes, Blocking::kAllowed);
    EXPECT_FALSE(receipt.would_block);
    return receipt;
  }
  // Applies and waits until readers see it.
  void Done(const Statement& statement) {
    const auto receipt = Apply(statement);
    ASSERT_TRUE(receipt.status.ok()) << receipt.status.error().message();
    ASSERT_TRUE(committer_->WaitDurable(receipt.durable_after).ok());
  }

  // `1=a 2=b`; deleted rows as `3=x!`.
  std::string Rows(const ScanBounds& bounds = {}, Direction direction = Direction::kForward) {
    const Reader reader(*store_);
    auto cursor = reader.Scan(committer_->Snapshot(), notes_, alice_, bounds, direction,
                              Blocking::kAllowed);
    std::string text;
    for (; cursor.Valid(); cursor.Next()) {
      if (!text.empty()) text += ' ';
      text += std::to_string(cursor.row().column(0).int_value());
      text += '=';
      text += cursor.row().column(1).text();
      if (cursor.row().deleted()) text += '!';
    }
    EXPECT_TRUE(cursor.status().ok());
    return text;
  }
  Seq SeqOf(std::int64_t id) {
    FoundRow value;
    const auto found = Reader(*store_).Get(*committer_->Snapshot(), notes_, alice_, Key(id), value,
                                           Blocking::kAllowed);
    EXPECT_TRUE(found.ok() && *found == RowLookup::kFound);
    return RowSeq(value.view());
  }

  const SystemClock clock_;
  CommitterOptions committer_options_;
  const TableDef notes_ = MakeNotes();
  const UserId alice_ = UserId::FromTrusted("alice");
  TempFolder folder_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Writer> writer_;
};

// Replays a partition's change log from the start and checks each change against what came before: the
// result must be the hot rows. Returns key -> encoded row, tombstones included.
inline std::map<std::string, std::string> ReplayLog(const kv::Store& store, const TableDef& table,
                                                    const UserId& user) {
  std::map<std::string, std::string> rows;
  ChangeReader changes(store, nullptr, PartitionPrefix(table.id, user), Seq());
  Seq last;
  while (true) {
    const auto next = changes.Next();
    EXPECT_TRUE(next.ok());
    if (!next.ok() || !*next) break;
    const ChangeRecord& change = **next;
    EXPECT_LT(last, RowSeq(change.row));
    last = RowSeq(change.row);
    std::string& row = rows[std::string(change.key)];
    const bool was_live = !row.empty() && !RowDeleted(row);
    EXPECT_EQ(was_live, change.op != ChangeOp::kInsert);
    EXPECT_EQ(change.old_row, row) << "the old row is the previous one, also a tombstone";
    EXPECT_EQ(RowDeleted(change.row), change.op == ChangeOp::kDelete);
    row = change.row;
  }
  return rows;
}

inline std::map<std::string, std::string> HotRows(const kv::Store& store, const TableDef& table,
                                                  const UserId& user) {
  std::map<std::string, std::string> rows;
  const std::string prefix = PartitionPrefix(table.id, user);
  const auto it = store.NewIterator(kv::Family::kHot,
                                    {.lower = prefix, .upper = PrefixSuccessor(prefix)});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    rows.emplace(it->key().substr(prefix.size()), it->value());
  }
  EXPECT_TRUE(it->status().ok());
  return rows;
}

}  // namespace kalam::table
