#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "subscription.h"

namespace kalam::live {

// A table as subscriptions use it: those that name the same columns share one.
struct TableUse {
  TableDefPtr table;
  std::vector<std::string> named_columns;
  mutable std::size_t subscriptions = 0;  // the registry's
};

// Which subscriptions there are, for limits, lists and look-ups; whoever is in it has a row in
// system.live_queries. Looking one up by its number walks over all: that is for KILL, and an index
// would be for each of them to carry. Thread-safe.
class Registry {
 public:
  explicit Registry(const HubOptions& options) : options_(options) {}

  enum class Refusal : std::uint8_t { kNone, kDuplicateId, kConnectionFull, kUserFull, kServerFull, kClosed };
  Refusal Add(const SubscriptionPtr& subscription);
  // False if it was not there any more.
  bool Remove(Subscription& subscription);
  // All of a connection, which takes no more from now on.
  std::vector<SubscriptionPtr> RemoveAllOf(Connection& connection);

  void SetTable(Subscription& subscription, TableDefPtr table, std::vector<std::string> named_columns);

  SubscriptionPtr Find(std::uint64_t live_number) const;
  SubscriptionPtr Find(const Connection& connection, std::string_view id) const;
  // Calls `use` for each, under the lock.
  void ForEach(const std::function<void(const Subscription&)>& use) const;
  std::size_t CountOf(TableId table) const;
  std::size_t size() const;
  std::size_t connections() const;

  void AddConnection(std::uint64_t id);

 private:
  struct State {
    std::unordered_map<std::string, std::size_t> per_user;
    std::unordered_map<TableId, std::vector<std::unique_ptr<TableUse>>> uses;
    std::unordered_map<std::uint64_t, std::vector<SubscriptionPtr>> per_connection;  // the open ones
    std::size_t size = 0;
  };
  static void Forget(State& state, Subscription& subscription);
  static void LetGo(State& state, const TableUse& use);

  const HubOptions& options_;
  Guarded<State> state_;
};

}  // namespace kalam::live
