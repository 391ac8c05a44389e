// kalam export, and what kalam import makes of its files.

#include "kalam_runner.h"
#include "support/parquet_reader.h"
#include "support/server_test.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    ASSERT_TRUE(
        Ok(Client("maya").Run("INSERT INTO " + ns_ +
                              ".notes SELECT 9007199254740993 + i, CASE WHEN i % 5 = 0 THEN NULL "
                              "WHEN i % 7 = 0 THEN '' ELSE 'line one' || chr(10) || '\"two\", ' || i END, i / 8.0, "
                              "TIMESTAMP '2026-01-01' + to_seconds(i), i % 2 = 0 FROM range(2500) r(i)")));
  }
  Ran Kalam(std::vector<std::string> args, const std::string& user = "maya") {
    args.insert(args.begin(), {"--user", user});
    return KalamRunner("http://127.0.0.1:" + std::to_string(server().port())).Run(args);
  }
  std::string Digest(const std::string& table) {
    return Client("maya")
        .Run("SELECT md5(string_agg(concat_ws('|', id, coalesce(body, '<null>'), n, at, ok), ';' ORDER BY id)) FROM " +
             ns_ + "." + table)
        .cell();
  }
  // How many USER tables there are: those of the tests before, too.
  std::string UserTables() {
    return Client("maya").Run("SELECT count(*) FROM system.tables WHERE table_type = 'user'").cell();
  }
  std::string ns_;
};

std::string TextOf(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

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
  const Ran other = Kalam({"export", ns_ + ".notes", "-", "--output-format", "ndjson"}, "noah");
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

TEST_F(CliExport, AllTablesOfAUserGoIntoOneFolder) {
  ASSERT_TRUE(Ok(Client().Run("CREATE SHARED TABLE " + ns_ + ".all_see (id BIGINT PRIMARY KEY) ACCESS public")));
  ASSERT_TRUE(Ok(Client().Run("CREATE STREAM TABLE " + ns_ + ".passing (id BIGINT PRIMARY KEY) TTL 60")));
  ASSERT_TRUE(Ok(Client("noah").Run("INSERT INTO " + ns_ + ".again (id, body) VALUES (7, 'noah')")));
  const std::string before = Digest("notes");
  const TempDir folder;
  const std::filesystem::path maya = folder / "of/maya";
  const Ran ran = Kalam({"export", "--all", maya.string()});
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_THAT(ran.err, testing::EndsWith(" rows of " + UserTables() + " tables exported\n"));
  EXPECT_EQ(TextOf(maya / (ns_ + ".again.csv")), "id,body,n,at,ok\n");
  EXPECT_FALSE(std::filesystem::exists(maya / (ns_ + ".all_see.csv")));
  EXPECT_FALSE(std::filesystem::exists(maya / (ns_ + ".passing.csv")));
  ASSERT_EQ(Kalam({"import", ns_ + ".again", (maya / (ns_ + ".notes.csv")).string()}).exit_code, 0);
  EXPECT_EQ(Digest("again"), before);

  const std::filesystem::path noah = folder / "noah";
  EXPECT_EQ(Kalam({"export", "--all", noah.string(), "--output-format", "ndjson"}, "noah").exit_code, 0);
  EXPECT_EQ(TextOf(noah / (ns_ + ".again.ndjson")), R"({"id":7,"body":"noah","n":null,"at":null,"ok":null})"
                                                    "\n");
  EXPECT_EQ(TextOf(noah / (ns_ + ".notes.ndjson")), "");
}

TEST_F(CliExport, AnAdministratorExportsAnotherUsersRowsAndAUserDoesNot) {
  ASSERT_TRUE(Ok(Client().Run("CREATE USER dora ROLE dba; CREATE USER noor")));
  const auto key_of = [&](const std::string& user) {
    const SqlAnswer made = Client().Run("CREATE API KEY FOR '" + user + "'");
    EXPECT_TRUE(Ok(made));
    return made.rows().at(0).at(3);
  };
  ASSERT_TRUE(Ok(Client("maya").Run("INSERT INTO " + ns_ + ".again (id) VALUES (7)")));
  const TempDir folder;
  const std::string to = (folder / "out").string();
  EXPECT_NE(Kalam({"--apikey", key_of("noor"), "export", "--all", to}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(to));
  const Ran ran = Kalam({"--apikey", key_of("dora"), "export", "--all", to});
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_EQ(TextOf(folder / "out" / (ns_ + ".again.csv")), "id,body,n,at,ok\n7,,,,\n");
}

TEST_F(CliExport, OfAllTablesOneFailsAndTheOthersGoOn) {
  const TempDir folder;
  // What can't be replaced by a file, before the other table's turn.
  std::filesystem::create_directory(folder / (ns_ + ".again.csv"));
  const Ran ran = Kalam({"export", "--all", folder.path().string()});
  EXPECT_EQ(ran.exit_code, 2) << ran;
  EXPECT_THAT(ran.err, testing::HasSubstr("ERROR USAGE: " + ns_ + ".again: cannot write "));
  EXPECT_THAT(ran.err, testing::EndsWith(" exported, 1 failed\n"));
  EXPECT_THAT(TextOf(folder / (ns_ + ".notes.csv")), testing::StartsWith("id,body,n,at,ok\n9007199254740993,"));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    EXPECT_NE(entry.path().extension(), ".part");
  }
}

TEST_F(CliExport, ParquetHasEveryTypeExactly) {
  const std::string table = ns_ + ".types";
  ASSERT_TRUE(Ok(Client().Run("CREATE USER TABLE " + table +
                              " (id BIGINT PRIMARY KEY, b BOOLEAN, s SMALLINT, i INT, f FLOAT, d DOUBLE, t TEXT, ts "
                              "TIMESTAMP, dt DATE, tm TIME, j JSON, bin BYTES)")));
  ASSERT_TRUE(Ok(Client("maya").Run(
      "INSERT INTO " + table +
      " VALUES (9223372036854775807, true, -32768, 2147483647, 1e-45, 0.1, 'grün 😀', '2025-10-20 10:30:00.25', "
      "'2024-02-29', '14:30:00.123456', '{\"a\": [1, null]}', '0xDEADbeef'), "
      "(2, false, 0, 0, 0, 0, '', '0001-01-01', '9999-12-31', '00:00:00', '\"x\"', '0x')")));
  ASSERT_TRUE(Ok(Client("maya").Run("INSERT INTO " + table + " (id) VALUES (-9223372036854775808)")));
  const TempDir folder;
  const std::filesystem::path file = folder / "types.parquet";
  const Ran ran = Kalam({"export", table, file.string()});
  ASSERT_EQ(ran.exit_code, 0) << ran;
  EXPECT_EQ(ran.err, "3 rows exported\n");
  const ParquetFile read = ReadParquet(file);
  std::string types;
  for (const auto& column : read.columns) types += column.name + " " + column.type + " " + column.converted + "\n";
  EXPECT_EQ(types,
            "id INT64 INT_64\nb BOOLEAN \ns INT32 INT_16\ni INT32 INT_32\nf FLOAT \nd DOUBLE \nt BYTE_ARRAY UTF8\n"
            "ts INT64 TIMESTAMP_MICROS\ndt INT32 DATE\ntm INT64 TIME_MICROS\nj BYTE_ARRAY UTF8\nbin BYTE_ARRAY \n");
  using Values = std::vector<ParquetFile::Value>;
  Values nulls(12);
  nulls[0] = "-9223372036854775808";
  ASSERT_EQ(read.rows.size(), 3u);
  EXPECT_EQ(read.rows[0], nulls);
  EXPECT_EQ(read.rows[1], (Values{"2", "false", "0", "0", "00000000", "0000000000000000", "", "-62135596800000000",
                                  "2932896", "0", "\"x\"", "0x"}));
  EXPECT_EQ(read.rows[2],
            (Values{"9223372036854775807", "true", "-32768", "2147483647", "00000001", "3fb999999999999a", "grün 😀",
                    "1760956200250000", "19782", "52200123456", "{\"a\": [1, null]}", "0xdeadbeef"}));
  EXPECT_EQ(read.groups.at(0).columns.at(0).codec, "ZSTD");
}

TEST_F(CliExport, ParquetHasAllPagesInOrder) {
  const TempDir folder;
  const Ran ran =
      Kalam({"export", "--all", folder.path().string(), "--output-format", "parquet", "--page-rows", "500"});
  EXPECT_EQ(ran.exit_code, 0) << ran;
  const ParquetFile read = ReadParquet(folder / (ns_ + ".notes.parquet"));
  ASSERT_EQ(read.rows.size(), 2500u);
  for (std::size_t i = 0; i < read.rows.size(); ++i) {
    const std::string number = std::to_string(9007199254740993 + i);
    ASSERT_EQ(read.rows[i][0], number);
    const auto body = i % 5 == 0   ? std::nullopt
                      : i % 7 == 0 ? ParquetFile::Value("")
                                   : "line one\n\"two\", " + std::to_string(i);
    ASSERT_EQ(read.rows[i][1], body) << number;
  }
  EXPECT_TRUE(ReadParquet(folder / (ns_ + ".again.parquet")).rows.empty());
}

TEST_F(CliExport, ParquetThatCannotBeWrittenLeavesNoFile) {
  const TempDir folder;
  const std::string file = (folder / "x.parquet").string();
  EXPECT_EQ(Kalam({"export", ns_ + ".notes", "-", "--output-format", "parquet"}).exit_code, 2);
  const Ran refused = Kalam({"export", ns_ + ".notes", file, "--where", "nonsense = 1"});
  EXPECT_EQ(refused.exit_code, 1) << refused << "the server's error, not the library's";
  KalamRunner without("http://127.0.0.1:" + std::to_string(server().port()));
  without.SetEnv("KALAM_DUCKDB", "/no/such/libduckdb.so");
  const Ran missing = without.Run({"--user", "maya", "export", ns_ + ".notes", file});
  EXPECT_EQ(missing.exit_code, 2) << missing;
  EXPECT_THAT(missing.err, testing::HasSubstr("Parquet is written by DuckDB's library: /no/such/libduckdb.so: cannot"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_EQ(without.Run({"--user", "maya", "export", ns_ + ".notes", (folder / "x.csv").string()}).exit_code, 0);
}

}  // namespace
}  // namespace kalam::test
