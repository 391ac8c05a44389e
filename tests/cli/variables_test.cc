// Variables of scripts: what is replaced, and that a value can't become anything else than what it was asked to be.

#include "variables.h"

#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

std::string Expanded(const std::string& sql) {
  Variables variables;
  variables.Set("who", "O'Neil \"x\"; DROP TABLE t");
  variables.Set("n", "42");
  auto text = variables.Expand(sql);
  return text ? *text : "error: " + text.error().message;
}

TEST(VariablesTest, AreReplacedBareAsLiteralAndAsName) {
  EXPECT_EQ(Expanded("SELECT :n + :n"), "SELECT 42 + 42");
  EXPECT_EQ(Expanded("SELECT :'who'"), "SELECT 'O''Neil \"x\"; DROP TABLE t'");
  EXPECT_EQ(Expanded("SELECT 1 AS :\"who\""), "SELECT 1 AS \"O'Neil \"\"x\"\"; DROP TABLE t\"");
  EXPECT_EQ(Expanded("LIMIT :n"), "LIMIT 42");
}

TEST(VariablesTest, NothingWithinStringsNamesAndComments) {
  for (const char* sql : {"SELECT ':n', ':who'", "SELECT 1 AS \":n\"", "SELECT 1 -- :n", "SELECT /* :n */ 1",
                          "SELECT $$ :n $$, E'\\':n'", "SELECT 1::n, x::who", "SELECT list[1:2], { 'a': n }"}) {
    EXPECT_EQ(Expanded(sql), sql);
  }
}

TEST(VariablesTest, OneThatIsNotSetIsAnErrorThatNamesIt) {
  EXPECT_EQ(Expanded("SELECT :nope"),
            "error: variable nope is not set: give -v nope=VALUE, or put a blank after the ':' if it is no variable");
  EXPECT_EQ(*Variables().Expand("SELECT {'a':b}"), "SELECT {'a':b}") << "no variables, no rules";
}

TEST(VariablesTest, AssignmentsNeedAName) {
  Variables variables;
  EXPECT_TRUE(variables.Assign("a_1=x=y"));
  EXPECT_EQ(variables.values().at("a_1"), "x=y");
  EXPECT_TRUE(variables.Assign("empty="));
  for (const char* bad : {"", "=x", "1a=x", "a b=x", "a"}) EXPECT_FALSE(variables.Assign(bad)) << bad;
}

}  // namespace
}  // namespace kalam::cli
