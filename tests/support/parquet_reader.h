#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kalam::test {

// A Parquet file as a reader sees it that shares no code with the server or its engine. Values are
// text that loses nothing (`parquet_reader/read.mjs` has the forms); nullopt is NULL, or a
// statistic that is not there.
struct ParquetFile {
  using Value = std::optional<std::string>;

  struct Column {
    std::string name;
    std::string type;       // `INT64`
    std::string converted;  // `TIMESTAMP_MICROS`; empty: none
    std::int64_t field_id = 0;
  };
  struct Statistics {
    std::string codec;
    std::optional<std::int64_t> nulls;
    Value min, max;
  };
  struct Group {
    std::int64_t rows = 0;
    std::vector<Statistics> columns;
  };

  std::vector<Column> columns;
  std::vector<Group> groups;
  std::vector<std::vector<Value>> rows;

  // Number of the column of this name. Throws std::runtime_error when there is none.
  std::size_t ColumnOf(const std::string& name) const;
};

// Throws std::runtime_error when the reader refuses the file, or is not installed (scripts/setup
// --test).
ParquetFile ReadParquet(const std::filesystem::path& file);

}  // namespace kalam::test
