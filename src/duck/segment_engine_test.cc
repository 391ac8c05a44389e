#include "duck/segment_engine.h"
#include "zstd_contexts.h"

#include "base/temp_folder.h"
#include "duckdb_headers.h"

#include <fstream>

#include <gtest/gtest.h>

namespace kalam::duck {
namespace {

class SegmentEngineTest : public testing::Test {
 protected:
  // What another reader of the format finds in the file.
  std::string Read(const std::string& sql) {
    const auto result = connection_.Query(sql);
    if (result->HasError()) return result->GetError();
    std::string out;
    for (idx_t row = 0; row < result->RowCount(); ++row) {
      if (row > 0) out += "\n";
      for (idx_t column = 0; column < result->ColumnCount(); ++column) {
        out += (column > 0 ? " | " : "") + result->GetValue(column, row).ToString();
      }
    }
    return out;
  }
  using idx_t = duckdb::idx_t;

  TempFolder folder_;
  const std::string path_ = folder_.path() + "/it's.parquet";
  std::unique_ptr<SegmentEngine> writer_ = std::make_unique<SegmentEngine>(SegmentEngineOptions{});
  duckdb::DuckDB database_{nullptr};
  duckdb::Connection connection_{database_};
};

TEST_F(SegmentEngineTest, KeepsEveryTypeExactly) {
  using enum DataType;
  const std::vector<ParquetColumn> columns = {
      {"b", kBoolean, 1}, {"s", kSmallInt, 2}, {"i", kInt, 3},   {"l", kBigInt, 4},
      {"f", kFloat, 5},   {"d", kDouble, 6},   {"t", kText, 7},  {"ts", kTimestamp, 8},
      {"da", kDate, 9},   {"ti", kTime, 10},   {"j", kJson, 11}, {"x\"y", kBinary, 12}};
  int row_number = 0;
  const auto next = [&](std::span<Datum> row) -> Result<bool> {
    if (row_number == 2) return false;
    if (row_number++ == 1) {
      for (Datum& datum : row) datum = Datum::Null();
      return true;
    }
    const Datum values[] = {
        Datum::Bool(true),           Datum::Int(-32768),
        Datum::Int(2147483647),      Datum::Int(9223372036854775807),
        Datum::Double(1.5),          Datum::Double(0.1),
        Datum::Text("h\xc3\xa9 \n"), Datum::Int(1'761'000'000'123'456),
        Datum::Int(20'000),          Datum::Int(3'661'000'001),
        Datum::Text("{\"a\": 1}"),   Datum::Binary(std::string_view("\0\xff", 2))};
    std::copy(std::begin(values), std::end(values), row.begin());
    return true;
  };
  EXPECT_EQ(writer_->Write(path_, columns, next).value(), 2u);
  const std::string file = "'" + folder_.path() + "/it''s.parquet'";
  EXPECT_EQ(Read("SELECT * FROM read_parquet(" + file + ") LIMIT 1"),
            "true | -32768 | 2147483647 | 9223372036854775807 | 1.5 | 0.1 | h\xc3\xa9 \n | "
            "2025-10-20 22:40:00.123456 | 2024-10-04 | 01:01:01.000001 | {\"a\": 1} | \\x00\\xFF");
  EXPECT_EQ(Read("SELECT count(*), count(b), count(t), count(\"x\"\"y\") FROM read_parquet(" +
                 file + ")"),
            "2 | 1 | 1 | 1");
  EXPECT_EQ(Read("SELECT min(field_id), max(field_id) FROM parquet_schema(" + file +
                 ") WHERE type IS NOT NULL"),
            "1 | 12");
}

TEST_F(SegmentEngineTest, ReadsBackWhatItWrote) {
  using enum DataType;
  const DataType types[] = {kBigInt, kBoolean,   kSmallInt, kInt,  kFloat, kDouble,
                            kText,   kTimestamp, kDate,     kTime, kJson,  kBinary};
  const Datum values[] = {Datum::Int(7),
                          Datum::Bool(true),
                          Datum::Int(-32768),
                          Datum::Int(2147483647),
                          Datum::Double(1.5),
                          Datum::Double(0.1),
                          Datum::Text("h\xc3\xa9"),
                          Datum::Int(1'761'000'000'123'456),
                          Datum::Int(-20'000),
                          Datum::Int(3'661'000'001),
                          Datum::Text("{\"a\": 1}"),
                          Datum::Binary(std::string_view("\0\xff", 2))};
  std::vector<ParquetColumn> written;
  std::vector<SegmentColumn> read;
  for (const DataType type : types) {
    const auto id = static_cast<std::int32_t>(written.size()) + 1;
    written.push_back({"c" + std::to_string(id), type, id});
    read.push_back({id, type});
  }
  int row_number = 0;
  const auto next = [&](std::span<Datum> row) -> Result<bool> {
    if (row_number == 2) return false;
    std::ranges::copy(values, row.begin());
    if (row_number++ == 1) {
      std::ranges::fill(row, Datum::Null());
      row[0] = Datum::Int(8);
    }
    return true;
  };
  ASSERT_EQ(writer_->Write(path_, written, next).value(), 2u);

  auto rows = writer_->Read(path_, read, 0, {}).value();
  ASSERT_TRUE(rows->Next().value());
  for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(rows->Column(i), values[i]) << i;
  ASSERT_TRUE(rows->Next().value());
  for (std::size_t i = 1; i < read.size(); ++i) EXPECT_TRUE(rows->Column(i).is_null()) << i;
  EXPECT_FALSE(rows->Next().value());
  EXPECT_FALSE(rows->Next().value());

  const auto missing = writer_->Read("/nonexistent/x.parquet", read, 0, {});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kIo);
}

TEST_F(SegmentEngineTest, KeepsTheOrderInSmallRowGroups) {
  std::int64_t n = 0;
  const auto rows = writer_->Write(folder_.path() + "/n.parquet", {{"n", DataType::kBigInt, 1}},
                                   [&](std::span<Datum> row) -> Result<bool> {
                                     if (n == 50'000) return false;
                                     row[0] = Datum::Int(n++);
                                     return true;
                                   });
  EXPECT_EQ(rows.value(), 50'000u);
  const std::string file = "'" + folder_.path() + "/n.parquet'";
  EXPECT_EQ(
      Read("SELECT count(*) FROM (SELECT n, row_number() OVER () - 1 AS place FROM read_parquet(" +
           file + ")) WHERE n <> place"),
      "0");
  EXPECT_EQ(Read("SELECT count(DISTINCT row_group_id), max(row_group_num_rows), "
                 "any_value(compression) FROM parquet_metadata(" +
                 file + ")"),
            "25 | 2048 | ZSTD");
}

TEST(RowGroupRows, GrowWithTheFileButNotWithTheRow) {
  EXPECT_EQ(RowGroupRows({}), 2'048u);
  EXPECT_EQ(RowGroupRows({.rows = 10'000, .bytes_per_row = 200}), 2'048u);
  EXPECT_EQ(RowGroupRows({.rows = 2'000'000, .bytes_per_row = 200}), 2'048u);
  EXPECT_EQ(RowGroupRows({.rows = 5'000'000, .bytes_per_row = 200}), 6'144u);
  EXPECT_EQ(RowGroupRows({.rows = 100'000'000, .bytes_per_row = 200}), 16'384u);
  EXPECT_EQ(RowGroupRows({.rows = 100'000'000, .bytes_per_row = 1'000}), 6'144u);
  EXPECT_EQ(RowGroupRows({.rows = 100'000'000, .bytes_per_row = 1'000'000}), 2'048u);
}

// The group that has a key, piece by piece: each may be left out by its last row.
TEST_F(SegmentEngineTest, ReadsWholeGroupsInPieces) {
  std::int64_t n = 0;
  const auto next = [&](std::span<Datum> row) -> Result<bool> {
    row[0] = Datum::Int(n++);
    return n <= 20'000;
  };
  const ExpectedRows many{.rows = 8'000'000, .bytes_per_row = 8};
  ASSERT_EQ(writer_->Write(path_, {{"n", DataType::kBigInt, 1}}, next, many).value(), 20'000u);
  KeyRange key{.lower = Value(Datum::Int(14'000)), .upper = Value(Datum::Int(14'000)), .points = {}};
  key.whole_groups = true;
  const auto rows = writer_->Read(path_, {{.field_id = 1, .type = DataType::kBigInt}}, 0, key).value();
  std::vector<std::int64_t> last;
  while (rows->Next().value()) {
    if (last.empty()) {
      EXPECT_EQ(rows->Column(0), Datum::Int(8'192));
    }
    last.push_back(rows->LastOfPiece(0).int_value());
    rows->SkipPiece();
  }
  EXPECT_EQ(last, (std::vector<std::int64_t>{10'239, 12'287, 14'335, 16'383}));
}

TEST_F(SegmentEngineTest, FindsEachTextKeyInItsGroup) {
  constexpr int kRows = 9'000;
  int n = 0;
  std::string text;
  const auto key_of = [](int row) {
    std::string key = std::to_string(1'000'000 + 2 * row);
    if (row % 3 == 0) key += "\xc3\xa9";  // longer, and above every byte of ASCII
    return key;
  };
  const auto next = [&](std::span<Datum> row) -> Result<bool> {
    text = key_of(n);
    row[0] = Datum::Text(text);
    return n++ < kRows;
  };
  ASSERT_EQ(writer_->Write(path_, {{"k", DataType::kText, 1}}, next).value(), static_cast<std::uint64_t>(kRows));
  const auto rows_with = [&](const std::string& key, bool whole_group) {
    const Value bound(Datum::Text(key));
    const KeyRange keys{.lower = bound, .upper = bound, .points = {}, .whole_groups = whole_group};
    const auto rows = writer_->Read(path_, {{.field_id = 1, .type = DataType::kText}}, 0, keys).value();
    int count = 0;
    while (rows->Next().value()) ++count;
    return count;
  };
  for (const int row : {0, 1, 2'046, 2'047, 2'048, 4'095, 4'096, kRows - 1}) {
    EXPECT_EQ(rows_with(key_of(row), false), 1) << row;
    EXPECT_EQ(rows_with(key_of(row) + "x", false), 0) << row;
    EXPECT_EQ(rows_with(key_of(row), true), row < 8'192 ? 2'048 : kRows - 8'192) << row;
  }
  EXPECT_EQ(rows_with("", true), 0);
  EXPECT_EQ(rows_with("2", true), 0);
}

TEST_F(SegmentEngineTest, PagesAreMadeAndReadWithContextsThatAreKept) {
  const std::size_t before = PagesThroughKeptContexts();
  bool ended = false;
  const auto one_row = [&](std::span<Datum> row) -> Result<bool> {
    row[0] = Datum::Int(7);
    return !std::exchange(ended, true);
  };
  ASSERT_EQ(writer_->Write(path_, {{"n", DataType::kBigInt, 1}}, one_row).value(), 1U);
  const std::size_t written = PagesThroughKeptContexts();
  EXPECT_GT(written, before) << "the library does not find our functions";
  const auto rows = writer_->Read(path_, {{.field_id = 1, .type = DataType::kBigInt}}, 0, {}).value();
  ASSERT_TRUE(rows->Next().value());
  EXPECT_EQ(rows->Column(0), Datum::Int(7));
  EXPECT_GT(PagesThroughKeptContexts(), written);
}

TEST_F(SegmentEngineTest, AFailureOfTheRowsOrOfTheDiskIsTold) {
  const auto failing = [](std::span<Datum>) -> Result<bool> {
    return Error(ErrorCode::kCorruption, "bad row");
  };
  const auto bad_rows = writer_->Write(path_, {{"n", DataType::kBigInt, 1}}, failing);
  ASSERT_FALSE(bad_rows.ok());
  EXPECT_EQ(bad_rows.error().message(), "bad row");
  const auto none = [](std::span<Datum>) -> Result<bool> { return false; };
  const auto bad_disk =
      writer_->Write("/nonexistent/x.parquet", {{"n", DataType::kBigInt, 1}}, none);
  ASSERT_FALSE(bad_disk.ok());
  EXPECT_EQ(bad_disk.error().code(), ErrorCode::kIo);
  // The writer goes on working.
  EXPECT_EQ(
      writer_->Write(folder_.path() + "/ok.parquet", {{"n", DataType::kBigInt, 1}}, none).value(),
      0u);
}

}  // namespace
}  // namespace kalam::duck
