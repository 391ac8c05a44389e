#include "kv/batch.h"

#include <gtest/gtest.h>

#include <string>

namespace kalam::kv {
namespace {

std::string Bytes(Batch& batch, std::size_t offset, std::size_t size) {
  return std::string(batch.at(offset), size);
}

TEST(Batch, PutSaysWhereKeyAndValueWent) {
  Batch batch;
  // Lengths around the limits of the engine's variable-length integers.
  for (const std::size_t size : {0, 1, 127, 128, 16383, 16384, 100000}) {
    const std::string key = "key" + std::to_string(size);
    const std::string value(size, static_cast<char>('a' + size % 26));
    const auto place = batch.Put(Family::kHot, key, value);
    EXPECT_EQ(Bytes(batch, place.key, key.size()), key);
    EXPECT_EQ(Bytes(batch, place.value, size), value);
  }
  EXPECT_EQ(batch.count(), 7u);
}

TEST(Batch, PiecesAreJoined) {
  Batch batch;
  const std::string_view key[] = {"ta", "", "ble"};
  const std::string_view value[] = {"one", "two"};
  const auto place = batch.PutParts(Family::kLog, key, value);
  EXPECT_EQ(Bytes(batch, place.key, 5), "table");
  EXPECT_EQ(Bytes(batch, place.value, 6), "onetwo");
}

TEST(Batch, ClonesAreIndependent) {
  Batch batch;
  batch.Put(Family::kMeta, "a", "1");
  Batch copy = batch.Clone();
  copy.Delete(Family::kMeta, "b");
  EXPECT_EQ(batch.count(), 1u);
  EXPECT_EQ(copy.count(), 2u);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(copy.count(), 2u);
}

}  // namespace
}  // namespace kalam::kv
