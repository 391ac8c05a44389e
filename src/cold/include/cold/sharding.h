#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kalam::cold {

// The folder that a sharding strategy gives a user (specification 7.6):
//   alphabetic       first letter of the user id, `shard-a` .. `shard-z`; anything else: `shard-z`
//   numeric          first digit, `shard-0` .. `shard-9`; anything else: `shard-9`
//   consistent_hash  FNV-1a of the id over 16 folders, `shard-0000` .. `shard-0015`, or as many as `sharding` says:
//                    `consistent_hash 8`
// `sharding` is as a table's definition has it. Empty without one. Never changes for a user: files are found by the
// manifest, but people look for them. Errors: kInvalidArgument for an unknown strategy.
Result<std::string> ShardOf(std::string_view sharding, std::string_view user_id);

}  // namespace kalam::cold
