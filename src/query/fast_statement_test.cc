#include "query/fast_statement.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace kalam::query {
namespace {

TEST(FastStatement, ReadsAnInsertOfLiterals) {
  FastStatement s;
  ASSERT_TRUE(ParseFastStatement("INSERT INTO app.notes (id, body) VALUES (-7, 'it''s'), (DEFAULT, NULL)", {}, s));
  EXPECT_EQ(s.kind, FastKind::kInsert);
  EXPECT_EQ(s.name_parts, 2u);
  EXPECT_EQ(s.name[1], "notes");
  ASSERT_EQ(s.rows, 2u);
  EXPECT_EQ(s.values[0].datum.int_value(), -7);
  EXPECT_EQ(s.values[1].datum.text(), "it's");
  EXPECT_TRUE(s.values[2].is_default);
  EXPECT_TRUE(s.values[3].datum.is_null());
}

TEST(FastStatement, ReadsTheLastNOfATable) {
  FastStatement s;
  ASSERT_TRUE(ParseFastStatement("select * from t where id < 9 order by id desc limit 50", {}, s));
  EXPECT_EQ(s.comparison, KeyComparison::kLess);
  EXPECT_TRUE(s.descending);
  EXPECT_EQ(s.limit, 50);
  EXPECT_TRUE(s.columns.empty());
}

TEST(FastStatement, ReadsCallsOfWhatADefaultMayCall) {
  FastStatement s;
  ASSERT_TRUE(ParseFastStatement("INSERT INTO t VALUES (Snowflake_Id(), NOW(), CURRENT_TIMESTAMP, 'x')", {}, s));
  EXPECT_EQ(s.values[0].function, DefaultFunction::kSnowflakeId);
  EXPECT_EQ(s.values[1].function, DefaultFunction::kNow);
  EXPECT_EQ(s.values[2].function, DefaultFunction::kNow);
  EXPECT_FALSE(s.values[3].function);
  ASSERT_TRUE(ParseFastStatement("UPDATE t SET seen = now(), body = ulid() WHERE id = 3", {}, s));
  EXPECT_EQ(s.values[1].function, DefaultFunction::kUlid);
}

TEST(FastStatement, BindsParameters) {
  const std::vector<Datum> params = {Datum::Text("new"), Datum::Int(5)};
  FastStatement s;
  ASSERT_TRUE(ParseFastStatement("UPDATE t SET body = $1 WHERE id = $2", params, s));
  EXPECT_EQ(s.values[0].datum.text(), "new");
  EXPECT_EQ(s.key.int_value(), 5);
  EXPECT_FALSE(ParseFastStatement("UPDATE t SET body = $1 WHERE id = 2", params, s)) << "$2 is not used";
  EXPECT_FALSE(ParseFastStatement("UPDATE t SET body = $3 WHERE id = $2", params, s)) << "there is no $3";
}

TEST(FastStatement, LeavesTheRestToTheEngine) {
  FastStatement s;
  for (const char* sql : {"SELECT id + 1 FROM t", "SELECT * FROM t, u", "SELECT * FROM t WHERE id = 1 AND x = 2",
                          "SELECT * FROM t WHERE id = 1 OR 1 = 1", "INSERT INTO t SELECT * FROM u",
                          "INSERT INTO t VALUES (1) RETURNING id", "INSERT INTO t VALUES (now(3))", "DELETE FROM t",
                          "UPDATE t SET a = b WHERE id = 1", "SELECT DISTINCT id FROM t LIMIT 1",
                          "SELECT * FROM t LIMIT 5 OFFSET 5", "SELECT current_user FROM t LIMIT 1",
                          "INSERT INTO t VALUES (99999999999999999999)", "INSERT INTO t VALUES (now)",
                          "INSERT INTO t VALUES (random())", "SELECT * FROM t WHERE id = snowflake_id()",
                          "INSERT INTO t VALUES (now() - 1)", "SELECT * FROM t WHERE id = 1 --x\n;",
                          "SELECT \"a\" FROM t LIMIT 1", "", "INSERT", "SELECT * FROM"}) {
    EXPECT_FALSE(ParseFastStatement(sql, {}, s)) << sql;
  }
}

TEST(FastStatement, SurvivesAnySoupOfTokens) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed=" + std::to_string(seed));
  std::mt19937 random(seed);
  const char* pieces[] = {"insert ", "into ", "select ", "* ", "from ", "t ", "where ", "id ", "= ", "1 ", "'x' ",
                          "$1 ", "( ", ") ", ", ", "values ", "order ", "by ", "limit ", "set ", "- ", ". ", "'"};
  const std::vector<Datum> params = {Datum::Int(1)};
  FastStatement s;
  for (int i = 0; i < 50'000; ++i) {
    std::string sql;
    for (auto n = random() % 14; n > 0; --n) sql += pieces[random() % std::size(pieces)];
    (void)ParseFastStatement(sql, params, s);
  }
}

}  // namespace
}  // namespace kalam::query
