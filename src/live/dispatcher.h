#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "live/hub.h"
#include "partition.h"
#include "registry.h"
#include "table/change_reader.h"

namespace kalam::live {

class Feeder;

// Knows which subscription belongs to which partition, and sends them what becomes durable. One thread at a time
// takes a turn: its own, or the sync thread for a change or two with few subscribers, which saves them a wake-up.
//
// Mail comes from the sync thread (how far the log is durable, which slots were touched), from writers of streams
// (which tables), and as tasks from feeders and sessions. It holds no more than one entry per slot, table, and step
// in the life of a subscription, so it needs no other bound. Each turn: rounds, then streams, then tasks in order.
//
// Order at the seam. `processed_` is what the log was dispatched up to. A subscription that arrives from a feeder
// with a cursor below it is given what lies between by itself, then joins its partition; one with a cursor above
// it skips changes up to there.
class Dispatcher final : public table::ChangeSink, public table::StreamSink {
 public:
  Dispatcher(kv::Store& store, table::Committer& committer, table::StreamStore& streams, const Clock& clock,
             Registry& registry, const HubOptions& options);
  ~Dispatcher() override;

  // `on_tick` is called about every `interval`, on the dispatcher's thread, while changes come in.
  void Start(Feeder& feeder, std::chrono::milliseconds interval, std::function<void()> on_tick);
  void Stop();

  void OnSyncBegun(Seq upto, std::span<const std::uint32_t> touched, std::uint64_t changes,
                   table::WrittenRecords& records) override;
  void OnDurable(const table::DurableSnapshotPtr& snapshot, std::span<const std::uint32_t> touched,
                 std::uint64_t changes, table::WrittenRecords& records) override;
  void OnStreamWritten(TableId table) override;

  // --- from feeders
  // Fed up to its cursor, and bound.
  void Attach(SubscriptionPtr subscription);
  // Its connection has a backlog: to be fed again when that is low.
  void Park(SubscriptionPtr subscription);
  // It can't go on, or was cancelled. `last_words` is a message, empty for none.
  void Release(SubscriptionPtr subscription, std::string last_words);

  // --- from everybody
  // It is off the registry already.
  void End(SubscriptionPtr subscription, std::string last_words);
  void BacklogLow(const ConnectionPtr& connection);
  void TableChanged(TableId table);
  void TableDropped(TableId table);

 private:
  using PartitionPtr = std::unique_ptr<Partition>;

  void Post(std::function<void()> task);
  void Run(Seq started_at);
  // The dispatcher's turn, for another thread: when the round is done in a few microseconds, and nothing is under way
  // or waits before it.
  std::unique_lock<std::mutex> TryTurn(std::span<const std::uint32_t> touched, std::uint64_t changes);
  bool IsQuick(std::span<const std::uint32_t> touched) const;
  // Fills and prepares the touched partitions. False: something is out of the ordinary.
  bool Prepare(std::span<const std::uint32_t> touched, table::WrittenRecords& records);
  void DiscardPrepared();
  // `records`: of all commits to touched slots since the last round.
  void Round(const table::DurableSnapshotPtr& snapshot, const std::unordered_set<std::uint32_t>& touched,
             table::WrittenRecords& records);
  // `changes`: what the partition was changed by since the last round, a ChangeReader or WrittenRecords::Changes.
  template <typename Changes>
  void Dispatch(Partition& partition, Changes changes);
  void DispatchStream(TableId table);
  // Sends the partition's batch. False when the partition is gone: its last subscription ended.
  bool Flush(Partition& partition);

  void Join(const SubscriptionPtr& subscription);
  // Gives it what the log has between its cursor and processed_. False: too much, or it did not work out; it
  // was sent elsewhere.
  bool BridgeLog(const SubscriptionPtr& subscription);
  bool BridgeStream(const SubscriptionPtr& subscription);
  Partition& PartitionFor(const SubscriptionPtr& subscription);
  void Drop(Partition& partition);
  // Sends its subscriptions back to the feeders, who bind them anew.
  void Dissolve(Partition& partition, Seq cursor, Resync resync);
  void EndAll(Partition& partition, std::string_view code, const std::string& message);
  void Refeed(const SubscriptionPtr& subscription);
  void Say(Subscription& subscription, const std::string& words);
  void Finish(const SubscriptionPtr& subscription, const std::string& last_words);
  // It ended while a feeder had it: now that it is back, its last words are said.
  bool FinishIfOver(const SubscriptionPtr& subscription);

  kv::Store& store_;
  table::Committer& committer_;
  table::StreamStore& streams_;
  const Clock& clock_;
  Registry& registry_;
  const HubOptions& options_;
  Feeder* feeder_ = nullptr;
  std::chrono::milliseconds interval_{0};
  std::function<void()> on_tick_;

  // Mail.
  std::mutex mutex_;
  std::condition_variable arrived_;
  table::DurableSnapshotPtr snapshot_;              // guarded by mutex_, like all of these
  std::unordered_set<std::uint32_t> touched_;
  table::WrittenRecords records_;
  std::unordered_set<TableId> streams_touched_;
  std::vector<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::atomic<bool> wants_every_round_{false};  // some partition is unwatched

  // Held for a turn, and taken before mutex_. Guards what follows, and with it all partitions and subscriptions.
  std::mutex turn_mutex_;
  net::WebSocketFanOut out_;
  Seq processed_;
  std::unordered_map<std::string, PartitionPtr> partitions_;  // by key prefix
  std::unordered_map<std::uint32_t, std::vector<Partition*>> by_slot_;
  std::unordered_set<Partition*> unwatched_;  // see Partition::unwatched_until
  std::unordered_map<std::uint64_t, std::vector<SubscriptionPtr>> parked_;  // by connection
  std::unordered_map<const Subscription*, std::string> over_;  // ended while a feeder has them; last words
  std::vector<Ending> endings_;
  // Partitions that have their part of the round up to prepared_upto_ ready to be sent. Whoever has a turn sends or
  // discards it first.
  std::vector<Partition*> prepared_;
  Seq prepared_upto_;

  std::thread thread_;
};

}  // namespace kalam::live
