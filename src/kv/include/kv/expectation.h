#pragma once

#include "kv/batch.h"

#include <cstdint>
#include <string>

namespace kalam::kv {

// What a write takes for granted of one key.
struct Expectation {
  enum class Kind : std::uint8_t { kAbsent, kPresent, kHasValue };

  Kind kind = Kind::kPresent;
  Family family = Family::kMeta;
  std::string key;
  std::string value = {};  // with kHasValue
};

}  // namespace kalam::kv
