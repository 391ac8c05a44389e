#pragma once

#include "duck/cold_part.h"
#include "duckdb_headers.h"
#include "segment_connection.h"
#include "segment_scan.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace kalam::duck {

// Reads the files of a ColdPart into the engine's vectors. Rows whose keys are hidden, and
// tombstones, are left out; where a chunk has none of them it passes as it came from the file. One
// thread; several scans may share the files of one part among them.
class ColdScan {
 public:
  // What all scans of one part share. Immutable but for `next`.
  struct Shared {
    std::shared_ptr<const ColdPart> part;
    KeyRange keys;                             // rows outside may be left out
    std::vector<SegmentScan::Filter> filters;  // the same; columns numbered as in the part
    std::atomic<std::size_t> next{0};          // the first segment that nobody has taken
  };

  struct Failure {
    Error error;
  };

  // How long rows are good: the file's reader writes over what vectors point into, but for flat ones of a chunk that
  // it does not get back.
  enum class Valid : std::uint8_t { kUntilNext, kInFlatVectors };

  // `columns`: of the part, by output column; nullopt: any value. `interrupted` is looked at now and then, and must
  // outlive the scan.
  ColdScan(std::shared_ptr<Shared> shared, std::vector<std::optional<std::size_t>> columns,
           const std::atomic<bool>& interrupted, Valid valid);

  // Fills `output` with rows and returns how many; 0 at the end. Throws ColdScan::Failure, and the engine's
  // InterruptException.
  duckdb::idx_t Next(duckdb::DataChunk& output);

 private:
  bool OpenNextSegment();
  void RenewChunk();
  // The place in chunk_ of a column of the part, which is read from now on.
  std::size_t Need(std::size_t column);
  void Drop(const SortedKeys& hidden);
  duckdb::idx_t Deliver(duckdb::DataChunk& output);

  const std::shared_ptr<Shared> shared_;
  const std::vector<std::optional<std::size_t>> columns_;
  const std::atomic<bool>& interrupted_;
  const Valid valid_;
  const ColdSegment* segment_ = nullptr;
  ColdFile file_;
  SegmentConnection connection_;

  // Of the open segment.
  std::vector<std::size_t> read_;  // columns of the part, in the order of chunk_
  bool checks_keys_ = false;
  bool checks_tombstones_ = false;
  std::optional<SegmentScan> scan_;
  duckdb::vector<duckdb::LogicalType> types_;
  duckdb::DataChunk chunk_;
  std::vector<bool> dropped_;  // rows of chunk_
  bool any_dropped_ = false;
};

}  // namespace kalam::duck
