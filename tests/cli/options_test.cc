#include "options.h"

#include "settings.h"

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace kalam::cli {
namespace {

using ::testing::HasSubstr;

std::variant<Options, EarlyExit> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "kalam");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

Options ParseOk(const std::vector<const char*>& arguments) {
  auto parsed = Parse(arguments);
  const auto* early = std::get_if<EarlyExit>(&parsed);
  EXPECT_EQ(early, nullptr) << early->text;
  return early == nullptr ? std::get<Options>(parsed) : Options();
}

std::string Mistake(const std::vector<const char*>& arguments) {
  auto parsed = Parse(arguments);
  const auto* early = std::get_if<EarlyExit>(&parsed);
  if (early == nullptr) return "";
  EXPECT_EQ(early->code, ExitCode::kUsage);
  return early->text;
}

Settings Resolve(const std::vector<const char*>& arguments, const Config& config = {},
                 const std::map<std::string, std::string>& env = {}) {
  return ResolveSettings(ParseOk(arguments), config, [&](const char* name) -> const char* {
    const auto found = env.find(name);
    return found == env.end() ? nullptr : found->second.c_str();
  });
}

TEST(OptionsTest, UserThatStartsWithHttpIsTheUrl) {
  EXPECT_EQ(Resolve({"-u", "http://db:1"}).url, "http://db:1");
  EXPECT_EQ(Resolve({"-u", "http://db:1"}).user_id, "");
  EXPECT_EQ(Resolve({"-u", "maya"}).user_id, "maya");
  EXPECT_EQ(Resolve({"-u", "maya", "--user-id", "omar"}).user_id, "omar");
}

TEST(OptionsTest, HostIsAHostOrAUrlAndPortWins) {
  EXPECT_EQ(Resolve({}).url, "http://localhost:8080");
  EXPECT_EQ(Resolve({"-h", "db"}).url, "db");
  EXPECT_EQ(Resolve({"-h", "db", "-p", "9"}).url, "db:9");
  EXPECT_EQ(Resolve({"-H", "http://db:1/x", "-p", "9"}).url, "http://db:9/x");
  EXPECT_EQ(Resolve({"-h", "[::1]", "-p", "9"}).url, "[::1]:9");
  EXPECT_EQ(Resolve({"-p", "9"}).url, "http://localhost:9");
}

TEST(OptionsTest, FlagsWinOverEnvironmentAndThatOverTheFile) {
  Config config;
  config.host = "http://file:1";
  config.token = "f.f.f";
  config.format = "csv";
  config.timeout_seconds = 2.5;
  EXPECT_EQ(Resolve({}, config).url, "http://file:1");
  EXPECT_EQ(Resolve({}, config, {{"KALAM_URL", "http://env:1"}}).url, "http://env:1");
  EXPECT_EQ(Resolve({"--url", "http://flag:1"}, config, {{"KALAM_URL", "http://env:1"}}).url,
            "http://flag:1");
  EXPECT_EQ(Resolve({}, config).auth.secret(), "f.f.f");
  EXPECT_EQ(Resolve({}, config, {{"KALAM_TOKEN", "e.e.e"}}).auth.secret(), "e.e.e");
  EXPECT_EQ(Resolve({"--apikey", "k"}, config, {{"KALAM_TOKEN", "e.e.e"}}).auth.kind(),
            Auth::Kind::kApiKey);
  EXPECT_EQ(Resolve({}, config).format, Format::kCsv);
  EXPECT_EQ(Resolve({"--json"}, config).format, Format::kJson);
  EXPECT_EQ(Resolve({}, config).timeout.count(), 2500);
}

TEST(OptionsTest, UserOfTheFileDoesNotContradictAToken) {
  Config config;
  config.user = "system";
  EXPECT_EQ(Resolve({}, config).user_id, "system");
  EXPECT_EQ(Resolve({"--token", "a.b.c"}, config).user_id, "");
  EXPECT_EQ(Resolve({"--token", "a.b.c", "-u", "maya"}, config).user_id, "maya");
}

TEST(OptionsTest, ColourSwitches) {
  EXPECT_EQ(Resolve({}).color, std::nullopt);
  EXPECT_EQ(Resolve({"--color"}).color, true);
  EXPECT_EQ(Resolve({"--color", "true"}).color, true);
  EXPECT_EQ(Resolve({"--color=false"}).color, false);
  EXPECT_EQ(Resolve({"--no-color"}).color, false);
  EXPECT_EQ(Resolve({}, {}, {{"NO_COLOR", "1"}}).color, false);
  EXPECT_EQ(Resolve({"--color"}, {}, {{"NO_COLOR", "1"}}).color, true);
  EXPECT_THAT(Mistake({"--color=maybe"}), HasSubstr("--color takes true or false"));
}

TEST(OptionsTest, MistakesAreNamed) {
  EXPECT_EQ(Mistake({"-c", "x", "-f", "y"}), "Cannot specify both --file and --command\n");
  EXPECT_THAT(Mistake({"--json", "--csv"}), HasSubstr("only one"));
  EXPECT_THAT(Mistake({"--format", "xml"}), HasSubstr("xml"));
  EXPECT_THAT(Mistake({"--tenant", "x"}), HasSubstr("--tenant"));
  EXPECT_THAT(Mistake({"-p", "70000"}), HasSubstr("70000"));
  EXPECT_THAT(Mistake({"import", "app.t"}), HasSubstr("file"));
  for (const std::vector<const char*>& neither : {std::vector<const char*>{"export"}, {"export", "app.t"}}) {
    EXPECT_EQ(Mistake(neither), "export takes NAMESPACE.TABLE and FILE, or --all FOLDER\n");
  }
  EXPECT_THAT(Mistake({"export", "--all", "out", "app.t"}), HasSubstr("does not go together with a table"));
  EXPECT_THAT(Mistake({"export", "--all", "out", "--where", "id = 1"}), HasSubstr("or --where"));
  EXPECT_THAT(Mistake({"export", "app.t", "x", "--output-format", "xlsx"}), HasSubstr("xlsx"));
}

TEST(OptionsTest, HelpAndVersionAreOnlyWrittenOut) {
  const auto help = std::get<EarlyExit>(Parse({"--help"}));
  EXPECT_EQ(help.code, ExitCode::kOk);
  EXPECT_THAT(help.text, HasSubstr("--user-id"));
  EXPECT_THAT(std::get<EarlyExit>(Parse({"--version"})).text, HasSubstr("kalam "));
  EXPECT_THAT(std::get<EarlyExit>(Parse({"import", "--help"})).text, HasSubstr("--rejects"));
}

TEST(OptionsTest, ExportTakesATableOrAllOfThem) {
  const Options one = ParseOk({"export", "app.t", "t.parquet", "--where", "id > 1"});
  ASSERT_TRUE(one.export_table);
  EXPECT_EQ(one.export_table->table, "app.t");
  EXPECT_EQ(one.export_table->file, "t.parquet");
  const Options all = ParseOk({"export", "--all", "out", "--output-format", "parquet", "--user", "maya"});
  ASSERT_TRUE(all.export_table);
  EXPECT_EQ(all.export_table->all_folder, "out");
  EXPECT_EQ(all.export_table->output_format, "parquet");
  EXPECT_EQ(all.user_id, "maya");
}

TEST(OptionsTest, ImportTakesItsOwnAndTheConnectionOptions) {
  const Options options = ParseOk({"import", "app.t", "f.csv", "--map", "a=b", "--map", "c=d",
                                   "--columns", "b,d", "--color", "--user-id", "maya"});
  ASSERT_TRUE(options.import);
  EXPECT_EQ(options.import->table, "app.t");
  EXPECT_EQ(options.import->file, "f.csv");
  EXPECT_THAT(options.import->maps, testing::ElementsAre("a=b", "c=d"));
  EXPECT_THAT(options.import->columns, testing::ElementsAre("b", "d"));
  EXPECT_EQ(options.user_id, "maya");
}

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/kalam-config-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    path_ = folder_ / ".kalam" / "config.toml";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<Config> Load(const std::string& text) {
    std::filesystem::create_directories(path_.parent_path());
    std::ofstream(path_) << text;
    return LoadConfig(path_);
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST_F(ConfigTest, FirstRunWritesDefaultsForTheOwnerOnly) {
  ASSERT_TRUE(WriteDefaultConfig(path_));
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto config = LoadConfig(path_);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->host, "http://localhost:8080");
  EXPECT_EQ(config->user, "system");
  EXPECT_EQ(config->max_rows, 1000);
  EXPECT_FALSE(WriteDefaultConfig(path_)) << "an existing file must be left alone";
}

TEST_F(ConfigTest, OlderSpellingsAreRead) {
  const auto config = Load(
      "[server]\nurl = \"http://old:1\"\ntimeout = 5\nmax_retries = 1\n[auth]\njwt_token = "
      "\"a.b.c\"\n"
      "[ui]\nformat = \"json\"\ncolor = false\nhistory_size = 10\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->host, "http://old:1");
  EXPECT_EQ(config->timeout_seconds, 5.0);
  EXPECT_EQ(config->max_retries, 1);
  EXPECT_EQ(config->token, "a.b.c");
  EXPECT_EQ(config->format, "json");
  EXPECT_EQ(config->color, false);
}

TEST_F(ConfigTest, MistakesNameTheLineOrTheKey) {
  EXPECT_THAT(Load("[connection]\nhost = \n").error().message, HasSubstr("line 2"));
  EXPECT_THAT(Load("[connection]\nhost = 3\n").error().message, HasSubstr("connection.host"));
  EXPECT_THAT(Load("[output]\nformat = \"xml\"\n").error().message, HasSubstr("output.format"));
}

}  // namespace
}  // namespace kalam::cli
