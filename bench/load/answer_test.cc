#include "answer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "rows.h"

namespace kalam::bench {
namespace {

std::string BodyOf(std::uint64_t id) { return fmt::format("{}{}", id, BodyTail(id)); }

std::string Row(std::uint64_t id, const std::string& body) {
  return fmt::format(R"({{"id":{},"room":"room-01","body":"{}"}})", id, body);
}

std::string RowBodyFirst(std::uint64_t id) {
  return fmt::format(R"({{"body":"{}","_updated":"2025-10-20T10:00:00Z","id":{}}})", BodyOf(id),
                     id);
}

TEST(Rows, HoldTheIdAndTheBodyThatAnswersAreCheckedFor) {
  std::string sql = "x";
  Rows::SqlLiterals().Append(kFirstId + 4321, &sql);
  EXPECT_EQ(sql, "x(1000004321, 'room-21', 'user-321', '" + BodyOf(kFirstId + 4321) +
                     "', '2025-10-20T10:00:21.321Z')");
  std::string json;
  Rows::JsonValues().Append(kFirstId, &json);
  EXPECT_EQ(json, R"(1000000000,"room-00","user-000",")" + BodyOf(kFirstId) +
                      R"(","2025-10-20T10:00:00.000Z")");
  EXPECT_EQ(BodyOf(kFirstId).size(), kBodyBytes);
  EXPECT_EQ(json.size(), Rows::JsonValues().row_bytes());
}

TEST(RowCount, MatchesTheWholeNumber) {
  EXPECT_TRUE(RowCount(1).IsIn(R"({"row_count":1,"columns":[]})"));
  EXPECT_TRUE(RowCount(1).IsIn(R"({"row_count":1})"));
  EXPECT_FALSE(RowCount(1).IsIn(R"({"row_count":10})"));
  EXPECT_FALSE(RowCount(1).IsIn(R"({"row_count":0})"));
  EXPECT_FALSE(RowCount(1).IsIn(R"({"rows":[]})"));
}

TEST(RowFinder, FindsRowsInTheirOrderWhateverTheMemberOrder) {
  for (const bool body_first : {false, true}) {
    std::string result = R"({"rows":[)";
    for (std::uint64_t id = kFirstId + 50; id > kFirstId; --id) {
      result += body_first ? RowBodyFirst(id) : Row(id, BodyOf(id));
    }
    RowFinder rows(result);
    for (std::uint64_t id = kFirstId + 50; id > kFirstId; --id) {
      EXPECT_TRUE(rows.FindNext(id)) << id << " body first: " << body_first;
    }
  }
}

TEST(RowFinder, RefusesTheWrongOrder) {
  const std::string result =
      Row(kFirstId, BodyOf(kFirstId)) + Row(kFirstId + 1, BodyOf(kFirstId + 1));
  RowFinder rows(result);
  EXPECT_TRUE(rows.FindNext(kFirstId + 1));
  EXPECT_FALSE(rows.FindNext(kFirstId));
}

TEST(RowFinder, RefusesAnotherRowsIdOrBody) {
  const std::uint64_t id = kFirstId + 7;
  EXPECT_TRUE(RowFinder(Row(id, BodyOf(id))).FindNext(id));
  EXPECT_FALSE(RowFinder(Row(id + 1000, BodyOf(id))).FindNext(id));
  EXPECT_FALSE(RowFinder(Row(id, BodyOf(id + 1000))).FindNext(id));
  std::string one_letter_off = BodyOf(id);
  one_letter_off.back() = one_letter_off.back() == 'a' ? 'b' : 'a';
  EXPECT_FALSE(RowFinder(Row(id, one_letter_off)).FindNext(id));
  EXPECT_FALSE(RowFinder("").FindNext(id));
}

}  // namespace
}  // namespace kalam::bench
