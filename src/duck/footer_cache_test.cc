#include "footer_cache.h"

#include "base/temp_folder.h"
#include "duck/segment_engine.h"

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <parquet_reader.hpp>

namespace kalam::duck {
namespace {

// What a parsed footer counts, in bytes of the file.
constexpr std::size_t kParsedBytesPerByte = 8;

class FooterCacheTest : public testing::Test {
 protected:
  FooterCacheTest() {
    bool ended = false;
    const auto one_row = [&](std::span<Datum> row) -> Result<bool> {
      row[0] = Datum::Int(1);
      return !std::exchange(ended, true);
    };
    const std::string path = folder_.path() + "/s.parquet";
    EXPECT_EQ(SegmentEngine({}).Write(path, {{"id", DataType::kBigInt, 1}}, one_row).value(), 1U);
    const duckdb::OpenFileInfo file(path);
    footer_ = duckdb::ParquetReader(*connection_.context, file, duckdb::ParquetOptions()).metadata;
  }

  // As a scan does when it opens the file, whose footer has that length.
  void Read(FooterCache& footers, const std::string& path, std::size_t footer_bytes = 100) {
    if (!footers.Find(path, kFile)) footers.Keep(path, kFile, footer_, footer_bytes);
  }

  static constexpr FileIdentity kFile = {.inode = 7, .bytes = 1'000, .modified_ns = 1};

  TempFolder folder_;
  duckdb::DuckDB database_{nullptr};
  duckdb::Connection connection_{database_};
  FooterCache::Footer footer_;
};

TEST_F(FooterCacheTest, ForgetsWhatWasNotUsedForTheLongestTime) {
  FooterCache footers(kParsedBytesPerByte * 300);
  for (const char* path : {"a", "b", "c", "a", "d"}) Read(footers, path);
  EXPECT_EQ(footers.Find("b", kFile), nullptr);
  EXPECT_EQ(footers.Find("c", kFile), footer_);
  EXPECT_EQ(footers.Find("a", kFile), footer_);
  EXPECT_EQ(footers.Find("d", kFile), footer_);
  Read(footers, "b");
  EXPECT_EQ(footers.Find("c", kFile), nullptr);
}

TEST_F(FooterCacheTest, ForgetsAFileThatGoes) {
  FooterCache footers(kParsedBytesPerByte * 200);
  Read(footers, "a");
  Read(footers, "b");
  footers.Forget("a");
  footers.Forget("another");
  EXPECT_EQ(footers.Find("a", kFile), nullptr);
  Read(footers, "c");
  EXPECT_NE(footers.Find("b", kFile), nullptr) << "there is room for two";
  Read(footers, "a");
  EXPECT_EQ(footers.Find("c", kFile), nullptr);
}

TEST_F(FooterCacheTest, AnotherFileUnderTheSamePathHasNotItsFooter) {
  FooterCache footers(kParsedBytesPerByte * 300);
  Read(footers, "a");
  for (const FileIdentity& other : {FileIdentity{8, 1'000, 1}, FileIdentity{7, 999, 1}, FileIdentity{7, 1'000, 2}}) {
    EXPECT_EQ(footers.Find("a", other), nullptr);
    EXPECT_EQ(footers.Find("a", kFile), nullptr) << "that one is no more";
    Read(footers, "a");
  }
  EXPECT_EQ(footers.Find("a", kFile), footer_);
}

TEST_F(FooterCacheTest, AFooterThatIsTooLargeIsNotKept) {
  FooterCache footers(kParsedBytesPerByte * 300);
  Read(footers, "small", 10);
  Read(footers, "large", 301);
  EXPECT_EQ(footers.Find("large", kFile), nullptr);
  Read(footers, "small", 10);
  EXPECT_NE(footers.Find("small", kFile), nullptr);
}

TEST_F(FooterCacheTest, NeverKeepsMoreThanItsBound) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::size_t kMost = 2'000;
  FooterCache footers(kParsedBytesPerByte * kMost);
  std::vector<std::size_t> bytes_of_files;
  for (int i = 0; i < 60; ++i) bytes_of_files.push_back(random() % 400 + 1);
  for (int i = 0; i < 1'000; ++i) {
    const std::size_t file = random() % bytes_of_files.size();
    Read(footers, std::to_string(file), bytes_of_files[file]);
    std::size_t kept = 0;
    for (std::size_t each = 0; each < bytes_of_files.size(); ++each) {
      kept += footers.Find(std::to_string(each), kFile) ? bytes_of_files[each] : 0;
    }
    ASSERT_LE(kept, kMost);
  }
}

}  // namespace
}  // namespace kalam::duck
