#include "dispatcher.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "feeder.h"
#include "messages.h"
#include "model/key_codec.h"
#include "table/change_interest.h"

namespace kalam::live {
namespace {

using std::chrono::steady_clock;

// What the dispatcher reads for one subscription that joins; more is a feeder's.
constexpr std::size_t kMaxBridge = 2'000;
constexpr std::size_t kMaxBatchBytes = 1 << 20;

// What the sync thread does itself: the next sync waits for it.
constexpr std::size_t kMaxChangesAtOnce = 2;
constexpr std::size_t kMaxReceiversAtOnce = 4;

std::string ErrorMessage(const Subscription& subscription, std::string_view code, std::string_view message) {
  std::string words;
  wire::AppendError(words, subscription.text.id(), code, message, Seq(subscription.delivered.load()));
  return words;
}

}  // namespace

Dispatcher::Dispatcher(kv::Store& store, table::Committer& committer, table::StreamStore& streams, const Clock& clock,
                       Registry& registry, const HubOptions& options)
    : store_(store), committer_(committer), streams_(streams), clock_(clock), registry_(registry), options_(options) {}

Dispatcher::~Dispatcher() { Stop(); }

void Dispatcher::Start(Feeder& feeder, std::chrono::milliseconds interval, std::function<void()> on_tick) {
  feeder_ = &feeder;
  interval_ = interval;
  on_tick_ = std::move(on_tick);
  processed_ = committer_.Snapshot()->seq();
  thread_ = std::thread([this, started_at = processed_] { Run(started_at); });
  pthread_setname_np(thread_.native_handle(), "live-dispatch");
  committer_.SetChangeSink(this);
  streams_.SetSink(this);
}

void Dispatcher::Stop() {
  if (!thread_.joinable()) return;
  committer_.SetChangeSink(nullptr);
  streams_.SetSink(nullptr);
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
  tasks_.clear();
  parked_.clear();
  over_.clear();
  prepared_.clear();
  partitions_.clear();
}

// --- mail

std::unique_lock<std::mutex> Dispatcher::TryTurn(std::span<const std::uint32_t> touched, std::uint64_t changes) {
  if (touched.empty() || changes > kMaxChangesAtOnce) return {};
  // Held by the other thread: it is at work, and will take this too.
  std::unique_lock turn(turn_mutex_, std::try_to_lock);
  if (!turn.owns_lock() || !IsQuick(touched)) return {};
  std::lock_guard lock(mutex_);
  const bool is_first = touched_.empty() && streams_touched_.empty() && tasks_.empty() && !wants_every_round_;
  return is_first ? std::move(turn) : std::unique_lock<std::mutex>();
}

void Dispatcher::OnSyncBegun(Seq upto, std::span<const std::uint32_t> touched, std::uint64_t changes,
                             table::WrittenRecords& records) {
  const auto turn = TryTurn(touched, changes);
  if (!turn) return;
  DiscardPrepared();
  if (!Prepare(touched, records)) return DiscardPrepared();
  prepared_upto_ = upto;
}

bool Dispatcher::Prepare(std::span<const std::uint32_t> touched, table::WrittenRecords& records) {
  if (!records.complete()) return false;
  for (const std::uint32_t slot : touched) {
    const auto found = by_slot_.find(slot);
    if (found == by_slot_.end()) continue;
    for (Partition* partition : found->second) {
      if (partition->unwatched_until > processed_) return false;
      prepared_.push_back(partition);
      auto changes = records.Of(partition->prefix());
      while (true) {
        auto change = changes.Next();
        if (!change.ok()) return false;
        if (!*change) break;
        if (!partition->batch().Add(**change).ok()) return false;
      }
      if (!partition->batch().empty()) partition->Prepare();
    }
  }
  return true;
}

void Dispatcher::DiscardPrepared() {
  for (Partition* partition : prepared_) partition->Discard();
  prepared_.clear();
  prepared_upto_ = Seq();
}

void Dispatcher::OnDurable(const table::DurableSnapshotPtr& snapshot, std::span<const std::uint32_t> touched,
                           std::uint64_t changes, table::WrittenRecords& records) {
  if (const auto turn = TryTurn(touched, changes)) {
    {
      std::lock_guard lock(mutex_);
      snapshot_.reset();
    }
    if (prepared_upto_ == snapshot->seq()) {
      for (Partition* partition : std::exchange(prepared_, {})) {
        if (!partition->batch().empty()) Flush(*partition);
      }
      prepared_upto_ = Seq();
      processed_ = snapshot->seq();
    } else {
      DiscardPrepared();
      Round(snapshot, {touched.begin(), touched.end()}, records);
    }
    return out_.Flush();
  }
  {
    std::lock_guard lock(mutex_);
    snapshot_ = snapshot;
    touched_.insert(touched.begin(), touched.end());
    records_.Take(records);
    // Nobody follows what was written: seen with the next mail.
    if (touched_.empty() && !wants_every_round_) return;
  }
  arrived_.notify_one();
}

bool Dispatcher::IsQuick(std::span<const std::uint32_t> touched) const {
  return std::all_of(touched.begin(), touched.end(), [&](std::uint32_t slot) {
    const auto found = by_slot_.find(slot);
    return found == by_slot_.end() ||
           (found->second.size() == 1 && found->second.front()->IsQuick(kMaxReceiversAtOnce));
  });
}

void Dispatcher::OnStreamWritten(TableId table) {
  {
    std::lock_guard lock(mutex_);
    if (!streams_touched_.insert(table).second) return;
  }
  arrived_.notify_one();
}

void Dispatcher::Post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.push_back(std::move(task));
  }
  arrived_.notify_one();
}

void Dispatcher::Attach(SubscriptionPtr subscription) {
  Post([this, s = std::move(subscription)] { Join(s); });
}

void Dispatcher::Park(SubscriptionPtr subscription) {
  Post([this, s = std::move(subscription)] {
    if (FinishIfOver(s)) return;
    // Low again meanwhile: nobody will tell any more.
    if (s->connection->socket->backlog_bytes() <= options_.low_water_bytes) return Refeed(s);
    s->stage = Subscription::Stage::kParked;
    parked_[s->connection->id].push_back(s);
  });
}

void Dispatcher::Release(SubscriptionPtr subscription, std::string last_words) {
  Post([this, s = std::move(subscription), words = std::move(last_words)] {
    registry_.Remove(*s);
    if (!FinishIfOver(s)) Finish(s, words);
  });
}

void Dispatcher::End(SubscriptionPtr subscription, std::string last_words) {
  subscription->cancelled = true;
  Post([this, s = std::move(subscription), words = std::move(last_words)] {
    switch (s->stage) {
      case Subscription::Stage::kEnded:
        return;
      case Subscription::Stage::kFeeding:
        over_.try_emplace(s.get(), words);
        return;
      case Subscription::Stage::kAttached: {
        Partition& partition = *s->partition;
        partition.Remove(*s);
        if (partition.empty()) Drop(partition);
        break;
      }
      case Subscription::Stage::kParked: {
        const auto parked = parked_.find(s->connection->id);
        std::erase(parked->second, s);
        if (parked->second.empty()) parked_.erase(parked);
        break;
      }
    }
    Finish(s, words);
  });
}

void Dispatcher::BacklogLow(const ConnectionPtr& connection) {
  Post([this, id = connection->id] {
    const auto parked = parked_.find(id);
    if (parked == parked_.end()) return;
    const auto waiting = std::move(parked->second);
    parked_.erase(parked);
    for (const auto& subscription : waiting) Refeed(subscription);
  });
}

void Dispatcher::TableChanged(TableId table) {
  Post([this, table] {
    std::vector<Partition*> affected;
    for (const auto& [prefix, partition] : partitions_) {
      if (partition->table()->id == table) affected.push_back(partition.get());
    }
    for (Partition* partition : affected) Dissolve(*partition, processed_, Resync::kNone);
  });
}

void Dispatcher::TableDropped(TableId table) {
  Post([this, table] {
    std::vector<Partition*> affected;
    for (const auto& [prefix, partition] : partitions_) {
      if (partition->table()->id == table) affected.push_back(partition.get());
    }
    for (Partition* partition : affected) EndAll(*partition, "SUBSCRIPTION_TERMINATED", "The table was dropped");
  });
}

// --- the thread

void Dispatcher::Run(Seq started_at) {
  auto next_tick = steady_clock::now() + interval_;
  Seq ticked = started_at;
  while (true) {
    table::DurableSnapshotPtr snapshot;
    std::unordered_set<std::uint32_t> touched;
    table::WrittenRecords records;
    std::unordered_set<TableId> streams;
    std::vector<std::function<void()>> tasks;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait_until(lock, next_tick, [&] {
        return stopping_ || !touched_.empty() || !streams_touched_.empty() || !tasks_.empty() ||
               (snapshot_ && wants_every_round_);
      });
      if (stopping_) return;
    }
    std::lock_guard turn(turn_mutex_);
    DiscardPrepared();
    {
      std::lock_guard lock(mutex_);
      snapshot.swap(snapshot_);
      touched.swap(touched_);
      records.Take(records_);
      streams.swap(streams_touched_);
      tasks.swap(tasks_);
    }
    if (snapshot) Round(snapshot, touched, records);
    for (const TableId table : streams) DispatchStream(table);
    for (const auto& task : tasks) task();
    out_.Flush();
    if (steady_clock::now() < next_tick) continue;
    next_tick = steady_clock::now() + interval_;
    if (processed_ != ticked) on_tick_();
    ticked = processed_;
  }
}

void Dispatcher::Round(const table::DurableSnapshotPtr& snapshot, const std::unordered_set<std::uint32_t>& touched,
                       table::WrittenRecords& records) {
  std::vector<std::string> prefixes;  // partitions may go while we work
  for (const std::uint32_t slot : touched) {
    const auto found = by_slot_.find(slot);
    if (found == by_slot_.end()) continue;
    for (const Partition* partition : found->second) prefixes.push_back(partition->prefix());
  }
  for (Partition* partition : unwatched_) {
    if (!touched.contains(table::ChangeInterest::SlotOf(partition->prefix()))) prefixes.push_back(partition->prefix());
  }
  std::erase_if(unwatched_, [&](const Partition* partition) { return partition->unwatched_until <= snapshot->seq(); });
  wants_every_round_ = !unwatched_.empty();
  for (const auto& prefix : prefixes) {
    const auto found = partitions_.find(prefix);
    if (found == partitions_.end()) continue;
    Partition& partition = *found->second;
    const bool all_told = records.complete() && partition.unwatched_until <= processed_;
    if (all_told) {
      Dispatch(partition, records.Of(prefix));
    } else {
      Dispatch(partition, table::ChangeReader(store_, snapshot->view_ptr(), prefix, processed_));
    }
  }
  processed_ = snapshot->seq();
}

template <typename Changes>
void Dispatcher::Dispatch(Partition& partition, Changes changes) {
  Seq done = processed_;
  Seq last = processed_;
  while (true) {
    auto change = changes.Next();
    if (!change.ok()) {
      log::Error("live", "read the change log: " + change.error().message());
      return EndAll(partition, "SUBSCRIPTION_FAILED", "The change log can't be read: " + change.error().message());
    }
    if (*change) {
      const Seq seq = RowSeq((*change)->row);
      if (const Status added = partition.batch().Add(**change); !added.ok()) {
        partition.batch().Clear();
        if (added.error().code() == ErrorCode::kConflict) return Dissolve(partition, done, Resync::kNone);
        return EndAll(partition, "SUBSCRIPTION_FAILED", added.error().message());
      }
      last = seq;
    }
    if (!*change || partition.batch().full()) {
      if (partition.batch().empty()) return;
      if (!Flush(partition)) return;
      done = last;
    }
    if (!*change) return;
  }
}

bool Dispatcher::Flush(Partition& partition) {
  endings_.clear();
  partition.Dispatch(out_, clock_.NowMicros(), endings_);
  if (endings_.empty()) return true;
  out_.Flush();  // last words come last
  for (const Ending& ending : endings_) {
    const SubscriptionPtr& subscription = ending.subscription;
    registry_.Remove(*subscription);
    partition.Remove(*subscription);
    Finish(subscription, ErrorMessage(*subscription, ending.code, ending.message));
  }
  if (!partition.empty()) return true;
  Drop(partition);
  return false;
}

void Dispatcher::DispatchStream(TableId table) {
  const auto found = partitions_.find(PartitionPrefix(table, UserId()));
  if (found == partitions_.end()) return;
  Partition& partition = *found->second;
  const table::StreamChanges taken = streams_.TakeChanges(table);
  if (!taken.complete) return Dissolve(partition, Seq(), Resync::kChangesLost);
  for (const auto& change : taken.changes) {
    if (const Status added = partition.batch().Add(change); !added.ok()) {
      partition.batch().Clear();
      return Dissolve(partition, Seq(), Resync::kTableChanged);
    }
    if (partition.batch().full() && !Flush(partition)) return;
  }
  if (!partition.batch().empty()) Flush(partition);
}

// --- joining and leaving

void Dispatcher::Join(const SubscriptionPtr& subscription) {
  if (FinishIfOver(subscription)) return;
  const BoundQuery& bound = *subscription->bound;
  const bool is_stream = bound.table->kind == TableKind::kStream;
  const auto present = partitions_.find(PartitionPrefix(bound.table->id, bound.partition));
  if (present != partitions_.end()) {
    const int version = present->second->table()->schema_version;
    const int bound_to = bound.table->schema_version;
    if (version > bound_to) {
      subscription->bound.reset();
      return Refeed(subscription);
    }
    if (version < bound_to) Dissolve(*present->second, processed_, Resync::kNone);
  }
  Partition& partition = PartitionFor(subscription);
  if (is_stream) DispatchStream(partition.table()->id);
  if (!(is_stream ? BridgeStream(subscription) : BridgeLog(subscription))) {
    const auto found = partitions_.find(partition.prefix());
    if (found != partitions_.end() && found->second->empty()) Drop(*found->second);
    return;
  }
  subscription->stage = Subscription::Stage::kAttached;
  partition.Add(subscription);
}

bool Dispatcher::BridgeLog(const SubscriptionPtr& subscription) {
  if (subscription->cursor >= processed_) return true;
  const BoundQuery& bound = *subscription->bound;
  Partition alone(bound.table, bound.partition, kMaxBatchBytes);
  table::ChangeReader changes(store_, nullptr, alone.prefix(), subscription->cursor);
  Seq last = subscription->cursor;
  std::size_t count = 0;
  while (true) {
    auto change = changes.Next();
    if (!change.ok()) {
      registry_.Remove(*subscription);
      Finish(subscription, ErrorMessage(*subscription, "SUBSCRIPTION_FAILED", change.error().message()));
      return false;
    }
    if (!*change || RowSeq((*change)->row) > processed_) break;
    last = RowSeq((*change)->row);
    if (++count > kMaxBridge || alone.batch().full() || !alone.batch().Add(**change).ok()) {
      Refeed(subscription);
      return false;
    }
  }
  if (!alone.batch().empty()) {
    const auto bound_before = subscription->bound;
    alone.Add(subscription);
    endings_.clear();
    alone.Dispatch(out_, clock_.NowMicros(), endings_);
    alone.Remove(*subscription);
    subscription->bound = bound_before;
    if (!endings_.empty()) {
      out_.Flush();
      registry_.Remove(*subscription);
      Finish(subscription, ErrorMessage(*subscription, endings_[0].code, endings_[0].message));
      return false;
    }
  }
  subscription->cursor = processed_;
  return true;
}

bool Dispatcher::BridgeStream(const SubscriptionPtr& subscription) {
  const auto bound = subscription->bound;
  const table::StreamChanges since = streams_.ChangesSince(*bound->table, subscription->cursor);
  if (!since.complete) {
    subscription->resync = Resync::kChangesLost;
    Refeed(subscription);
    return false;
  }
  Partition alone(bound->table, bound->partition, kMaxBatchBytes);
  alone.Add(subscription);
  endings_.clear();
  for (const auto& change : since.changes) {
    if (!alone.batch().Add(change).ok()) break;
    if (alone.batch().full()) alone.Dispatch(out_, clock_.NowMicros(), endings_);
    if (!endings_.empty()) break;
  }
  if (endings_.empty() && !alone.batch().empty()) alone.Dispatch(out_, clock_.NowMicros(), endings_);
  alone.Remove(*subscription);
  subscription->bound = bound;
  if (!endings_.empty()) {
    out_.Flush();
    registry_.Remove(*subscription);
    Finish(subscription, ErrorMessage(*subscription, endings_[0].code, endings_[0].message));
    return false;
  }
  subscription->cursor = std::max(subscription->cursor, since.upto);
  return true;
}

Partition& Dispatcher::PartitionFor(const SubscriptionPtr& subscription) {
  const BoundQuery& bound = *subscription->bound;
  auto& slot = partitions_[PartitionPrefix(bound.table->id, bound.partition)];
  if (bound.table->kind == TableKind::kStream && (!slot || subscription->options.expiry)) {
    streams_.Watch(*bound.table, subscription->options.expiry);
  }
  if (slot) return *slot;
  slot = std::make_unique<Partition>(bound.table, bound.partition, kMaxBatchBytes);
  if (bound.table->kind != TableKind::kStream) {
    const std::uint32_t number = table::ChangeInterest::SlotOf(slot->prefix());
    slot->unwatched_until = committer_.Watch(number);
    if (slot->unwatched_until > processed_) {
      unwatched_.insert(slot.get());
      wants_every_round_ = true;
    }
    by_slot_[number].push_back(slot.get());
  }
  return *slot;
}

void Dispatcher::Drop(Partition& partition) {
  if (partition.table()->kind == TableKind::kStream) {
    streams_.Unwatch(partition.table()->id);
  } else {
    const std::uint32_t number = table::ChangeInterest::SlotOf(partition.prefix());
    committer_.Unwatch(number);
    const auto slot = by_slot_.find(number);
    std::erase(slot->second, &partition);
    if (slot->second.empty()) by_slot_.erase(slot);
    unwatched_.erase(&partition);
  }
  partitions_.erase(std::string(partition.prefix()));
}

void Dispatcher::Dissolve(Partition& partition, Seq cursor, Resync resync) {
  const std::vector<SubscriptionPtr> all = partition.subscriptions();
  for (const auto& subscription : all) {
    partition.Remove(*subscription);
    subscription->cursor = std::max(subscription->cursor, cursor);
    subscription->bound.reset();
    if (resync != Resync::kNone) subscription->resync = resync;
  }
  Drop(partition);
  out_.Flush();
  for (const auto& subscription : all) Refeed(subscription);
}

void Dispatcher::EndAll(Partition& partition, std::string_view code, const std::string& message) {
  const std::vector<SubscriptionPtr> all = partition.subscriptions();
  out_.Flush();
  for (const auto& subscription : all) {
    partition.Remove(*subscription);
    registry_.Remove(*subscription);
    Finish(subscription, ErrorMessage(*subscription, code, message));
  }
  Drop(partition);
}

void Dispatcher::Refeed(const SubscriptionPtr& subscription) {
  subscription->stage = Subscription::Stage::kFeeding;
  if (feeder_->Feed(subscription)) return;
  registry_.Remove(*subscription);
  Finish(subscription, ErrorMessage(*subscription, "SUBSCRIPTION_FAILED", "The server is busy. Try again."));
}

void Dispatcher::Say(Subscription& subscription, const std::string& words) {
  if (words.empty()) return;
  out_.Flush();
  subscription.connection->socket->Send(net::Frame::Text(words), net::QueueRoom::kReserve);
}

void Dispatcher::Finish(const SubscriptionPtr& subscription, const std::string& last_words) {
  subscription->stage = Subscription::Stage::kEnded;
  Say(*subscription, last_words);
}

bool Dispatcher::FinishIfOver(const SubscriptionPtr& subscription) {
  const auto over = over_.extract(subscription.get());
  if (over) Finish(subscription, over.mapped());
  return !over.empty();
}

}  // namespace kalam::live
