#include "acknowledgements.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace kalam::table {
namespace {

constexpr Seq kAll{std::numeric_limits<std::uint64_t>::max()};

void PostOne(CompletionQueue& queue, Completion completion, const Status& status) {
  std::vector<Completion> batch;
  batch.push_back(std::move(completion));
  queue.PostBatch(std::move(batch), status);
}

}  // namespace

bool Acknowledgements::IsDurable(Seq seq) const {
  std::lock_guard lock(mutex_);
  return seq <= durable_;
}

void Acknowledgements::When(Seq seq, CompletionQueue& queue, Completion completion) {
  Status outcome;
  {
    std::lock_guard lock(mutex_);
    if (seq > durable_) {
      if (!failure_) {
        auto it = std::ranges::find(queues_, &queue, &QueueWaiters::queue);
        if (it == queues_.end()) it = queues_.insert(it, QueueWaiters{&queue, {}});
        it->waiting.push_back({seq, std::move(completion)});
        return;
      }
      outcome = *failure_;
    }
  }
  PostOne(queue, std::move(completion), outcome);
}

Status Acknowledgements::Wait(Seq seq) {
  std::unique_lock lock(mutex_);
  ++blocked_;
  changed_.wait(lock, [&] { return seq <= durable_ || failure_; });
  --blocked_;
  if (seq <= durable_) return {};
  return *failure_;
}

void Acknowledgements::Advance(Seq seq) {
  std::vector<Release> releases;
  {
    std::lock_guard lock(mutex_);
    durable_ = seq;
    failure_.reset();
    releases = TakeUpTo(seq);
    if (blocked_ > 0) changed_.notify_all();
  }
  for (auto& release : releases) release.queue->PostBatch(std::move(release.completions), {});
}

void Acknowledgements::Fail(const Error& error) {
  std::vector<Release> releases;
  {
    std::lock_guard lock(mutex_);
    failure_ = error;
    releases = TakeUpTo(kAll);
    changed_.notify_all();
  }
  for (auto& release : releases) release.queue->PostBatch(std::move(release.completions), error);
}

std::vector<Acknowledgements::Release> Acknowledgements::TakeUpTo(Seq seq) {
  std::vector<Release> releases;
  for (auto& [queue, waiting] : queues_) {
    // Those who stay wrote after the sync began, so they are few and at the end.
    const auto stays = std::stable_partition(waiting.begin(), waiting.end(),
                                             [&](const Waiter& w) { return w.seq <= seq; });
    if (stays == waiting.begin()) continue;
    std::vector<Completion> completions;
    completions.reserve(static_cast<std::size_t>(stays - waiting.begin()));
    for (auto it = waiting.begin(); it != stays; ++it) {
      completions.push_back(std::move(it->completion));
    }
    waiting.erase(waiting.begin(), stays);
    releases.push_back({queue, std::move(completions)});
  }
  return releases;
}

}  // namespace kalam::table
