#include "base/temp_folder.h"
#include "kv/store.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kalam::kv {
namespace {

// US7 T425 test_storage_backend_error_handling
// A store on a disk whose free space and errors the test decides.
class StoreFailureTest : public testing::Test {
 protected:
  StoreFailureTest() { Reopen(); }

  void Reopen() {
    store_.reset();
    auto opened = Store::Open(options());
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    store_ = std::move(opened).value();
  }

  Options options() {
    Options options;
    options.path = folder_.path() + "/db";
    options.write_buffer_bytes = 1 << 20;
    options.free_bytes = [this] { return free_bytes_.load(); };
    options.file_fault = [this](FileOperation operation, std::string_view file) {
      if (operation == FileOperation::kCreate) return create_error_.load();
      if (!file.ends_with(".log")) return 0;
      return operation == FileOperation::kWrite ? log_write_error_.load() : log_sync_error_.load();
    };
    return options;
  }

  Result<WriteOutcome> Put(std::string_view key, std::string_view value) {
    Batch batch;
    batch.Put(Family::kHot, key, value);
    return store_->Write(batch);
  }

  bool Has(std::string_view key) {
    PinnedValue value;
    const auto outcome = store_->Get(Family::kHot, key, value);
    return outcome.ok() && *outcome == ReadOutcome::kFound;
  }

  TempFolder folder_;
  std::atomic<std::uint64_t> free_bytes_{100ull << 30};
  std::atomic<int> create_error_{0};  // of any file
  std::atomic<int> log_write_error_{0};
  std::atomic<int> log_sync_error_{0};
  std::unique_ptr<Store> store_;
};

TEST_F(StoreFailureTest, LowSpaceRefusesWritesUntilThereIsSpaceAgain) {
  ASSERT_TRUE(Put("before", "v").ok());
  free_bytes_ = 1000;
  ASSERT_TRUE(store_->Sync().ok()) << "what is written already is synced";

  const auto refused = Put("refused", "v");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kIo);
  EXPECT_NE(refused.error().message().find("disk full"), std::string::npos);
  EXPECT_TRUE(Has("before")) << "reads go on";

  free_bytes_ = 100ull << 30;
  EXPECT_TRUE(Put("after", "v").ok());
  Reopen();
  EXPECT_FALSE(Has("refused"));
  EXPECT_TRUE(Has("before"));
  EXPECT_TRUE(Has("after"));
}

TEST_F(StoreFailureTest, ALargeBatchLooksAtTheSpaceByItself) {
  free_bytes_ = 1000;
  EXPECT_FALSE(Put("k", std::string(2 << 20, 'v')).ok());
}

TEST_F(StoreFailureTest, FullDiskDuringSyncEndsWithRecover) {
  ASSERT_TRUE(Put("in doubt", "v").ok());
  log_write_error_ = ENOSPC;
  const auto synced = store_->Sync();
  ASSERT_FALSE(synced.ok());
  EXPECT_EQ(synced.error().code(), ErrorCode::kIo);
  const auto refused = Put("refused", "v");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kIo);

  log_write_error_ = 0;
  ASSERT_TRUE(store_->Recover().ok());
  EXPECT_TRUE(Put("after", "v").ok());
  EXPECT_TRUE(store_->Sync().ok());
  Reopen();
  EXPECT_TRUE(Has("in doubt"));
  EXPECT_TRUE(Has("after"));
  EXPECT_FALSE(Has("refused"));
}

// Recovery itself finds the disk full, some times; the end is the same.
TEST_F(StoreFailureTest, ADiskThatStaysFullForAWhileEndsWithRecover) {
  ASSERT_TRUE(Put("in doubt", "v").ok());
  log_write_error_ = ENOSPC;
  create_error_ = ENOSPC;
  ASSERT_FALSE(store_->Sync().ok());
  for (int attempt = 0; attempt < 5; ++attempt) {
    ASSERT_FALSE(store_->Recover().ok());
    usleep(10'000);
  }
  log_write_error_ = create_error_ = 0;
  const Status recovered = store_->Recover();
  ASSERT_TRUE(recovered.ok()) << recovered.error().message();
  EXPECT_TRUE(Put("after", "v").ok());
  EXPECT_TRUE(store_->Sync().ok());
  Reopen();
  EXPECT_TRUE(Has("in doubt"));
  EXPECT_TRUE(Has("after"));
}

TEST_F(StoreFailureTest, FailedSyncMakesTheStoreReadOnlyUntilReopened) {
  ASSERT_TRUE(Put("synced", "v").ok());
  ASSERT_TRUE(store_->Sync().ok());
  ASSERT_TRUE(Put("in doubt", "v").ok());
  log_sync_error_ = EIO;
  const auto synced = store_->Sync();
  ASSERT_FALSE(synced.ok());
  EXPECT_EQ(synced.error().code(), ErrorCode::kUnavailable);

  log_sync_error_ = 0;
  EXPECT_FALSE(store_->Sync().ok()) << "a later sync says nothing about the bytes that failed";
  EXPECT_FALSE(store_->Recover().ok());
  const auto refused = Put("refused", "v");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message().find("Input/output error"), std::string::npos)
      << refused.error().message();
  EXPECT_TRUE(Has("synced")) << "reads go on";

  Reopen();
  EXPECT_TRUE(Has("synced"));
  EXPECT_FALSE(Has("refused"));
  EXPECT_TRUE(Put("after", "v").ok());
}

TEST_F(StoreFailureTest, FailedLogWriteMakesTheStoreReadOnly) {
  ASSERT_TRUE(Put("k", "v").ok());
  log_write_error_ = EIO;
  EXPECT_EQ(store_->FlushToOs().error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(Put("l", "v").error().code(), ErrorCode::kUnavailable);
}

TEST_F(StoreFailureTest, SecondOpenOfTheSameFolderIsRefused) {
  const auto second = Store::Open(options());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message().find("is in use by another kalamdb-server"), std::string::npos)
      << second.error().message();
}

// The second process of the test below; run by it, never by the suite.
TEST(SecondProcess, DISABLED_OpensTheFolderItIsGiven) {
  const char* folder = std::getenv("KALAM_TEST_FOLDER");
  ASSERT_NE(folder, nullptr);
  const auto second = Store::Open({.path = folder});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message().find("in use"), std::string::npos);
}

// A process of its own, not a bare fork: a forked child keeps the locks that the engine's threads
// held at that moment, and would wait for them for ever.
TEST_F(StoreFailureTest, OpenFromASecondProcessIsRefused) {
  const std::string folder = options().path;
  ASSERT_EQ(::setenv("KALAM_TEST_FOLDER", folder.c_str(), 1), 0);
  char self[] = "/proc/self/exe";
  char filter[] = "--gtest_filter=SecondProcess.*";
  char disabled_too[] = "--gtest_also_run_disabled_tests";
  char* arguments[] = {self, filter, disabled_too, nullptr};
  pid_t child = -1;
  ASSERT_EQ(::posix_spawn(&child, self, nullptr, nullptr, arguments, environ), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(StoreOpen, FolderThatCannotBeCreatedIsNamed) {
  const auto opened = Store::Open({.path = "/proc/kalamdb"});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kIo);
  EXPECT_NE(opened.error().message().find("/proc/kalamdb"), std::string::npos);
}

}  // namespace
}  // namespace kalam::kv
