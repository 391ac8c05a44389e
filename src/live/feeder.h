#pragma once

#include <memory>

#include "base/worker_pool.h"
#include "dispatcher.h"
#include "live/hub.h"
#include "registry.h"
#include "table/log_marks.h"

namespace kalam::live {

// Brings a subscription from its request to where the dispatcher takes over: binds it, acknowledges it, sends the
// initial rows of one durable snapshot, and then what the log has above that, in bounded batches and only while
// the connection takes them. Also brings back those that a schema change or a full log threw off.
//
// A subscription is in one feeder's hands at a time. Thread-safe; owns the threads.
class Feeder {
 public:
  Feeder(kv::Store& store, table::Committer& committer, const Clock& clock, Registry& registry,
         Dispatcher& dispatcher, const HubOptions& options);
  ~Feeder();

  void SetQueries(Queries& queries) { queries_ = &queries; }
  table::LogMarks& marks() { return marks_; }

  // False when too many wait already.
  bool Feed(SubscriptionPtr subscription);
  // Runs `task` on one of its threads, if there is room.
  void Run(std::function<void()> task);
  // Ends the threads; what waits is dropped.
  void Stop();

 private:
  class InitialRows;

  void Take(const SubscriptionPtr& subscription);
  // What became of a step.
  enum class Step : std::uint8_t { kDone, kLater, kOver };
  Step Bind(const SubscriptionPtr& subscription);
  Step Begin(const SubscriptionPtr& subscription);
  Step SendInitial(const SubscriptionPtr& subscription, const table::DurableSnapshotPtr& snapshot);
  Step CatchUp(const SubscriptionPtr& subscription);
  Step Fail(const SubscriptionPtr& subscription, std::string_view code, std::string_view message);
  void Acknowledge(Subscription& subscription, Seq seq);

  kv::Store& store_;
  table::Committer& committer_;
  const Clock& clock_;
  Registry& registry_;
  Dispatcher& dispatcher_;
  const HubOptions& options_;
  table::LogMarks marks_;
  Queries* queries_ = nullptr;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<WorkerPool> workers_;
};

}  // namespace kalam::live
