#include "model/table_def.h"

#include <algorithm>

namespace kalam {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

}  // namespace

std::string_view ToString(TableKind kind) {
  switch (kind) {
    case TableKind::kUser: return "USER";
    case TableKind::kShared: return "SHARED";
    case TableKind::kStream: return "STREAM";
  }
  return "UNKNOWN";
}

std::string_view ToLowerName(TableKind kind) {
  switch (kind) {
    case TableKind::kUser: return "user";
    case TableKind::kShared: return "shared";
    case TableKind::kStream: return "stream";
  }
  return "unknown";
}

std::string_view ToString(AccessLevel level) {
  switch (level) {
    case AccessLevel::kPublic: return "public";
    case AccessLevel::kPrivate: return "private";
    case AccessLevel::kRestricted: return "restricted";
  }
  return "unknown";
}

std::string_view ToString(DefaultFunction function) {
  switch (function) {
    case DefaultFunction::kNow: return "NOW()";
    case DefaultFunction::kSnowflakeId: return "SNOWFLAKE_ID()";
    case DefaultFunction::kUuidV7: return "UUID_V7()";
    case DefaultFunction::kUlid: return "ULID()";
    case DefaultFunction::kCurrentUser: return "CURRENT_USER()";
  }
  return "UNKNOWN()";
}

void TableDef::Finish() {
  std::vector<DataType> types;
  types.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    types.push_back(columns[i].type);
    if (columns[i].primary_key) primary_key = i;
  }
  layout = RowLayout(std::move(types));
}

std::optional<std::size_t> TableDef::FindColumn(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return i;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (EqualsIgnoreCase(columns[i].name, column)) return i;
  }
  return std::nullopt;
}

bool IsSystemColumn(std::string_view name) {
  return EqualsIgnoreCase(name, kUpdatedColumn) || EqualsIgnoreCase(name, kDeletedColumn) ||
         EqualsIgnoreCase(name, kSeqColumn);
}

}  // namespace kalam
