#include "cold/sharding.h"

#include <fmt/format.h>

namespace kalam::cold {
namespace {

constexpr std::uint64_t kHashShards = 16;

std::uint64_t Fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string Alphabetic(std::string_view user_id) {
  const char first = user_id.empty() ? 'z' : static_cast<char>(user_id[0] | 0x20);
  return fmt::format("shard-{}", first >= 'a' && first <= 'z' ? first : 'z');
}

std::string Numeric(std::string_view user_id) {
  const auto digit = user_id.find_first_of("0123456789");
  return fmt::format("shard-{}", digit == std::string_view::npos ? '9' : user_id[digit]);
}

std::string ConsistentHash(std::string_view user_id) {
  return fmt::format("shard-{:04}", Fnv1a(user_id) % kHashShards);
}

struct Strategy {
  std::string_view name;
  std::string (*shard_of)(std::string_view user_id);
};
constexpr Strategy kStrategies[] = {
    {"alphabetic", Alphabetic}, {"numeric", Numeric}, {"consistent_hash", ConsistentHash}};

}  // namespace

Result<std::string> ShardOf(std::string_view strategy, std::string_view user_id) {
  if (strategy.empty()) return std::string();
  for (const Strategy& known : kStrategies) {
    if (known.name == strategy) return known.shard_of(user_id);
  }
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("unknown sharding strategy '{}'", strategy));
}

}  // namespace kalam::cold
