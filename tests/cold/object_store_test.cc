// What every ObjectStore promises, proved for the folder and for an S3 server that checks
// signatures, and what only one of them can get wrong.

#include "cold/file_store.h"
#include "cold/s3_store.h"
#include "support/s3_server.h"
#include "support/temp_dir.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kalam::cold {
namespace {

namespace fs = std::filesystem;
using test::S3Server;
using test::TempDir;

const Clock& RealClock() {
  static const SystemClock clock;
  return clock;
}

ObjectName Name(std::string_view text) { return ObjectName::Parse(text).value(); }

fs::path WriteLocal(const fs::path& folder, std::string_view content) {
  static int number = 0;
  const fs::path path = folder / ("local-" + std::to_string(number++));
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string ReadLocal(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string RandomBytes(std::size_t bytes) {
  std::mt19937_64 random(7);
  std::string out(bytes, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::set<std::string> Listed(const ObjectStore& store, std::string_view prefix) {
  std::set<std::string> names;
  const Status listed = store.List(prefix, [&](const ObjectInfo& info) -> Status {
    names.insert(info.name.text() + " " + std::to_string(info.bytes));
    return {};
  });
  EXPECT_TRUE(listed.ok()) << listed.error().message();
  return names;
}

S3Options OptionsFor(const S3Server& server, const TempDir& dir) {
  S3Options options;
  options.bucket = S3Server::kBucket;
  options.prefix = "kalam/";
  options.endpoint = server.endpoint();
  options.access_key = S3Server::kAccessKey;
  options.secret_key = S3Server::kSecretKey;
  options.staging_folder = dir.path();
  options.retry_pause = std::chrono::milliseconds(1);
  return options;
}

enum class Kind { kFolder, kS3 };

class EveryStore : public testing::TestWithParam<Kind> {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<S3Server>(); }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    if (GetParam() == Kind::kFolder) {
      store_ = OpenFileStore(dir_.path() / "root").value();
      return;
    }
    S3Options options = OptionsFor(*server_, dir_);
    static int number = 0;
    options.prefix = "test-" + std::to_string(number++) + "/";
    options.part_bytes = std::uint64_t{5} << 20;
    store_ = OpenS3Store(options, RealClock()).value();
  }

  void Put(std::string_view name, std::string_view content) {
    const fs::path local = WriteLocal(store_->staging_folder(), content);
    const Status put = store_->PutFile(Name(name), local);
    ASSERT_TRUE(put.ok()) << put.error().message();
    EXPECT_FALSE(fs::exists(local)) << "the local file moves into the store";
  }

  TempDir dir_;
  std::unique_ptr<ObjectStore> store_;
  static std::unique_ptr<S3Server> server_;
};
std::unique_ptr<S3Server> EveryStore::server_;

INSTANTIATE_TEST_SUITE_P(All, EveryStore, testing::Values(Kind::kFolder, Kind::kS3),
                         [](const auto& instance) {
                           return instance.param == Kind::kFolder ? "Folder" : "S3";
                         });

TEST_P(EveryStore, GivesBackWhatWasPut) {
  Put("app/users/messages/maya/2025-10-24T14-30-00.parquet", "0123456789");
  const ObjectName name = Name("app/users/messages/maya/2025-10-24T14-30-00.parquet");
  EXPECT_EQ(store_->GetRange(name, 0, 100).value(), "0123456789");
  EXPECT_EQ(store_->GetRange(name, 3, 4).value(), "3456");
  EXPECT_EQ(store_->GetRange(name, 50, 4).value(), "");
  EXPECT_EQ(store_->GetRange(name, 3, 0).value(), "");
  ASSERT_TRUE(store_->Fetch(name, dir_.path() / "copy").ok());
  EXPECT_EQ(ReadLocal(dir_.path() / "copy"), "0123456789");
}

TEST_P(EveryStore, KeepsLargeFilesByteForByte) {
  const std::string content = RandomBytes((std::size_t{11} << 20) + 3);
  Put("big.parquet", content);
  EXPECT_EQ(store_->GetRange(Name("big.parquet"), (10 << 20) - 2, 6).value(),
            content.substr((10 << 20) - 2, 6));
  ASSERT_TRUE(store_->Fetch(Name("big.parquet"), dir_.path() / "copy").ok());
  EXPECT_TRUE(ReadLocal(dir_.path() / "copy") == content);
}

TEST_P(EveryStore, TellsWhatIsMissing) {
  EXPECT_EQ(store_->GetRange(Name("nope.parquet"), 0, 1).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->Fetch(Name("no/pe.parquet"), dir_.path() / "copy").error().code(),
            ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(dir_.path() / "copy"));
  EXPECT_TRUE(store_->Delete(Name("no/pe.parquet")).ok());
}

TEST_P(EveryStore, ListsByPrefixAndForgetsWhatWasDeleted) {
  Put("app/shared/t/a.parquet", "1");
  Put("app/shared/t/b.parquet", "22");
  Put("app/shared/t2/c.parquet", "333");
  Put("other/d=1.parquet", "4444");
  EXPECT_EQ(Listed(*store_, "app/shared/t/"),
            (std::set<std::string>{"app/shared/t/a.parquet 1", "app/shared/t/b.parquet 2"}));
  EXPECT_EQ(Listed(*store_, "app/shared/t").size(), 3u);
  EXPECT_EQ(Listed(*store_, "other/d="), (std::set<std::string>{"other/d=1.parquet 4"}));
  EXPECT_EQ(Listed(*store_, "nothing/here/"), std::set<std::string>{});
  ASSERT_TRUE(store_->Delete(Name("app/shared/t/a.parquet")).ok());
  EXPECT_EQ(Listed(*store_, "").size(), 3u);
}

TEST(ObjectNames, LeadNowhereElse) {
  for (const char* bad : {"", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", ".hidden", "a/.b",
                          "a b", "a\nb", "a%2fb"}) {
    EXPECT_FALSE(ObjectName::Parse(bad).ok()) << bad;
  }
  EXPECT_FALSE(ObjectName::Parse(std::string(ObjectName::kMaxBytes + 1, 'a')).ok());
  EXPECT_TRUE(ObjectName::Parse("a/b-c_d=1/2025-10-24T14-30-00-1.parquet").ok());
}

// Whether or not a server knows conditional requests.
TEST_P(EveryStore, NeverOverwrites) {
  ASSERT_TRUE(store_->PutFile(Name("a/b"), WriteLocal(store_->staging_folder(), "first")).ok());
  const fs::path second = WriteLocal(store_->staging_folder(), "second");
  EXPECT_EQ(store_->PutFile(Name("a/b"), second).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_TRUE(fs::exists(second));
  EXPECT_EQ(store_->GetRange(Name("a/b"), 0, 9).value(), "first");
}

// --- only a folder

class Folder : public testing::Test {
 protected:
  TempDir dir_;
  const fs::path root_ = dir_.path() / "root";
  std::unique_ptr<ObjectStore> store_ = OpenFileStore(root_).value();
};

TEST_F(Folder, FollowsNoSymbolicLink) {
  fs::create_directories(dir_.path() / "outside");
  std::ofstream(dir_.path() / "outside" / "secret") << "secret";
  fs::create_directory_symlink(dir_.path() / "outside", root_ / "link");
  fs::create_symlink(dir_.path() / "outside" / "secret", root_ / "file");
  EXPECT_FALSE(store_->GetRange(Name("link/secret"), 0, 9).ok());
  EXPECT_FALSE(store_->GetRange(Name("file"), 0, 9).ok());
  EXPECT_FALSE(store_->PutFile(Name("link/new"), WriteLocal(store_->staging_folder(), "x")).ok());
  EXPECT_EQ(Listed(*store_, ""), std::set<std::string>{});
}

TEST_F(Folder, DeletingTheLastFileRemovesItsFolders) {
  ASSERT_TRUE(store_->PutFile(Name("a/b/c"), WriteLocal(store_->staging_folder(), "x")).ok());
  ASSERT_TRUE(store_->PutFile(Name("a/d"), WriteLocal(store_->staging_folder(), "x")).ok());
  ASSERT_TRUE(store_->Delete(Name("a/b/c")).ok());
  EXPECT_FALSE(fs::exists(root_ / "a" / "b"));
  EXPECT_TRUE(fs::exists(root_ / "a" / "d"));
}

TEST_F(Folder, OpeningRemovesWhatACrashLeftHalfMade) {
  const fs::path half = WriteLocal(store_->staging_folder(), "half");
  const auto again = OpenFileStore(root_).value();
  EXPECT_TRUE(fs::exists(half)) << "this process may still be writing it";
  fs::last_write_time(half, fs::file_time_type::clock::now() - std::chrono::hours(24));
  const auto after_a_crash = OpenFileStore(root_).value();
  EXPECT_FALSE(fs::exists(half));
}

// A writer's folder may be removed by a deleter between its making and its use: neither may fail.
TEST_F(Folder, WritersAndDeletersOfOneFolderGetAlong) {
  constexpr int kRounds = 300;
  const auto work = [&](const std::string& file) {
    for (int i = 0; i < kRounds; ++i) {
      const fs::path local = store_->staging_folder() / (file + std::to_string(i));
      std::ofstream(local) << file;
      const Status put = store_->PutFile(Name("deep/er/" + file), local);
      ASSERT_TRUE(put.ok()) << put.error().message();
      ASSERT_TRUE(store_->Delete(Name("deep/er/" + file)).ok());
    }
  };
  std::thread other(work, "one");
  work("two");
  other.join();
  EXPECT_FALSE(fs::exists(root_ / "deep"));
}

// --- only S3

class S3 : public testing::Test {
 protected:
  TempDir dir_;
  S3Server server_;
};

TEST_F(S3, AWrongSecretIsRefusedWithTheServersWordsAndWithoutTheSecret) {
  S3Options options = OptionsFor(server_, dir_);
  options.secret_key = "not-the-secret";
  const auto store = OpenS3Store(options, RealClock()).value();
  const Status put = store->PutFile(Name("a"), WriteLocal(dir_.path(), "x"));
  ASSERT_FALSE(put.ok());
  EXPECT_NE(put.error().message().find("SignatureDoesNotMatch"), std::string::npos)
      << put.error().message();
  EXPECT_EQ(put.error().message().find("not-the-secret"), std::string::npos);
}

TEST_F(S3, AServerThatIsGoneIsUnavailableAfterABoundedNumberOfAttempts) {
  const auto store = OpenS3Store(OptionsFor(server_, dir_), RealClock()).value();
  server_.Kill();
  const auto read = store->GetRange(Name("a"), 0, 1);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), ErrorCode::kUnavailable) << read.error().message();
  const fs::path local = WriteLocal(dir_.path(), "x");
  EXPECT_EQ(store->PutFile(Name("a"), local).error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(fs::exists(local)) << "what could not be stored is still here";
}

TEST_F(S3, ABucketThatIsNotThereIsSaidSo) {
  S3Options options = OptionsFor(server_, dir_);
  options.bucket = "no-such-bucket";
  const auto store = OpenS3Store(options, RealClock()).value();
  const Status put = store->PutFile(Name("a"), WriteLocal(dir_.path(), "x"));
  ASSERT_FALSE(put.ok());
  EXPECT_NE(put.error().message().find("NoSuchBucket"), std::string::npos) << put.error().message();
}

TEST(S3Endpoints, OnlyAllowedHostsAndNoMetadataService) {
  TempDir dir;
  S3Options options;
  options.bucket = "bucket";
  options.staging_folder = dir.path();
  options.attempts = 1;
  for (const char* bad :
       {"ftp://127.0.0.1", "http://user@127.0.0.1", "http://127.0.0.1/x", "http://example.com",
        "http://127.0.0.1.example.com:9000", "127.0.0.1:9000", "http://"}) {
    options.endpoint = bad;
    EXPECT_FALSE(OpenS3Store(options, RealClock()).ok()) << bad;
  }
  options.endpoint = "http://127.0.0.1:9000";
  EXPECT_TRUE(OpenS3Store(options, RealClock()).ok());
  // Allowed by name, refused by what it stands for.
  options.allowed_endpoint_hosts = {"169.254.169.254"};
  options.endpoint = "http://169.254.169.254";
  const auto store = OpenS3Store(options, RealClock()).value();
  EXPECT_EQ(store->GetRange(Name("a"), 0, 1).error().code(), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace kalam::cold
