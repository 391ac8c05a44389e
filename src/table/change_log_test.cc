#include "table/change_log.h"

#include <gtest/gtest.h>

#include <string>

#include "test_table.h"

namespace kalam::table {
namespace {

TEST(ChangeLog, ChangesReadBackAsWrittenOneAfterTheOther) {
  const TableDef notes = MakeNotes();
  const std::string key = Key(1);
  const std::string long_key(70'000, 'k');
  const std::string row = Row(notes, 1, "new");
  const std::string old_row = Row(notes, 1, "old");
  const ChangeRecord changes[] = {
      {ChangeOp::kUpdate, key, row, old_row},
      {ChangeOp::kInsert, long_key, row, ""},
      {ChangeOp::kDelete, "", old_row, row},
  };
  std::string value;
  for (const auto& change : changes) {
    const std::size_t row_at = AppendChange(value, change);
    EXPECT_EQ(std::string_view(value).substr(row_at, change.row.size()), change.row);
  }
  std::string_view rest = value;
  for (const auto& change : changes) {
    const auto read = TakeChange(rest);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->op, change.op);
    EXPECT_EQ(read->key, change.key);
    EXPECT_EQ(read->row, change.row);
    EXPECT_EQ(read->old_row, change.old_row);
  }
  EXPECT_TRUE(rest.empty());
}

TEST(ChangeLog, DamagedRecordsAreRefused) {
  const std::string row = Row(MakeNotes(), 1, "body");
  const auto refused = [](std::string_view bytes) {
    const auto read = TakeChange(bytes);
    return !read.ok() && read.error().code() == ErrorCode::kCorruption;
  };
  std::string good;
  AppendChange(good, {ChangeOp::kInsert, "key", row, ""});
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_TRUE(refused(std::string_view(good).substr(0, size))) << size;
  }
  std::string unknown = good;
  unknown[0] = 9;
  EXPECT_TRUE(refused(unknown));
  std::string short_rows;
  AppendChange(short_rows, {ChangeOp::kInsert, "key", "row", ""});
  EXPECT_TRUE(refused(short_rows));
  short_rows.clear();
  AppendChange(short_rows, {ChangeOp::kUpdate, "key", row, "old"});
  EXPECT_TRUE(refused(short_rows));
}

TEST(ChangeLog, KeyEndsWithItsSeq) {
  const std::string key("\0\0\0\7user\0\1\2\3\4\5\6\7\x8", 17);
  EXPECT_EQ(*DecodeLogKeySeq(key), Seq(0x0102030405060708));
  EXPECT_FALSE(DecodeLogKeySeq("short").ok());
}

}  // namespace
}  // namespace kalam::table
