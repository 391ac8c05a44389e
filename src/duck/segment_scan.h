#pragma once

#include "duck/scan_source.h"
#include "duckdb_headers.h"
#include "footer_cache.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kalam::duck {

// Reads one Parquet segment through the engine's reader of such files, as the columns of today's schema: a
// column is found by its field id, whatever its name was then; one that the file lacks has its
// default. Only rows between the range's lowest and highest key are given, and of listed keys only
// row groups that may have one, unless whole row groups are asked for. One thread.
class SegmentScan {
 public:
  // A condition that rows may be left out by; `column` counts as `columns` below.
  struct Filter {
    std::size_t column = 0;
    duckdb::ExpressionType comparison = duckdb::ExpressionType::COMPARE_EQUAL;
    duckdb::Value value = duckdb::Value();
    // Instead of a comparison: BOOLEAN, of the column as BoundReference 0.
    std::shared_ptr<const duckdb::Expression> expression = nullptr;
  };

  // `columns`: what to read, in the order of the output; none: how many rows there are, in chunks with one column that
  // says nothing. `key_column`: which of them is the primary key, if any filter on it is wanted. `context` and
  // `footers` must outlive the scan. Throws the engine's exceptions when the file can't be opened.
  SegmentScan(duckdb::ClientContext& context, FooterCache& footers, const std::string& path,
              const std::vector<SegmentColumn>& columns, std::optional<std::size_t> key_column,
              const KeyRange& keys, const std::vector<Filter>& filters = {});
  SegmentScan(SegmentScan&&) noexcept;
  SegmentScan& operator=(SegmentScan&&) noexcept;
  ~SegmentScan();

  // The types of Next's chunks.
  static duckdb::vector<duckdb::LogicalType> Types(const std::vector<SegmentColumn>& columns);

  // Fills `chunk` with the next rows, in key order; perhaps none, after a piece of the file in which none is wanted.
  // False at the end. What its flat vectors show stays if the chunk is
  // not given again; other vectors point into what the next call writes over.
  bool Next(duckdb::DataChunk& chunk);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::duck
