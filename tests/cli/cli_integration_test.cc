// The command line as its users meet it: the `kalam` binary against a real server. (US0 T035: every test
// begins with a server that answers, see SetUp.)

#include <sys/stat.h>

#include <regex>

#include <gmock/gmock.h>

#include "kalam_runner.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CliIntegration : public SharedServerTest {
 protected:
  void SetUp() override { ASSERT_TRUE(Ok(Client().Run("SELECT 1"))); }

  static std::string Url() { return "http://127.0.0.1:" + std::to_string(server().port()); }
  Ran Kalam(std::vector<std::string> args, std::string_view input = {}) { return kalam_.Run(std::move(args), input); }
  // A SHARED table with three rows, made over HTTP.
  std::string PeopleTable() {
    const std::string table = OwnNamespace() + ".people";
    EXPECT_TRUE(Ok(Client().Run("CREATE TABLE " + table + " (id BIGINT PRIMARY KEY, name TEXT, big BIGINT, ok BOOLEAN);"
                                "INSERT INTO " + table + " VALUES (1, 'Zoë, \"the\" one', 9007199254740993, true), "
                                "(2, NULL, -1, false), (3, E'two\\nlines', 0, NULL)")));
    return table;
  }

  KalamRunner kalam_{Url()};
};

// US0 T036 test_cli_connection_and_prompt, US13 T439 test_cli_healthcheck_on_startup
TEST_F(CliIntegration, ConnectionAndPrompt) {
  Terminal terminal(kalam_, {});
  const std::string welcome = terminal.ReadUntil("kalam> ");
  EXPECT_THAT(welcome, HasSubstr("Kalam CLI - Interactive Database Terminal"));
  EXPECT_THAT(welcome, HasSubstr("Connected to " + Url()));
  EXPECT_THAT(welcome, HasSubstr("\\help"));
  terminal.Type("SELECT 40 +\n");
  terminal.ReadUntil("    -> ");
  terminal.Type("2 AS answer;\n");
  EXPECT_THAT(terminal.ReadUntil("(1 row)"), HasSubstr("│ 42"));
  terminal.ReadUntil("kalam> ");
  terminal.Type("\x04");  // Ctrl+D
  terminal.ReadUntil("Goodbye!");
  EXPECT_EQ(terminal.WaitForExit(), 0);
}

// US0 T037 test_cli_basic_query_execution
TEST_F(CliIntegration, BasicQueryExecution) {
  Kalam({"-c", "SELECT 1"});  // the binary is in memory now, as at anybody's second query
  const Ran ran = Kalam({"-c", "SELECT 6 * 7 AS answer"});
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr("42"));
  EXPECT_TRUE(std::regex_search(ran.out, std::regex("\\(1 row\\)\n\nTook: [0-9]+\\.[0-9]{3} ms\n$"))) << ran;
  EXPECT_EQ(ran.err, "");
  EXPECT_LT(ran.took, std::chrono::milliseconds(500));
}

// US0 T038 test_cli_table_output_formatting, US14 T010h test_cli_output_psql_style
TEST_F(CliIntegration, TableOutputFormatting) {
  const Ran ran = Kalam({"-c", "SELECT id, name, ok FROM " + PeopleTable() + " ORDER BY id"});
  EXPECT_THAT(ran.out, StartsWith("┌────┬────────────────┬───────┐\n"
                                  "│ id │ name           │ ok    │\n"
                                  "├────┼────────────────┼───────┤\n"
                                  "│ 1  │ Zoë, \"the\" one │ true  │\n"
                                  "│ 2  │ NULL           │ false │\n"
                                  "│ 3  │ two\\nlines     │ NULL  │\n"
                                  "└────┴────────────────┴───────┘\n"
                                  "(3 rows)\n\nTook: "))
      << ran;
}

// US0 T039 test_cli_json_output_format
TEST_F(CliIntegration, JsonOutputFormat) {
  const std::string table = PeopleTable();
  const Ran ran = Kalam({"--json", "-c", "SELECT id, name, big, ok FROM " + table + " ORDER BY id"});
  EXPECT_EQ(ran.exit_code, 0);
  const auto rows = Json::Parse(ran.out);
  ASSERT_TRUE(rows) << ran;
  ASSERT_EQ(rows->size(), 3u);
  EXPECT_EQ((*rows)[0]["name"].text(), "Zoë, \"the\" one");
  EXPECT_EQ((*rows)[0]["big"].text(), "9007199254740993");
  EXPECT_TRUE((*rows)[1]["name"].is_null());
  EXPECT_EQ((*rows)[2]["name"].text(), "two\nlines");
  EXPECT_EQ(Kalam({"--json", "-c", "SELECT id FROM " + table + " WHERE id > 9"}).out, "[]\n");
}

// US0 T040 test_cli_csv_output_format
TEST_F(CliIntegration, CsvOutputFormat) {
  const Ran ran = Kalam({"--csv", "-c", "SELECT id, name, big, ok FROM " + PeopleTable() + " ORDER BY id"});
  EXPECT_EQ(ran.out,
            "id,name,big,ok\n"
            "1,\"Zoë, \"\"the\"\" one\",9007199254740993,true\n"
            "2,,-1,false\n"
            "3,\"two\nlines\",0,\n");
  EXPECT_EQ(ran.err, "");
}

// US13 T432 test_select_column_order_preserved: that of the SELECT, in every format, whatever the table's
TEST_F(CliIntegration, ColumnsStandInTheOrderOfTheSelect) {
  const std::string sql = "SELECT ok, big, name, id, big AS again FROM " + PeopleTable() + " WHERE id = 2";
  EXPECT_THAT(Kalam({"-c", sql}).out, HasSubstr("│ ok    │ big │ name │ id │ again │\n"));
  EXPECT_EQ(Kalam({"--csv", "-c", sql}).out, "ok,big,name,id,again\nfalse,-1,,2,-1\n");
  const Ran json = Kalam({"--json", "-c", sql});
  const auto rows = Json::Parse(json.out);
  ASSERT_TRUE(rows && rows->size() == 1) << json;
  std::string order;
  for (const auto& [name, value] : (*rows)[0].members()) order += name + " ";
  EXPECT_EQ(order, "ok big name id again ");
}

// US0 T041 test_cli_show_tables_command
TEST_F(CliIntegration, ShowTablesCommand) {
  PeopleTable();
  const Ran ran = Kalam({"--csv", "-c", "SHOW TABLES IN showtablescommand"});
  EXPECT_THAT(ran.out, HasSubstr("showtablescommand,people,shared,")) << ran;
}

// US0 T042 test_cli_describe_table_command
TEST_F(CliIntegration, DescribeTableCommand) {
  const Ran ran = Kalam({"-c", "DESCRIBE " + PeopleTable()});
  EXPECT_TRUE(std::regex_search(ran.out, std::regex("│ id +│ BIGINT +│ false +│ NULL +│ true +│"))) << ran;
  EXPECT_TRUE(std::regex_search(ran.out, std::regex("│ name +│ TEXT +│ true +│ NULL +│ false +│"))) << ran;
  EXPECT_THAT(ran.out, HasSubstr("Schema version: 1\nHistory: "));
}

// US0 T047 test_cli_config_file_creation
TEST_F(CliIntegration, ConfigFileCreation) {
  ASSERT_FALSE(std::filesystem::exists(kalam_.config_file()));
  EXPECT_EQ(Kalam({"-c", "SELECT 1"}).exit_code, 0);
  struct stat info{};
  ASSERT_EQ(stat(kalam_.config_file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const std::string text = ReadFile(kalam_.config_file());
  EXPECT_THAT(text, HasSubstr("[connection]\nhost = \"http://localhost:8080\"\nuser = \"system\"\n"));
  EXPECT_THAT(text, HasSubstr("[output]\nformat = \"table\""));
  EXPECT_EQ(Kalam({"-c", "SELECT 1"}).exit_code, 0);
  EXPECT_EQ(ReadFile(kalam_.config_file()), text) << "a second run leaves it alone";
}

// US0 T048 test_cli_config_file_loading
TEST_F(CliIntegration, ConfigFileLoading) {
  const KalamRunner plain;  // nothing in its environment
  const std::string config = plain.File("chosen.toml", "[connection]\nhost = \"" + Url() +
                                                           "\"\nuser = \"maya\"\n[output]\nformat = \"csv\"\n");
  EXPECT_EQ(plain.Run({"--config", config, "-c", "SELECT CURRENT_USER() AS me"}).out, "me\nmaya\n");
  EXPECT_EQ(plain.Run({"--config", config, "--user", "noah", "--json", "-c", "SELECT CURRENT_USER() AS me"}).out,
            "[{\"me\":\"noah\"}]\n")
      << "flags win over the file";

  std::filesystem::create_directories(plain.home() / ".kalam");
  WriteFile(plain.config_file(), "[server]\nurl = \"" + Url() + "\"\n[ui]\nformat = \"json\"\n");
  EXPECT_EQ(plain.Run({"-c", "SELECT 7 AS n"}).out, "[{\"n\":7}]\n") << "the older spellings, at the usual place";

  WriteFile(plain.config_file(), "[connection]\nhost = \n");
  const Ran malformed = plain.Run({"-c", "SELECT 1"});
  EXPECT_EQ(malformed.exit_code, 2);
  EXPECT_THAT(malformed.err, HasSubstr("config.toml, line 2"));
}

// US0 T050 test_cli_help_command
TEST_F(CliIntegration, HelpCommand) {
  Terminal terminal(kalam_, {});
  terminal.ReadUntil("kalam> ");
  terminal.Type("\\help\n");
  const std::string help = terminal.ReadUntil("kalam> ");
  for (const char* command : {"\\help", "\\health", "\\quit"}) EXPECT_THAT(help, HasSubstr(command));
  terminal.Type("\\nonsense\n");
  terminal.ReadUntil("Unknown command: \\nonsense. Type \\help for help.");

  const Ran flags = Kalam({"--help"});
  EXPECT_EQ(flags.exit_code, 0);
  EXPECT_THAT(flags.out, HasSubstr("--token"));
  EXPECT_THAT(flags.out, HasSubstr("Exit status:"));
}

// US0 T051 test_cli_quit_commands
TEST_F(CliIntegration, QuitCommands) {
  for (const char* command : {"\\quit\n", "\\q\n"}) {
    Terminal terminal(kalam_, {});
    terminal.ReadUntil("kalam> ");
    terminal.Type(command);
    EXPECT_EQ(terminal.WaitForExit(), 0) << command;
  }
  EXPECT_THAT(Kalam({"--version"}).out, StartsWith("kalam "));
}

// US0 T052 test_cli_jwt_authentication
TEST_F(CliIntegration, JwtAuthentication) {
  const std::string token = SignToken("maya");
  EXPECT_EQ(Kalam({"--token", token, "--csv", "-c", "SELECT CURRENT_USER() AS me"}).out, "me\nmaya\n");
  kalam_.SetEnv("KALAM_TOKEN", token);
  EXPECT_EQ(Kalam({"--csv", "-c", "SELECT CURRENT_USER() AS me"}).out, "me\nmaya\n");
}

// US0 T053 test_cli_invalid_token_error
TEST_F(CliIntegration, InvalidTokenError) {
  const std::string forged = SignToken("maya", {.secret = "not-the-secret-of-the-server-at-all-123"});
  const std::string expired = SignToken("maya", {.expires_in_seconds = -3600});
  for (const std::string& token : {forged, expired, std::string("a.b.c"), std::string("no token")}) {
    const Ran ran = Kalam({"--token", token, "-c", "SELECT 1"});
    EXPECT_EQ(ran.exit_code, 4) << ran;
    EXPECT_THAT(ran.err, StartsWith(token == expired ? "ERROR TOKEN_EXPIRED: " : "ERROR INVALID_TOKEN: "));
    EXPECT_THAT(ran.err, Not(HasSubstr(token))) << "a credential is not repeated on the screen";
    EXPECT_EQ(ran.out, "");
  }
  EXPECT_EQ(Kalam({"--apikey", "wrong", "-c", "SELECT 1"}).exit_code, 4);
}

// US0 T054 test_cli_localhost_bypass_mode
TEST_F(CliIntegration, LocalhostBypassMode) {
  EXPECT_EQ(Kalam({"--csv", "-c", "SELECT CURRENT_USER() AS me"}).out, "me\nsystem\n");
  const std::string ns = OwnNamespace();
  ASSERT_TRUE(Ok(Client().Run("CREATE USER TABLE " + ns + ".notes (id BIGINT PRIMARY KEY, body TEXT)")));
  EXPECT_EQ(Kalam({"--user-id", "maya", "-c", "INSERT INTO " + ns + ".notes VALUES (1, 'hers')"}).exit_code, 0);
  EXPECT_EQ(Kalam({"-u", "maya", "--csv", "-c", "SELECT body FROM " + ns + ".notes"}).out, "body\nhers\n");
  EXPECT_EQ(Kalam({"--user", "noah", "--csv", "-c", "SELECT body FROM " + ns + ".notes"}).out, "body\n");
}

// US0 T055 test_cli_batch_file_execution
TEST_F(CliIntegration, BatchFileExecution) {
  const std::string ns = OwnNamespace();
  const std::string file = kalam_.File("batch.sql",
                                       "-- a table; with rows\n"
                                       "CREATE TABLE " + ns + ".t (id BIGINT PRIMARY KEY, body TEXT);\n"
                                       "INSERT INTO " + ns + ".t VALUES (1, 'a;b'), (2, $$c;d$$);\n"
                                       "/* ; */ SELECT count(*) AS n FROM " + ns + ".t\n");
  const Ran ran = Kalam({"--file", file});
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_THAT(ran.out, StartsWith("Statement 1: Table created successfully\n"
                                  "Statement 2: 2 rows inserted.\n"
                                  "Statement 3:\n┌───┐\n│ n │\n├───┤\n│ 2 │\n└───┘\n(1 row)\n"
                                  "Completed 3 statements in "));

  const std::string bad = kalam_.File("bad.sql", "INSERT INTO " + ns + ".t VALUES (3, 'kept');\nSELECT nope;\n"
                                      "INSERT INTO " + ns + ".t VALUES (4, 'never');");
  const Ran stopped = Kalam({"-f", bad});
  EXPECT_EQ(stopped.exit_code, 1) << stopped;
  EXPECT_THAT(stopped.out, HasSubstr("Stopped at statement 2 due to error."));
  EXPECT_THAT(stopped.err, HasSubstr("column 'nope' does not exist"));
  EXPECT_EQ(Client().Run("SELECT max(id) FROM " + ns + ".t").cell(), "3");
  EXPECT_EQ(Kalam({"--file", "/nowhere/x.sql"}).exit_code, 2);
  EXPECT_EQ(Kalam({"--file", file, "-c", "SELECT 1"}).err, "Cannot specify both --file and --command\n");
}

TEST_F(CliIntegration, StandardInputIsAScript) {
  const Ran ran = Kalam({"--csv"}, "SELECT 1 AS a; SELECT ';' AS b");
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_EQ(ran.out, "a\n1\nb\n;\n");
  const Ran failed = Kalam({"--json"}, "SELECT 1 AS a; SELECT nope; SELECT 2");
  EXPECT_EQ(failed.exit_code, 1) << failed;
  EXPECT_EQ(failed.out, "[{\"a\":1}]\n") << "data only on standard output";
  EXPECT_EQ(Kalam({"--file", "-", "--json"}, "SELECT 5 AS n").out, "[{\"n\":5}]\n");
  EXPECT_EQ(Kalam({"-c", "SELECT 'open"}).exit_code, 1);
  EXPECT_THAT(Kalam({}, "SELECT 'open").err, HasSubstr("Unterminated quoted string in SQL batch"));
  EXPECT_EQ(Kalam({}, "-- nothing here\n").exit_code, 0);
}

// US0 T056 test_cli_syntax_error_handling
TEST_F(CliIntegration, SyntaxErrorHandling) {
  const Ran ran = Kalam({"-c", "SELEC 1"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "ERROR INVALID_SQL: ERROR: syntax error at or near 'SELEC'\nDetails: SELEC 1\n");
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(Kalam({"-c", "SELECT * FROM nope"}).err, HasSubstr("relation 'nope' does not exist"));
}

// kalam-link refuses it before it is sent: for a script it is still a statement that failed.
TEST_F(CliIntegration, AStatementWithPlaceholdersFails) {
  const Ran ran = Kalam({"-c", "SELECT $1"});
  EXPECT_EQ(ran.exit_code, 1) << ran;
  EXPECT_EQ(ran.err, "ERROR PARAM_COUNT_MISMATCH: parameter mismatch: statement uses $1, request has 0 parameter(s)\n");
}

// US0 T057 test_cli_connection_failure_handling, US13 T438 test_cli_connection_check
TEST_F(CliIntegration, ConnectionFailureHandling) {
  std::uint16_t closed = 0;
  {
    ServerProcess other;
    other.Start();
    closed = other.port();
  }
  const std::string url = "http://127.0.0.1:" + std::to_string(closed);
  for (const std::vector<std::string>& args : {std::vector<std::string>{"--url", url, "-c", "SELECT 1"},
                                               {"-h", "127.0.0.1", "-p", std::to_string(closed), "-c", "SELECT 1"}}) {
    const Ran ran = Kalam(args);
    EXPECT_EQ(ran.exit_code, 3) << ran;
    EXPECT_THAT(ran.err, StartsWith("ERROR CONNECTION_FAILED: "));
    EXPECT_THAT(ran.err, HasSubstr("127.0.0.1:" + std::to_string(closed)));
  }
  EXPECT_EQ(Kalam({"--url", "http://nobody.invalid", "-c", "SELECT 1"}).exit_code, 3);
  EXPECT_EQ(Kalam({"--url", "ftp://localhost", "-c", "SELECT 1"}).exit_code, 2);

  Terminal terminal(kalam_, {"--no-color", "--url", url});
  terminal.ReadUntil("ERROR CONNECTION_FAILED: ");
  EXPECT_EQ(terminal.WaitForExit(), 3) << "no prompt without a server";
}

// US0 T059 test_cli_health_check_command
TEST_F(CliIntegration, HealthCheckCommand) {
  Terminal terminal(kalam_, {});
  terminal.ReadUntil("kalam> ");
  terminal.Type("\\health\n");
  const std::string health = terminal.ReadUntil("kalam> ");
  EXPECT_THAT(health, HasSubstr("Status: healthy"));
  EXPECT_TRUE(std::regex_search(health, std::regex("Version: [0-9.]+"))) << health;
}

// US0 T060 test_cli_color_output_toggle
TEST_F(CliIntegration, ColorOutputToggle) {
  constexpr const char* kEscape = "\x1b[";
  EXPECT_THAT(Kalam({"-c", "SELECT NULL"}).out, Not(HasSubstr(kEscape))) << "not a terminal";
  EXPECT_THAT(Kalam({"--color=true", "-c", "SELECT NULL"}).out, HasSubstr(kEscape));
  EXPECT_THAT(Kalam({"--color=false", "-c", "SELECT NULL"}).out, Not(HasSubstr(kEscape)));
  EXPECT_THAT(Kalam({"--color=true", "-c", "nonsense"}).err, HasSubstr(kEscape));
  kalam_.SetEnv("NO_COLOR", "");  // counts as not set
  Terminal coloured(kalam_, {"-c", "SELECT NULL"});
  EXPECT_THAT(coloured.ReadUntil("Took: "), HasSubstr(kEscape));
  Terminal plain(kalam_, {"--no-color", "-c", "SELECT NULL"});
  EXPECT_THAT(plain.ReadUntil("Took: "), Not(HasSubstr(kEscape)));
}

// What comes out of a table must not steer the terminal.
TEST_F(CliIntegration, ControlCharactersOfDataDoNotReachTheTerminal) {
  for (const char* format : {"table", "csv"}) {
    Terminal terminal(kalam_, {"--no-color", "--format", format, "-c", "SELECT chr(27) || '[2Jx' AS a, 'end' AS b"});
    EXPECT_THAT(terminal.ReadUntil("end"), Not(HasSubstr("\x1b"))) << format;
  }
}

// US0 T062 test_cli_multiple_sessions
TEST_F(CliIntegration, MultipleSessions) {
  const std::string ns = OwnNamespace();
  ASSERT_TRUE(Ok(Client().Run("CREATE USER TABLE " + ns + ".notes (id BIGINT PRIMARY KEY, body TEXT)")));
  Terminal maya(kalam_, {"--user", "maya", "--csv"});
  Terminal noah(kalam_, {"--user", "noah", "--csv"});
  maya.ReadUntil("kalam> ");
  noah.ReadUntil("kalam> ");
  maya.Type("INSERT INTO " + ns + ".notes VALUES (1, 'hers');\n");
  maya.ReadUntil("1 row inserted.");
  noah.Type("INSERT INTO " + ns + ".notes VALUES (1, 'his');\n");
  noah.ReadUntil("1 row inserted.");
  maya.Type("SELECT body FROM " + ns + ".notes;\n");
  maya.ReadUntil("body\r\nhers\r\n");
  noah.Type("SELECT body FROM " + ns + ".notes;\n");
  noah.ReadUntil("body\r\nhis\r\n");
}

// US0 T063 test_cli_session_timeout_handling
TEST_F(CliIntegration, SessionTimeoutHandling) {
  ServerProcess impatient({.env = {{"KALAMDB_PERFORMANCE_KEEPALIVE_TIMEOUT", "1"}}});
  impatient.Start();
  Terminal terminal(kalam_, {"--csv", "--no-color", "--url", "http://127.0.0.1:" + std::to_string(impatient.port())});
  terminal.ReadUntil("kalam> ");
  terminal.Type("SELECT 'before' AS a;\n");
  terminal.ReadUntil("a\r\nbefore\r\n");
  terminal.ReadUntil("kalam> ");
  // Connections that idle for a shorter time than the session's: once they are closed, so is that. Two, one after
  // the other, because each loop of the server looks for idle connections in its own time.
  for (int i = 0; i < 2; ++i) {
    HttpClient witness(impatient.port());
    EXPECT_EQ(witness.Get("/health").status, 200);
    ASSERT_TRUE(witness.WaitForClose(std::chrono::seconds(20)));
  }
  terminal.Type("SELECT 'after' AS a;\n");
  terminal.ReadUntil("a\r\nafter\r\n");

  impatient.options().port = impatient.port();
  ASSERT_EQ(impatient.Stop().code, 0);
  terminal.Type("SELECT 'gone' AS a;\n");
  terminal.ReadUntil("ERROR CONNECTION_FAILED: ");
  impatient.Start();
  terminal.Type("SELECT 'back' AS a;\n");
  terminal.ReadUntil("a\r\nback\r\n");
}

}  // namespace
}  // namespace kalam::test
