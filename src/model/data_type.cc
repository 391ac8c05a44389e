#include "model/data_type.h"

#include <array>
#include <utility>

namespace kalam {
namespace {

constexpr std::array kNames = {
    std::pair{DataType::kBoolean, std::string_view("BOOLEAN")},
    std::pair{DataType::kSmallInt, std::string_view("SMALLINT")},
    std::pair{DataType::kInt, std::string_view("INT")},
    std::pair{DataType::kBigInt, std::string_view("BIGINT")},
    std::pair{DataType::kFloat, std::string_view("FLOAT")},
    std::pair{DataType::kDouble, std::string_view("DOUBLE")},
    std::pair{DataType::kText, std::string_view("TEXT")},
    std::pair{DataType::kTimestamp, std::string_view("TIMESTAMP")},
    std::pair{DataType::kDate, std::string_view("DATE")},
    std::pair{DataType::kTime, std::string_view("TIME")},
    std::pair{DataType::kJson, std::string_view("JSON")},
    std::pair{DataType::kBinary, std::string_view("BINARY")},
};

}  // namespace

std::string_view ToString(DataType type) {
  for (const auto& [known, name] : kNames) {
    if (known == type) return name;
  }
  return "UNKNOWN";
}

std::optional<DataType> DataTypeFromCanonicalName(std::string_view name) {
  for (const auto& [type, known] : kNames) {
    if (known == name) return type;
  }
  return std::nullopt;
}

}  // namespace kalam
