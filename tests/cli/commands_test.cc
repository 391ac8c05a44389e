// The backslash commands at the prompt, on a terminal against a real server.

#include <memory>
#include <regex>

#include <gmock/gmock.h>

#include "kalam_runner.h"
#include "support/server_process.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliCommands : public SharedServerTest {
 protected:
  static std::string Url() { return "http://127.0.0.1:" + std::to_string(server().port()); }

  void SetUp() override { terminal_.ReadUntil("kalam> "); }

  // Types a line; what is shown until the next prompt.
  std::string Enter(const std::string& line) {
    terminal_.Type(line + "\n");
    return terminal_.ReadUntil("kalam> ");
  }

  // A terminal without movements: lines are echoed as they are typed, and each prompt is shown once.
  static std::unique_ptr<KalamRunner> Runner() {
    auto runner = std::make_unique<KalamRunner>(Url());
    runner->SetEnv("TERM", "dumb");
    return runner;
  }

  const std::unique_ptr<KalamRunner> runner_ = Runner();
  KalamRunner& kalam_ = *runner_;
  Terminal terminal_{kalam_, {"--no-color", "--user", "maya"}};
};

// US0 T050 test_cli_help_command
TEST_F(CliCommands, HelpExplainsEachCommand) {
  const std::string help = Enter("\\help");
  for (const char* name :
       {"\\quit, \\q", "\\help, \\?", "\\connect, \\c", "\\config", "\\flush", "\\health", "\\pause", "\\continue",
        "\\dt, \\tables", "\\d, \\describe <table>", "\\format table|json|csv", "\\subscribe <query>", "\\watch",
        "\\unsubscribe", "\\refresh-tables", "\\history [clear]", "\\l, \\dn", "\\du", "\\jobs", "\\live",
        "\\timing", "\\x [on|off|auto]", "\\i FILE", "\\o [FILE]", "\\e"}) {
    EXPECT_THAT(help, HasSubstr(std::string("  ") + name));
  }
  EXPECT_EQ(Enter("\\?").substr(4), help.substr(7));  // but for the echo
}

// US0 T051 test_cli_quit_commands
TEST_F(CliCommands, QuitLeaves) {
  terminal_.Type("\\quit\n");
  EXPECT_EQ(terminal_.WaitForExit(), 0);
  Terminal other(kalam_, {});
  other.ReadUntil("kalam> ");
  other.Type("\\q\n");
  EXPECT_EQ(other.WaitForExit(), 0);
}

TEST_F(CliCommands, UnknownCommandsAreNamed) {
  EXPECT_THAT(Enter("\\nonsense with words"), HasSubstr("Unknown command: \\nonsense. Type \\help for help.\r\n"));
}

// US0 T049 test_cli_connection_to_multiple_hosts
TEST_F(CliCommands, ConnectSwitchesTheServer) {
  const std::string ns = OwnNamespace();
  ServerProcess other;
  other.Start();
  const std::string other_url = "http://127.0.0.1:" + std::to_string(other.port());
  const std::string find = "SELECT count(*) AS n FROM system.namespaces WHERE name = '" + ns + "';";
  EXPECT_THAT(Enter(find), HasSubstr("│ 1 "));
  EXPECT_THAT(Enter("\\connect " + other_url), HasSubstr("Connected to " + other_url + " as maya"));
  EXPECT_THAT(Enter(find), HasSubstr("│ 0 "));
  EXPECT_THAT(Enter("\\c -h " + Url() + " -u noor"), HasSubstr("Connected to " + Url() + " as noor"));
  EXPECT_THAT(Enter("SELECT CURRENT_USER() AS who;"), HasSubstr("│ noor "));
  EXPECT_THAT(Enter(find), HasSubstr("│ 1 "));
}

TEST_F(CliCommands, ASecretDoesNotTravelToAnotherServer) {
  ServerProcess other;
  other.Start();
  const std::string other_url = "http://127.0.0.1:" + std::to_string(other.port());
  Terminal terminal(kalam_, {"--no-color", "--apikey", "only-for-the-first"});
  terminal.ReadUntil("kalam> ");
  terminal.Type("\\connect " + other_url + "\n");
  EXPECT_THAT(terminal.ReadUntil("kalam> "), HasSubstr("Connected to " + other_url));
  terminal.Type("\\config\n");
  EXPECT_THAT(terminal.ReadUntil("kalam> "), HasSubstr("Auth:     none"));
}

TEST_F(CliCommands, AFailedConnectChangesNothing) {
  EXPECT_THAT(Enter("\\connect http://127.0.0.1:1"), HasSubstr("Still connected to " + Url()));
  EXPECT_THAT(Enter("\\connect --token a.b.c"), HasSubstr("Still connected to " + Url()));
  EXPECT_THAT(Enter("\\connect"), HasSubstr("Usage: \\connect"));
  EXPECT_THAT(Enter("SELECT CURRENT_USER() AS who;"), HasSubstr("│ maya "));
}

TEST_F(CliCommands, ConfigShowsWhatHoldsButNoSecret) {
  Terminal terminal(kalam_, {"--no-color", "--apikey", "very-secret"});
  terminal.ReadUntil("kalam> ");
  terminal.Type("\\config\n");
  const std::string shown = terminal.ReadUntil("kalam> ");
  EXPECT_THAT(shown, HasSubstr("Host:     " + Url()));
  EXPECT_THAT(shown, HasSubstr("Auth:     API key"));
  EXPECT_THAT(shown, HasSubstr("Format:   table"));
  EXPECT_THAT(shown, HasSubstr("Color:    off"));
  EXPECT_THAT(shown, Not(HasSubstr("very-secret")));
  EXPECT_THAT(Enter("\\config"), HasSubstr("User:     maya"));
}

// US0 T058 test_cli_flush_command
TEST_F(CliCommands, FlushStartsJobsAndSaysSo) {
  const std::string ns = OwnNamespace();
  ASSERT_TRUE(Ok(Client().Run("CREATE SHARED TABLE " + ns + ".t (id BIGINT PRIMARY KEY); INSERT INTO " + ns +
                              ".t VALUES (1)")));
  Terminal terminal(kalam_, {"--no-color", "--user", "system"});
  terminal.ReadUntil("kalam> ");
  terminal.Type("\\flush\n");
  const std::string shown = terminal.ReadUntil("kalam> ");
  EXPECT_TRUE(std::regex_search(shown, std::regex("Flush started: [0-9]+ job"))) << shown;
  terminal.Type("\\jobs\n");
  EXPECT_THAT(terminal.ReadUntil("kalam> "), HasSubstr("│ flush "));
}

// US0 T059 test_cli_health_check_command
TEST_F(CliCommands, HealthShowsStatusVersionAndUptime) {
  const std::string shown = Enter("\\health");
  EXPECT_THAT(shown, HasSubstr("Status: healthy"));
  EXPECT_TRUE(std::regex_search(shown, std::regex("Version: [0-9.]+\r\nUptime: [0-9]+ s\r\n"))) << shown;
}

TEST_F(CliCommands, ListsOfTheCatalog) {
  const std::string ns = OwnNamespace();
  ASSERT_TRUE(Ok(Client().Run("CREATE SHARED TABLE " + ns + ".people (id BIGINT PRIMARY KEY, name TEXT)")));
  EXPECT_THAT(Enter("\\dt"), HasSubstr("│ people "));
  EXPECT_THAT(Enter("\\tables " + ns), HasSubstr("│ people "));
  EXPECT_THAT(Enter("\\d " + ns + ".people;"), HasSubstr("│ name "));
  EXPECT_THAT(Enter("\\describe " + ns + ".people"), HasSubstr("Schema version: 1"));
  EXPECT_THAT(Enter("\\d a; DROP TABLE b"), HasSubstr("Usage: \\d <table>"));
  EXPECT_THAT(Enter("\\l"), HasSubstr("│ " + ns));
  EXPECT_THAT(Enter("\\dn"), HasSubstr("│ default "));
  EXPECT_THAT(Enter("\\live"), HasSubstr("live_id"));
  Terminal root(kalam_, {"--no-color", "--user", "system"});
  root.ReadUntil("kalam> ");
  root.Type("\\du\n");
  EXPECT_THAT(root.ReadUntil("kalam> "), HasSubstr("│ system "));
}

TEST_F(CliCommands, FormatExpandedAndTimingChangeTheOutput) {
  EXPECT_THAT(Enter("\\format json"), HasSubstr("Output format: json"));
  EXPECT_THAT(Enter("SELECT 1 AS a;"), HasSubstr("[{\"a\":1}]"));
  EXPECT_THAT(Enter("\\format csv"), HasSubstr("Output format: csv"));
  EXPECT_THAT(Enter("SELECT 1 AS a;"), HasSubstr("a\r\n1\r\n"));
  EXPECT_THAT(Enter("\\format xml"), HasSubstr("Usage: \\format table|json|csv"));
  Enter("\\format table");
  Enter("\\x");
  EXPECT_THAT(Enter("SELECT 1 AS a, 'two' AS longer;"),
              HasSubstr("─[ 1 ]────────────────────────\r\na      │ 1\r\nlonger │ two\r\n(1 row)"));
  EXPECT_THAT(Enter("\\x auto"), HasSubstr("automatically"));
  EXPECT_THAT(Enter("SELECT 1 AS a;"), HasSubstr("│ 1 │"));
  EXPECT_THAT(Enter("SELECT repeat('x', 200) AS a;"), HasSubstr("─[ 1 ]─"));
  EXPECT_THAT(Enter("\\timing off"), HasSubstr("Timing is off."));
  EXPECT_THAT(Enter("SELECT 1;"), Not(HasSubstr("Took:")));
  Enter("\\timing");
  EXPECT_THAT(Enter("SELECT 1;"), HasSubstr("Took:"));
}

TEST_F(CliCommands, FilesGoInAndOut) {
  const std::string script = kalam_.File("two words.sql", "SELECT 11 AS a;\nSELECT 22 AS b;\n");
  const std::string shown = Enter("\\i '" + script + "'");
  EXPECT_THAT(shown, HasSubstr("│ 11 │"));
  EXPECT_THAT(shown, HasSubstr("│ 22 │"));
  EXPECT_THAT(Enter("\\i /nowhere/file"), HasSubstr("cannot read /nowhere/file"));

  const std::string out = (kalam_.home() / "out.txt").string();
  Enter("\\o " + out);
  EXPECT_THAT(Enter("SELECT 33 AS c;"), Not(HasSubstr("│ 33 │")));
  Enter("\\o");
  EXPECT_THAT(Enter("SELECT 44 AS d;"), HasSubstr("│ 44 │"));
  EXPECT_THAT(ReadFile(out), HasSubstr("│ 33 │"));
  EXPECT_THAT(Enter("\\o /nowhere/file"), HasSubstr("cannot write /nowhere/file"));
}

TEST_F(CliCommands, TheEditorGetsTheLastStatement) {
  kalam_.SetEnv("EDITOR", "sed -i s/41/42/");
  Terminal terminal(kalam_, {"--no-color"});
  terminal.ReadUntil("kalam> ");
  terminal.Type("SELECT 41 AS a;\n");
  terminal.ReadUntil("kalam> ");
  terminal.Type("\\e\n");
  EXPECT_THAT(terminal.ReadUntil("kalam> "), HasSubstr("│ 42 │"));
}

TEST_F(CliCommands, WatchRepeatsTheLastStatementUntilCtrlC) {
  EXPECT_THAT(Enter("\\watch 1"), HasSubstr("there is none yet"));
  Enter("SELECT 55 AS a;");
  EXPECT_THAT(Enter("\\watch 0"), HasSubstr("more than 0"));
  terminal_.Type("\\watch 0.01\n");
  for (int i = 0; i < 3; ++i) terminal_.ReadUntil("│ 55 │");
  terminal_.Type("\x03");
  terminal_.ReadUntil("kalam> ");
  EXPECT_THAT(Enter("SELECT 66 AS b;"), HasSubstr("│ 66 │"));
}

TEST_F(CliCommands, CommandsOfASubscriptionSayThatThereIsNone) {
  for (const char* line : {"\\pause", "\\continue", "\\unsubscribe"}) {
    EXPECT_THAT(Enter(line), HasSubstr("No active subscription."));
  }
}

}  // namespace
}  // namespace kalam::test
