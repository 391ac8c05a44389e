#pragma once

#include <string>
#include <vector>

#include "duck/engine.h"
#include "duckdb_headers.h"

namespace kalam::duck {

// How a column of the engine is shown: by our type where one fits, else as digits, JSON or text.
std::vector<OutputColumn> DescribeOutput(const duckdb::vector<std::string>& names,
                                         const duckdb::vector<duckdb::LogicalType>& types);

// Turns the engine's column-wise chunks into rows of cells. One per result; not thread-safe.
class ResultReader {
 public:
  explicit ResultReader(const duckdb::vector<duckdb::LogicalType>& types) : types_(types) {}

  // Calls the sink once per row, without the memory budget of the statement. Errors: the sink's.
  Status Read(duckdb::DataChunk& chunk, RowSink& sink);

 private:
  Cell ReadCell(std::size_t column, duckdb::DataChunk& chunk, duckdb::idx_t row);

  const duckdb::vector<duckdb::LogicalType>& types_;
  std::vector<duckdb::UnifiedVectorFormat> formats_;
  std::vector<std::string> scratch_;  // one per column, for text made here
};

}  // namespace kalam::duck
