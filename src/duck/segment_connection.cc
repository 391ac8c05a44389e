#include "segment_connection.h"

#include <utility>

#include <duckdb/storage/external_file_cache.hpp>

namespace kalam::duck {
namespace {

// The engine notes every file that it opens, some 500 bytes each, and forgets them only all together, while none is
// open.
constexpr std::size_t kMostFilesNoted = 4'096;

constexpr std::size_t kWaitingHelpers = 1'000;  // more find no files left anyway

}  // namespace

SegmentEngine::Impl::Impl(const SegmentEngineOptions& chosen)
    : options(chosen), footers(chosen.footer_cache_bytes), helpers(chosen.helper_threads, kWaitingHelpers) {}

SegmentConnection::SegmentConnection(SegmentEngine& engine) : impl_(*engine.impl_) {
  if (const Status started = engine.Start(); !started.ok()) {
    throw duckdb::IOException("%s", started.error().message());
  }
  std::unique_lock lock(impl_.mutex);
  if (impl_.idle.empty()) {
    lock.unlock();
    connection_ = std::make_unique<duckdb::Connection>(*impl_.database);
    lock.lock();
  } else {
    connection_ = std::move(impl_.idle.back());
    impl_.idle.pop_back();
  }
  ++impl_.taken;
}

SegmentConnection::~SegmentConnection() {
  const std::lock_guard lock(impl_.mutex);
  impl_.idle.push_back(std::move(connection_));
  if (--impl_.taken > 0 || impl_.files_opened <= kMostFilesNoted) return;
  duckdb::ExternalFileCache::Get(*impl_.database->instance).SetEnabled(false);  // as it is: it empties it
  impl_.files_opened = 0;
}

SegmentScan SegmentConnection::Open(const std::string& path, const std::vector<SegmentColumn>& columns,
                                    std::optional<std::size_t> key_column, const KeyRange& keys,
                                    const std::vector<SegmentScan::Filter>& filters) const {
  {
    const std::lock_guard lock(impl_.mutex);
    ++impl_.files_opened;
  }
  return {*connection_->context, impl_.footers, path, columns, key_column, keys, filters};
}

}  // namespace kalam::duck
