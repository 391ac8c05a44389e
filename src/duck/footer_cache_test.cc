#include "footer_cache.h"

#include "base/bytes.h"
#include "base/temp_folder.h"

#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <duckdb/storage/object_cache.hpp>
#include <gtest/gtest.h>

namespace kalam::duck {
namespace {

// What a parsed footer counts, in bytes of the file.
constexpr std::size_t kParsedBytesPerByte = 8;

struct ParsedFooter final : duckdb::ObjectCacheEntry {
  std::string GetObjectType() override { return "footer of a test"; }
};

class FooterCacheTest : public testing::Test {
 protected:
  // The end of a Parquet file whose footer has that length.
  std::string File(const std::string& name, std::uint32_t footer_bytes) {
    std::string end;
    AppendLittleEndian(end, footer_bytes);
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << "rows" << end << "PAR1";
    return path;
  }
  // As the engine does when a scan opens.
  void Read(FooterCache& footers, const std::string& path) {
    kept_.Put(path, duckdb::make_shared_ptr<ParsedFooter>());
    footers.Used(*connection_.context, path);
  }
  bool Keeps(const std::string& path) { return kept_.GetObject(path) != nullptr; }

  TempFolder folder_;
  duckdb::DuckDB database_{nullptr};
  duckdb::Connection connection_{database_};
  duckdb::ObjectCache& kept_ = duckdb::ObjectCache::GetObjectCache(*connection_.context);
};

TEST_F(FooterCacheTest, ForgetsWhatWasNotUsedForTheLongestTime) {
  FooterCache footers(kParsedBytesPerByte * 300);
  const std::string a = File("a", 100), b = File("b", 100), c = File("c", 100), d = File("d", 100);
  for (const auto& path : {a, b, c, a, d}) Read(footers, path);
  EXPECT_TRUE(Keeps(a));
  EXPECT_FALSE(Keeps(b));
  EXPECT_TRUE(Keeps(c));
  EXPECT_TRUE(Keeps(d));
  Read(footers, b);
  EXPECT_FALSE(Keeps(c));
}

TEST_F(FooterCacheTest, ForgetsAFileThatGoes) {
  FooterCache footers(kParsedBytesPerByte * 200);
  const std::string a = File("a", 100), b = File("b", 100), c = File("c", 100);
  Read(footers, a);
  Read(footers, b);
  footers.Forget(kept_, a);
  footers.Forget(kept_, "another");
  EXPECT_FALSE(Keeps(a));
  Read(footers, c);
  EXPECT_TRUE(Keeps(b)) << "there is room for two";
  Read(footers, a);
  EXPECT_FALSE(Keeps(b));
}

TEST_F(FooterCacheTest, AFooterThatIsTooLargeIsNotKept) {
  FooterCache footers(kParsedBytesPerByte * 300);
  const std::string small = File("small", 10), large = File("large", 301);
  Read(footers, small);
  Read(footers, large);
  EXPECT_FALSE(Keeps(large));
  Read(footers, small);
  EXPECT_TRUE(Keeps(small));
}

TEST_F(FooterCacheTest, NeverKeepsMoreThanItsBound) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::size_t kMost = 2'000;
  FooterCache footers(kParsedBytesPerByte * kMost);
  std::vector<std::pair<std::string, std::uint32_t>> files;
  for (int i = 0; i < 60; ++i) {
    const auto bytes = static_cast<std::uint32_t>(random() % 400 + 1);
    files.emplace_back(File(std::to_string(i), bytes), bytes);
  }
  for (int i = 0; i < 1'000; ++i) {
    Read(footers, files[random() % files.size()].first);
    std::size_t kept = 0;
    for (const auto& [path, bytes] : files) kept += Keeps(path) ? bytes : 0;
    ASSERT_LE(kept, kMost);
  }
}

}  // namespace
}  // namespace kalam::duck
