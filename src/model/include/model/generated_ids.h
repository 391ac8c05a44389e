#pragma once

#include <string>

#include "base/clock.h"

namespace kalam {

// UUID version 7 (RFC 9562 section 5.7), lower case with hyphens, 36 characters. Thread-safe.
std::string MakeUuidV7(TimestampMicros now);

// ULID: 48-bit milliseconds and 80 random bits in Crockford base32, 26 characters. Thread-safe.
std::string MakeUlid(TimestampMicros now);

}  // namespace kalam
