#pragma once

#include "duck/scan_source.h"
#include "duckdb_headers.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kalam::duck {

// Reads one Parquet segment through the engine's own reader, as the columns of today's schema: a
// column is found by its field id, whatever its name was then; one that the file lacks has its
// default. Only rows between the range's lowest and highest key are given, and of listed keys only
// row groups that may have one. One thread; needs a running query of `context`.
class SegmentScan {
 public:
  // `columns`: what to read, in the order of the output. `key_column`: which of them is the primary
  // key, if any filter on it is wanted. Throws the engine's exceptions when the file can't be
  // opened.
  SegmentScan(duckdb::ClientContext& context, const std::string& path,
              const std::vector<SegmentColumn>& columns, std::optional<std::size_t> key_column,
              const KeyRange& keys);
  ~SegmentScan();

  // Fills `chunk` (types as ToLogicalType of the columns) with the next rows, in key order; empty
  // at the end.
  void Next(duckdb::DataChunk& chunk);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::duck
