// Files of many schemas under one definition: whatever ALTER TABLE did between flushes and merges,
// a table whose rows lie in Parquet answers as its twin that was never flushed.

#include "support/server_test.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace kalam::test {
namespace {

struct Column {
  std::string name, type;
};

class SchemaEvolution : public OwnServerTest {
 protected:
  SchemaEvolution()
      : server_(Make({.env = {{"KALAMDB_COMPACTION_MIN_FILES", "4"},
                              {"KALAMDB_COMPACTION_KEEP_FILES_SECONDS", "0"}}})) {
    server_.Start();
    client_.emplace(server_.port());
  }

  SqlAnswer Run(const std::string& sql) { return client_->Run(sql); }
  // The same statement about both tables, named by `$`.
  bool Both(const std::string& sql) {
    const auto about = [&](const std::string& table) {
      std::string text;
      for (const char c : sql) text += c == '$' ? table : std::string(1, c);
      return Run(text);
    };
    const SqlAnswer hot = about("app.hot"), cold = about("app.cold");
    EXPECT_EQ(hot.http.status, cold.http.status) << sql << "\n" << hot << cold;
    if (hot.ok() && cold.ok()) {
      EXPECT_EQ(hot.rows(), cold.rows()) << sql;
      EXPECT_EQ(hot.message(), cold.message()) << sql;
    }
    return hot.ok();
  }
  // Moves the rows of one of them, and waits for the merge that may follow.
  void FlushCold() {
    ASSERT_TRUE(Ok(Run("FLUSH TABLE app.cold")));
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (Run("SELECT count(*) FROM system.jobs WHERE status IN ('pending', 'running')").cell() !=
           "0") {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ASSERT_EQ(Run("SELECT count(*) FROM system.jobs WHERE status <> 'completed'").cell(), "0");
  }

  int Pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string ValueOf(const std::string& type) {
    const std::string n = std::to_string(Pick(20));
    if (type == "BOOLEAN") return Pick(2) == 0 ? "true" : "false";
    if (type == "TEXT") return "'" + n + "'";
    if (type == "DOUBLE" || type == "FLOAT") return n + (Pick(2) == 0 ? ".5" : ".0");
    if (type == "DATE") return "DATE '2025-01-" + std::to_string(10 + Pick(20)) + "'";
    if (type == "TIMESTAMP")
      return "TIMESTAMP '2025-01-" + std::to_string(10 + Pick(20)) + " 00:00:00'";
    return n;
  }
  std::string AnyType() {
    const std::vector<std::string> types = {"BOOLEAN", "SMALLINT", "INT",  "BIGINT",   "FLOAT",
                                            "DOUBLE",  "TEXT",     "DATE", "TIMESTAMP"};
    return types[static_cast<std::size_t>(Pick(static_cast<int>(types.size())))];
  }

  // Rows of which some columns are left to their defaults.
  void Write() {
    std::vector<Column> given;
    for (const Column& column : columns_) {
      if (Pick(3) != 0) given.push_back(column);
    }
    std::string names = "id", rows;
    for (const Column& column : given) names += ", " + column.name;
    for (int i = 0; i < 30; ++i, ++next_id_) {
      rows += (i == 0 ? "(" : ", (") + std::to_string(next_id_);
      for (const Column& column : given)
        rows += ", " + (Pick(6) == 0 ? "NULL" : ValueOf(column.type));
      rows += ")";
    }
    Both("INSERT INTO $ (" + names + ") VALUES " + rows);  // a NULL may be refused, by both
    for (int i = 0; i < 4; ++i) {
      Both("DELETE FROM $ WHERE id = " + std::to_string(Pick(next_id_)));
      if (columns_.empty()) continue;
      const Column& column = AnyColumn();
      Both("UPDATE $ SET " + column.name + " = " + ValueOf(column.type) +
           " WHERE id % 17 = " + std::to_string(Pick(17)));
    }
  }
  const Column& AnyColumn() {
    return columns_[static_cast<std::size_t>(Pick(static_cast<int>(columns_.size())))];
  }

  void Alter() {
    const int what = columns_.size() < 3 ? 0 : columns_.size() > 8 ? 1 : Pick(4);
    const auto at = columns_.empty() ? columns_.begin()
                                     : columns_.begin() + Pick(static_cast<int>(columns_.size()));
    if (what == 0) {
      // Names come back, for other columns.
      Column column{"c" + std::to_string(Pick(12)), AnyType()};
      const int how = Pick(3);
      const std::string tail =
          how == 0 ? "" : " DEFAULT " + ValueOf(column.type) + (how == 1 ? " NOT NULL" : "");
      if (Both("ALTER TABLE $ ADD COLUMN " + column.name + " " + column.type + tail))
        columns_.push_back(column);
    } else if (what == 1) {
      if (Both("ALTER TABLE $ DROP COLUMN " + at->name)) columns_.erase(at);
    } else if (what == 2) {
      const std::string name = "c" + std::to_string(Pick(12));
      if (Both("ALTER TABLE $ RENAME COLUMN " + at->name + " TO " + name)) at->name = name;
    } else {
      const std::string type = AnyType();
      if (Both("ALTER TABLE $ MODIFY COLUMN " + at->name + " " + type)) at->type = type;
    }
  }

  void Compare() {
    Both("SELECT * EXCLUDE (_updated) FROM $ ORDER BY id");
    Both("SELECT count(*) FROM $");
    Both("SELECT id FROM $ WHERE _deleted = true ORDER BY id");
    Both("SELECT * EXCLUDE (_updated) FROM $ WHERE id = " + std::to_string(Pick(next_id_)));
    for (const Column& column : columns_) {
      const std::string& c = column.name;
      const std::string v = ValueOf(column.type), w = ValueOf(column.type);
      for (const std::string& filter :
           {c + " = " + v, c + " <> " + v, c + " > " + v, c + " <= " + v, c + " IS NULL",
            c + " IS NOT NULL", c + " IN (" + v + ", " + w + ")", c + " BETWEEN " + v + " AND " + w,
            c + " IS DISTINCT FROM " + v,
            c + " = " + v + " AND id > " + std::to_string(Pick(next_id_))}) {
        Both("SELECT count(*), sum(id), min(" + c + "), max(" + c + ") FROM $ WHERE " + filter);
      }
      Both("SELECT " + c + ", count(*) FROM $ GROUP BY 1 ORDER BY 1 NULLS FIRST");
      Both("SELECT id, " + c + " FROM $ ORDER BY " + c + ", id LIMIT 5");
    }
  }

  ServerProcess& server_;
  std::optional<SqlClient> client_;
  const unsigned seed_ = std::random_device{}();
  const testing::ScopedTrace trace_{__FILE__, __LINE__, "seed=" + std::to_string(seed_)};
  std::mt19937 random_{seed_};
  std::vector<Column> columns_;
  int next_id_ = 1;
};

TEST_F(SchemaEvolution, FilesOfManySchemasAnswerAsOneTable) {
  const std::string definition =
      " (id BIGINT PRIMARY KEY, c0 INT, c1 TEXT, c2 TIMESTAMP) FLUSH ROW_THRESHOLD 999999 INTERVAL "
      "86399s";
  ASSERT_TRUE(Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.hot" + definition +
                     "; CREATE USER TABLE app.cold" + definition)));
  columns_ = {{"c0", "INT"}, {"c1", "TEXT"}, {"c2", "TIMESTAMP"}};
  for (int round = 0; round < 25 && !HasFailure(); ++round) {
    Write();
    if (Pick(4) != 0) Alter();
    if (Pick(4) != 0) FlushCold();
    if (Pick(3) == 0) Alter();
    if (round == 12) {
      server_.Restart();
      client_.emplace(server_.port());
    }
    Compare();
  }
  EXPECT_NE(Run("SELECT count(*) FROM system.jobs WHERE job_type = 'compact'").cell(), "0");
  EXPECT_GE(
      std::stoi(
          Run("SELECT max(version) FROM system.table_schemas WHERE table_name = 'cold'").cell()),
      5);
}

// Files of several row groups, which filters may skip by their statistics: those of the schema that
// they were written under.
TEST_F(SchemaEvolution, FiltersSeeOldFilesUnderTheNewSchema) {
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.cold (id BIGINT PRIMARY KEY, n INT, body "
             "TEXT) FLUSH "
             "ROW_THRESHOLD 999999 INTERVAL 86399s; INSERT INTO app.cold SELECT i, i % 100, 'body "
             "' || i FROM "
             "range(20000) r(i)")));
  FlushCold();
  const auto count = [&](const std::string& condition) {
    return Run("SELECT count(*) FROM app.cold WHERE " + condition).cell();
  };
  const auto check = [&](const std::string& when) {
    EXPECT_EQ(count("topic = 'none'"), "19997") << when;
    EXPECT_EQ(count("topic IS NULL"), "1") << when;
    EXPECT_EQ(count("topic <> 'none'"), "2") << when;
    EXPECT_EQ(count("topic IN ('news', 'x') AND id < 10"), "1") << when;
    EXPECT_EQ(count("m = 7"), "19999") << when;
    EXPECT_EQ(count("m > 7"), "1") << when;
    EXPECT_EQ(count("m = 7 AND id BETWEEN 100 AND 199"), "100") << when;
    EXPECT_EQ(count("n = '77'"), "200") << when;
    EXPECT_EQ(count("n > '98'"), "200") << when;  // as texts: '99'
    EXPECT_EQ(count("n LIKE '7_'"), "2000") << when;
    EXPECT_EQ(count("text = 'body 12345'"), "1") << when;
    EXPECT_EQ(Run("SELECT topic || m || n || text FROM app.cold WHERE id = 12345").cell(),
              "none745body 12345")
        << when;
    EXPECT_EQ(Run("SELECT max(text) FROM app.cold WHERE topic = 'news'").cell(), "body 5") << when;
  };
  ASSERT_TRUE(
      Ok(Run("ALTER TABLE app.cold ADD COLUMN topic TEXT DEFAULT 'none'; ALTER TABLE app.cold ADD "
             "COLUMN m INT "
             "NOT NULL DEFAULT 7; ALTER TABLE app.cold MODIFY n BIGINT; ALTER TABLE app.cold "
             "MODIFY n TEXT; "
             "ALTER TABLE app.cold RENAME body TO text; UPDATE app.cold SET topic = 'news' WHERE "
             "id IN (5, 15000); "
             "UPDATE app.cold SET topic = NULL WHERE id = 6; UPDATE app.cold SET m = 8 WHERE id = "
             "19999")));
  ASSERT_TRUE(Ok(Run("UPDATE app.cold SET text = 'a' WHERE id = 15000")));
  check("half hot");
  FlushCold();
  check("two schemas");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(Ok(Run("UPDATE app.cold SET m = 7 WHERE id = 1")));
    FlushCold();
  }
  ASSERT_EQ(Run("SELECT count(*) FROM system.jobs WHERE job_type = 'compact'").cell(), "1");
  check("merged");

  // A column of the same name is another one.
  ASSERT_TRUE(Ok(
      Run("ALTER TABLE app.cold DROP COLUMN topic; ALTER TABLE app.cold ADD COLUMN topic TEXT")));
  EXPECT_EQ(count("topic IS NULL"), "20000");
  EXPECT_EQ(count("topic = 'none'"), "0");
  ASSERT_TRUE(Ok(Run("UPDATE app.cold SET topic = 'none' WHERE id = 3")));
  FlushCold();
  EXPECT_EQ(count("topic = 'none'"), "1");
  EXPECT_EQ(count("topic IS NULL"), "19999");
}

}  // namespace
}  // namespace kalam::test
