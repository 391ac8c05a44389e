#include "entry_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"

namespace kalam::kv {
namespace {

std::string Key(std::string_view user_key, std::uint64_t tag) {
  std::string key(user_key);
  AppendLittleEndian(key, tag);
  return key;
}

std::string UserKey(std::uint32_t group, std::uint64_t number) {
  std::string key;
  AppendBigEndian(key, group);
  AppendBigEndian(key, number);
  return key;
}

struct InOrder {
  bool operator()(const std::string& a, const std::string& b) const { return EntryList::Compare(a, b) < 0; }
};

class EntryListTest : public testing::Test {
 protected:
  void Insert(const std::string& key) {
    std::string entry;
    for (std::size_t size = key.size(); true; size >>= 7) {
      entry.push_back(static_cast<char>(size >= 0x80 ? (size & 0x7F) | 0x80 : size));
      if (size < 0x80) break;
    }
    entry += key;
    const int height = list_.PickHeight();
    memory_.push_back(std::make_unique<char[]>(EntryList::NodeBytes(height, entry.size())));
    EntryList::Node* node = EntryList::Place(memory_.back().get(), height);
    std::copy(entry.begin(), entry.end(), node->entry());
    list_.Insert(node);
  }

  static std::string KeyAt(const EntryList::Node* node) {
    return node == nullptr ? "end" : std::string(EntryList::KeyOf(node->entry()));
  }
  std::vector<std::string> Forward() const {
    std::vector<std::string> keys;
    for (const auto* node = list_.First(); node != nullptr; node = node->Next()) keys.push_back(KeyAt(node));
    return keys;
  }
  std::vector<std::string> Backward() const {
    std::vector<std::string> keys;
    for (const auto* node = list_.Last(); node != nullptr; node = list_.Previous(node)) keys.push_back(KeyAt(node));
    return keys;
  }

  EntryList list_;
  std::deque<std::unique_ptr<char[]>> memory_;
};

TEST_F(EntryListTest, EstimatesHowManyAreBefore) {
  EXPECT_EQ(list_.EstimateBefore(Key("x", 1)), 0u);
  constexpr std::uint64_t kEntries = 40'000;
  for (std::uint64_t n = 0; n < kEntries; ++n) Insert(Key(UserKey(1, n), n));
  EXPECT_EQ(list_.EstimateBefore(Key(UserKey(0, 0), 0)), 0u);
  for (const std::uint64_t n : {kEntries / 4, kEntries / 2, kEntries}) {
    EXPECT_GT(list_.EstimateBefore(Key(UserKey(1, n), UINT64_MAX)), n / 3) << n;
    EXPECT_LT(list_.EstimateBefore(Key(UserKey(1, n), UINT64_MAX)), n * 3) << n;
  }
}

TEST_F(EntryListTest, OrdersByUserKeyThenNewestFirst) {
  for (const auto& key : {Key("b", 1), Key("a", 2), Key("a", 9), Key("", 5), Key("ab", 1), Key("b", 0x100)}) {
    Insert(key);
  }
  EXPECT_EQ(Forward(), (std::vector{Key("", 5), Key("a", 9), Key("a", 2), Key("ab", 1), Key("b", 0x100), Key("b", 1)}));
  EXPECT_EQ(KeyAt(list_.FindGreaterOrEqual(Key("a", 8))), Key("a", 2));
  EXPECT_EQ(KeyAt(list_.FindGreaterOrEqual(Key("b", 1))), Key("b", 1));
  EXPECT_EQ(KeyAt(list_.FindGreaterOrEqual(Key("c", 1))), "end");
}

TEST_F(EntryListTest, EmptyHasNoEnds) {
  EXPECT_EQ(list_.First(), nullptr);
  EXPECT_EQ(list_.Last(), nullptr);
  EXPECT_EQ(list_.FindGreaterOrEqual(Key("a", 1)), nullptr);
}

// Ascending runs of many groups mixed with random and very long keys: what the remembered places must get right.
TEST_F(EntryListTest, EqualsAnOrderedSetWhateverTheOrderOfInserts) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::set<std::string, InOrder> model;
  std::uint64_t next = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto group = static_cast<std::uint32_t>(random() % 300);
    std::string key;
    switch (random() % 8) {
      case 0: key = UserKey(group, random()); break;
      case 1: key = UserKey(group, random() % 50); break;
      case 2: key = std::string(random() % 300, static_cast<char>('a' + random() % 3)); break;
      default: key = UserKey(group, ++next);
    }
    key = Key(key, random() % 1000);
    if (model.insert(key).second) Insert(key);
    if (i % 100 == 0) {
      const std::string target = Key(UserKey(group, random() % (next + 2)), random() % 1000);
      const auto expected = model.lower_bound(target);
      EXPECT_EQ(KeyAt(list_.FindGreaterOrEqual(target)), expected == model.end() ? "end" : *expected);
    }
  }
  std::vector<std::string> keys(model.begin(), model.end());
  EXPECT_EQ(Forward(), keys);
  std::ranges::reverse(keys);
  EXPECT_EQ(Backward(), keys);
}

// Readers walk both ways and search while the writer inserts: in order, and nothing missing that was there
// before they began.
TEST_F(EntryListTest, ReadersSeeWhatWasThereWhileTheWriterGoesOn) {
  constexpr std::uint64_t kInserts = 60'000;
  std::atomic<std::uint64_t> published{0};
  std::vector<std::thread> readers;
  std::atomic<int> wrong{0};
  // The n-th key; neighbours in time are far apart in order.
  const auto nth = [](std::uint64_t n) {
    return Key(UserKey(static_cast<std::uint32_t>(n % 7), n * 0x9E3779B97F4A7C15ull), n);
  };
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      std::mt19937_64 random(static_cast<unsigned>(r));
      while (published.load() < kInserts) {
        const std::uint64_t there = published.load(std::memory_order_acquire);
        if (there == 0) continue;
        const std::string key = nth(1 + random() % there);
        const auto* node = list_.FindGreaterOrEqual(key);
        if (KeyAt(node) != key) ++wrong;
        std::string last = key;
        for (int step = 0; step < 20 && node != nullptr; ++step) {
          node = list_.Previous(node);
          if (node != nullptr && EntryList::Compare(KeyAt(node), last) >= 0) ++wrong;
          last = KeyAt(node);
        }
        std::uint64_t seen = 0;
        if (random() % 200 == 0) {
          for (node = list_.Last(); node != nullptr; node = list_.Previous(node)) {
            const std::string at = KeyAt(node);
            if (LoadLittleEndian<std::uint64_t>(at.data() + at.size() - 8) <= there) ++seen;
          }
          if (seen != there) ++wrong;
        }
      }
    });
  }
  for (std::uint64_t n = 1; n <= kInserts; ++n) {
    Insert(nth(n));
    published.store(n, std::memory_order_release);
  }
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(Forward().size(), kInserts);
}

}  // namespace
}  // namespace kalam::kv
