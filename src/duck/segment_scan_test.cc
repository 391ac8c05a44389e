#include "segment_scan.h"

#include "base/temp_folder.h"
#include "duck/segment_engine.h"
#include "types.h"

#include <gtest/gtest.h>

namespace kalam::duck {
namespace {

class SegmentScanTest : public testing::Test {
 protected:
  SegmentScanTest() {
    std::int64_t n = 0;
    const auto next = [&](std::span<Datum> row) -> Result<bool> {
      if (n == kRows) return false;
      row[0] = Datum::Int(n * 10);
      text_ = "body " + std::to_string(n);
      row[1] = Datum::Text(text_);
      row[2] = Datum::Int(n % 7);
      ++n;
      return true;
    };
    SegmentEngine writer({});
    const std::vector<ParquetColumn> columns = {
        {"id", DataType::kBigInt, 1}, {"body", DataType::kText, 2}, {"n", DataType::kInt, 3}};
    EXPECT_EQ(writer.Write(path_, columns, next).value(), static_cast<std::uint64_t>(kRows));
  }

  // `rows: first row .. last row`, each as `a | b`.
  std::string Read(const std::vector<SegmentColumn>& columns, const KeyRange& keys = {},
                   const std::vector<SegmentScan::Filter>& filters = {}) {
    std::string out;
    connection_.context->RunFunctionInTransaction([&] {
      SegmentScan scan(*connection_.context, footers_, path_, columns, 0, keys, filters);
      duckdb::vector<duckdb::LogicalType> types;
      for (const auto& column : columns) types.push_back(ToLogicalType(column.type));
      duckdb::DataChunk chunk;
      chunk.Initialize(duckdb::Allocator::DefaultAllocator(), types);
      std::string first, last;
      std::size_t rows = 0;
      while (scan.Next(chunk)) {
        for (duckdb::idx_t row = 0; row < chunk.size(); ++row) {
          last.clear();
          for (duckdb::idx_t c = 0; c < columns.size(); ++c)
            last += (c > 0 ? " | " : "") + chunk.GetValue(c, row).ToString();
          if (rows++ == 0) first = last;
        }
      }
      out = std::to_string(rows) + ": " + first + " .. " + last;
    });
    return out;
  }
  static KeyRange Range(std::int64_t lower, std::int64_t upper) {
    return {.lower = Value(Datum::Int(lower)),
            .upper = Value(Datum::Int(upper)),
            .points = std::nullopt};
  }

  static constexpr std::int64_t kRows = 30'000;
  TempFolder folder_;
  const std::string path_ = folder_.path() + "/s.parquet";
  std::string text_;
  FooterCache footers_{1 << 20};
  duckdb::DuckDB database_{nullptr};
  duckdb::Connection connection_{database_};
};

TEST_F(SegmentScanTest, ReadsTheWantedColumnsInKeyOrder) {
  EXPECT_EQ(Read({{1, DataType::kBigInt}, {2, DataType::kText}}),
            "30000: 0 | body 0 .. 299990 | body 29999");
  EXPECT_EQ(Read({{1, DataType::kBigInt}}), "30000: 0 .. 299990");
}

TEST_F(SegmentScanTest, ReadsOnlyTheKeysInRange) {
  EXPECT_EQ(Read({{1, DataType::kBigInt}, {2, DataType::kText}}, Range(100, 131)),
            "4: 100 | body 10 .. 130 | body 13");
  EXPECT_EQ(Read({{1, DataType::kBigInt}, {3, DataType::kInt}}, Range(123'450, 123'450)),
            "1: 123450 | 4 .. 123450 | 4");
  EXPECT_EQ(Read({{1, DataType::kBigInt}}, Range(5, 6)), "0:  .. ");
  KeyRange points;
  points.points =
      std::vector<Value>{Value(Datum::Int(-1)), Value(Datum::Int(70)), Value(Datum::Int(290'000))};
  EXPECT_EQ(Read({{1, DataType::kBigInt}}, points), "2377: 0 .. 290000")
      << "only the first and the last row group have any of them";
}

TEST_F(SegmentScanTest, ReadsOnlyRowsThatMeetTheConditions) {
  const std::vector<SegmentColumn> columns = {{1, DataType::kBigInt}, {2, DataType::kText}, {3, DataType::kInt}};
  // Of some row groups nothing is read, of the next a part: what was left out must not be taken for it.
  for (const std::int64_t row : {0, 5'000, 12'345, 29'999}) {
    const std::string body = "body " + std::to_string(row);
    const std::string expected = std::to_string(row * 10) + " | " + body + " | " + std::to_string(row % 7);
    EXPECT_EQ(Read(columns, {}, {{.column = 1, .value = duckdb::Value(body)}}), "1: " + expected + " .. " + expected);
  }
  EXPECT_EQ(Read(columns, Range(100'000, 300'000), {{.column = 2, .value = duckdb::Value::INTEGER(3)}}),
            "2857: 100060 | body 10006 | 3 .. 299980 | body 29998 | 3");
  EXPECT_EQ(Read(columns, {}, {{.column = 2, .value = duckdb::Value::INTEGER(7)}}), "0:  .. ");
}

TEST_F(SegmentScanTest, ConditionsOnColumnsThatAreNotInTheFileAsTheyAreAskedForSayNothing) {
  const std::vector<SegmentScan::Filter> no_match = {{.column = 1, .value = duckdb::Value("x")}};
  EXPECT_EQ(Read({{1, DataType::kBigInt}, {9, DataType::kText}}, Range(0, 10), no_match), "2: 0 | NULL .. 10 | NULL");
  EXPECT_EQ(Read({{1, DataType::kBigInt}, {3, DataType::kText}}, Range(20, 30), no_match), "2: 20 | 2 .. 30 | 3");
}

TEST_F(SegmentScanTest, CountsRowsWithoutReadingAColumn) {
  connection_.context->RunFunctionInTransaction([&] {
    SegmentScan scan(*connection_.context, footers_, path_, {}, std::nullopt, {});
    duckdb::DataChunk chunk;
    chunk.Initialize(duckdb::Allocator::DefaultAllocator(), SegmentScan::Types({}));
    std::int64_t rows = 0;
    while (scan.Next(chunk)) rows += static_cast<std::int64_t>(chunk.size());
    EXPECT_EQ(rows, kRows);
  });
}

TEST_F(SegmentScanTest, AColumnThatTheFileLacksHasItsDefault) {
  EXPECT_EQ(Read({{9, DataType::kInt, Value(Datum::Int(5))}}, {}), "30000: 5 .. 5");
  EXPECT_EQ(Read({{1, DataType::kBigInt}, {9, DataType::kText}}, Range(0, 0)),
            "1: 0 | NULL .. 0 | NULL");
  EXPECT_EQ(Read({{1, DataType::kBigInt},
                  {9, DataType::kText, Value(Datum::Text("it's"))},
                  {10, DataType::kTimestamp, Value(Datum::Int(0))}},
                 Range(0, 0)),
            "1: 0 | it's | 1970-01-01 00:00:00 .. 0 | it's | 1970-01-01 00:00:00");
}

TEST_F(SegmentScanTest, AWiderTypeIsCast) {
  EXPECT_EQ(Read({{1, DataType::kBigInt}, {3, DataType::kText}}, Range(20, 20)),
            "1: 20 | 2 .. 20 | 2");
  EXPECT_EQ(Read({{1, DataType::kBigInt}, {3, DataType::kDouble}}, Range(20, 20)),
            "1: 20 | 2.0 .. 20 | 2.0");
}

}  // namespace
}  // namespace kalam::duck
