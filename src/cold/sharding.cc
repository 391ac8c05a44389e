#include "cold/sharding.h"

#include <charconv>

#include <fmt/format.h>

namespace kalam::cold {
namespace {

constexpr std::uint64_t kHashShards = 16;

std::uint64_t Fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string Alphabetic(std::string_view user_id, std::uint64_t) {
  const char first = user_id.empty() ? 'z' : static_cast<char>(user_id[0] | 0x20);
  return fmt::format("shard-{}", first >= 'a' && first <= 'z' ? first : 'z');
}

std::string Numeric(std::string_view user_id, std::uint64_t) {
  const auto digit = user_id.find_first_of("0123456789");
  return fmt::format("shard-{}", digit == std::string_view::npos ? '9' : user_id[digit]);
}

std::string ConsistentHash(std::string_view user_id, std::uint64_t shards) {
  return fmt::format("shard-{:04}", Fnv1a(user_id) % shards);
}

struct Strategy {
  std::string_view name;
  std::string (*shard_of)(std::string_view user_id, std::uint64_t shards);
};
constexpr Strategy kStrategies[] = {
    {"alphabetic", Alphabetic}, {"numeric", Numeric}, {"consistent_hash", ConsistentHash}};

}  // namespace

Result<std::string> ShardOf(std::string_view sharding, std::string_view user_id) {
  if (sharding.empty()) return std::string();
  const std::string_view strategy = sharding.substr(0, sharding.find(' '));
  std::uint64_t shards = kHashShards;
  if (strategy.size() < sharding.size()) {
    const std::string_view count = sharding.substr(strategy.size() + 1);
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), shards);
    if (error != std::errc() || end != count.data() + count.size() || shards == 0) {
      return Error(ErrorCode::kInvalidArgument, fmt::format("unknown sharding '{}'", sharding));
    }
  }
  for (const Strategy& known : kStrategies) {
    if (known.name == strategy) return known.shard_of(user_id, shards);
  }
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("unknown sharding strategy '{}'", strategy));
}

}  // namespace kalam::cold
