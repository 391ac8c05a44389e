#include "registry.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace kalam::live {
namespace {

constexpr std::string_view kLiveIdPrefix = "lq-";

}  // namespace

SubscriptionText::SubscriptionText(std::string_view id, std::string_view sql)
    : bytes_(std::make_unique_for_overwrite<char[]>(id.size() + sql.size())),
      id_size_(static_cast<std::uint32_t>(id.size())),
      sql_size_(static_cast<std::uint32_t>(sql.size())) {
  std::copy(id.begin(), id.end(), bytes_.get());
  std::copy(sql.begin(), sql.end(), bytes_.get() + id.size());
}

std::string_view NameOf(Resync reason) {
  switch (reason) {
    case Resync::kNone: break;
    case Resync::kLogTruncated: return "log_truncated";
    case Resync::kUnknownSeq: return "unknown_seq";
    case Resync::kChangesLost: return "changes_lost";
    case Resync::kTableChanged: return "table_changed";
  }
  return "";
}

std::string LiveIdOf(std::uint64_t live_number) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string id(kLiveIdPrefix);
  for (int shift = 60; shift >= 0; shift -= 4) id += kDigits[(live_number >> shift) & 15];
  return id;
}

std::optional<std::uint64_t> ParseLiveId(std::string_view live_id) {
  if (!live_id.starts_with(kLiveIdPrefix)) return std::nullopt;
  live_id.remove_prefix(kLiveIdPrefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(live_id.data(), live_id.data() + live_id.size(), number, 16);
  if (live_id.size() != 16 || error != std::errc() || end != live_id.data() + live_id.size()) return std::nullopt;
  return number;
}

void Registry::AddConnection(std::uint64_t id) {
  state_.With([&](State& state) { state.per_connection[id]; });
}

Registry::Refusal Registry::Add(const SubscriptionPtr& subscription) {
  Connection& connection = *subscription->connection;
  return state_.With([&](State& state) {
    const auto open = state.per_connection.find(connection.id);
    if (open == state.per_connection.end()) return Refusal::kClosed;
    auto& siblings = open->second;
    const bool taken = std::any_of(siblings.begin(), siblings.end(), [&](const SubscriptionPtr& other) {
      return other->text.id() == subscription->text.id();
    });
    if (taken) return Refusal::kDuplicateId;
    if (siblings.size() >= options_.max_subscriptions_per_connection) return Refusal::kConnectionFull;
    if (state.size >= options_.max_subscriptions) return Refusal::kServerFull;
    auto& of_user = state.per_user[connection.who.user_id.text()];
    if (of_user >= options_.max_subscriptions_per_user) return Refusal::kUserFull;
    ++of_user;
    siblings.push_back(subscription);
    subscription->registered = true;
    ++state.size;
    return Refusal::kNone;
  });
}

void Registry::Forget(State& state, Subscription& subscription) {
  subscription.registered = false;
  --state.size;
  const auto of_user = state.per_user.find(subscription.connection->who.user_id.text());
  if (--of_user->second == 0) state.per_user.erase(of_user);
  if (subscription.use) LetGo(state, *subscription.use);
}

void Registry::LetGo(State& state, const TableUse& use) {
  if (--use.subscriptions > 0) return;
  const auto of_table = state.uses.find(use.table->id);
  std::erase_if(of_table->second, [&](const auto& other) { return other.get() == &use; });
  if (of_table->second.empty()) state.uses.erase(of_table);
}

bool Registry::Remove(Subscription& subscription) {
  SubscriptionPtr removed;  // let go of outside the lock
  return state_.With([&](State& state) {
    if (!subscription.registered) return false;
    Forget(state, subscription);
    auto& siblings = state.per_connection.at(subscription.connection->id);
    const auto found = std::find(siblings.begin(), siblings.end(), &subscription);
    removed = std::move(*found);
    siblings.erase(found);
    return true;
  });
}

std::vector<SubscriptionPtr> Registry::RemoveAllOf(Connection& connection) {
  return state_.With([&](State& state) -> std::vector<SubscriptionPtr> {
    const auto open = state.per_connection.find(connection.id);
    if (open == state.per_connection.end()) return {};
    auto removed = std::move(open->second);
    for (const SubscriptionPtr& subscription : removed) Forget(state, *subscription);
    state.per_connection.erase(open);
    return removed;
  });
}

void Registry::SetTable(Subscription& subscription, TableDefPtr table, std::vector<std::string> named_columns) {
  state_.With([&](State& state) {
    if (!subscription.registered) return;
    auto& uses = state.uses[table->id];
    auto found = std::find_if(uses.begin(), uses.end(), [&](const auto& use) {
      return use->table == table && use->named_columns == named_columns;
    });
    if (found == uses.end()) {
      uses.push_back(std::make_unique<TableUse>(TableUse{std::move(table), std::move(named_columns), 0}));
      found = uses.end() - 1;
    }
    const TableUse* before = std::exchange(subscription.use, found->get());
    ++subscription.use->subscriptions;
    if (before) LetGo(state, *before);
  });
}

SubscriptionPtr Registry::Find(std::uint64_t live_number) const {
  return state_.With([&](const State& state) -> SubscriptionPtr {
    for (const auto& [connection, open] : state.per_connection) {
      for (const SubscriptionPtr& subscription : open) {
        if (subscription->live_number == live_number) return subscription;
      }
    }
    return nullptr;
  });
}

SubscriptionPtr Registry::Find(const Connection& connection, std::string_view id) const {
  return state_.With([&](const State& state) -> SubscriptionPtr {
    const auto open = state.per_connection.find(connection.id);
    if (open == state.per_connection.end()) return nullptr;
    for (const SubscriptionPtr& subscription : open->second) {
      if (subscription->text.id() == id) return subscription;
    }
    return nullptr;
  });
}

void Registry::ForEach(const std::function<void(const Subscription&)>& use) const {
  state_.With([&](const State& state) {
    for (const auto& [connection, open] : state.per_connection) {
      for (const SubscriptionPtr& subscription : open) use(*subscription);
    }
  });
}

std::size_t Registry::CountOf(TableId table) const {
  return state_.With([&](const State& state) {
    const auto found = state.uses.find(table);
    std::size_t count = 0;
    if (found == state.uses.end()) return count;
    for (const auto& use : found->second) count += use->subscriptions;
    return count;
  });
}

std::size_t Registry::size() const {
  return state_.With([](const State& state) { return state.size; });
}

std::size_t Registry::connections() const {
  return state_.With([](const State& state) { return state.per_connection.size(); });
}

}  // namespace kalam::live
