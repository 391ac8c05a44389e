#pragma once

#include "export/table_pages.h"

#include <optional>
#include <string>

namespace kalam::cli {

// Writes the rows of all pages as one Parquet file, zstd-compressed, over what is at `path`. DuckDB writes it as it
// draws the pages, so that memory does not grow with the table. Columns have the types that the server
// reports: TIMESTAMP in microseconds UTC, BINARY as bytes, JSON as its text.
std::optional<Error> WriteParquet(const TargetTable& table, const NextPage& next, const std::string& path);

}  // namespace kalam::cli
