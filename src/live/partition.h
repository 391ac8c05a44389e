#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "change_batch.h"
#include "change_encoder.h"
#include "net/websocket.h"
#include "subscription.h"

namespace kalam::live {

// By the value of one column: the groups whose WHERE asks for it, and more. Text and bytes as they
// are, numbers as their bits.
struct Group;
using ValueIndex = std::unordered_multimap<std::string, Group*>;

// A WHERE by its SHA-256, cut: what it says is longer, and nobody finds two for one digest.
struct WhereDigest {
  std::uint64_t first, second;
  bool operator==(const WhereDigest&) const = default;
};

struct Receiver {
  ChangeEncoder* encoder;  // the partition's
  SubscriptionPtr subscription;
};

// Subscriptions with the same WHERE: evaluated once. There can be one for each subscription, hence small.
struct Group {
  // Null when all that the WHERE says is that `column` has one value: found by the digest of that.
  std::shared_ptr<const duck::RowPredicate> where;
  std::unique_ptr<duck::RowPredicate::Evaluator> evaluator;  // made when first needed
  boost::container::small_vector<Receiver, 1> receivers;     // by encoder
  const WhereDigest* digest = nullptr;                       // the partition's key for it
  std::uint32_t column = 0;                                  // whose value finds it
  std::uint32_t candidates = 0;  // of the batch at hand: one more than the number of its list
  std::uint16_t indexed_by = 0;  // of where->column_values()
  bool indexed = false;          // found by a value
  bool sees_deleted = false;
};

// A subscription that can't go on, and why; `code` is static text.
struct Ending {
  SubscriptionPtr subscription;
  std::string_view code;
  std::string message;
};

// The subscriptions of one partition of one table version, and what a batch of changes means to
// each of them. The cost of a batch is that of the groups it may concern: those whose WHERE fixes a
// column are found by its value, by hash; the others are evaluated, once per distinct WHERE and
// over the batch as a whole. Not thread-safe.
class Partition {
 public:
  Partition(TableDefPtr table, UserId user, std::size_t max_batch_bytes);

  const TableDefPtr& table() const { return batch_.table(); }
  const UserId& user() const { return user_; }
  const std::string& prefix() const { return prefix_; }
  bool empty() const { return groups_.empty(); }
  // Few receivers, and nothing to evaluate for them: columns are compared and written as they are.
  bool IsQuick(std::size_t max_receivers) const;
  std::vector<SubscriptionPtr> subscriptions() const;

  void Add(const SubscriptionPtr& subscription);
  void Remove(Subscription& subscription);

  // To be filled by the caller, then dispatched.
  ChangeBatch& batch() { return batch_; }
  // Sends what the batch means to everyone, and clears it: the changes with a seq above the subscription's
  // cursor. Who can't go on is appended to `endings` and must be removed by the caller.
  void Dispatch(net::WebSocketFanOut& out, TimestampMicros now, std::vector<Ending>& endings);
  // Makes all that Dispatch will send, for few receivers. Nothing else may be called before Dispatch or Discard.
  void Prepare();
  // Forgets the batch.
  void Discard();

  // The dispatcher's: everything up to here that concerns this partition was dispatched, and for commits up to
  // `unwatched_until` nobody is told that they touched it.
  Seq unwatched_until;

 private:
  struct DigestHash {
    std::size_t operator()(const WhereDigest& digest) const noexcept { return digest.first; }
  };
  using Groups = std::unordered_map<WhereDigest, Group, DigestHash>;
  // Candidates of the groups that a batch may concern, by Group::candidates.
  using Candidates = std::vector<std::pair<Group*, std::vector<std::uint32_t>>>;

  WhereDigest DigestOf(const BoundQuery& query);
  WhereDigest DigestOf(std::uint32_t column, const Datum& value);
  Group& GroupFor(const BoundQuery& query);
  ChangeEncoder* EncoderFor(const BoundQuery& query, bool int64_as_string);
  void DropGroup(Group& group);
  void AddCandidate(Group& group, std::uint32_t version);
  void FindCandidates();
  Status Match(Group& group, const std::vector<std::uint32_t>& candidates, std::vector<Transition>& transitions);
  // Calls `give(subscription, seq, frame)` for each message that the batch means, all of one receiver in a row. False:
  // no more for that receiver.
  template <typename Give>
  void ForEachMessage(std::vector<Ending>& endings, Give&& give);
  template <typename Give>
  void ForEachMessage(Group& group, const std::vector<Transition>& transitions, std::vector<Ending>& endings,
                      Give&& give);

  const UserId user_;
  const std::string prefix_;
  ChangeBatch batch_;
  Groups groups_;
  std::unordered_map<std::uint32_t, std::size_t> fixed_;   // by column: how many groups ask for one value and no more
  std::unordered_map<std::uint32_t, ValueIndex> indexes_;  // by column: the groups that ask for more
  std::vector<Group*> unindexed_;
  std::unordered_map<std::string, std::unique_ptr<ChangeEncoder>> encoders_;
  Candidates candidates_;      // the first candidate_lists_ are of the batch at hand; the others keep their memory
  std::size_t candidate_lists_ = 0;
  std::string value_;          // scratch
  std::string digested_;       // the same
  struct Message {
    const SubscriptionPtr* to;
    Seq seq;
    net::FramePtr frame;
  };
  std::vector<Message> prepared_;  // what the batch means
  bool is_prepared_ = false;

  std::vector<char> matched_;  // by version, of the group at hand
  std::vector<std::uint32_t> matching_;
};

}  // namespace kalam::live
