#include "cold_scan_team.h"

#include "base/temp_folder.h"
#include "datum_vector.h"
#include "duck/cold_part.h"
#include "duck/segment_engine.h"
#include "model/key_codec.h"
#include "types.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kalam::duck {
namespace {

constexpr std::int64_t kFiles = 6, kRowsPerFile = 20'000, kRows = kFiles * kRowsPerFile;

// Long and different: read in place. Few and repeated, some NULL: read through a dictionary.
std::string BodyOf(std::int64_t id) { return "the body of row " + std::to_string(id) + " is longer than a pointer"; }
std::string RoomOf(std::int64_t id) { return id % 11 == 0 ? "" : "the room with number " + std::to_string(id % 40); }
bool IsTombstone(std::int64_t id) { return id % 1'000 == 17; }
bool IsHidden(std::int64_t id) { return id % 5'000 == 3; }

class ColdScanTeamTest : public testing::Test {
 protected:
  enum Column : std::size_t { kId, kRoom, kBody, kDeleted };

  ColdScanTeamTest() {
    auto part = std::make_shared<ColdPart>();
    part->engine = &engine_;
    part->columns = {{1, DataType::kBigInt}, {2, DataType::kText}, {3, DataType::kText}, {4, DataType::kBoolean}};
    part->key_column = kId;
    part->deleted_column = kDeleted;
    for (std::int64_t file = 0; file < kFiles; ++file) part->segments.push_back(Write(file));
    for (std::int64_t id = 0; id < kRows; ++id) {
      if (IsHidden(id)) AppendPrimaryKey(part->hidden.emplace_back(), Datum::Int(id));
    }
    part_ = part;
  }

  ColdSegment Write(std::int64_t file) {
    const std::string path = folder_.path() + "/" + std::to_string(file) + ".parquet";
    std::int64_t id = file * kRowsPerFile;
    std::string room, body;
    const auto next = [&](std::span<Datum> row) -> Result<bool> {
      if (id == (file + 1) * kRowsPerFile) return false;
      room = RoomOf(id);
      body = BodyOf(id);
      row[kId] = Datum::Int(id);
      row[kRoom] = room.empty() ? Datum::Null() : Datum::Text(room);
      row[kBody] = Datum::Text(body);
      row[kDeleted] = Datum::Bool(IsTombstone(id++));
      return true;
    };
    const std::vector<ParquetColumn> columns = {{"id", DataType::kBigInt, 1},
                                                {"room", DataType::kText, 2},
                                                {"body", DataType::kText, 3},
                                                {"_deleted", DataType::kBoolean, 4}};
    EXPECT_TRUE(engine_.Write(path, columns, next).ok());
    return {.open = [path] { return ColdFile{.path = path, .pin = nullptr}; }, .hidden = nullptr,
            .has_tombstones = true};
  }

  // Reads id, room and body of all rows; each has its own. The ids.
  std::set<std::int64_t> Ids(std::vector<SegmentScan::Filter> filters = {}) {
    auto shared = std::make_shared<ColdScan::Shared>();
    shared->part = part_;
    shared->filters = std::move(filters);
    ColdScanTeam team(shared, {Column::kBody, Column::kId, Column::kRoom}, interrupted_);
    duckdb::DataChunk chunk;
    const auto text = duckdb::LogicalType::VARCHAR;
    chunk.Initialize(duckdb::Allocator::DefaultAllocator(), {text, duckdb::LogicalType::BIGINT, text});
    std::set<std::int64_t> ids;
    while (team.Next(chunk) > 0) {
      chunk.Flatten();
      for (duckdb::idx_t row = 0; row < chunk.size(); ++row) {
        const std::int64_t id = ReadDatum(chunk.data[1], row, DataType::kBigInt).int_value();
        EXPECT_TRUE(ids.insert(id).second) << id;
        EXPECT_EQ(ReadDatum(chunk.data[0], row, DataType::kText).text(), BodyOf(id));
        const Datum room = ReadDatum(chunk.data[2], row, DataType::kText);
        EXPECT_EQ(room.is_null(), RoomOf(id).empty());
        EXPECT_EQ(room.text(), RoomOf(id));
        if (HasFailure()) return {};
      }
      chunk.Reset();
    }
    return ids;
  }

  TempFolder folder_;
  SegmentEngine engine_{{.helper_threads = 2}};
  std::shared_ptr<const ColdPart> part_;
  std::atomic<bool> interrupted_{false};
};

TEST_F(ColdScanTeamTest, RowsOfAllFilesComeOnceAndWhole) {
  std::set<std::int64_t> expected;
  for (std::int64_t id = 0; id < kRows; ++id) {
    if (!IsTombstone(id) && !IsHidden(id)) expected.insert(id);
  }
  EXPECT_EQ(Ids(), expected);
}

TEST_F(ColdScanTeamTest, AnInterruptEndsASearchThatFindsNothing) {
  const SegmentScan::Filter nothing{.column = kRoom, .value = duckdb::Value("no such room")};
  EXPECT_TRUE(Ids({nothing}).empty());
  interrupted_ = true;
  EXPECT_THROW(Ids({nothing}), duckdb::InterruptException);
}

TEST_F(ColdScanTeamTest, RowsThatMeetAConditionComeWhole) {
  std::set<std::int64_t> expected;
  for (std::int64_t id = 0; id < kRows; ++id) {
    if (!IsTombstone(id) && !IsHidden(id) && RoomOf(id) == RoomOf(7)) expected.insert(id);
  }
  EXPECT_EQ(Ids({{.column = kRoom, .value = duckdb::Value(RoomOf(7))}}), expected);
}

}  // namespace
}  // namespace kalam::duck
