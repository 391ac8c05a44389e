#include <cctype>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "sql/keyword.h"
#include "sql/lexer.h"
#include "sql/reserved_words.h"
#include "sql/splitter.h"
#include "sql/statement.h"

namespace kalam::sql {
namespace {

std::string Refusal(std::string_view sql) {
  const auto statement = ParseStatement(sql, ErrorStyle::kPostgres);
  return statement.ok() ? "accepted" : statement.error().message();
}

TableSpec Spec(std::string_view sql) {
  auto statement = ParseStatement(sql, ErrorStyle::kPostgres);
  EXPECT_TRUE(statement.ok()) << (statement.ok() ? "" : statement.error().message());
  return std::get<CreateTable>(std::move(statement).value()).spec;
}

TEST(JobStatements, FlushAndKill) {
  const auto parse = [](std::string_view text) {
    return ParseStatement(text, ErrorStyle::kPostgres);
  };
  for (const char* text : {"FLUSH TABLE App.Notes", "storage flush table app.notes;"}) {
    const auto flush = std::get<FlushTable>(parse(text).value());
    EXPECT_EQ(flush.name.ns, "app");
    EXPECT_EQ(flush.name.table, "notes");
  }
  EXPECT_EQ(std::get<FlushAllTables>(parse("FLUSH ALL TABLES").value()).ns, std::nullopt);
  EXPECT_EQ(std::get<FlushAllTables>(parse("FLUSH ALL TABLES IN app").value()).ns, "app");
  EXPECT_EQ(std::get<FlushAllTables>(parse("STORAGE FLUSH ALL IN app").value()).ns, "app");
  EXPECT_EQ(std::get<KillJob>(parse("KILL JOB 'flush-a-1'").value()).job_id, "flush-a-1");
  EXPECT_EQ(std::get<KillJob>(parse("KILL JOB flush-a-1-00ff;").value()).job_id, "flush-a-1-00ff");

  EXPECT_EQ(parse("FLUSH TABLE notes").error().message(),
            "Table name must be qualified (namespace.table) for FLUSH TABLE");
  EXPECT_EQ(parse("KILL JOB").error().message(), "KILL JOB requires a job_id");
  EXPECT_EQ(parse("KILL JOB ''").error().message(), "KILL JOB requires a job_id");
  for (const char* text : {"FLUSH", "FLUSH TABLE", "FLUSH ALL", "FLUSH TABLE a.b c",
                           "FLUSH ALL TABLES IN", "KILL", "KILL IT", "STORAGE", "STORAGE FLUSH"}) {
    EXPECT_FALSE(parse(text).ok()) << text;
  }
}

TEST(Splitter, CutsOnlyOutsideQuotesAndComments) {
  const auto pieces = SplitStatements("SELECT ';' ; -- a;b\nSELECT \"x;y\" /* ; */; ;", 100);
  ASSERT_TRUE(pieces.ok());
  ASSERT_EQ(pieces->size(), 2u);
  EXPECT_EQ((*pieces)[0], "SELECT ';'");
}

TEST(Splitter, NamesWhatIsNotClosed) {
  EXPECT_EQ(SplitStatements("SELECT 'x", 10).error().message(), "Unterminated quoted string in SQL batch");
  EXPECT_EQ(SplitStatements("SELECT /* x", 10).error().message(), "Unterminated block comment in SQL batch");
  EXPECT_EQ(SplitStatements("a;b;c", 2).error().code(), ErrorCode::kLimitExceeded);
}

TEST(Splitter, WhatStartsAfterANumberOrAQuoteIsItsOwn) {
  EXPECT_FALSE(SplitStatements("SELECT $$''$$$$", 10).ok()) << "the second pair opens again, as for the engine";
  EXPECT_FALSE(SplitStatements("SELECT 1$$", 10).ok());
  EXPECT_EQ(SplitStatements("SELECT 1$$;$$; SELECT $1$$;$$", 10)->size(), 2u);
  EXPECT_EQ(SplitStatements("SELECT a1$$; SELECT $$;$$$$;$$", 10)->size(), 2u);
  EXPECT_EQ(SplitStatements("SELECT 1e'\\';'; SELECT ae'\\'", 10)->size(), 2u) << "an escape string, and none";
}

// The splitter cuts where the lexer, which everything else reads with, sees a `;`.
TEST(Splitter, AgreesWithTheLexer) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed=" + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::string_view kSoup[] = {
      "'", "''", "\"", "`", "$", "$$", "$t$", "$1", "$e", "E'", "\\", "--", "/*", "*/", "\n", " ", "\xE2\x80\x80",
      "\xC3", ";", "a", "_", "1", "1e", "0x", ".", "+", "-", "@", "x'", "u&'", ":", "?"};
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    for (auto n = random() % 14; n > 0; --n) text += kSoup[random() % std::size(kSoup)];
    std::vector<std::string> lexed;
    bool open = false;
    bool fresh = true;
    Lexer lexer(text);
    for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
      open = token.kind == TokenKind::kUnterminatedQuote || token.kind == TokenKind::kUnterminatedComment;
      if (token.Is(';')) {
        fresh = true;
      } else if (fresh) {
        lexed.emplace_back(token.text);  // the first token of a statement
        fresh = false;
      }
    }
    const auto pieces = SplitStatements(text, 100);
    ASSERT_EQ(pieces.ok(), !open) << text;
    if (open) continue;
    ASSERT_EQ(pieces->size(), lexed.size()) << text;
    for (std::size_t i = 0; i < lexed.size(); ++i) ASSERT_TRUE((*pieces)[i].starts_with(lexed[i])) << text;
  }
}

TEST(Bounds, StopWhatWouldRecurse) {
  const StatementLimits limits{.max_nesting_depth = 10, .max_in_list = 3, .max_values_rows = 2};
  EXPECT_TRUE(CheckStatementBounds("SELECT ((1)) IN (1, 2, 3)", limits).ok());
  for (const std::string& sql : {"SELECT " + std::string(11, '(') + "1" + std::string(11, ')'),
                                std::string("SELECT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT true"),
                                std::string("SELECT 1 IN (1, 2, 3, 4)"), std::string("VALUES (1), (2), (3)")}) {
    EXPECT_FALSE(CheckStatementBounds(sql, limits).ok()) << sql;
  }
}

std::string Repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// Each as large as its limit allows, and one larger.
TEST(Bounds, NameTheirKeys) {
  const StatementLimits limits{.max_nesting_depth = 20,
                               .max_in_list = 30,
                               .max_values_rows = 30,
                               .max_parameters = 9,
                               .max_select_items = 10,
                               .max_conditions = 11,
                               .max_joins = 4,
                               .max_ctes = 3,
                               .max_arrow_chain = 5,
                               .max_subquery_depth = 2};
  struct Case {
    std::string key, head, piece, tail;
    int allowed;  // pieces
  };
  for (const Case& c : {
           Case{"max_nesting_depth", "SELECT 1", " + 1", "", 20},
           Case{"max_nesting_depth", "SELECT 1", "::INT", "", 20},
           Case{"max_nesting_depth", "SELECT x", "[1]", "", 19},
           Case{"max_nesting_depth", "SELECT (x)", ".lower()", "", 19},
           Case{"max_nesting_depth", "SELECT x", " IS NULL", "", 20},
           Case{"max_nesting_depth", "SELECT ", "- ", "1", 20},
           Case{"max_nesting_depth", "SELECT ", "CASE ", "1", 20},
           Case{"max_nesting_depth", "SELECT ", "{a: [", "1", 10},
           Case{"max_in_list", "SELECT 1 IN (0", ", 1", ")", 29},
           Case{"max_in_list", "SELECT f(0", ", 1", ")", 29},
           Case{"max_values_rows", "INSERT INTO t VALUES (1)", ", (1)", "", 29},
           Case{"max_select_items", "SELECT 1", ", 1", " FROM t", 9},
           Case{"max_select_items", "SELECT 1 FROM t ORDER BY 1", ", 1", "", 9},
           Case{"max_select_items", "UPDATE t SET a = 1", ", a = 1", "", 9},
           Case{"max_select_items", "SELECT * FROM (SELECT 1", ", 1", ")", 9},
           Case{"max_conditions", "SELECT 1 WHERE a", " AND a = 1", "", 11},
           Case{"max_conditions", "SELECT CASE", " WHEN a THEN 1", " END", 11},
           Case{"max_joins", "SELECT 1 FROM t", " JOIN t ON x = y", "", 4},
           Case{"max_joins", "SELECT 1 FROM t", ", t", "", 4},
           Case{"max_ctes", "WITH x AS (SELECT 1)", ", x AS MATERIALIZED (SELECT 1)", " SELECT 1", 2},
           Case{"max_arrow_chain", "SELECT j", "->'a'", "", 5},
           Case{"max_arrow_chain", "SELECT ", "f(x, x -> ", "1", 5},
           Case{"max_subquery_depth", "SELECT ", "(SELECT ", "1", 2},
           Case{"max_subquery_depth", "SELECT 1", " WHERE EXISTS (SELECT 1", "", 2},
           Case{"max_subquery_depth", "SELECT 1", " WHERE 1 = ALL ((SELECT 1", "", 2},
       }) {
    const std::string fits = c.head + Repeated(c.piece, c.allowed) + c.tail;
    const Status taken = CheckStatementBounds(fits, limits);
    EXPECT_TRUE(taken.ok()) << fits << ": " << taken.error().message();
    const std::string larger = c.head + Repeated(c.piece, c.allowed + 1) + c.tail;
    const Status refused = CheckStatementBounds(larger, limits);
    ASSERT_FALSE(refused.ok()) << larger;
    EXPECT_NE(refused.error().message().find("limits." + c.key + " ("), std::string::npos)
        << larger << ": " << refused.error().message();
  }
  // What only looks like one of these.
  for (const char* sql :
       {"SELECT 1 AND 1 = 1 AND 1 + 1 + 1 = 3, a + a + a + a + a, a + a + a + a + a, a + a + a + a + a + a + a",
        "SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT * FROM ((SELECT 1)))))",
        "(SELECT 1) UNION ALL (SELECT 1) UNION ALL ((SELECT 1) EXCEPT (SELECT 2))",
        "SELECT (SELECT 1), (SELECT 1), (SELECT 1)", "SELECT a IS DISTINCT FROM b, 1, 2, 3, 4, 5, 6",
        "SELECT extract(year FROM x), j->'a'->'b', j->'a'->'b', j->'a'->'b'"}) {
    const Status taken = CheckStatementBounds(sql, limits);
    EXPECT_TRUE(taken.ok()) << sql << ": " << taken.error().message();
  }
}

TEST(CreateTable, ReadsColumnsAndOptions) {
  const TableSpec spec = Spec(
      "CREATE USER TABLE IF NOT EXISTS app.notes (id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID(), body TEXT NOT NULL, "
      "n INT DEFAULT -3, at TIMESTAMP DEFAULT NOW()) FLUSH INTERVAL 30s ROW_THRESHOLD 500 STORAGE 'local'");
  EXPECT_EQ(spec.kind, TableKind::kUser);
  EXPECT_TRUE(spec.if_not_exists);
  EXPECT_EQ(spec.name.ns, "app");
  ASSERT_EQ(spec.columns.size(), 4u);
  EXPECT_FALSE(spec.columns[1].nullable);
  EXPECT_EQ(spec.columns[2].default_expr->literal.view().int_value(), -3);
  EXPECT_EQ(spec.flush->interval_seconds, 30);
  EXPECT_EQ(spec.flush->row_threshold, 500);
}

TEST(CreateTable, SerialKeysAreBigintWithSnowflakeIds) {
  for (const char* sql : {"CREATE TABLE t (id SERIAL PRIMARY KEY)",
                          "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY)"}) {
    const TableSpec spec = Spec(sql);
    EXPECT_EQ(spec.kind, TableKind::kShared);
    EXPECT_EQ(spec.columns[0].type, DataType::kBigInt);
    EXPECT_EQ(spec.columns[0].default_expr->function, DefaultFunction::kSnowflakeId);
  }
}

TEST(CreateTable, RefusesWithTheDocumentedTexts) {
  EXPECT_EQ(Refusal("CREATE USER TABLE t (id BIGINT)"),
            "PRIMARY KEY is required for User tables. All USER, SHARED, and STREAM tables must declare a PRIMARY KEY "
            "column.");
  EXPECT_EQ(Refusal("CREATE USER TABLE t (flag BOOLEAN PRIMARY KEY)"),
            "PRIMARY KEY 'flag' has invalid type BOOLEAN. Only BIGINT or STRING (TEXT/VARCHAR) types are allowed for "
            "PRIMARY KEY columns.");
  EXPECT_EQ(Refusal("CREATE TABLE t (a BIGINT PRIMARY KEY, b BIGINT PRIMARY KEY)"),
            "Multiple PRIMARY KEY columns not supported");
  EXPECT_EQ(Refusal("CREATE TABLE t (id BIGINT PRIMARY KEY) TABLE_TYPE shared"),
            "Use CREATE USER TABLE | CREATE SHARED TABLE | CREATE STREAM TABLE");
  EXPECT_EQ(Refusal("CREATE USER maya OWNER_ID 'x'"), "OWNER_ID is not supported; use CREATE USER <username>");
  EXPECT_EQ(Refusal("CREATE TABLE t (id BIGINT PRIMARY KEY DEFAULT FOO())"),
            "Unknown DEFAULT function 'FOO' for column 'id'. Known functions: NOW, SNOWFLAKE_ID, UUID_V7, ULID, "
            "CURRENT_USER, CURRENT_TIMESTAMP");
  EXPECT_EQ(Refusal("CREATE TABLE t (id BIGINT PRIMARY KEY DEFAULT NOW())"),
            "DEFAULT NOW() can only be used on TIMESTAMP columns, but column 'id' has type BIGINT");
  EXPECT_EQ(Refusal("CREATE TABLE t (id BIGINT PRIMARY KEY, d DECIMAL(3, 2))"), "Unsupported data type: DECIMAL");
  EXPECT_EQ(Refusal("CREATE TABLE t (id BIGINT PRIMARY KEY) FLUSH ROWS 0"), "Row limit must be greater than 0");
  EXPECT_EQ(Spec("CREATE USER TABLE t (id BIGINT PRIMARY KEY) SHARDING FLUSH ROWS 5").sharding->strategy, "");
  EXPECT_EQ(Spec("CREATE USER TABLE t (id BIGINT PRIMARY KEY) SHARDING 'consistent_hash' SHARDS 8").sharding->shards,
            8);
  EXPECT_EQ(Refusal("CREATE USER TABLE t (id BIGINT PRIMARY KEY) SHARDING consistent_hash SHARDS 0"),
            "SHARDS must be greater than 0");
  EXPECT_EQ(Refusal("CREATE USER TABLE t (id BIGINT PRIMARY KEY) SHARDING consistent_hash SHARDS 10001"),
            "SHARDS must be at most 10000");
  EXPECT_EQ(Refusal("CREATE USER TABLE t (id BIGINT PRIMARY KEY) SHARDING numeric SHARDS 8"),
            "SHARDS is for SHARDING consistent_hash");
  EXPECT_EQ(Refusal("CREATE TABLE t (id BIGINT PRIMARY KEY) nonsense"), "ERROR: syntax error at or near 'nonsense'");
  EXPECT_EQ(Refusal("CREATE NAMESPACE system"), "Namespace name 'system' is reserved");
}

// US14 T010b test_sql_keywords_enum_centralized
TEST(Keywords, StandInOneSortedListOfEnumerators) {
  std::string before;
  int count = 0;
  const auto check = [&](Keyword keyword, const std::string& spelling) {
    EXPECT_EQ(LookupKeyword(spelling), keyword) << spelling;
    std::string upper = spelling;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    EXPECT_EQ(LookupKeyword(upper), keyword) << upper;
    EXPECT_EQ(LookupKeyword(spelling + "x"), LookupKeyword(upper + "X"));
    EXPECT_LT(before, spelling) << "sorted, each once";
    before = spelling;
    ++count;
  };
#define KALAM_TEST_KEYWORD(enumerator, spelling) check(Keyword::enumerator, spelling);
  KALAM_SQL_KEYWORDS(KALAM_TEST_KEYWORD)
#undef KALAM_TEST_KEYWORD
  EXPECT_GT(count, 100);
  EXPECT_EQ(LookupKeyword("nonsense"), Keyword::kNone);
}

TEST(Statements, BackupAndRestore) {
  const auto parse = [](const char* text) { return ParseStatement(text, ErrorStyle::kPostgres); };
  const auto backup = std::get<BackupNamespace>(*parse("BACKUP DATABASE IF EXISTS App TO '/var/b'"));
  EXPECT_EQ(backup.ns, "app");
  EXPECT_EQ(backup.path, "/var/b");
  EXPECT_TRUE(backup.if_exists);
  const auto restore = std::get<RestoreNamespace>(*parse("restore namespace app from 'b''c'"));
  EXPECT_EQ(restore.path, "b'c");
  EXPECT_FALSE(restore.if_not_exists);
  EXPECT_EQ(std::get<ShowBackups>(*parse("SHOW BACKUPS FOR DATABASE app")).ns, "app");
  EXPECT_EQ(std::get<ShowBackups>(*parse("SHOW BACKUP 'x'")).path, "x");
  const auto failure = [&](const char* text) { return parse(text).error().message(); };
  EXPECT_EQ(failure("BACKUP DATABASE app TO x"), "Backup path must be quoted");
  EXPECT_EQ(failure("BACKUP DATABASE app TO ''"), "Backup path cannot be empty");
  EXPECT_EQ(failure("BACKUP DATABASE app 'x'"), "Expected TO clause in BACKUP DATABASE");
  EXPECT_EQ(failure("RESTORE DATABASE app TO 'x'"), "Expected FROM clause in RESTORE DATABASE");
  EXPECT_EQ(failure("BACKUP DATABASE TO 'x'"), "Namespace name is required");
  EXPECT_EQ(failure("SHOW BACKUPS"), "Expected FOR DATABASE or a quoted path in SHOW BACKUPS");
}

TEST(Statements, OthersAreNotOurs) {
  EXPECT_TRUE(std::holds_alternative<NotOurs>(*ParseStatement("CREATE VIEW v AS SELECT 1", ErrorStyle::kPostgres)));
  EXPECT_EQ(Classify("  -- x\n select 1"), StatementClass::kSelect);
  EXPECT_EQ(Classify("WITH a AS (SELECT 1) SELECT * FROM a"), StatementClass::kGeneral);
}

TEST(QuoteFreeWords, QuotesNamesAndLeavesGrammar) {
  std::string scratch;
  EXPECT_EQ(QuoteFreeWords("SELECT at FROM t ORDER BY at", scratch), "SELECT \"at\" FROM t ORDER BY \"at\"");
  EXPECT_EQ(QuoteFreeWords("SELECT x AT TIME ZONE 'UTC'", scratch), "SELECT x AT TIME ZONE 'UTC'");
  EXPECT_EQ(QuoteFreeWords("SELECT `a b` FROM t", scratch), "SELECT \"a b\" FROM t");
  EXPECT_EQ(QuoteFreeWords("INSERT INTO t (id, at) VALUES (1, 'at')", scratch),
            "INSERT INTO t (id, \"at\") VALUES (1, 'at')");
}

TEST(Fuzz, NoTextBreaksTheParsers) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed=" + std::to_string(seed));
  std::mt19937 random(seed);
  const char* words[] = {"CREATE ", "USER ",   "TABLE ",   "t",     "(",        ")",     ",",
                         "id ",     "BIGINT ", "PRIMARY ", "KEY ",  "DEFAULT ", "NOW()", "FLUSH ",
                         "ROWS ",   "7",       "'x'",      ";",     "--",       "/*",    "*/",
                         "$$",      "$1",      "\"",       "`",     ".",        "NOT ",  "NULL ",
                         "TTL ",    "\xFF",    "DROP ",    "SHOW ", "at "};
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (auto n = random() % 16; n > 0; --n) text += words[random() % std::size(words)];
    std::string scratch;
    (void)SplitStatements(text, 5);
    (void)CheckStatementBounds(text, {});
    (void)ParseStatement(text, ErrorStyle::kMySql);
    (void)QuoteFreeWords(text, scratch);
    (void)Classify(text);
  }
}

}  // namespace
}  // namespace kalam::sql
