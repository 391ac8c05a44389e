#include "row_groups.h"

#include "base/bytes.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <parquet_types.h>

namespace kalam::duck {
namespace {

using duckdb::idx_t;
using duckdb_parquet::Statistics;

// Compares a key with a bound of a row group as it is stored (Parquet, "Statistics"): integers in 8 bytes, little
// endian; text as its bytes.
int Compare(const Datum& key, const std::string& bound) {
  if (key.kind() == Datum::Kind::kInt) {
    const auto stored = static_cast<std::int64_t>(LoadLittleEndian<std::uint64_t>(bound.data()));
    return key.int_value() < stored ? -1 : key.int_value() > stored;
  }
  return key.text().compare(bound);
}

// Whether the bounds say anything of keys like this one.
bool Known(const Statistics& stored, const Datum& key) {
  if (!stored.__isset.min_value || !stored.__isset.max_value) return false;
  if (key.kind() == Datum::Kind::kText) return true;
  return key.kind() == Datum::Kind::kInt && stored.min_value.size() == sizeof(std::int64_t) &&
         stored.max_value.size() == sizeof(std::int64_t);
}

bool IsAbove(const Value& key, const Statistics& stored) {
  return Known(stored, key.view()) && Compare(key.view(), stored.max_value) > 0;
}
bool IsBelow(const Value& key, const Statistics& stored) {
  return Known(stored, key.view()) && Compare(key.view(), stored.min_value) < 0;
}

// `keys` ascend.
bool MayHaveOneOf(const std::vector<Value>& keys, const Statistics& stored) {
  const auto first = std::ranges::partition_point(keys, [&](const Value& key) { return IsBelow(key, stored); });
  return first != keys.end() && !IsAbove(*first, stored);
}

}  // namespace

duckdb::vector<idx_t> RowGroupsWithin(const duckdb_parquet::FileMetaData& file, std::size_t column,
                                      const KeyRange& keys) {
  const auto stored = [column](const duckdb_parquet::RowGroup& group) -> const Statistics& {
    return group.columns[column].meta_data.statistics;
  };
  // Groups follow each other in key order. One without bounds counts as within: the search may only end too early
  // for it at the lower end and too late at the upper.
  const auto& groups = file.row_groups;
  auto from = groups.begin();
  auto to = groups.end();
  if (keys.lower) {
    from = std::partition_point(from, to, [&](const auto& group) { return IsAbove(*keys.lower, stored(group)); });
  }
  if (keys.upper) {
    to = std::partition_point(from, to, [&](const auto& group) { return !IsBelow(*keys.upper, stored(group)); });
  }
  duckdb::vector<idx_t> within;
  for (auto group = from; group != to; ++group) {
    if (keys.points && !MayHaveOneOf(*keys.points, stored(*group))) continue;
    within.push_back(static_cast<idx_t>(group - groups.begin()));
  }
  return within;
}

duckdb::vector<idx_t> AllRowGroups(const duckdb_parquet::FileMetaData& file) {
  duckdb::vector<idx_t> all(file.row_groups.size());
  for (idx_t group = 0; group < all.size(); ++group) all[group] = group;
  return all;
}

}  // namespace kalam::duck
