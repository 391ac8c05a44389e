// `kalam import` against a real server: what is loaded, what is refused and why, and running it again.

#include <gmock/gmock.h>

#include "kalam_runner.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class CliImport : public SharedServerTest {
 protected:
  void SetUp() override {
    table_ = OwnNamespace() + ".people";
    ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + table_ +
                                " (id BIGINT PRIMARY KEY, name TEXT NOT NULL, age INT, born DATE, "
                                "ok BOOLEAN NOT NULL DEFAULT true, extra JSON)")));
  }

  Ran Import(const std::string& file, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"import", table_, file});
    return kalam_.Run(std::move(more));
  }
  std::string All() {
    return kalam_.Run({"--csv", "-c", "SELECT id, name, age, born, ok, extra FROM " + table_ + " ORDER BY id"}).out;
  }

  KalamRunner kalam_{"http://127.0.0.1:" + std::to_string(server().port())};
  std::string table_;
};

TEST_F(CliImport, CsvWithQuotesNullsAndDefaults) {
  const Ran ran = Import(kalam_.File("people.csv",
                                     "name,id,age,born,ok\r\n"
                                     "\"Zoë, \"\"the\"\" one\",1,31,1993-02-28,\r\n"
                                     "\"two\nlines; -- and 'quotes'\",9007199254740993,,,false\r\n"
                                     "\"\",3,0,,TRUE\r\n"));
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_THAT(ran.out, StartsWith(table_ + ": 3 rows inserted, 0 refused, 0 already there ("));
  EXPECT_EQ(All(),
            "id,name,age,born,ok,extra\n"
            "1,\"Zoë, \"\"the\"\" one\",31,1993-02-28,true,\n"
            "3,\"\",0,,true,\n"
            "9007199254740993,\"two\nlines; -- and 'quotes'\",,,false,\n");
}

TEST_F(CliImport, JsonArrayAndNdjson) {
  const std::string array = kalam_.File("people.json", R"([
      {"id": 1, "name": "a\u00e9\"\n", "extra": {"k": [1, "x"]}},
      {"name": "b", "id": 2}])");
  const std::string lines = kalam_.File("more.ndjson", R"({"id": 3, "name": "c", "ok": false}

{"id": 4, "name": "d"})");
  EXPECT_EQ(Import(array).exit_code, 0);
  EXPECT_EQ(Import(lines).exit_code, 0);
  EXPECT_EQ(All(),
            "id,name,age,born,ok,extra\n"
            "1,\"aé\"\"\n\",,,true,\"{\"\"k\"\": [1, \"\"x\"\"]}\"\n"
            "2,b,,,true,\n"
            "3,c,,,false,\n"
            "4,d,,,true,\n");
}

TEST_F(CliImport, RefusedRowsAreCountedWithTheirReasons) {
  std::string csv = "id,name,age,born\n";
  for (int i = 1; i <= 3000; ++i) {
    const std::string id = std::to_string(i);
    if (i % 1000 == 7) {
      csv += id + ",x" + id + ",old,\n";  // not a number
    } else if (i % 1000 == 8) {
      csv += id + ",x" + id + ",1,2025-02-30\n";  // not a day
    } else if (i == 2500) {
      csv += id + ",,1,\n";  // no name
    } else if (i == 2600) {
      csv += "17,again,1,\n";  // its key is in the file already
    } else {
      csv += id + ",x" + id + ",1,\n";
    }
  }
  const std::string file = kalam_.File("people.csv", csv);
  const std::string rejects = (kalam_.home() / "rejects.csv").string();
  const Ran ran = Import(file, {"--rejects", rejects});
  EXPECT_EQ(ran.exit_code, 6) << ran;
  EXPECT_THAT(ran.out, StartsWith(table_ + ": 2992 rows inserted, 7 refused, 1 already there ("));
  EXPECT_THAT(ran.out, HasSubstr("  3 rows: "));
  EXPECT_THAT(ran.out, HasSubstr("'old'"));
  EXPECT_THAT(ran.out, HasSubstr("'2025-02-30'"));
  EXPECT_THAT(ran.out, HasSubstr("at line 8, 1008, 2008"));
  EXPECT_THAT(ran.out, HasSubstr("  1 row: "));
  EXPECT_THAT(ran.out, HasSubstr("at line 2501"));
  EXPECT_EQ(Client().Run("SELECT count(*) FROM " + table_).cell(), "2992");
  EXPECT_THAT(ReadFile(rejects), StartsWith("id,name,age,born\n7,x7,old,\n8,x8,1,2025-02-30\n"));

  const Ran json = Import(file, {"--json"});
  EXPECT_EQ(json.exit_code, 6);
  const auto report = Json::Parse(json.out);
  ASSERT_TRUE(report) << json;
  EXPECT_EQ((*report)["inserted"].integer(), 0);
  EXPECT_EQ((*report)["refused"].integer(), 7);
  EXPECT_EQ((*report)["already_there"].integer(), 2993);
  EXPECT_EQ(Import(file, {"--allow-refused"}).exit_code, 0);
}

TEST_F(CliImport, RunningItAgainLoadsOnlyWhatIsMissing) {
  std::string rows;
  for (int i = 1; i <= 5000; ++i) rows += "{\"id\": " + std::to_string(i) + ", \"name\": \"n\"}\n";
  const std::string file = kalam_.File("people.ndjson", rows);
  ASSERT_TRUE(Ok(Client().Run("INSERT INTO " + table_ + " (id, name) SELECT range, 'before' FROM range(1, 2501)")));
  const Ran resumed = Import(file, {"--batch-size", "400"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed;
  EXPECT_THAT(resumed.out, StartsWith(table_ + ": 2500 rows inserted, 0 refused, 2500 already there ("));
  EXPECT_THAT(Import(file).out, StartsWith(table_ + ": 0 rows inserted, 0 refused, 5000 already there ("));
  EXPECT_EQ(Client().Run("SELECT count(*) FROM " + table_ + " WHERE name = 'before'").cell(), "2500")
      << "what is there is left alone";
}

// The server dies in the middle: what the import said is true, and a second run completes it.
TEST_F(CliImport, AServerThatDiesInTheMiddleLosesNothing) {
  std::string rows;
  for (int i = 1; i <= 60'000; ++i) rows += std::to_string(i) + ",name of " + std::to_string(i) + "\n";
  const std::string file = kalam_.File("people.csv", "id,name\n" + rows);
  ServerProcess mortal;
  mortal.Start();
  ASSERT_TRUE(Ok(SqlClient(mortal.port()).Run("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)")));
  const auto url = [&] { return "http://127.0.0.1:" + std::to_string(mortal.port()); };
  {
    Terminal import(kalam_, {"--no-color", "--url", url(), "import", "t", file, "--batch-size", "50"});
    for (SqlClient sql(mortal.port()); std::stoll(sql.Run("SELECT count(*) FROM t").cell()) < 1000;) {
    }
    mortal.Kill();
    import.ReadUntil("ERROR CONNECTION_FAILED: ");
    import.ReadUntil("Run the same import again to load the rest.");
    EXPECT_EQ(import.WaitForExit(), 3);
  }
  mortal.Start();
  const std::int64_t kept = std::stoll(SqlClient(mortal.port()).Run("SELECT count(*) FROM t").cell());
  EXPECT_GE(kept, 1000);
  const Ran again = kalam_.Run({"--url", url(), "import", "t", file});
  EXPECT_EQ(again.exit_code, 0) << again;
  EXPECT_THAT(again.out, StartsWith("t: " + std::to_string(60'000 - kept) + " rows inserted, 0 refused, " +
                                    std::to_string(kept) + " already there ("));
  EXPECT_EQ(SqlClient(mortal.port()).Run("SELECT count(*) || ' ' || sum(id) FROM t").cell(), "60000 1800030000");
}

TEST_F(CliImport, MistakesAreNamedBeforeAnythingIsLoaded) {
  const std::string csv = kalam_.File("people.csv", "id,nickname\n1,x\n");
  Ran ran = Import(csv);
  EXPECT_EQ(ran.exit_code, 2) << ran;
  EXPECT_THAT(ran.err, HasSubstr("field 'nickname' is not a column"));
  EXPECT_EQ(Import(csv, {"--map", "nickname=name"}).exit_code, 0);
  EXPECT_EQ(Client().Run("SELECT name FROM " + table_).cell(), "x");

  ran = kalam_.Run({"import", "nowhere.t", csv});
  EXPECT_EQ(ran.exit_code, 1) << ran;
  EXPECT_THAT(ran.err, HasSubstr("'nowhere.t'"));
  EXPECT_EQ(Import("/nowhere/people.csv").exit_code, 2);
  EXPECT_THAT(Import(kalam_.File("people.xml", "<p/>")).err, HasSubstr("give --input-format"));
  ran = Import(kalam_.File("cut.json", "[{\"id\": 5, \"name\": \"e\"}, {\"id\": 6, "));
  EXPECT_EQ(ran.exit_code, 2) << ran;
  EXPECT_THAT(ran.err, HasSubstr("not valid JSON after record 1"));
  ran = kalam_.Run({"--token", "a.b.c", "import", table_, csv});
  EXPECT_EQ(ran.exit_code, 4) << ran;
}

}  // namespace
}  // namespace kalam::test
