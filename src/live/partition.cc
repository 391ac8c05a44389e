#include "partition.h"

#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>

#include "base/bytes.h"
#include "base/check.h"
#include "model/key_codec.h"

namespace kalam::live {
namespace {

using std::chrono::steady_clock;

// A WHERE may keep the dispatcher, and with it everybody else, so long for one batch.
constexpr std::chrono::milliseconds kMaxEvaluation{250};

constexpr std::string_view kFailed = "SUBSCRIPTION_FAILED";

// As keys of an index.
void AppendValue(std::string& out, const Datum& datum) {
  switch (datum.kind()) {
    case Datum::Kind::kText:
    case Datum::Kind::kBinary: out.assign(datum.text()); return;
    default:
      out.clear();
      AppendLittleEndian(out, static_cast<std::uint64_t>(datum.int_value()));
  }
}

// Whether the row has one of the values that the WHERE asks of its other columns.
bool MeetsColumnValues(const Group& group, std::span<const Datum> cells) {
  const auto& all = group.where->column_values();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (group.indexed && group.indexed_by == i) continue;
    const Datum& cell = cells[all[i].column];
    const bool met = std::any_of(all[i].values.begin(), all[i].values.end(),
                                 [&](const Value& value) { return value.view() == cell; });
    if (!met) return false;
  }
  return true;
}

// That a column has one value, where the WHERE says no more than that.
const duck::ColumnValues* OnlyValue(const duck::RowPredicate& where) {
  const auto& all = where.column_values();
  return !where.has_rest() && all.size() == 1 && all.front().values.size() == 1 ? &all.front() : nullptr;
}

// The one-shot call of OpenSSL looks the algorithm up by its name and makes a context, each time.
class Sha256 {
 public:
  void operator()(std::string_view what, unsigned char (&hash)[EVP_MAX_MD_SIZE]) {
    const bool done = EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1 &&
                      EVP_DigestUpdate(context_.get(), what.data(), what.size()) == 1 &&
                      EVP_DigestFinal_ex(context_.get(), hash, nullptr) == 1;
    KALAM_CHECK(done, "SHA-256 works");
  }

 private:
  struct Free {
    void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD, Free> algorithm_{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

WhereDigest Digest(std::string_view what) {
  thread_local Sha256 sha256;
  unsigned char hash[EVP_MAX_MD_SIZE];
  sha256(what, hash);
  WhereDigest digest;
  std::memcpy(&digest, hash, sizeof(digest));
  return digest;
}

// The values it can be found by: the shortest list.
std::optional<std::size_t> IndexChoice(const duck::RowPredicate& where) {
  std::optional<std::size_t> best;
  const auto& all = where.column_values();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!best || all[i].values.size() < all[*best].values.size()) best = i;
  }
  return best;
}

}  // namespace

Partition::Partition(TableDefPtr table, UserId user, std::size_t max_batch_bytes)
    : user_(std::move(user)), prefix_(PartitionPrefix(table->id, user_)), batch_(std::move(table), max_batch_bytes) {}

WhereDigest Partition::DigestOf(const BoundQuery& query) {
  if (const auto* fixed = OnlyValue(*query.where)) {
    return DigestOf(static_cast<std::uint32_t>(fixed->column), fixed->values.front().view());
  }
  return Digest("where " + query.where->key() + (query.sees_deleted ? '1' : '0'));
}

WhereDigest Partition::DigestOf(std::uint32_t column, const Datum& value) {
  AppendValue(value_, value);
  digested_.assign("value ");
  AppendLittleEndian(digested_, column);
  digested_ += value_;
  return Digest(digested_);
}

Group& Partition::GroupFor(const BoundQuery& query) {
  const auto [slot, is_new] = groups_.try_emplace(DigestOf(query));
  Group& group = slot->second;
  if (!is_new) return group;
  group.digest = &slot->first;
  group.sees_deleted = query.sees_deleted;
  if (const auto* fixed = OnlyValue(*query.where)) {
    group.indexed = true;
    group.column = static_cast<std::uint32_t>(fixed->column);
    ++fixed_[group.column];
    return group;
  }
  group.where = query.where;
  const auto choice = IndexChoice(*query.where);
  if (!choice) {
    unindexed_.push_back(&group);
    return group;
  }
  const auto& by = query.where->column_values()[*choice];
  group.indexed = true;
  group.indexed_by = static_cast<std::uint16_t>(*choice);
  group.column = static_cast<std::uint32_t>(by.column);
  for (const Value& value : by.values) {
    AppendValue(value_, value.view());
    indexes_[group.column].emplace(value_, &group);
  }
  return group;
}

ChangeEncoder* Partition::EncoderFor(const BoundQuery& query, bool int64_as_string) {
  std::string key = query.select->key();
  if (int64_as_string) key += " as string";
  auto& slot = encoders_[key];
  if (!slot) slot = std::make_unique<ChangeEncoder>(query.select, int64_as_string);
  return slot.get();
}

bool Partition::IsQuick(std::size_t max_receivers) const {
  if (groups_.size() > max_receivers || encoders_.size() > max_receivers) return false;
  std::size_t receivers = 0;
  for (const auto& [digest, group] : groups_) {
    if (group.where && group.where->has_rest()) return false;
    receivers += group.receivers.size();
  }
  return receivers <= max_receivers && std::all_of(encoders_.begin(), encoders_.end(), [](const auto& encoder) {
           return encoder.second->is_plain();
         });
}

std::vector<SubscriptionPtr> Partition::subscriptions() const {
  std::vector<SubscriptionPtr> all;
  for (const auto& [digest, group] : groups_) {
    for (const Receiver& receiver : group.receivers) all.push_back(receiver.subscription);
  }
  return all;
}

void Partition::Add(const SubscriptionPtr& subscription) {
  const BoundQuery& query = *subscription->bound;
  Group& group = GroupFor(query);
  ChangeEncoder* encoder = EncoderFor(query, subscription->options.int64_as_string);
  // Receivers of one encoder stand together.
  const auto at = std::find_if(group.receivers.rbegin(), group.receivers.rend(),
                               [&](const Receiver& other) { return other.encoder == encoder; });
  group.receivers.insert(at == group.receivers.rend() ? group.receivers.end() : at.base(), {encoder, subscription});
  subscription->group = &group;
  subscription->partition = this;
  // The group and the encoder have what they need of it.
  subscription->bound.reset();
}

void Partition::Remove(Subscription& subscription) {
  Group& group = *subscription.group;
  subscription.group = nullptr;
  subscription.partition = nullptr;
  group.receivers.erase(std::find_if(group.receivers.begin(), group.receivers.end(), [&](const Receiver& receiver) {
    return receiver.subscription.get() == &subscription;
  }));
  if (group.receivers.empty()) DropGroup(group);
}

void Partition::DropGroup(Group& group) {
  if (!group.indexed) {
    std::erase(unindexed_, &group);
  } else if (!group.where) {
    const auto fixed = fixed_.find(group.column);
    if (--fixed->second == 0) fixed_.erase(fixed);
  } else {
    ValueIndex& index = indexes_[group.column];
    for (const Value& value : group.where->column_values()[group.indexed_by].values) {
      AppendValue(value_, value.view());
      const auto [begin, end] = index.equal_range(value_);
      index.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == &group; }));
    }
    if (index.empty()) indexes_.erase(group.column);
  }
  groups_.erase(groups_.find(*group.digest));
}

void Partition::AddCandidate(Group& group, std::uint32_t version) {
  if (group.candidates == 0) {
    if (candidate_lists_ == candidates_.size()) candidates_.emplace_back();
    candidates_[candidate_lists_].first = &group;
    candidates_[candidate_lists_].second.clear();
    group.candidates = static_cast<std::uint32_t>(++candidate_lists_);
  }
  candidates_[group.candidates - 1].second.push_back(version);
}

void Partition::FindCandidates() {
  candidate_lists_ = 0;
  const auto shows = [&](const Group& group, std::uint32_t version) {
    return batch_.is_live(version) || (group.sees_deleted && batch_.is_tombstone(version));
  };
  for (const auto& [column, count] : fixed_) {
    for (std::uint32_t version = 0; version < batch_.version_count(); ++version) {
      if (!batch_.is_live(version) && !batch_.is_tombstone(version)) continue;
      const Datum& cell = batch_.cells(version)[column];
      if (cell.is_null()) continue;
      const auto group = groups_.find(DigestOf(column, cell));
      if (group != groups_.end() && shows(group->second, version)) AddCandidate(group->second, version);
    }
  }
  for (const auto& [column, index] : indexes_) {
    for (std::uint32_t version = 0; version < batch_.version_count(); ++version) {
      if (!batch_.is_live(version) && !batch_.is_tombstone(version)) continue;
      const auto cells = batch_.cells(version);
      if (cells[column].is_null()) continue;
      AppendValue(value_, cells[column]);
      const auto [begin, end] = index.equal_range(value_);
      for (auto entry = begin; entry != end; ++entry) {
        Group& group = *entry->second;
        if (shows(group, version) && MeetsColumnValues(group, cells)) AddCandidate(group, version);
      }
    }
  }
  for (Group* group : unindexed_) {
    for (std::uint32_t version = 0; version < batch_.version_count(); ++version) {
      if (shows(*group, version)) AddCandidate(*group, version);
    }
  }
}

Status Partition::Match(Group& group, const std::vector<std::uint32_t>& candidates,
                        std::vector<Transition>& transitions) {
  transitions.clear();
  const std::vector<std::uint32_t>* matching = &candidates;
  if (group.where && group.where->has_rest()) {
    if (!group.evaluator) group.evaluator = std::make_unique<duck::RowPredicate::Evaluator>(*group.where);
    const auto begin = steady_clock::now();
    KALAM_TRY(group.evaluator->Select(batch_.chunk(), candidates, matching_));
    if (steady_clock::now() - begin > kMaxEvaluation) {
      return Error(ErrorCode::kLimitExceeded, "its WHERE takes too long to evaluate");
    }
    matching = &matching_;
  }
  for (const std::uint32_t version : *matching) matched_[version] = 1;
  for (const std::uint32_t version : *matching) {
    const std::uint32_t change = version / 2;
    const bool after = matched_[ChangeBatch::After(change)] != 0;
    const bool before = matched_[ChangeBatch::Before(change)] != 0;
    if (after && before && version != ChangeBatch::After(change)) continue;  // counted once
    using wire::ChangeKind;
    const ChangeKind kind = after ? (before ? ChangeKind::kUpdate : ChangeKind::kInsert)
                            : batch_.is_delete(change) ? ChangeKind::kDeleted
                                                       : ChangeKind::kLeftFilter;
    transitions.push_back({change, kind});
  }
  for (const std::uint32_t version : *matching) matched_[version] = 0;
  return {};
}

template <typename Give>
void Partition::ForEachMessage(Group& group, const std::vector<Transition>& transitions, std::vector<Ending>& endings,
                               Give&& give) {
  const ChangeEncoder* prepared_for = nullptr;
  Status prepared;
  for (const auto& [encoder, subscription] : group.receivers) {
    if (encoder != prepared_for) prepared = encoder->Prepare(batch_, transitions);
    prepared_for = encoder;
    if (!prepared.ok()) {
      endings.push_back({subscription, kFailed,
                         "The live query ended: its SELECT list failed on a row: " + prepared.error().message()});
      continue;
    }
    for (const Transition& transition : transitions) {
      const Seq seq = batch_.seq(transition.change);
      if (seq <= subscription->cursor) continue;
      if (batch_.is_expiry(transition.change) && !subscription->options.expiry) continue;
      if (!give(subscription, seq, encoder->FrameOf(batch_, transition, subscription->text.id()))) break;
    }
  }
}

template <typename Give>
void Partition::ForEachMessage(std::vector<Ending>& endings, Give&& give) {
  matched_.assign(batch_.version_count(), 0);
  for (const auto& [key, encoder] : encoders_) encoder->Begin(batch_);
  FindCandidates();
  std::vector<Transition> transitions;
  for (std::size_t i = 0; i < candidate_lists_; ++i) {
    auto& [group, candidates] = candidates_[i];
    group->candidates = 0;
    if (const Status matched = Match(*group, candidates, transitions); !matched.ok()) {
      for (const Receiver& receiver : group->receivers) {
        endings.push_back({receiver.subscription, kFailed,
                           "The live query ended: its WHERE failed on a row: " + matched.error().message()});
      }
    } else if (!transitions.empty()) {
      ForEachMessage(*group, transitions, endings, give);
    }
  }
}

void Partition::Prepare() {
  std::vector<Ending> endings;
  ForEachMessage(endings, [&](const SubscriptionPtr& to, Seq seq, const net::FramePtr& frame) {
    prepared_.push_back({&to, seq, frame});
    return true;
  });
  is_prepared_ = endings.empty();
  if (!is_prepared_) prepared_.clear();
}

void Partition::Discard() {
  batch_.Clear();
  prepared_.clear();
  is_prepared_ = false;
}

void Partition::Dispatch(net::WebSocketFanOut& out, TimestampMicros now, std::vector<Ending>& endings) {
  const auto send = [&](const SubscriptionPtr& to, Seq seq, const net::FramePtr& frame) {
    const auto result = out.Send(to->connection->socket, frame);
    if (result == net::SendResult::kQueued) {
      // Nobody else writes them.
      to->delivered.store(seq.value(), std::memory_order_relaxed);
      to->changes.store(to->changes.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      to->last_update.store(now, std::memory_order_relaxed);
      return true;
    }
    if (result == net::SendResult::kWouldExceed) {
      endings.push_back({to, "SLOW_CONSUMER",
                         "The connection's queue is full (limits.max_connection_queue_bytes). "
                         "Subscribe again with from_seq to go on after the last change delivered."});
    }
    return false;
  };
  if (is_prepared_) {
    const SubscriptionPtr* failed = nullptr;
    for (const auto& [to, seq, frame] : prepared_) {
      if (to != failed && !send(*to, seq, frame)) failed = to;
    }
  } else {
    ForEachMessage(endings, send);
  }
  Discard();
}

}  // namespace kalam::live
