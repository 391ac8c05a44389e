#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "change_batch.h"
#include "change_encoder.h"
#include "net/websocket.h"
#include "subscription.h"

namespace kalam::live {

// Receivers of one SELECT list over one WHERE.
struct Output {
  ChangeEncoder* encoder;  // the partition's
  std::vector<Subscription*> receivers;
};

// Subscriptions with the same WHERE: evaluated once.
struct Group {
  std::shared_ptr<const duck::RowPredicate> where;
  bool sees_deleted = false;
  std::optional<std::size_t> indexed_by;  // one of where->column_values()
  std::unique_ptr<duck::RowPredicate::Evaluator> evaluator;  // made when first needed
  std::vector<Output> outputs;
  std::vector<std::uint32_t> candidates;  // versions of the batch at hand, ascending
};

// A subscription that can't go on, and why; `code` is static text.
struct Ending {
  Subscription* subscription;
  std::string_view code;
  std::string message;
};

// The subscriptions of one partition of one table version, and what a batch of changes means to each of them.
// The cost of a batch is that of the groups it may concern: those whose WHERE fixes a column are found by its
// value in a hash index; the others are evaluated, once per distinct WHERE and over the batch as a whole.
// Not thread-safe. Borrows its subscriptions.
class Partition {
 public:
  Partition(TableDefPtr table, UserId user, std::size_t max_batch_bytes);

  const TableDefPtr& table() const { return batch_.table(); }
  const UserId& user() const { return user_; }
  const std::string& prefix() const { return prefix_; }
  bool empty() const { return subscriptions_.empty(); }
  std::size_t size() const { return subscriptions_.size(); }
  const std::unordered_map<const Subscription*, SubscriptionPtr>& subscriptions() const { return subscriptions_; }

  void Add(const SubscriptionPtr& subscription);
  void Remove(Subscription& subscription);

  // To be filled by the caller, then dispatched.
  ChangeBatch& batch() { return batch_; }
  // Sends what the batch means to everyone, and clears it. `sent` changes are those with a seq above the
  // subscription's cursor. Who can't go on is appended to `endings` and must be removed by the caller.
  void Dispatch(net::WebSocketFanOut& out, TimestampMicros now, std::vector<Ending>& endings);

  // The dispatcher's: everything up to here that concerns this partition was dispatched, and for commits up to
  // `unwatched_until` nobody is told that they touched it.
  Seq unwatched_until;

 private:
  struct DatumHash {
    using is_transparent = void;
    std::size_t operator()(const Datum& datum) const;
    std::size_t operator()(const Value& value) const { return (*this)(value.view()); }
  };
  struct DatumEqual {
    using is_transparent = void;
    static Datum View(const Datum& datum) { return datum; }
    static Datum View(const Value& value) { return value.view(); }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return View(a) == View(b);
    }
  };
  using Index = std::unordered_map<Value, std::vector<Group*>, DatumHash, DatumEqual>;

  Group& GroupFor(const BoundQuery& query);
  ChangeEncoder* EncoderFor(const BoundQuery& query, bool int64_as_string);
  void DropGroup(Group& group);
  void FindCandidates(std::vector<Group*>& groups);
  Status Match(Group& group, std::vector<Transition>& transitions);
  void Send(Group& group, const std::vector<Transition>& transitions, net::WebSocketFanOut& out, TimestampMicros now,
            std::vector<Ending>& endings);

  const UserId user_;
  const std::string prefix_;
  ChangeBatch batch_;
  std::unordered_map<const Subscription*, SubscriptionPtr> subscriptions_;
  std::unordered_map<std::string, std::unique_ptr<Group>> groups_;  // by RowPredicate::key
  std::unordered_map<std::size_t, Index> indexes_;                  // by column
  std::vector<Group*> unindexed_;
  std::unordered_map<std::string, std::unique_ptr<ChangeEncoder>> encoders_;
  std::vector<char> matched_;  // by version, of the group at hand
  std::vector<std::uint32_t> matching_;
};

}  // namespace kalam::live
