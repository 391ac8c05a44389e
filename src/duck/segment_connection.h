#pragma once

#include "base/worker_pool.h"
#include "duck/segment_engine.h"
#include "duckdb_headers.h"
#include "footer_cache.h"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace kalam::duck {

struct SegmentEngine::Impl {
  SegmentEngineOptions options;
  std::unique_ptr<duckdb::DuckDB> database;
  std::mutex mutex;
  std::vector<std::unique_ptr<duckdb::Connection>> idle;  // guarded by mutex
  std::unique_ptr<FooterCache> footers;
  std::unique_ptr<WorkerPool> helpers;  // of queries; ends first
};

// A connection of a SegmentEngine, taken from its pool and given back.
class SegmentConnection {
 public:
  explicit SegmentConnection(SegmentEngine& engine) : impl_(*engine.impl_) {
    {
      const std::lock_guard lock(impl_.mutex);
      if (!impl_.idle.empty()) {
        connection_ = std::move(impl_.idle.back());
        impl_.idle.pop_back();
        return;
      }
    }
    connection_ = std::make_unique<duckdb::Connection>(*impl_.database);
  }
  ~SegmentConnection() {
    const std::lock_guard lock(impl_.mutex);
    impl_.idle.push_back(std::move(connection_));
  }
  SegmentConnection(const SegmentConnection&) = delete;
  SegmentConnection& operator=(const SegmentConnection&) = delete;

  FooterCache& footers() const { return *impl_.footers; }

  duckdb::Connection& operator*() const { return *connection_; }
  duckdb::Connection* operator->() const { return connection_.get(); }

 private:
  SegmentEngine::Impl& impl_;
  std::unique_ptr<duckdb::Connection> connection_;
};

}  // namespace kalam::duck
