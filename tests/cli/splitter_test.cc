#include "statement_splitter.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/splitter.h"

namespace kalam::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SplitterTest, SemicolonsInQuotesAndCommentsDoNotSplit) {
  const auto script = sql::SplitScript(
      "SELECT ';', \"a;b\", `c;d`, 'it''s; fine' -- one; two\n; /* x; /* y; */ z; */ SELECT 2;");
  EXPECT_THAT(script.statements, ElementsAre("SELECT ';', \"a;b\", `c;d`, 'it''s; fine' -- one; two", "SELECT 2"));
  EXPECT_EQ(script.rest, "");
  EXPECT_EQ(script.open, sql::OpenEnd::kNone);
}

TEST(SplitterTest, EscapeStringsAndDollarQuotes) {
  EXPECT_THAT(sql::SplitScript("SELECT E'a\\';b'; SELECT 'a\\'; SELECT $$;$$, $t$ $$;$t$;").statements,
              ElementsAre("SELECT E'a\\';b'", "SELECT 'a\\'", "SELECT $$;$$, $t$ $$;$t$"));
  EXPECT_THAT(sql::SplitScript("SELECT $1; SELECT a$b$; SELECT 2;").statements,
              ElementsAre("SELECT $1", "SELECT a$b$", "SELECT 2"));
}

TEST(SplitterTest, PiecesOfNothingButBlanksAndCommentsAreDropped) {
  const auto script = sql::SplitScript(" ;; -- nothing\n ; /* here */ ; SELECT 1 ; -- the end");
  EXPECT_THAT(script.statements, ElementsAre("SELECT 1"));
  EXPECT_EQ(script.rest, "");
}

TEST(SplitterTest, TheLastStatementNeedsNoSemicolon) {
  const auto script = sql::SplitScript("SELECT 1;\n SELECT 2 \n");
  EXPECT_THAT(script.statements, ElementsAre("SELECT 1"));
  EXPECT_EQ(script.rest, "SELECT 2");
}

TEST(SplitterTest, TextThatEndsInsideAQuoteOrCommentSaysSo) {
  EXPECT_EQ(sql::SplitScript("SELECT 'a;").open, sql::OpenEnd::kQuote);
  EXPECT_EQ(sql::SplitScript("SELECT \"a;").open, sql::OpenEnd::kQuote);
  EXPECT_EQ(sql::SplitScript("SELECT $x$ a;").open, sql::OpenEnd::kQuote);
  EXPECT_EQ(sql::SplitScript("SELECT 1 /* a;").open, sql::OpenEnd::kBlockComment);
  EXPECT_EQ(sql::SplitScript(" /* a;").open, sql::OpenEnd::kBlockComment);
  EXPECT_THAT(sql::SplitScript("SELECT 'a;").statements, IsEmpty());
  EXPECT_EQ(sql::SplitScript("SELECT 1; SELECT 'a;").rest, "SELECT 'a;");
}

// What the command line sends one by one is what the server would have cut the whole text into.
TEST(SplitterTest, TheServerSeesTheSameStatements) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed=" + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::string_view kSoup[] = {"'", "''", "\"", "`", "$", "$$", "$t$", "$1", "E'", "e'", "\\", "\\'", "--",
                                        "/*", "*/", "\n", " ", "\xC2\xA0", ";", "a", "1", "1e", ".", "+", "x'", "u&'"};
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    for (auto n = random() % 14; n > 0; --n) text += kSoup[random() % std::size(kSoup)];
    const auto server = sql::SplitStatements(text, 100);
    sql::Script script = sql::SplitScript(text);
    ASSERT_EQ(server.ok(), script.open == sql::OpenEnd::kNone) << text;
    if (!server.ok()) continue;
    if (!script.rest.empty()) script.statements.push_back(script.rest);
    ASSERT_EQ(*server, script.statements) << text;
    // Each of them, sent alone, is again exactly one statement: itself.
    for (const std::string_view statement : *server) {
      const auto alone = sql::SplitStatements(statement, 100);
      ASSERT_TRUE(alone.ok()) << text;
      ASSERT_THAT(*alone, ElementsAre(statement)) << text;
    }
  }
}

TEST(SplitterTest, TransactionTravelsInOneRequest) {
  EXPECT_THAT(GroupByRequest({"SELECT 1", "-- x\nbegin", "INSERT", "INSERT", "COMMIT", "SELECT 2"}),
              ElementsAre(1, 4, 1));
  EXPECT_THAT(GroupByRequest({"START TRANSACTION", "INSERT", "rollback work", "BEGIN", "INSERT"}),
              ElementsAre(3, 2));
  EXPECT_THAT(GroupByRequest({"BEGINNING", "COMMIT"}), ElementsAre(1, 1));
}

}  // namespace
}  // namespace kalam::cli
