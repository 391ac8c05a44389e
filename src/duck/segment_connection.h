#pragma once

#include "base/worker_pool.h"
#include "duck/segment_engine.h"
#include "duckdb_headers.h"
#include "footer_cache.h"
#include "segment_scan.h"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace kalam::duck {

struct SegmentEngine::Impl {
  explicit Impl(const SegmentEngineOptions& chosen);
  Status Open();

  const SegmentEngineOptions options;
  std::once_flag opening;
  Status opened;
  std::unique_ptr<duckdb::DuckDB> database;  // once it is open
  std::mutex mutex;
  std::vector<std::unique_ptr<duckdb::Connection>> idle;  // guarded by mutex, as the next two
  std::size_t taken = 0;
  std::size_t files_opened = 0;  // since the engine forgot them
  FooterCache footers;
  WorkerPool helpers;  // of queries; end first
};

// A connection of a SegmentEngine, taken from its pool and given back.
class SegmentConnection {
 public:
  // Starts the engine, if nobody has. Throws an exception of the engine's if that fails.
  explicit SegmentConnection(SegmentEngine& engine);
  ~SegmentConnection();
  SegmentConnection(const SegmentConnection&) = delete;
  SegmentConnection& operator=(const SegmentConnection&) = delete;

  // As SegmentScan's constructor. The connection must outlive the scan.
  SegmentScan Open(const std::string& path, const std::vector<SegmentColumn>& columns,
                   std::optional<std::size_t> key_column, const KeyRange& keys,
                   const std::vector<SegmentScan::Filter>& filters = {}) const;

  duckdb::Connection& operator*() const { return *connection_; }
  duckdb::Connection* operator->() const { return connection_.get(); }

 private:
  SegmentEngine::Impl& impl_;
  std::unique_ptr<duckdb::Connection> connection_;
};

}  // namespace kalam::duck
