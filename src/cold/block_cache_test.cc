#include "cold/block_cache.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace kalam::cold {
namespace {

std::string Key(std::uint64_t n) {
  std::string key;
  AppendBigEndian(key, n);
  return key;
}

Segment SegmentNamed(const std::string& name) {
  return {.id = SegmentId(1),
          .storage_id = "local",
          .file = ObjectName::Parse(name + ".parquet").value(),
          .sha256 = "",
          .min_key = "",
          .max_key = "",
          .min_seq = Seq(1),
          .max_seq = Seq(1)};
}

// Rows with every second key of begin..end.
RowBlockPtr Block(std::uint64_t begin, std::uint64_t end, std::size_t row_bytes = 10) {
  RowBlock::Builder block;
  for (std::uint64_t n = begin; n < end; n += 2) block.Add(Key(n), std::string(row_bytes, 'r') + std::to_string(n));
  return block.Finish();
}

TEST(RowBlock, FindsKeysAndSaysOfWhichItKnows) {
  const RowBlockPtr block = Block(10, 20);
  ASSERT_EQ(block->size(), 5u);
  EXPECT_EQ(block->key(1), Key(12));
  EXPECT_EQ(block->row(4), "rrrrrrrrrr18");
  EXPECT_EQ(block->LowerBound(Key(3)), 0u);
  EXPECT_EQ(block->LowerBound(Key(12)), 1u);
  EXPECT_EQ(block->LowerBound(Key(13)), 2u);
  EXPECT_EQ(block->LowerBound(Key(19)), 5u);
  EXPECT_TRUE(block->Covers(Key(10)) && block->Covers(Key(13)) && block->Covers(Key(18)));
  EXPECT_FALSE(block->Covers(Key(9)) || block->Covers(Key(19)));
  EXPECT_FALSE(RowBlock::Builder().Finish()->Covers(Key(0)));
}

TEST(BlockCache, FindsTheBlockOfAKeyInItsSegmentOnly) {
  BlockCache cache(1 << 20);
  const Segment one = SegmentNamed("one"), other = SegmentNamed("other");
  const RowBlockPtr low = Block(10, 20), high = Block(30, 40);
  cache.Keep(one, high);
  cache.Keep(one, low);
  EXPECT_EQ(cache.Find(one, Key(10)), low);
  EXPECT_EQ(cache.Find(one, Key(17)), low);
  EXPECT_EQ(cache.Find(one, Key(30)), high);
  EXPECT_EQ(cache.Find(one, Key(25)), nullptr);
  EXPECT_EQ(cache.Find(one, Key(9)), nullptr);
  EXPECT_EQ(cache.Find(other, Key(10)), nullptr);
  EXPECT_EQ(cache.stats().hits, 3u);
  EXPECT_EQ(cache.stats().misses, 3u);
}

TEST(BlockCache, OfTwoThatBeginAlikeTheLongerStays) {
  BlockCache cache(1 << 20);
  const Segment segment = SegmentNamed("one");
  cache.Keep(segment, Block(10, 20));
  const auto bytes = cache.stats().bytes;
  cache.Keep(segment, Block(10, 20));
  EXPECT_EQ(cache.stats().bytes, bytes);
  const RowBlockPtr longer = Block(10, 40);
  cache.Keep(segment, longer);
  cache.Keep(segment, Block(10, 20));
  EXPECT_EQ(cache.Find(segment, Key(11)), longer);
  EXPECT_EQ(cache.Find(segment, Key(31)), longer);
}

TEST(BlockCache, StaysWithinItsBytesAndKeepsWhatWasUsedLast) {
  constexpr std::size_t kBytes = 100'000;
  BlockCache cache(kBytes);
  const Segment segment = SegmentNamed("one");
  cache.Keep(segment, Block(0, 20));
  for (std::uint64_t n = 100; n < 20'000; n += 100) {
    cache.Keep(segment, Block(n, n + 20));
    EXPECT_LE(cache.stats().bytes, kBytes);
    ASSERT_NE(cache.Find(segment, Key(0)), nullptr) << "used each time";
  }
  EXPECT_GT(cache.stats().bytes, kBytes * 9 / 10);
  EXPECT_EQ(cache.Find(segment, Key(100)), nullptr);
  EXPECT_NE(cache.Find(segment, Key(19'900)), nullptr);
  const auto before = cache.stats().bytes;
  cache.Keep(segment, Block(50'000, 50'020, kBytes));
  EXPECT_EQ(cache.stats().bytes, before) << "one that is too large pushes nothing out";
}

TEST(BlockCache, AdmitsFewerWhileBlocksGoUnused) {
  BlockCache cache(100'000);
  const Segment segment = SegmentNamed("one");
  const auto admitted = [&] {
    int count = 0;
    for (int i = 0; i < 80; ++i) count += cache.Admits() ? 1 : 0;
    return count;
  };
  EXPECT_EQ(admitted(), 80) << "nothing had to go";
  std::uint64_t n = 0;
  for (int i = 0; i < 1'000; ++i, n += 100) cache.Keep(segment, Block(n, n + 20));
  EXPECT_EQ(admitted(), 10) << "all that went were used by nobody";
  for (int i = 0; i < 2'000; ++i, n += 100) {
    cache.Keep(segment, Block(n, n + 20));
    ASSERT_NE(cache.Find(segment, Key(n)), nullptr);
  }
  EXPECT_EQ(admitted(), 80) << "they are used again";
}

TEST(BlockCache, ASingleRowNeverHidesTheBlockAroundIt) {
  BlockCache cache(1 << 20);
  const Segment segment = SegmentNamed("one");
  for (const std::uint64_t n : {8, 10, 14, 30}) cache.Keep(segment, Block(n, n + 1));
  EXPECT_NE(cache.Find(segment, Key(14)), nullptr);
  EXPECT_EQ(cache.Find(segment, Key(16)), nullptr);
  const RowBlockPtr around = Block(10, 20);
  cache.Keep(segment, around);
  EXPECT_EQ(cache.Find(segment, Key(14)), around);
  EXPECT_EQ(cache.Find(segment, Key(16)), around);
  cache.Keep(segment, Block(12, 13));
  EXPECT_EQ(cache.Find(segment, Key(16)), around) << "one that it has is not kept again";
  EXPECT_NE(cache.Find(segment, Key(8)), nullptr);
  EXPECT_NE(cache.Find(segment, Key(30)), nullptr);
}

TEST(BlockCache, AdmitsABlockForOneRowOnceHalfAsManyRowsAsBlocksWereAskedFor) {
  BlockCache cache(1 << 20);
  Segment large = SegmentNamed("large"), small = SegmentNamed("small");
  large.rows = 20 * 2'048;
  small.rows = 2 * 2'048;
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(cache.AdmitsForOneRow(large));
  EXPECT_TRUE(cache.AdmitsForOneRow(large));
  EXPECT_TRUE(cache.AdmitsForOneRow(small));
}

TEST(BlockCache, OfNoBytesKeepsNothing) {
  BlockCache cache(0);
  EXPECT_FALSE(cache.Admits());
  EXPECT_FALSE(cache.AdmitsForOneRow(SegmentNamed("one")));
  cache.Keep(SegmentNamed("one"), Block(0, 20));
  EXPECT_EQ(cache.Find(SegmentNamed("one"), Key(0)), nullptr);
}

}  // namespace
}  // namespace kalam::cold
