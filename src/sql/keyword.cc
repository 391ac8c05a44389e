#include "sql/keyword.h"

#include <array>
#include <cstddef>

namespace kalam::sql {
namespace {

constexpr std::array kSpellings = {
    std::string_view(),
#define KALAM_SQL_SPELLING(enumerator, spelling) std::string_view(spelling),
    KALAM_SQL_KEYWORDS(KALAM_SQL_SPELLING)
#undef KALAM_SQL_SPELLING
};
static_assert(kSpellings.size() < 256, "Keyword is one byte");

constexpr std::size_t kSlots = 4096;

constexpr std::size_t kMaxLength = [] {
  std::size_t longest = 0;
  for (const auto spelling : kSpellings) longest = longest > spelling.size() ? longest : spelling.size();
  return longest;
}();

// Letters of either case hash alike; so do some other characters, which the comparison sorts out.
constexpr std::size_t Hash(std::string_view word, std::uint32_t seed) {
  std::uint32_t hash = seed;
  for (const char c : word) {
    hash = (hash ^ static_cast<unsigned char>(c | 0x20)) * 0x01000193u;
  }
  return (hash ^ (hash >> 15)) % kSlots;
}

struct Table {
  std::uint32_t seed = 0;
  std::array<Keyword, kSlots> slots{};
};

constexpr bool Fill(Table& table) {
  table.slots.fill(Keyword::kNone);
  for (std::size_t i = 1; i < kSpellings.size(); ++i) {
    Keyword& slot = table.slots[Hash(kSpellings[i], table.seed)];
    if (slot != Keyword::kNone) return false;
    slot = static_cast<Keyword>(i);
  }
  return true;
}

// The first seed under which no two keywords share a slot: a perfect hash, found by the compiler.
constexpr Table kTable = [] {
  Table candidate;
  while (!Fill(candidate)) ++candidate.seed;
  return candidate;
}();

}  // namespace

Keyword LookupKeyword(std::string_view word) {
  if (word.empty() || word.size() > kMaxLength) return Keyword::kNone;
  const Keyword candidate = kTable.slots[Hash(word, kTable.seed)];
  return EqualsIgnoreCase(word, kSpellings[static_cast<std::size_t>(candidate)]) ? candidate
                                                                                 : Keyword::kNone;
}

std::string_view ToString(Keyword keyword) {
  return kSpellings[static_cast<std::size_t>(keyword)];
}

}  // namespace kalam::sql
