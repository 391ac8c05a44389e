#include "log_writeback.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/temp_folder.h"

namespace kalam::kv {
namespace {

struct Range {
  std::uint64_t begin, bytes;
  bool operator==(const Range&) const = default;
};

// A file that notes what is begun to be written.
class NotingFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  NotingFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::vector<Range>& ranges)
      : FSWritableFileOwnerWrapper(std::move(file)), ranges_(ranges) {}
  rocksdb::IOStatus RangeSync(std::uint64_t begin, std::uint64_t bytes, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override {
    ranges_.push_back({begin, bytes});
    return FSWritableFileOwnerWrapper::RangeSync(begin, bytes, options, debug);
  }

 private:
  std::vector<Range>& ranges_;
};

class LogWritebackTest : public testing::Test {
 protected:
  LogWritebackTest() {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    EXPECT_TRUE(
        rocksdb::FileSystem::Default()->NewWritableFile(folder_.path() + "/000001.log", {}, &file, nullptr).ok());
    log_ = LogWriteback::Watch(std::make_unique<NotingFile>(std::move(file), begun_));
  }
  void Append(const std::string& bytes) { ASSERT_TRUE(log_->Append(bytes, {}, nullptr).ok()); }

  const TempFolder folder_;
  std::vector<Range> begun_;
  std::unique_ptr<rocksdb::FSWritableFile> log_;
};

TEST_F(LogWritebackTest, BeginsWithWhatIsAppendedWithinItsLife) {
  Append(std::string(100, 'a'));
  EXPECT_TRUE(begun_.empty());
  {
    const LogWriteback writeback;
    Append(std::string(20, 'b'));
    Append(std::string(3, 'c'));
  }
  Append(std::string(7, 'd'));
  EXPECT_EQ(begun_, (std::vector<Range>{{100, 20}, {120, 3}}));
}

TEST_F(LogWritebackTest, IsTheThreadsOwn) {
  const LogWriteback writeback;
  std::thread([&] { Append("other"); }).join();
  EXPECT_TRUE(begun_.empty());
  Append("own");
  EXPECT_EQ(begun_, (std::vector<Range>{{5, 3}}));
}

}  // namespace
}  // namespace kalam::kv
