// The interactive prompt in a real terminal: what is typed, and what is on the screen then.

#include <csignal>

#include <gmock/gmock.h>

#include "support/server_test.h"
#include "tmux_terminal.h"

namespace kalam::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t CountOf(std::string_view part, std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class CliPrompt : public SharedServerTest {
 protected:
  static std::string Url() { return "http://127.0.0.1:" + std::to_string(server().port()); }

  KalamRunner kalam_{Url()};
};

// US0 T036 test_cli_connection_and_prompt, T114f, T114g: styled on a colour terminal, plain elsewhere
TEST_F(CliPrompt, BannerAndStyledPrompt) {
  TmuxTerminal terminal(kalam_);
  const std::string screen = terminal.WaitFor("kalam  ❯");
  EXPECT_THAT(screen, HasSubstr("╔══════"));
  EXPECT_THAT(screen, HasSubstr("Kalam CLI - Interactive Database Terminal"));
  EXPECT_THAT(screen, HasSubstr("Connected to " + Url()));
  EXPECT_THAT(screen, HasSubstr("User: "));
  EXPECT_THAT(screen, HasSubstr("\\help"));
  EXPECT_THAT(terminal.StyledScreen(), HasSubstr("106m kalam "));

  TmuxTerminal plain(kalam_, {"--no-color"});
  plain.WaitFor("kalam>");
  EXPECT_THAT(plain.StyledScreen(), Not(HasSubstr("\x1b[")));
}

// US0 T064 test_cli_interactive_history
TEST_F(CliPrompt, InteractiveHistory) {
  {
    TmuxTerminal terminal(kalam_);
    terminal.WaitFor("❯");
    terminal.Type("SELECT 6 *\n7 AS answer;\n");
    terminal.WaitFor("(1 row)");
    terminal.Press("Up");
    terminal.WaitUntil([](const std::string& screen) { return CountOf("SELECT 6 *", screen) == 2; }, "two of it");
    terminal.Press("Enter");
    terminal.WaitUntil([](const std::string& screen) { return CountOf("(1 row)", screen) == 2; }, "its result");
    terminal.Type("CREATE USER 'nobody' WITH PASSWORD 'hush-hush' ROLE 'x';\n");
    terminal.WaitFor("ERROR");
  }
  const std::string history = ReadFile(kalam_.home() / ".kalam/history");
  EXPECT_EQ(history, "SELECT 6 *\\n7 AS answer;\n");

  TmuxTerminal again(kalam_);
  again.WaitFor("❯");
  again.Press("Up");
  again.WaitFor("7 AS answer;");
  again.Press("C-c");
  again.WaitFor("Command cancelled");
  again.Press("C-r");
  again.Type("answ");
  again.WaitFor("(search)'answ'");
}

// US0 T065 test_cli_autocomplete_select
TEST_F(CliPrompt, AutocompleteSelect) {
  TmuxTerminal terminal(kalam_);
  terminal.WaitFor("❯");
  terminal.Type("SEL");
  terminal.Press("Tab");
  terminal.WaitFor("❯ SELECT");
}

// US0 T066 test_cli_autocomplete_multiple_matches
TEST_F(CliPrompt, AutocompleteMultipleMatches) {
  TmuxTerminal terminal(kalam_);
  terminal.WaitFor("❯");
  terminal.Type("CRE");
  terminal.Press("Tab");
  terminal.WaitFor("❯ CREATE");
  terminal.Press("C-u");
  terminal.Type("DE");
  terminal.Press("Tab");
  const std::string screen = terminal.WaitFor("DELETE");
  EXPECT_THAT(screen, HasSubstr("DESCRIBE"));
  terminal.Press("Tab");
  terminal.Press("Tab");
  terminal.Press("Enter");
  terminal.WaitFor("❯ DELETE");
}

// US0 T067 test_cli_autocomplete_sql_keywords
TEST_F(CliPrompt, AutocompleteSqlKeywords) {
  TmuxTerminal terminal(kalam_);
  terminal.WaitFor("❯");
  terminal.Press("Tab");
  const std::string screen = terminal.WaitFor(" keyword");
  EXPECT_GE(CountOf(" keyword", screen), 20u) << screen;
  terminal.Press("Escape");
  terminal.WaitUntil([](const std::string& now) { return CountOf(" keyword", now) == 0; }, "no list");
}

// US13 T431 test_cli_table_autocomplete
TEST_F(CliPrompt, TableAutocomplete) {
  const std::string ns = OwnNamespace();
  ASSERT_TRUE(Ok(Client().Run("CREATE TABLE " + ns + ".people (id BIGINT PRIMARY KEY, nickname TEXT)")));
  TmuxTerminal terminal(kalam_);
  terminal.WaitFor("❯");
  terminal.Type("SELECT * FROM " + ns + ".peo");
  terminal.PressUntil("Tab", ns + ".people");
  terminal.Type(" p WHERE p.nick");
  terminal.Press("Tab");
  terminal.WaitFor("p.nickname");
  terminal.Press("C-c");
  // A table made here is known a moment later, without being asked for.
  terminal.Type("CREATE TABLE " + ns + ".fresh_fruit (id BIGINT PRIMARY KEY);\n");
  terminal.WaitUntil([&](const std::string& screen) { return screen.find("Took:") != std::string::npos; }, "Took:");
  terminal.Type("SELECT * FROM fresh");
  terminal.PressUntil("Tab", "SELECT * FROM " + ns + ".fresh_fruit");
}

TEST_F(CliPrompt, CtrlCGivesUpTheTextAndCtrlDLeaves) {
  TmuxTerminal terminal(kalam_);
  terminal.WaitFor("❯");
  terminal.Type("SELECT 1 +\n");
  terminal.WaitFor("    ->");
  terminal.Press("C-c");
  terminal.WaitFor("Command cancelled");
  terminal.Press("C-c");
  terminal.WaitFor("Use \\quit or \\q to exit");
  terminal.Press("C-d");
  const std::string screen = terminal.WaitFor("status 0");
  EXPECT_THAT(screen, HasSubstr("Goodbye!"));
  EXPECT_THAT(terminal.WaitFor("icanon"), Not(HasSubstr("-icanon"))) << "the terminal is as it was";
}

TEST_F(CliPrompt, ASignalThatEndsItGivesTheTerminalBack) {
  for (const int signal : {SIGTERM, SIGHUP, SIGSEGV}) {
    TmuxTerminal terminal(kalam_);
    terminal.WaitFor("❯");
    terminal.Signal(signal);
    terminal.WaitFor("status " + std::to_string(128 + signal));
    EXPECT_THAT(terminal.WaitFor("icanon"), Not(HasSubstr("-icanon")));
  }
}

TEST_F(CliPrompt, APasteOfManyLinesRunsOnEnterOnly) {
  TmuxTerminal terminal(kalam_);
  terminal.WaitFor("❯");
  terminal.Paste("SELECT 'first' AS a;\nSELECT '漢字' AS b;");
  terminal.WaitFor("    -> SELECT '漢字' AS b;");
  EXPECT_THAT(terminal.Screen(), Not(HasSubstr("(1 row)")));
  terminal.Press("Enter");
  const std::string screen =
      terminal.WaitUntil([](const std::string& now) { return CountOf("(1 row)", now) == 2; }, "two results");
  EXPECT_THAT(screen, HasSubstr("│ 漢字 │"));
}

TEST_F(CliPrompt, ANarrowerAndAWiderTerminalShowTheTextOnce) {
  TmuxTerminal terminal(kalam_);
  terminal.WaitFor("❯");
  terminal.Type("SELECT '" + std::string(60, 'a') + "'");
  terminal.WaitFor("aaa'");
  terminal.Resize(40, 30);
  terminal.WaitUntil([](const std::string& now) { return CountOf("SELECT 'aaaaaaaaaaaaaaaaaaaa\n", now) == 1; },
                     "wrapped");
  terminal.Resize(100, 30);
  const std::string screen =
      terminal.WaitUntil([](const std::string& now) { return CountOf(std::string(60, 'a') + "'", now) == 1; },
                         "one row again");
  EXPECT_EQ(CountOf("❯", screen), 1u) << screen;
}

// US0 T114e: colours while typing
TEST_F(CliPrompt, SqlIsHighlightedWhileTyping) {
  TmuxTerminal terminal(kalam_);
  terminal.WaitFor("❯");
  terminal.Type("SELECT 'text', 42");
  terminal.WaitFor("42");
  const std::string screen = terminal.StyledScreen();
  EXPECT_THAT(screen, HasSubstr("\x1b[1m\x1b[34mSELECT"));
  EXPECT_THAT(screen, HasSubstr("\x1b[32m'text'"));
  EXPECT_THAT(screen, HasSubstr("\x1b[33m42"));
}

}  // namespace
}  // namespace kalam::test
