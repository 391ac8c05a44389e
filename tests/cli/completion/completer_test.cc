#include "completion/completer.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "completion/words.h"

namespace kalam::cli {
namespace {

using Category = Completion::Category;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

const SchemaNames kNames({{"app", "notes", {"id", "body", "at"}},
                          {"app", "news", {"id", "title"}},
                          {"shop", "orders", {"order_id", "total"}},
                          {"system", "tables", {"table_name"}}});

// `text` with the cursor at |.
Completions At(std::string text) {
  const std::size_t cursor = text.find('|');
  text.erase(cursor, 1);
  return Complete(text, cursor, kNames);
}

std::vector<std::string> Texts(const std::string& text) {
  std::vector<std::string> texts;
  for (const Completion& item : At(text).items) texts.push_back(item.text);
  return texts;
}

// US0 T065 test_cli_autocomplete_select
TEST(CompleterTest, AutocompleteSelect) {
  EXPECT_THAT(Texts("SEL|"), ElementsAre("SELECT"));
  EXPECT_THAT(Texts("sel|"), ElementsAre("SELECT"));
  const Completions found = At("SELECT 1; sel|");
  EXPECT_EQ(found.begin, 10u);
  EXPECT_EQ(found.end, 13u);
}

// US0 T066 test_cli_autocomplete_multiple_matches
TEST(CompleterTest, AutocompleteMultipleMatches) {
  EXPECT_THAT(Texts("CRE|"), Contains("CREATE"));
  EXPECT_THAT(Texts("DE|"), IsSupersetOf({"DELETE", "DESC", "DESCRIBE", "DEFAULT"}));
}

// US0 T067 test_cli_autocomplete_sql_keywords
TEST(CompleterTest, AutocompleteSqlKeywords) {
  const auto texts = Texts("|");
  EXPECT_GE(texts.size(), 20u);
  EXPECT_THAT(texts, IsSupersetOf({"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "SHOW",
                                   "DESCRIBE", "SUBSCRIBE", "FROM", "WHERE", "ORDER BY", "GROUP BY", "LIMIT", "OFFSET",
                                   "JOIN", "INNER", "LEFT", "RIGHT", "OUTER"}));
}

// US13 T431 test_cli_table_autocomplete
TEST(CompleterTest, TablesWhereTablesAreNamed) {
  EXPECT_THAT(Texts("SELECT * FROM no|"), ElementsAre("app.notes"));
  EXPECT_THAT(Texts("SELECT * FROM a|"), ElementsAre("app."));
  EXPECT_THAT(Texts("SELECT * FROM app.n|"), ElementsAre("news", "notes"));
  EXPECT_THAT(Texts("SELECT * FROM app.notes JOIN ORD|"), ElementsAre("shop.orders"));
  EXPECT_THAT(Texts("SELECT * FROM app.notes, ord|"), ElementsAre("shop.orders"));
  EXPECT_THAT(Texts("INSERT INTO ne|"), ElementsAre("app.news"));
  EXPECT_THAT(Texts("UPDATE app.no| SET x = 1"), ElementsAre("notes"));
  EXPECT_THAT(Texts("DROP TABLE ta|"), ElementsAre("system.tables"));
  EXPECT_EQ(At("SELECT * FROM no|").items[0].category, Category::kTable);
}

TEST(CompleterTest, ColumnsOfTheStatementsTables) {
  EXPECT_THAT(Texts("SELECT b| FROM app.notes"), ElementsAre("body", "BACKUP", "BEGIN", "BETWEEN", "BY"));
  EXPECT_THAT(Texts("SELECT id, ti| FROM app.news"), Contains("title"));
  EXPECT_THAT(Texts("SELECT * FROM app.news WHERE ti|"), Contains("title"));
  EXPECT_THAT(Texts("SELECT * FROM shop.orders ORDER BY to|"), Contains("total"));
  EXPECT_THAT(Texts("INSERT INTO app.notes (bo|"), Contains("body"));
  EXPECT_THAT(Texts("UPDATE app.notes SET bo|"), Contains("body"));
  EXPECT_THAT(Texts("SELECT x FROM app.news; SELECT ti|"), Not(Contains("title"))) << "of another statement";
}

TEST(CompleterTest, ColumnsBehindATableOrItsAlias) {
  EXPECT_THAT(Texts("SELECT n.| FROM app.notes n"), ElementsAre("id", "body", "at"));
  EXPECT_THAT(Texts("SELECT o.t| FROM app.notes AS n JOIN shop.orders AS o ON true"), ElementsAre("total"));
  EXPECT_THAT(Texts("SELECT notes.bo| FROM app.notes"), ElementsAre("body"));
  EXPECT_THAT(Texts("SELECT * FROM app.notes WHERE app.notes.b|"), ElementsAre("body"));
}

TEST(CompleterTest, TypesWhereColumnsAreDeclared) {
  EXPECT_THAT(Texts("CREATE TABLE app.t (id BIG|"), ElementsAre("BIGINT", "BIGSERIAL"));
  EXPECT_THAT(Texts("ALTER TABLE app.t ADD COLUMN x te|"), ElementsAre("TEXT"));
  EXPECT_THAT(Texts("SELECT '1'::da|"), ElementsAre("DATE", "DATETIME"));
}

TEST(CompleterTest, NothingWithinStringsNumbersAndComments) {
  for (const char* text : {"SELECT 'SEL|", "SELECT 'a SEL| b'", "-- SEL|", "/* SEL|", "/* SEL| */", "LIMIT 1|"}) {
    EXPECT_THAT(Texts(text), IsEmpty()) << text;
  }
}

TEST(CompleterTest, CommandsBehindABackslash) {
  EXPECT_THAT(Texts("\\he|"), ElementsAre("\\health", "\\help"));
  EXPECT_THAT(Texts("\\d app.no|"), ElementsAre("notes"));
  EXPECT_THAT(Texts("\\format j|"), ElementsAre("json"));
  EXPECT_EQ(At("\\he|").items[0].category, Category::kCommand);
}

TEST(CompleterTest, TenThousandTablesAreCutToAList) {
  std::vector<SchemaNames::Table> tables;
  for (int i = 0; i < 10'000; ++i) tables.push_back({"ns" + std::to_string(i % 10), "table_" + std::to_string(i), {}});
  const SchemaNames names(std::move(tables));
  const Completions found = Complete("SELECT * FROM table_", 20, names);
  EXPECT_EQ(found.items.size(), kMaxCompletions);
  EXPECT_TRUE(found.more);
  EXPECT_EQ(Complete("SELECT * FROM table_9999", 24, names).items.at(0).text, "ns9.table_9999");
  ASSERT_NE(names.Find("NS1", "TABLE_1"), nullptr);
  EXPECT_EQ(names.Find("ns2", "table_1"), nullptr);
}

}  // namespace
}  // namespace kalam::cli
