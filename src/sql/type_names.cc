#include "sql/type_names.h"

#include <array>

#include "sql/lexer.h"

namespace kalam::sql {
namespace {

struct Spelling {
  std::string_view name;
  SqlType type;
};

constexpr auto kSpellings = std::to_array<Spelling>({
    {"boolean", {DataType::kBoolean}},
    {"bool", {DataType::kBoolean}},
    {"smallint", {DataType::kSmallInt}},
    {"int2", {DataType::kSmallInt}},
    {"tinyint", {DataType::kSmallInt}},
    {"tinyint unsigned", {DataType::kSmallInt}},
    {"int", {DataType::kInt}},
    {"integer", {DataType::kInt}},
    {"int4", {DataType::kInt}},
    {"mediumint", {DataType::kInt}},
    {"smallint unsigned", {DataType::kInt}},
    {"mediumint unsigned", {DataType::kInt}},
    {"bigint", {DataType::kBigInt}},
    {"int8", {DataType::kBigInt}},
    {"int unsigned", {DataType::kBigInt}},
    {"integer unsigned", {DataType::kBigInt}},
    {"bigint unsigned", {DataType::kBigInt}},
    {"unsigned", {DataType::kBigInt}},
    {"float", {DataType::kFloat}},
    {"real", {DataType::kFloat}},
    {"float4", {DataType::kFloat}},
    {"double", {DataType::kDouble}},
    {"double precision", {DataType::kDouble}},
    {"float8", {DataType::kDouble}},
    {"text", {DataType::kText}},
    {"varchar", {DataType::kText}},
    {"char", {DataType::kText}},
    {"character", {DataType::kText}},
    {"character varying", {DataType::kText}},
    {"char varying", {DataType::kText}},
    {"bpchar", {DataType::kText}},
    {"string", {DataType::kText}},
    {"utf8", {DataType::kText}},
    {"clob", {DataType::kText}},
    {"nvarchar", {DataType::kText}},
    {"nchar", {DataType::kText}},
    {"tinytext", {DataType::kText}},
    {"mediumtext", {DataType::kText}},
    {"longtext", {DataType::kText}},
    {"timestamp", {DataType::kTimestamp}},
    {"timestamp without time zone", {DataType::kTimestamp}},
    {"timestamp with time zone", {DataType::kTimestamp}},
    {"timestamptz", {DataType::kTimestamp}},
    {"datetime", {DataType::kTimestamp}},
    {"date", {DataType::kDate}},
    {"time", {DataType::kTime}},
    {"time without time zone", {DataType::kTime}},
    {"json", {DataType::kJson}},
    {"jsonb", {DataType::kJson}},
    {"binary", {DataType::kBinary}},
    {"bytes", {DataType::kBinary}},
    {"bytea", {DataType::kBinary}},
    {"blob", {DataType::kBinary}},
    {"varbinary", {DataType::kBinary}},
    {"serial", {DataType::kInt, true}},
    {"serial4", {DataType::kInt, true}},
    {"bigserial", {DataType::kBigInt, true}},
    {"serial8", {DataType::kBigInt, true}},
    {"smallserial", {DataType::kSmallInt, true}},
    {"serial2", {DataType::kSmallInt, true}},
});

}  // namespace

std::optional<SqlType> TypeFromSqlName(std::string_view name) {
  for (const Spelling& spelling : kSpellings) {
    if (EqualsIgnoreCase(spelling.name, name)) return spelling.type;
  }
  return std::nullopt;
}

}  // namespace kalam::sql
