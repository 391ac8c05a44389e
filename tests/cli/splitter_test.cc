#include "statement_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SplitterTest, SemicolonsInQuotesAndCommentsDoNotSplit) {
  const auto split = SplitStatements(
      "SELECT ';', \"a;b\", `c;d`, 'it''s; fine' -- one; two\n; /* x; /* y; */ z; */ SELECT 2;");
  EXPECT_THAT(split.statements, ElementsAre("SELECT ';', \"a;b\", `c;d`, 'it''s; fine' -- one; two",
                                            "/* x; /* y; */ z; */ SELECT 2"));
  EXPECT_TRUE(split.rest_is_blank);
  EXPECT_EQ(split.open, OpenState::kNone);
}

TEST(SplitterTest, EscapeStringsAndDollarQuotes) {
  EXPECT_THAT(
      SplitStatements("SELECT E'a\\';b'; SELECT 'a\\'; SELECT $$;$$, $t$ $$;$t$;").statements,
      ElementsAre("SELECT E'a\\';b'", "SELECT 'a\\'", "SELECT $$;$$, $t$ $$;$t$"));
  EXPECT_THAT(SplitStatements("SELECT $1; SELECT a$b$; SELECT 2;").statements,
              ElementsAre("SELECT $1", "SELECT a$b$", "SELECT 2"));
}

TEST(SplitterTest, PiecesOfNothingButBlanksAndCommentsAreDropped) {
  const auto split = SplitStatements(" ;; -- nothing\n ; /* here */ ; SELECT 1 ; -- the end");
  EXPECT_THAT(split.statements, ElementsAre("SELECT 1"));
  EXPECT_TRUE(split.rest_is_blank);
}

TEST(SplitterTest, LastStatementNeedsNoSemicolon) {
  const auto split = SplitStatements("SELECT 1;\n SELECT 2 \n");
  EXPECT_THAT(split.statements, ElementsAre("SELECT 1"));
  EXPECT_EQ(split.rest, "SELECT 2");
  EXPECT_FALSE(split.rest_is_blank);
}

TEST(SplitterTest, TextThatEndsInsideAQuoteOrCommentSaysSo) {
  EXPECT_EQ(SplitStatements("SELECT 'a;").open, OpenState::kQuote);
  EXPECT_EQ(SplitStatements("SELECT \"a;").open, OpenState::kQuote);
  EXPECT_EQ(SplitStatements("SELECT $x$ a;").open, OpenState::kQuote);
  EXPECT_EQ(SplitStatements("SELECT 1 /* a;").open, OpenState::kBlockComment);
  EXPECT_THAT(SplitStatements("SELECT 'a;").statements, IsEmpty());
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
