#include "sql/default_functions.h"

#include "sql/lexer.h"

namespace kalam::sql {
namespace {

constexpr DefaultFunctionSyntax kFunctions[] = {
    {"NOW", DefaultFunction::kNow, "TIMESTAMP"},
    {"CURRENT_TIMESTAMP", DefaultFunction::kNow, "TIMESTAMP"},
    {"SNOWFLAKE_ID", DefaultFunction::kSnowflakeId, "BIGINT"},
    {"UUID_V7", DefaultFunction::kUuidV7, "STRING/TEXT/VARCHAR"},
    {"ULID", DefaultFunction::kUlid, "STRING/TEXT/VARCHAR"},
    {"CURRENT_USER", DefaultFunction::kCurrentUser, "STRING/TEXT/VARCHAR"}};

}  // namespace

const DefaultFunctionSyntax* FindDefaultFunction(std::string_view name) {
  for (const DefaultFunctionSyntax& known : kFunctions) {
    if (EqualsIgnoreCase(known.name, name)) return &known;
  }
  return nullptr;
}

DataType TypeOf(DefaultFunction function) {
  switch (function) {
    case DefaultFunction::kNow: return DataType::kTimestamp;
    case DefaultFunction::kSnowflakeId: return DataType::kBigInt;
    case DefaultFunction::kUuidV7:
    case DefaultFunction::kUlid:
    case DefaultFunction::kCurrentUser: break;
  }
  return DataType::kText;
}

}  // namespace kalam::sql
