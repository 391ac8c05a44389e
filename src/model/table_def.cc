#include "model/table_def.h"

#include <algorithm>
#include <unordered_map>

namespace kalam {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

// From the newest past version to the oldest: what the next version knows of a column is where it came from
// and the types since, to which each step back adds.
std::vector<RowUpgrade> MakeUpgrades(const TableDef& table) {
  std::vector<RowUpgrade> upgrades(table.past.size());
  std::vector<std::vector<DataType>> types_since(table.columns.size());
  std::vector<DataType> next_type;
  for (const ColumnDef& column : table.columns) next_type.push_back(column.type);
  for (std::size_t version = table.past.size(); version-- > 0;) {
    const std::vector<PastColumn>& past = *table.past[version];
    std::unordered_map<std::uint32_t, std::size_t> by_id;
    std::vector<DataType> past_types;
    for (std::size_t i = 0; i < past.size(); ++i) {
      by_id.emplace(past[i].id, i);
      past_types.push_back(past[i].type);
    }
    RowUpgrade& upgrade = upgrades[version];
    upgrade.layout = RowLayout(std::move(past_types));
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const auto found = by_id.find(table.columns[i].id);
      if (found == by_id.end()) {
        upgrade.sources.push_back({std::nullopt, {}});
        continue;
      }
      const DataType type = past[found->second].type;
      if (type != next_type[i]) types_since[i].insert(types_since[i].begin(), next_type[i]);
      next_type[i] = type;
      upgrade.sources.push_back({found->second, types_since[i]});
    }
  }
  return upgrades;
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
    if (columns[i].id == 0) columns[i].id = next_column_id;
    next_column_id = std::max(next_column_id, columns[i].id + 1);
  }
  layout = RowLayout(std::move(types));
  upgrades = MakeUpgrades(*this);
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
