#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kalam {

// The canonical column types (specification 6.2). The numbers are stored: never renumber.
enum class DataType : std::uint8_t {
  kBoolean = 1,
  kSmallInt = 2,   // 16 bits
  kInt = 3,        // 32 bits
  kBigInt = 4,     // 64 bits
  kFloat = 5,      // IEEE 754 single
  kDouble = 6,     // IEEE 754 double
  kText = 7,       // UTF-8
  kTimestamp = 8,  // microseconds since 1970-01-01 UTC, 64 bits
  kDate = 9,       // days since 1970-01-01, 32 bits
  kTime = 10,      // microseconds since midnight, 64 bits
  kJson = 11,      // UTF-8 text that is valid JSON
  kBinary = 12,    // bytes
};

// `BIGINT`, `TEXT`, ... as DESCRIBE shows them.
std::string_view ToString(DataType type);

// The inverse of ToString, for stored definitions. (SQL spellings are the `sql` module's.)
std::optional<DataType> DataTypeFromCanonicalName(std::string_view name);

// True for TEXT, JSON and BINARY, whose bytes live in a row's variable part.
constexpr bool IsVariableWidth(DataType type) {
  return type == DataType::kText || type == DataType::kJson || type == DataType::kBinary;
}

// Bytes of a column's slot in a row's fixed part; variable-width columns hold a 32-bit end offset.
constexpr int SlotBytes(DataType type) {
  switch (type) {
    case DataType::kBoolean: return 1;
    case DataType::kSmallInt: return 2;
    case DataType::kInt:
    case DataType::kFloat:
    case DataType::kDate: return 4;
    case DataType::kBigInt:
    case DataType::kDouble:
    case DataType::kTimestamp:
    case DataType::kTime: return 8;
    case DataType::kText:
    case DataType::kJson:
    case DataType::kBinary: return 4;
  }
  return 0;
}

}  // namespace kalam
