#include "support/slt_script.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace kalam::test {
namespace {

TEST(SltScript, ReadsStatementsAndQueries) {
  const SltScript script = ParseSlt(
      "# a comment\n"
      "env KALAMDB_A=b=c\n"
      "\n"
      "user maya\n"
      "statement error code=INVALID_SQL ERROR: no such\n"
      "SELECT\n  1\n"
      "\n"
      "query IT rowsort columns=a,b eventually=5s\n"
      "SELECT a, b\n"
      "----\n"
      "1   x  y\n"
      "2 z\n"
      "\n"
      "restart\n");
  EXPECT_EQ(script.env, (std::vector<std::pair<std::string, std::string>>{{"KALAMDB_A", "b=c"}}));
  ASSERT_EQ(script.steps.size(), 4u);
  EXPECT_EQ(std::get<SltUser>(script.steps[0].what).name, "maya");
  const auto& statement = std::get<SltStatement>(script.steps[1].what);
  EXPECT_TRUE(statement.fails);
  EXPECT_EQ(statement.code, "INVALID_SQL");
  EXPECT_EQ(statement.text, "ERROR: no such");
  EXPECT_EQ(statement.sql, "SELECT\n  1");
  const auto& query = std::get<SltQuery>(script.steps[2].what);
  EXPECT_EQ(query.types, "IT");
  EXPECT_TRUE(query.rowsort);
  EXPECT_EQ(query.columns, "a,b");
  EXPECT_EQ(query.eventually, std::chrono::seconds(5));
  EXPECT_EQ(query.rows, (std::vector<std::string>{"1 x y", "2 z"}));
  EXPECT_FALSE(std::get<SltRestart>(script.steps[3].what).crash);
}

TEST(SltScript, UnrollsLoops) {
  const SltScript script = ParseSlt("loop i 1 3\nstatement count 1\nINSERT ${i}, ${i}\n\nendloop\n");
  ASSERT_EQ(script.steps.size(), 3u);
  EXPECT_EQ(std::get<SltStatement>(script.steps[2].what).sql, "INSERT 3, 3");
  EXPECT_EQ(std::get<SltStatement>(script.steps[2].what).count, 1);
}

TEST(SltScript, RefusesWhatIsNoScript) {
  for (const char* text : {"statment ok\nx\n", "statement maybe\nx\n", "statement ok\n", "endloop\n",
                           "loop i 1 2\n", "query I sorted\nx\n"}) {
    EXPECT_THROW(ParseSlt(text), std::runtime_error) << text;
  }
}

TEST(SltRow, JoinsCells) { EXPECT_EQ(SltRow({"1", "", "a  b\nc"}), "1 (empty) a b c"); }

}  // namespace
}  // namespace kalam::test
