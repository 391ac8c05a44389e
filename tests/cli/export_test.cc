// kalam export, and what kalam import makes of its files.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "kalam_runner.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

class CliExport : public SharedServerTest {
 protected:
  void SetUp() override {
    ns_ = OwnNamespace();
    for (const char* table : {"notes", "again"}) {
      ASSERT_TRUE(Ok(Client().Run("CREATE USER TABLE " + ns_ + "." + table +
                                  " (id BIGINT PRIMARY KEY, body TEXT, n DOUBLE, at TIMESTAMP, ok BOOLEAN)")));
    }
    ASSERT_TRUE(Ok(Client("maya").Run(
        "INSERT INTO " + ns_ + ".notes SELECT 9007199254740993 + i, CASE WHEN i % 5 = 0 THEN NULL "
        "WHEN i % 7 = 0 THEN '' ELSE 'line one' || chr(10) || '\"two\", ' || i END, i / 8.0, "
        "TIMESTAMP '2026-01-01' + to_seconds(i), i % 2 = 0 FROM range(2500) r(i)")));
  }
  Ran Kalam(std::vector<std::string> args) {
    args.insert(args.begin(), {"--user", "maya"});
    return KalamRunner("http://127.0.0.1:" + std::to_string(server().port())).Run(args);
  }
  std::string Digest(const std::string& table) {
    return Client("maya")
        .Run("SELECT md5(string_agg(concat_ws('|', id, coalesce(body, '<null>'), n, at, ok), ';' ORDER BY id)) FROM " +
             ns_ + "." + table)
        .cell();
  }
  std::string ns_;
};

TEST_F(CliExport, WhatIsImportedAgainIsTheSame) {
  const TempDir folder;
  const std::string before = Digest("notes");
  for (const char* name : {"notes.csv", "notes.json", "notes.ndjson"}) {
    const std::string file = (folder / name).string();
    const Ran out = Kalam({"export", ns_ + ".notes", file, "--page-rows", "700"});
    ASSERT_EQ(out.exit_code, 0) << out;
    EXPECT_EQ(out.err, "2500 rows exported\n");
    const Ran in = Kalam({"import", ns_ + ".again", file});
    ASSERT_EQ(in.exit_code, 0) << in;
    EXPECT_EQ(Digest("again"), before) << name;
    ASSERT_TRUE(Ok(Client("maya").Run("DELETE FROM " + ns_ + ".again")));
  }
}

TEST_F(CliExport, OnlySomeRowsToStandardOutput) {
  const Ran ran = Kalam({"export", ns_ + ".notes", "-", "--output-format", "csv", "--where",
                         "id < 9007199254740996 OR id = 9007199254740999", "--page-rows", "2"});
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_EQ(ran.out.find("id,body,n,at,ok\n9007199254740993,,0,2026-01-01T00:00:00Z,true\n"), 0u) << ran;
  EXPECT_EQ(ran.err, "4 rows exported\n");
  const Ran other = KalamRunner("http://127.0.0.1:" + std::to_string(server().port()))
                        .Run({"--user", "noah", "export", ns_ + ".notes", "-", "--output-format", "ndjson"});
  EXPECT_EQ(other.out, "") << "another's rows";
}

TEST_F(CliExport, MistakesLeaveNoFile) {
  const TempDir folder;
  const std::string file = (folder / "x.csv").string();
  EXPECT_EQ(Kalam({"export", ns_ + ".nowhere", file}).exit_code, 1);
  EXPECT_EQ(Kalam({"export", ns_ + ".notes", file, "--where", "nonsense = 1"}).exit_code, 1);
  EXPECT_EQ(Kalam({"export", ns_ + ".notes", (folder / "x").string()}).exit_code, 2);
  EXPECT_EQ(Kalam({"export", ns_ + ".notes", "/no/such/folder/x.csv"}).exit_code, 2);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace kalam::test
