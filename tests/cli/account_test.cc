// kalam ping and kalam login.

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "kalam_runner.h"
#include "support/server_test.h"

namespace kalam::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliAccount : public SharedServerTest {
 protected:
  static std::string Url() { return "http://127.0.0.1:" + std::to_string(server().port()); }
  // A user with a password, made once.
  static void MakeUser() {
    static const bool made = Ok(Client().Run("CREATE USER 'lena' WITH PASSWORD 'Correct-Horse-9' ROLE user"));
    ASSERT_TRUE(made);
  }
  KalamRunner kalam_{Url()};
};

TEST_F(CliAccount, PingSaysHowLongTheServerTook) {
  const Ran ran = kalam_.Run({"ping"});
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_THAT(ran.out, ::testing::ContainsRegex(" healthy, version [0-9.]+, up [0-9]+ s, [0-9]+\\.[0-9]{3} ms\n"));
  const Ran json = kalam_.Run({"ping", "--json"});
  EXPECT_THAT(json.out, HasSubstr("{\"url\":\"" + Url() + "\",\"status\":\"healthy\",\"version\":"));
}

TEST_F(CliAccount, PingOfNothingFailsAtOnce) {
  const Ran ran = kalam_.Run({"ping", "--url", "http://127.0.0.1:1"});
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_THAT(ran.err, HasSubstr("cannot connect to http://127.0.0.1:1"));
  EXPECT_LT(ran.took, std::chrono::seconds(5));
}

TEST_F(CliAccount, LoginKeepsATokenThatLaterRunsUse) {
  MakeUser();
  kalam_.Run({"-c", "SELECT 1"});  // writes the configuration file
  const Ran ran = kalam_.Run({"login", "lena", "--password-stdin"}, "Correct-Horse-9\n");
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr("Logged in to " + Url()));
  struct stat info{};
  ASSERT_EQ(stat(kalam_.config_file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const std::string config = ReadFile(kalam_.config_file());
  EXPECT_THAT(config, HasSubstr("host = \"" + Url() + "\"\n"));
  EXPECT_THAT(config, HasSubstr("max_rows = 1000"));  // the rest of the file is as it was
  EXPECT_THAT(config, Not(HasSubstr("Correct-Horse-9")));
  EXPECT_THAT(ran.out, Not(HasSubstr("Correct-Horse-9")));
  EXPECT_THAT(kalam_.Run({"--csv", "-c", "SELECT CURRENT_USER() AS who"}).out, HasSubstr("lena"));
  EXPECT_EQ(kalam_.Run({"login", "lena", "--password-stdin"}, "Correct-Horse-9\n").exit_code, 0) << "again";
}

TEST_F(CliAccount, AWrongPasswordKeepsTheOldFile) {
  MakeUser();
  kalam_.Run({"-c", "SELECT 1"});
  const std::string before = ReadFile(kalam_.config_file());
  const Ran ran = kalam_.Run({"login", "lena", "--password-stdin"}, "wrong\n");
  EXPECT_EQ(ran.exit_code, 4) << ran;
  EXPECT_EQ(ReadFile(kalam_.config_file()), before);
  EXPECT_EQ(kalam_.Run({"login", "lena", "--password-stdin"}).exit_code, 2) << "no password at all";
}

TEST_F(CliAccount, ThePasswordIsNotShownOnATerminal) {
  MakeUser();
  Terminal terminal(kalam_, {"login", "lena"});
  terminal.ReadUntil("Password for lena: ");
  terminal.Type("Correct-Horse-9\n");
  const std::string shown = terminal.ReadUntil("Logged in to");
  EXPECT_THAT(shown, Not(HasSubstr("Horse")));
  EXPECT_EQ(terminal.WaitForExit(), 0);
}

}  // namespace
}  // namespace kalam::test
