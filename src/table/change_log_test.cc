#include "table/change_log.h"

#include <gtest/gtest.h>

#include <string>

#include "test_table.h"

namespace kalam::table {
namespace {

std::string Encode(ChangeOp op, std::string_view key, std::string_view row, std::string_view old) {
  char header[kChangeHeaderBytes];
  EncodeChangeHeader(op, key.size(), row.size(), header);
  return std::string(header, sizeof(header)).append(key).append(row).append(old);
}

TEST(ChangeLog, RecordsReadBackAsWritten) {
  const TableDef notes = MakeNotes();
  const std::string long_key(70'000, 'k');
  const std::string row = Row(notes, 1, "new");
  const std::string old_row = Row(notes, 1, "old");
  for (const std::string& key : {Key(1), std::string(), long_key}) {
    const std::string bytes = Encode(ChangeOp::kUpdate, key, row, old_row);
    const auto record = DecodeChange(bytes);
    ASSERT_TRUE(record.ok());
    EXPECT_EQ(record->op, ChangeOp::kUpdate);
    EXPECT_EQ(record->key, key);
    EXPECT_EQ(record->row, row);
    EXPECT_EQ(record->old_row, old_row);
  }
  EXPECT_EQ(DecodeChange(Encode(ChangeOp::kInsert, "k", row, ""))->old_row, "");
}

TEST(ChangeLog, DamagedRecordsAreRefused) {
  const std::string row = Row(MakeNotes(), 1, "body");
  const std::string good = Encode(ChangeOp::kInsert, "key", row, "");
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto cut = DecodeChange(std::string_view(good).substr(0, size));
    ASSERT_FALSE(cut.ok()) << size;
    EXPECT_EQ(cut.error().code(), ErrorCode::kCorruption);
  }
  EXPECT_FALSE(DecodeChange(good + "rest").ok()) << "an old row shorter than any row";
  std::string unknown = good;
  unknown[0] = 9;
  EXPECT_FALSE(DecodeChange(unknown).ok());
}

TEST(ChangeLog, KeyEndsWithItsSeq) {
  const std::string key("\0\0\0\7user\0\1\2\3\4\5\6\7\x8", 17);
  EXPECT_EQ(*DecodeLogKeySeq(key), Seq(0x0102030405060708));
  EXPECT_FALSE(DecodeLogKeySeq("short").ok());
}

}  // namespace
}  // namespace kalam::table
