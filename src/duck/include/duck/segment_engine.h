#pragma once

#include "base/result.h"
#include "duck/scan_source.h"
#include "model/data_type.h"
#include "model/datum.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kalam::duck {

struct ParquetColumn {
  std::string name;
  DataType type = DataType::kText;
  std::int32_t field_id = 0;  // stays with the column when it is renamed
};

struct SegmentEngineOptions {
  // For files being written and read, all of them together.
  std::size_t memory_limit_bytes = std::size_t{256} << 20;
  // Footers of files that were read, parsed; beyond the limit above.
  std::size_t footer_cache_bytes = std::size_t{32} << 20;
  // Threads that read files ahead for queries over several of them.
  std::size_t helper_threads = 1;
};

// How many rows a segment is to have and how wide they are, about.
struct ExpectedRows {
  std::uint64_t rows = 0;
  std::uint64_t bytes_per_row = 0;
};

// Rows per row group. A point read decodes one of them [0.36 ms at 2k rows of 200 B, 0.49 at 4k], a scan sets up each
// [11 us a column], and a footer that is kept takes some 10 KB for each: few rows, until the file has a thousand
// groups; within 4 MB.
std::size_t RowGroupRows(const ExpectedRows& expected);

// Walks the rows of one segment in key order. Used by one thread.
class SegmentRows {
 public:
  virtual ~SegmentRows() = default;
  // Steps to the next row (first call: the first row); false at the end. Errors: kIo when the file
  // can't be read.
  virtual Result<bool> Next() = 0;
  // A column of the current row, numbered as in the columns asked for. Valid until Next.
  virtual Datum Column(std::size_t column) const = 0;
  // Rows come from the file in pieces of some thousand. Of the piece that Next begins or is in, the same of its last
  // row; valid until Next. SkipPiece: the next row is the first one of the next piece.
  virtual Datum LastOfPiece(std::size_t column) const = 0;
  virtual void SkipPiece() = 0;
};

// Makes and reads segments (Parquet files). Has an instance of the engine to itself that may reach
// files; no client's SQL ever gets there, and what it reads reaches queries as rows only. JSON is
// written as text, BINARY as bytes, times in microseconds UTC; zstd.
//
// The instance starts with the first call that needs it [15 ms], or with Start. Thread-safe; each call runs on its
// caller's thread and blocks for I/O. Outlives the rows it gives. Errors of all: kInternal, if it does not start.
class SegmentEngine {
 public:
  explicit SegmentEngine(const SegmentEngineOptions& options);
  ~SegmentEngine();

  // Does nothing after the first call.
  Status Start();

  // Fills one Datum per column with the next row, valid until the next call; false at the end. A
  // failure ends the file.
  using NextRow = std::function<Result<bool>(std::span<Datum> row)>;

  // Writes all rows, in their order, to a new file. The file is complete but not synced. Returns
  // the number of rows. Errors: those of `next`; kIo. What was written then is the caller's to
  // remove.
  Result<std::uint64_t> Write(const std::filesystem::path& path, const std::vector<ParquetColumn>& columns,
                              const NextRow& next, const ExpectedRows& expected = {});

  // The rows of a file as the given columns, found by field id; one that the file lacks has its
  // default. Rows outside `keys` may be left out (`key_column` says which column it speaks of),
  // none inside is. Errors: kIo.
  Result<std::unique_ptr<SegmentRows>> Read(const std::string& path,
                                            const std::vector<SegmentColumn>& columns,
                                            std::optional<std::size_t> key_column,
                                            const KeyRange& keys);

  // Lets go of the records of buffers that are gone; to be called now and then. Milliseconds.
  void ForgetFreedBuffers();

  // The file goes, and will not come back: forgets what is kept of it. Does not wait.
  void Forget(const std::string& path);

 private:
  friend class ColdScanTeam;
  friend class SegmentConnection;
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace kalam::duck
