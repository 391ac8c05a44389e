#pragma once

#include "duck/scan_source.h"
#include "duckdb_headers.h"

#include <cstddef>

namespace duckdb_parquet {
class FileMetaData;
}

namespace kalam::duck {

// The row groups of a file that may have rows in the range, by what its footer says of the key column, the
// `column`th of the file. The engine would find out the same, but sets up a reader of all columns for each group that
// it looks at.
duckdb::vector<duckdb::idx_t> RowGroupsWithin(const duckdb_parquet::FileMetaData& file, std::size_t column,
                                              const KeyRange& keys);
duckdb::vector<duckdb::idx_t> AllRowGroups(const duckdb_parquet::FileMetaData& file);

}  // namespace kalam::duck
