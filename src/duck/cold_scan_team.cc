#include "cold_scan_team.h"

#include "segment_connection.h"
#include "types.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace kalam::duck {
namespace {

using duckdb::idx_t;

// Vectors that wait for the query: enough to keep a helper busy while the query works on one.
constexpr std::size_t kVectorsAhead = 8;

// From a scan that leaves flat vectors alone. Copying texts costs a fifth of a search in them.
void HandOver(duckdb::DataChunk& from, duckdb::DataChunk& to) {
  to.Reset();
  for (idx_t i = 0; i < from.ColumnCount(); ++i) {
    if (from.data[i].GetVectorType() == duckdb::VectorType::FLAT_VECTOR) {
      to.data[i].Reinterpret(from.data[i]);
    } else {
      duckdb::VectorOperations::Copy(from.data[i], to.data[i], from.size(), 0, 0);
    }
  }
  to.SetCardinality(from.size());
}

}  // namespace

// What the query's thread and its helpers share.
struct ColdScanTeam::Exchange {
  std::shared_ptr<ColdScan::Shared> shared;
  std::vector<std::optional<std::size_t>> columns;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::unique_ptr<duckdb::DataChunk>> full;    // guarded by mutex, as all below
  std::vector<std::unique_ptr<duckdb::DataChunk>> empty;  // to be used again
  std::size_t made = 0;
  std::size_t helping = 0;  // helpers that may still give something
  std::atomic<bool> stopped{false};
  std::optional<Error> failure;

  duckdb::vector<duckdb::LogicalType> Types() const {
    duckdb::vector<duckdb::LogicalType> types;
    for (const auto& column : columns) {
      types.push_back(column ? ToLogicalType(shared->part->columns[*column].type)
                             : duckdb::LogicalType::BOOLEAN);
    }
    return types;
  }

  // Null: the query wants no more.
  std::unique_ptr<duckdb::DataChunk> TakeEmpty() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return stopped || !empty.empty() || made < kVectorsAhead; });
    if (stopped) return nullptr;
    if (empty.empty()) {
      ++made;
      lock.unlock();
      auto rows = std::make_unique<duckdb::DataChunk>();
      rows->Initialize(duckdb::Allocator::DefaultAllocator(), Types());
      return rows;
    }
    auto rows = std::move(empty.back());
    empty.pop_back();
    return rows;
  }
  void GiveFull(std::unique_ptr<duckdb::DataChunk> rows) {
    {
      const std::lock_guard lock(mutex);
      full.push_back(std::move(rows));
    }
    changed.notify_all();
  }
};

ColdScanTeam::ColdScanTeam(std::shared_ptr<ColdScan::Shared> shared, std::vector<std::optional<std::size_t>> columns,
                           const std::atomic<bool>& interrupted)
    : exchange_(std::make_shared<Exchange>()), own_(shared, columns, interrupted, ColdScan::Valid::kUntilNext) {
  exchange_->shared = std::move(shared);
  exchange_->columns = std::move(columns);
  const ColdPart& part = *exchange_->shared->part;
  SegmentEngine::Impl& engine = *part.engine->impl_;
  const std::size_t wanted = std::min(std::max<std::size_t>(part.segments.size(), 1) - 1,
                                       engine.options.helper_threads);
  for (std::size_t i = 0; i < wanted; ++i) {
    // One that is refused, or begins when all files are taken, is not missed.
    (void)engine.helpers.TryPost([exchange = exchange_] { Help(*exchange); });
  }
}

ColdScanTeam::~ColdScanTeam() {
  {
    const std::lock_guard lock(exchange_->mutex);
    exchange_->stopped = true;
  }
  exchange_->changed.notify_all();
}

void ColdScanTeam::Help(Exchange& exchange) {
  {
    // Before it takes a file: who finds none left waits for those who help.
    const std::lock_guard lock(exchange.mutex);
    ++exchange.helping;
  }
  std::optional<Error> failure;
  try {
    ColdScan scan(exchange.shared, exchange.columns, exchange.stopped, ColdScan::Valid::kInFlatVectors);
    duckdb::DataChunk passing;
    passing.InitializeEmpty(exchange.Types());
    while (auto rows = exchange.TakeEmpty()) {
      if (scan.Next(passing) == 0) break;
      HandOver(passing, *rows);
      exchange.GiveFull(std::move(rows));
    }
  } catch (const ColdScan::Failure& f) {
    failure = f.error;
  } catch (const duckdb::InterruptException&) {
    // Nobody waits for more.
  } catch (const std::exception& e) {
    failure = Error(ErrorCode::kInternal, e.what());
  }
  {
    const std::lock_guard lock(exchange.mutex);
    --exchange.helping;
    if (failure) exchange.failure = std::move(failure);
  }
  exchange.changed.notify_all();
}

// nullopt: there is nothing, or, after waiting, there will be nothing.
std::optional<idx_t> ColdScanTeam::TakeFromHelpers(duckdb::DataChunk& output, bool wait) {
  {
    std::unique_lock lock(exchange_->mutex);
    if (taken_) {
      exchange_->empty.push_back(std::move(taken_));
      exchange_->changed.notify_all();
    }
    const auto ready = [&] {
      return exchange_->failure || !exchange_->full.empty() || exchange_->helping == 0;
    };
    if (wait) exchange_->changed.wait(lock, ready);
    if (exchange_->failure) throw ColdScan::Failure{*exchange_->failure};
    if (exchange_->full.empty()) return std::nullopt;
    taken_ = std::move(exchange_->full.front());
    exchange_->full.pop_front();
  }
  for (idx_t i = 0; i < output.ColumnCount(); ++i) output.data[i].Reinterpret(taken_->data[i]);
  output.SetCardinality(taken_->size());
  return output.size();
}

idx_t ColdScanTeam::Next(duckdb::DataChunk& output) {
  if (const auto rows = TakeFromHelpers(output, own_ended_)) return *rows;
  if (!own_ended_) {
    if (const idx_t rows = own_.Next(output); rows > 0) return rows;
    own_ended_ = true;
  }
  return TakeFromHelpers(output, true).value_or(0);
}

}  // namespace kalam::duck
