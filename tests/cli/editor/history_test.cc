#include "editor/history.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace kalam::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() {
    std::string name = (std::filesystem::temp_directory_path() / "kalam-history-XXXXXX").string();
    home_ = mkdtemp(name.data());
    file_ = home_ / ".kalam" / "history";
  }
  ~HistoryTest() override { std::filesystem::remove_all(home_); }

  std::string Bytes() const {
    std::ostringstream text;
    text << std::ifstream(file_, std::ios::binary).rdbuf();
    return text.str();
  }
  void Put(std::string_view bytes) {
    std::filesystem::create_directories(file_.parent_path());
    std::ofstream(file_, std::ios::binary) << bytes;
  }

  std::filesystem::path home_;
  std::filesystem::path file_;
};

TEST_F(HistoryTest, IsWrittenAfterEachEntryForItsOwnerOnly) {
  History history(file_);
  history.Add("SELECT 1;");
  EXPECT_EQ(Bytes(), "SELECT 1;\n");
  struct stat info{};
  ASSERT_EQ(stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(file_.parent_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(HistoryTest, AStatementOfManyLinesIsOneEntry) {
  History(file_).Add("SELECT 'a\\nb',\n  2;");
  History(file_).Add("\\dt");
  EXPECT_EQ(Bytes(), "SELECT 'a\\\\nb',\\n  2;\n\\\\dt\n");
  EXPECT_THAT(History(file_).entries(), ElementsAre("SELECT 'a\\nb',\n  2;", "\\dt"));
}

TEST_F(HistoryTest, KeepsTheLastThousandInTheFileToo) {
  History history(file_, 5);
  for (int i = 0; i < 12; ++i) history.Add(std::to_string(i));
  EXPECT_EQ(Bytes(), "7\n8\n9\n10\n11\n");
  EXPECT_THAT(history.entries(), ElementsAre("7", "8", "9", "10", "11"));
  EXPECT_EQ(History::kDefaultEntries, 1000u);
}

TEST_F(HistoryTest, ACorruptFileStartsEmptyAndKeepsGoing) {
  Put(std::string("SELECT 1;\n\xff\xfe\0junk", 17));
  History history(file_);
  EXPECT_THAT(history.entries(), IsEmpty());
  history.Add("SELECT 2;");
  EXPECT_EQ(Bytes(), "SELECT 2;\n");
  EXPECT_TRUE(std::filesystem::exists(file_.string() + ".unreadable"));
}

TEST_F(HistoryTest, APlaceThatCannotBeWrittenIsNoReasonToFail) {
  std::filesystem::create_directories(file_);  // a folder where the file should be
  History history(file_);
  history.Add("SELECT 1;");
  EXPECT_THAT(history.entries(), ElementsAre("SELECT 1;"));
}

TEST_F(HistoryTest, SecretsAreNotWritten) {
  History history(file_);
  for (const char* secret :
       {"CREATE USER 'maya' WITH PASSWORD 'hush';", "ALTER USER maya SET password 'hush';",
        "CREATE STORAGE s TYPE s3 CREDENTIALS '{\"k\":1}';", "\\connect http://db -u maya --token abc",
        "\\connect http://db --apikey abc", "SELECT 'eyJhbGciOiJIUzI1NiJ9.e30.x';"}) {
    history.Add(secret);
    EXPECT_EQ(history.entries().back(), secret);
  }
  history.Add("SELECT token FROM t;");
  EXPECT_EQ(Bytes(), "SELECT token FROM t;\n");
}

TEST_F(HistoryTest, TwoPromptsKeepEachOthersEntries) {
  History one(file_, 4);
  History two(file_, 4);
  for (int i = 0; i < 3; ++i) {
    one.Add("one " + std::to_string(i));
    two.Add("two " + std::to_string(i));
  }
  EXPECT_EQ(Bytes(), "one 1\ntwo 1\none 2\ntwo 2\n");
}

TEST_F(HistoryTest, AWiderModeIsNarrowedAndClearEmptiesTheFile) {
  Put("SELECT 1;\n");
  chmod(file_.c_str(), 0644);
  History history(file_);
  struct stat info{};
  ASSERT_EQ(stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  history.Clear();
  EXPECT_EQ(Bytes(), "");
  EXPECT_THAT(history.entries(), IsEmpty());
}

}  // namespace
}  // namespace kalam::cli
