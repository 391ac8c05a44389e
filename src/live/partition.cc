#include "partition.h"

#include <algorithm>
#include <chrono>

#include "model/key_codec.h"

namespace kalam::live {
namespace {

using std::chrono::steady_clock;

// A WHERE may keep the dispatcher, and with it everybody else, so long for one batch.
constexpr std::chrono::milliseconds kMaxEvaluation{250};

constexpr std::string_view kFailed = "SUBSCRIPTION_FAILED";

bool MeetsColumnValues(const Group& group, std::span<const Datum> cells) {
  const auto& all = group.where->column_values();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (group.indexed_by == i) continue;
    const Datum& cell = cells[all[i].column];
    const bool met = std::any_of(all[i].values.begin(), all[i].values.end(),
                                 [&](const Value& value) { return value.view() == cell; });
    if (!met) return false;
  }
  return true;
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

std::size_t Partition::DatumHash::operator()(const Datum& datum) const {
  switch (datum.kind()) {
    case Datum::Kind::kText:
    case Datum::Kind::kBinary: return std::hash<std::string_view>{}(datum.text());
    default: return std::hash<std::int64_t>{}(datum.int_value() * 0x9E3779B97F4A7C15);
  }
}

Partition::Partition(TableDefPtr table, UserId user, std::size_t max_batch_bytes)
    : user_(std::move(user)), prefix_(PartitionPrefix(table->id, user_)), batch_(std::move(table), max_batch_bytes) {}

Group& Partition::GroupFor(const BoundQuery& query) {
  std::string key = query.where->key();
  if (query.sees_deleted) key += " with deleted";
  auto& slot = groups_[key];
  if (slot) return *slot;
  slot = std::make_unique<Group>();
  Group& group = *slot;
  group.where = query.where;
  group.sees_deleted = query.sees_deleted;
  group.indexed_by = IndexChoice(*query.where);
  if (!group.indexed_by) {
    unindexed_.push_back(&group);
    return group;
  }
  const auto& by = query.where->column_values()[*group.indexed_by];
  for (const Value& value : by.values) indexes_[by.column][value].push_back(&group);
  return group;
}

ChangeEncoder* Partition::EncoderFor(const BoundQuery& query, bool int64_as_string) {
  std::string key = query.select->key();
  if (int64_as_string) key += " as string";
  auto& slot = encoders_[key];
  if (!slot) slot = std::make_unique<ChangeEncoder>(query.select, int64_as_string);
  return slot.get();
}

void Partition::Add(const SubscriptionPtr& subscription) {
  const BoundQuery& query = *subscription->bound;
  Group& group = GroupFor(query);
  ChangeEncoder* encoder = EncoderFor(query, subscription->options.int64_as_string);
  auto output = std::find_if(group.outputs.begin(), group.outputs.end(),
                             [&](const Output& o) { return o.encoder == encoder; });
  if (output == group.outputs.end()) {
    group.outputs.push_back({encoder, {}});
    output = group.outputs.end() - 1;
  }
  output->receivers.push_back(subscription.get());
  subscription->group = &group;
  subscription->partition = this;
  subscriptions_.emplace(subscription.get(), subscription);
  // The group and the encoder have what they need of it.
  subscription->bound.reset();
}

void Partition::Remove(Subscription& subscription) {
  Group& group = *subscription.group;
  for (Output& output : group.outputs) {
    const auto at = std::find(output.receivers.begin(), output.receivers.end(), &subscription);
    if (at == output.receivers.end()) continue;
    *at = output.receivers.back();
    output.receivers.pop_back();
  }
  std::erase_if(group.outputs, [](const Output& output) { return output.receivers.empty(); });
  if (group.outputs.empty()) DropGroup(group);
  subscription.group = nullptr;
  subscription.partition = nullptr;
  subscriptions_.erase(&subscription);
}

void Partition::DropGroup(Group& group) {
  if (group.indexed_by) {
    const auto& by = group.where->column_values()[*group.indexed_by];
    Index& index = indexes_[by.column];
    for (const Value& value : by.values) {
      const auto found = index.find(value.view());
      std::erase(found->second, &group);
      if (found->second.empty()) index.erase(found);
    }
    if (index.empty()) indexes_.erase(by.column);
  } else {
    std::erase(unindexed_, &group);
  }
  std::string key = group.where->key();
  if (group.sees_deleted) key += " with deleted";
  groups_.erase(key);
}

void Partition::FindCandidates(std::vector<Group*>& groups) {
  const auto shows = [&](const Group& group, std::uint32_t version) {
    return batch_.is_live(version) || (group.sees_deleted && batch_.is_tombstone(version));
  };
  for (const auto& [column, index] : indexes_) {
    for (std::uint32_t version = 0; version < batch_.version_count(); ++version) {
      if (!batch_.is_live(version) && !batch_.is_tombstone(version)) continue;
      const auto found = index.find(batch_.cells(version)[column]);
      if (found == index.end()) continue;
      for (Group* group : found->second) {
        if (!shows(*group, version) || !MeetsColumnValues(*group, batch_.cells(version))) continue;
        if (group->candidates.empty()) groups.push_back(group);
        group->candidates.push_back(version);
      }
    }
  }
  for (Group* group : unindexed_) {
    for (std::uint32_t version = 0; version < batch_.version_count(); ++version) {
      if (shows(*group, version)) group->candidates.push_back(version);
    }
    if (!group->candidates.empty()) groups.push_back(group);
  }
}

Status Partition::Match(Group& group, std::vector<Transition>& transitions) {
  transitions.clear();
  const std::vector<std::uint32_t>* matching = &group.candidates;
  if (group.where->has_rest()) {
    if (!group.evaluator) group.evaluator = std::make_unique<duck::RowPredicate::Evaluator>(*group.where);
    const auto begin = steady_clock::now();
    KALAM_TRY(group.evaluator->Select(batch_.chunk(), group.candidates, matching_));
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

void Partition::Send(Group& group, const std::vector<Transition>& transitions, net::WebSocketFanOut& out,
                     TimestampMicros now, std::vector<Ending>& endings) {
  for (const Output& output : group.outputs) {
    if (const Status prepared = output.encoder->Prepare(batch_, transitions); !prepared.ok()) {
      for (Subscription* receiver : output.receivers) {
        endings.push_back({receiver, kFailed,
                           "The live query ended: its SELECT list failed on a row: " + prepared.error().message()});
      }
      continue;
    }
    for (Subscription* receiver : output.receivers) {
      std::int64_t sent = 0;
      for (const Transition& transition : transitions) {
        const Seq seq = batch_.seq(transition.change);
        if (seq <= receiver->cursor) continue;
        if (batch_.is_expiry(transition.change) && !receiver->options.expiry) continue;
        const auto result =
            out.Send(receiver->connection->socket, output.encoder->FrameOf(batch_, transition, receiver->id));
        if (result == net::SendResult::kQueued) {
          receiver->delivered.store(seq.value(), std::memory_order_relaxed);
          ++sent;
          continue;
        }
        if (result == net::SendResult::kWouldExceed) {
          endings.push_back({receiver, "SLOW_CONSUMER",
                             "The connection's queue is full (limits.max_connection_queue_bytes). "
                             "Subscribe again with from_seq to go on after the last change delivered."});
        }
        break;
      }
      if (sent == 0) continue;
      receiver->changes.fetch_add(sent, std::memory_order_relaxed);
      receiver->last_update.store(now, std::memory_order_relaxed);
    }
  }
}

void Partition::Dispatch(net::WebSocketFanOut& out, TimestampMicros now, std::vector<Ending>& endings) {
  matched_.assign(batch_.version_count(), 0);
  for (const auto& [key, encoder] : encoders_) encoder->Begin(batch_);
  std::vector<Group*> groups;
  FindCandidates(groups);
  std::vector<Transition> transitions;
  for (Group* group : groups) {
    if (const Status matched = Match(*group, transitions); !matched.ok()) {
      for (const Output& output : group->outputs) {
        for (Subscription* receiver : output.receivers) {
          endings.push_back(
              {receiver, kFailed, "The live query ended: its WHERE failed on a row: " + matched.error().message()});
        }
      }
    } else if (!transitions.empty()) {
      Send(*group, transitions, out, now, endings);
    }
    group->candidates.clear();
  }
  batch_.Clear();
}

}  // namespace kalam::live
