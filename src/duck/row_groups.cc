#include "row_groups.h"

#include "base/bytes.h"

#include <algorithm>
#include <cstdint>
#include <string>

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

bool MayReach(const Statistics& stored, const KeyRange& keys) {
  const auto above = [&](const Value& key) {
    return Known(stored, key.view()) && Compare(key.view(), stored.max_value) > 0;
  };
  const auto below = [&](const Value& key) {
    return Known(stored, key.view()) && Compare(key.view(), stored.min_value) < 0;
  };
  if (keys.lower && above(*keys.lower)) return false;
  if (keys.upper && below(*keys.upper)) return false;
  if (!keys.points) return true;
  const auto first = std::ranges::partition_point(*keys.points, below);
  return first != keys.points->end() && !above(*first);
}

}  // namespace

duckdb::vector<idx_t> RowGroupsWithin(const duckdb_parquet::FileMetaData& file, std::size_t column,
                                      const KeyRange& keys) {
  duckdb::vector<idx_t> within;
  for (idx_t group = 0; group < file.row_groups.size(); ++group) {
    if (MayReach(file.row_groups[group].columns[column].meta_data.statistics, keys)) within.push_back(group);
  }
  return within;
}

duckdb::vector<idx_t> AllRowGroups(const duckdb_parquet::FileMetaData& file) {
  duckdb::vector<idx_t> all(file.row_groups.size());
  for (idx_t group = 0; group < all.size(); ++group) all[group] = group;
  return all;
}

}  // namespace kalam::duck
