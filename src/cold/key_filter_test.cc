#include "cold/key_filter.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace kalam::cold {
namespace {

std::string Key(std::uint64_t n) {
  std::string key;
  AppendBigEndian(key, n);
  return key;
}

TEST(KeyFilter, NeverMissesAKeyAndIsSeldomWrongAboutOthers) {
  KeyFilter::Builder builder;
  constexpr std::uint64_t kKeys = 20'000;
  for (std::uint64_t i = 0; i < kKeys; ++i) builder.Add(Key(i * 3));
  const KeyFilter filter = KeyFilter::Decode(builder.Finish()).value();
  EXPECT_LE(filter.bytes(), kKeys * 10 / 8 + 16);
  int wrong = 0;
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    ASSERT_TRUE(filter.MayContain(Key(i * 3)));
    wrong += filter.MayContain(Key(i * 3 + 1)) ? 1 : 0;
  }
  EXPECT_LT(wrong, kKeys / 60);
}

TEST(KeyFilter, OfNoKeysHoldsNone) {
  const KeyFilter filter = KeyFilter::Decode(KeyFilter::Builder().Finish()).value();
  EXPECT_FALSE(filter.MayContain("a"));
  EXPECT_FALSE(filter.MayContain(""));
}

TEST(KeyFilter, RefusesForeignBytes) {
  for (const char* bad : {"", "x", "\x01\x07",
                          "\x02\x07"
                          "12345678",
                          "\x01\x07"
                          "1234567"}) {
    EXPECT_FALSE(KeyFilter::Decode(bad).ok());
  }
}

}  // namespace
}  // namespace kalam::cold
