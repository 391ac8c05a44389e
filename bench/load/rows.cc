#include "rows.h"

#include <fmt/format.h>

#include <random>

namespace kalam::bench {
namespace {

constexpr std::size_t kTailBytes = kBodyBytes - kIdDigits;

// Letters that neither SQL nor JSON would escape and that no compressor would shrink much.
const std::array<std::string, 1000>& BodyTails() {
  static const auto tails = [] {
    constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .";
    std::mt19937 random(1);
    std::array<std::string, 1000> made;
    for (std::string& tail : made) {
      tail = "-";
      while (tail.size() < kTailBytes) tail += kLetters[random() % kLetters.size()];
    }
    return made;
  }();
  return tails;
}

}  // namespace

void WriteId(std::uint64_t id, char* text) {
  for (std::size_t i = kIdDigits; i-- > 0; id /= 10) text[i] = static_cast<char>('0' + id % 10);
}

std::string_view BodyTail(std::uint64_t id) { return BodyTails()[id % 1000]; }

const Rows& Rows::SqlLiterals() {
  static const Rows rows(Spelling::kSql);
  return rows;
}

const Rows& Rows::JsonValues() {
  static const Rows rows(Spelling::kJson);
  return rows;
}

Rows::Rows(Spelling spelling) {
  for (std::size_t k = 0; k < texts_.size(); ++k) {
    const std::string ts = fmt::format("2025-10-20T10:00:{:02}.{:03}Z", k % 60, k);
    const std::string body = std::string(kIdDigits, '0') + std::string(BodyTail(k));
    texts_[k] = spelling == Spelling::kSql
                    ? fmt::format("({}, 'room-{:02}', 'user-{:03}', '{}', '{}')",
                                  std::string(kIdDigits, '0'), k % 100, k, body, ts)
                    : fmt::format(R"({},"room-{:02}","user-{:03}","{}","{}")",
                                  std::string(kIdDigits, '0'), k % 100, k, body, ts);
  }
  id_at_ = spelling == Spelling::kSql ? 1 : 0;
  body_at_ = texts_[0].find(BodyTail(0)) - kIdDigits;
}

void Rows::Append(std::uint64_t id, std::string* out) const {
  const std::size_t start = out->size();
  out->append(texts_[id % 1000]);
  WriteId(id, out->data() + start + id_at_);
  WriteId(id, out->data() + start + body_at_);
}

}  // namespace kalam::bench
