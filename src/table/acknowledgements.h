#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "table/completion.h"

namespace kalam::table {

// Who waits for which seq to become durable, and how far durability has come. Thread-safe: anybody waits,
// the sync thread reports.
class Acknowledgements {
 public:
  explicit Acknowledgements(Seq durable) : durable_(durable) {}

  bool IsDurable(Seq seq) const;
  void When(Seq seq, CompletionQueue& queue, Completion completion);
  Status Wait(Seq seq);

  // Everything up to `seq` is durable: releases those who wait for it, one PostBatch per queue. Ends a
  // failure.
  void Advance(Seq seq);
  // Nothing more becomes durable for now: fails everyone who waits or comes to wait, until Advance.
  void Fail(const Error& error);

 private:
  struct Waiter {
    Seq seq;
    Completion completion;
  };
  struct QueueWaiters {
    CompletionQueue* queue;
    std::vector<Waiter> waiting;
  };
  struct Release {
    CompletionQueue* queue;
    std::vector<Completion> completions;
  };

  std::vector<Release> TakeUpTo(Seq seq);  // mutex held

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int blocked_ = 0;
  Seq durable_;
  std::optional<Error> failure_;
  std::vector<QueueWaiters> queues_;  // one per event loop, so a handful
};

}  // namespace kalam::table
