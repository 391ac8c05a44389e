#include "log_zeroer.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/temp_folder.h"

namespace kalam::kv {
namespace {

class LogZeroerTest : public testing::Test {
 protected:
  static constexpr std::size_t kReserved = 16 << 20;

  std::unique_ptr<rocksdb::FSWritableFile> Open(std::size_t reserve = kReserved) {
    rocksdb::FileOptions options;
    options.fallocate_with_keep_size = false;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    EXPECT_TRUE(files_->NewWritableFile(path_, options, &file, nullptr).ok());
    file->SetPreallocationBlockSize(reserve);
    return zeroer_.Watch(std::move(file), path_);
  }

  // As the engine does it.
  void Append(rocksdb::FSWritableFile& log, const std::string& bytes) {
    log.PrepareWrite(appended_.size(), bytes.size(), io_, nullptr);
    ASSERT_TRUE(log.Append(bytes, io_, nullptr).ok());
    appended_ += bytes;
  }

  // How many bytes from the start on are data, and not just reserved.
  off_t WrittenBytes() const {
    const int file = ::open(path_.c_str(), O_RDONLY);
    const off_t end = ::lseek(file, 0, SEEK_HOLE);
    ::close(file);
    return end;
  }
  testing::AssertionResult BecomesWritten(off_t bytes) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (WrittenBytes() < bytes) {
      if (std::chrono::steady_clock::now() > deadline) {
        return testing::AssertionFailure() << WrittenBytes() << " bytes are written, not " << bytes;
      }
      std::this_thread::yield();
    }
    return testing::AssertionSuccess();
  }
  std::string Content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const TempFolder folder_;
  const std::string path_ = folder_.path() + "/000001.log";
  const rocksdb::IOOptions io_;
  std::string appended_;
  std::shared_ptr<rocksdb::FileSystem> files_ = rocksdb::FileSystem::Default();
  std::chrono::steady_clock::duration between_steps_ = std::chrono::seconds(1);
  LogZeroer::Time time_;
  LogZeroer zeroer_{files_, [this] { return time_ += between_steps_; }};
};

TEST_F(LogZeroerTest, WritesZerosAheadOfWhatIsAppendedAndWithinWhatIsReserved) {
  const auto log = Open();
  Append(*log, "one");
  ASSERT_TRUE(BecomesWritten(4 << 20));
  // What lies ahead is used up, and renewed, to the end.
  for (int i = 0; i < 15; ++i) Append(*log, std::string(1 << 20, 'x'));
  ASSERT_TRUE(BecomesWritten(kReserved));
  EXPECT_EQ(Content(), appended_ + std::string(kReserved - appended_.size(), '\0'));
  ASSERT_TRUE(log->Close(io_, nullptr).ok());
  EXPECT_EQ(Content(), appended_) << "closing cuts it";
}

TEST_F(LogZeroerTest, ALogThatGrowsFastIsLeftAlone) {
  between_steps_ = std::chrono::milliseconds(15);  // two megabytes at least are appended meanwhile
  const auto log = Open();
  Append(*log, "one");
  ASSERT_TRUE(BecomesWritten(4 << 20));
  for (int i = 0; i < 12; ++i) Append(*log, std::string(1 << 20, 'x'));
  ASSERT_TRUE(log->Sync(io_, nullptr).ok());
  EXPECT_LT(WrittenBytes(), static_cast<off_t>(appended_.size()) + (1 << 20));
  ASSERT_TRUE(log->Close(io_, nullptr).ok());
  EXPECT_EQ(Content(), appended_);
}

TEST_F(LogZeroerTest, NothingIsZeroedThatIsNotReserved) {
  const auto log = Open(0);
  Append(*log, "one");
  ASSERT_TRUE(log->Close(io_, nullptr).ok());
  EXPECT_EQ(Content(), "one");
}

// Appends of all sizes race with the zeros, and logs end at any moment.
TEST_F(LogZeroerTest, NeverTouchesWhatWasAppended) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    appended_.clear();
    const auto log = Open();
    const std::size_t size = random() % (12 << 20);
    while (appended_.size() < size) {
      const std::size_t most = random() % 8 == 0 ? 300'000 : 600;
      Append(*log, std::string(1 + random() % most, static_cast<char>('a' + random() % 26)));
    }
    const std::string content = Content();
    ASSERT_EQ(content.compare(0, appended_.size(), appended_), 0);
    ASSERT_EQ(content.find_first_not_of('\0', appended_.size()), std::string::npos);
    ASSERT_TRUE(log->Close(io_, nullptr).ok());
    ASSERT_EQ(Content(), appended_);
  }
}

}  // namespace
}  // namespace kalam::kv
