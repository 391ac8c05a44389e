// Scripts: commands and variables in them, and what becomes of a failure.

#include <gmock/gmock.h>

#include "kalam_runner.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliScript : public SharedServerTest {
 protected:
  KalamRunner kalam_{"http://127.0.0.1:" + std::to_string(server().port())};
};

TEST_F(CliScript, VariablesComeFromTheCommandLineAndFromSet) {
  const Ran ran = kalam_.Run({"--csv", "-v", "n=5", "--set", "who=O'Neil"},
                             "SELECT :n + 1 AS six, :'who' AS \"who\";\n\\set n 7\n"
                             "SELECT :n AS :\"who\", ':n' AS b;\n");
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_EQ(ran.out, "six,who\n6,O'Neil\nO'Neil,b\n7,:n\n");
  EXPECT_EQ(kalam_.Run({"--csv", "-v", "n=5", "-c", "SELECT :n AS n"}).out, "n\n5\n");
  EXPECT_EQ(kalam_.Run({"--set", "5=n", "-c", "SELECT 1"}).exit_code, 2);
}

TEST_F(CliScript, AnUnsetVariableFailsItsStatementOnly) {
  const Ran ran = kalam_.Run({"--csv", "-v", "n=5", "--on-error", "continue"},
                             "SELECT 1 AS a; SELECT :m; SELECT :n AS b;");
  EXPECT_EQ(ran.out, "a\n1\nb\n5\n");
  EXPECT_THAT(ran.err, HasSubstr("ERROR USAGE: variable m is not set"));
  EXPECT_EQ(ran.exit_code, 2);
}

TEST_F(CliScript, OnErrorChoosesWhetherToGoOn) {
  const std::string script = "SELECT 1 AS a;\nSELECT * FROM nowhere.nothing;\nSELECT 3 AS c;\n";
  const Ran stopped = kalam_.Run({"--csv"}, script);
  EXPECT_EQ(stopped.out, "a\n1\n");
  EXPECT_EQ(stopped.exit_code, 1);
  const Ran whole = kalam_.Run({"--csv", "--on-error", "continue"}, script);
  EXPECT_EQ(whole.out, "a\n1\nc\n3\n");
  EXPECT_THAT(whole.err, HasSubstr("ERROR "));
  EXPECT_EQ(whole.exit_code, 1) << "the failure still shows in the end";
  const Ran file = kalam_.Run({"--on-error", "continue", "--file", kalam_.File("s.sql", script)});
  EXPECT_THAT(file.out, HasSubstr("Statement 3:\n"));
  EXPECT_THAT(file.out, HasSubstr("Completed 3 statements in "));
  EXPECT_THAT(file.out, HasSubstr("s, 1 failed\n"));
  EXPECT_EQ(kalam_.Run({"--on-error", "perhaps"}).exit_code, 2);
}

TEST_F(CliScript, CommandsStandBetweenStatements) {
  const Ran ran = kalam_.Run({"--no-color"},
                             "\\timing off\n\\format csv\nSELECT 'a\n\\q\nb' AS text;\n"
                             "\\format json\nSELECT 2 AS b;\n\\q\nSELECT 3;\n");
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr("text\n\"a\n\\q\nb\"\n"));
  EXPECT_THAT(ran.out, HasSubstr("[{\"b\":2}]\n"));
  EXPECT_THAT(ran.out, Not(HasSubstr("3")));
}

TEST_F(CliScript, AFailedCommandIsAFailure) {
  EXPECT_EQ(kalam_.Run({}, "\\nonsense\nSELECT 1;\n").exit_code, 2);
  EXPECT_EQ(kalam_.Run({}, "\\i /nowhere\n").exit_code, 2);
  EXPECT_EQ(kalam_.Run({"-c", "\\connect http://127.0.0.1:1"}).exit_code, 3);
  const Ran health = kalam_.Run({"-c", "\\health"});
  EXPECT_EQ(health.exit_code, 0);
  EXPECT_THAT(health.out, HasSubstr("Status: healthy"));
}

TEST_F(CliScript, AScriptThatIncludesItselfEnds) {
  const std::string path = (kalam_.home() / "self.sql").string();
  kalam_.File("self.sql", "\\i " + path + "\n");
  const Ran ran = kalam_.Run({"-c", "\\i " + path});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("more than 16 deep"));
}

// Spec 9.5: pages on a terminal only.
TEST_F(CliScript, PagesAreAskedForOnATerminal) {
  Terminal terminal(kalam_, {"--no-color", "-c", "SELECT x FROM range(2500) t(x)"});
  EXPECT_THAT(terminal.ReadUntil("Press Enter for more..."), HasSubstr("│ 999  │"));
  terminal.Type("\n");
  EXPECT_THAT(terminal.ReadUntil("Press Enter for more..."), HasSubstr("│ 1999 │"));
  terminal.Type("q\n");
  EXPECT_THAT(terminal.ReadUntil("Took:"), HasSubstr("(2500 rows)"));
  EXPECT_EQ(terminal.WaitForExit(), 0);
  EXPECT_THAT(kalam_.Run({"-c", "SELECT x FROM range(2500) t(x)"}).out, Not(HasSubstr("Press Enter")));
}

}  // namespace
}  // namespace kalam::test
