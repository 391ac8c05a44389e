#pragma once

#include "cold_scan.h"
#include "duckdb_headers.h"

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace kalam::duck {

// Reads a ColdPart for one query: the query's own thread takes files, and so do the SegmentEngine's
// helpers, which hand their rows over a few vectors at a time. With all helpers busy elsewhere, the
// query reads everything itself. Used by the query's thread.
class ColdScanTeam {
 public:
  // As ColdScan.
  ColdScanTeam(std::shared_ptr<ColdScan::Shared> shared, std::vector<std::optional<std::size_t>> columns,
               const std::atomic<bool>& interrupted);
  // Helpers stop soon; nothing waits for them.
  ~ColdScanTeam();
  ColdScanTeam(const ColdScanTeam&) = delete;
  ColdScanTeam& operator=(const ColdScanTeam&) = delete;

  // As ColdScan::Next, with rows that are valid until the next call.
  duckdb::idx_t Next(duckdb::DataChunk& output);

 private:
  struct Exchange;
  static void Help(Exchange& exchange);
  std::optional<duckdb::idx_t> TakeFromHelpers(duckdb::DataChunk& output, bool wait);

  const std::shared_ptr<Exchange> exchange_;
  std::unique_ptr<duckdb::DataChunk> taken_;  // what `output` points into
  ColdScan own_;
  bool own_ended_ = false;
};

}  // namespace kalam::duck
