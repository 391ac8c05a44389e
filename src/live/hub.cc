#include "live/hub.h"

#include <algorithm>
#include <atomic>

#include "base/log.h"
#include "dispatcher.h"
#include "feeder.h"
#include "messages.h"
#include "registry.h"
#include "subscription.h"

namespace kalam::live {
namespace {

struct RefusalText {
  std::string_view code;
  std::string message;
};

RefusalText TextOf(Registry::Refusal refusal, const HubOptions& options, const std::string& id) {
  switch (refusal) {
    case Registry::Refusal::kDuplicateId:
      return {"SUBSCRIPTION_FAILED", "Subscription id '" + id + "' is in use on this connection"};
    case Registry::Refusal::kConnectionFull:
      return {"SUBSCRIPTION_LIMIT_EXCEEDED",
              "Maximum number of subscriptions reached for this connection (" +
                  std::to_string(options.max_subscriptions_per_connection) + ")."};
    case Registry::Refusal::kUserFull:
      return {"SUBSCRIPTION_LIMIT_EXCEEDED", "Maximum number of subscriptions reached for this user."};
    case Registry::Refusal::kServerFull:
      return {"SUBSCRIPTION_LIMIT_EXCEEDED", "Maximum number of subscriptions reached for this server."};
    case Registry::Refusal::kNone:
    case Registry::Refusal::kClosed: break;
  }
  return {"CONNECTION_NOT_READY", "The connection is closing"};
}

}  // namespace

struct Hub::Impl {
  Impl(kv::Store& store, table::Committer& committer_in, table::StreamStore& streams, const Clock& clock_in,
       HubOptions options_in)
      : committer(committer_in),
        clock(clock_in),
        options(std::move(options_in)),
        registry(options),
        dispatcher(store, committer_in, streams, clock_in, registry, options),
        feeder(store, committer_in, clock_in, registry, dispatcher, options) {}

  void Error(Connection& connection, const std::string& id, std::string_view code, std::string_view message) {
    connection.socket->Send(MakeFrame([&](std::string& out) { wire::AppendError(out, id, code, message); }),
                            net::QueueRoom::kReserve);
  }

  table::Committer& committer;
  const Clock& clock;
  const HubOptions options;
  Registry registry;
  Dispatcher dispatcher;
  Feeder feeder;
  std::atomic<std::uint64_t> next_connection{1};
  bool started = false;
};

Hub::Hub(kv::Store& store, table::Committer& committer, table::StreamStore& streams, const Clock& clock,
         HubOptions options)
    : impl_(std::make_unique<Impl>(store, committer, streams, clock, std::move(options))) {}

Hub::~Hub() { Stop(); }

void Hub::SetQueries(Queries& queries) { impl_->feeder.SetQueries(queries); }

Status Hub::Start() {
  table::LogMarks& marks = impl_->feeder.marks();
  KALAM_TRY(marks.Mark().Context("mark the change log"));
  KALAM_TRY(marks.Mark().Context("mark the change log"));
  impl_->dispatcher.Start(impl_->feeder, impl_->options.mark_interval, [impl = impl_.get()] {
    impl->feeder.Run([impl] {
      if (const Status marked = impl->feeder.marks().Mark(); !marked.ok()) {
        log::Warn("live", "mark the change log: " + marked.error().message());
      }
    });
  });
  impl_->started = true;
  return {};
}

void Hub::Stop() {
  if (!impl_->started) return;
  impl_->started = false;
  impl_->feeder.Stop();
  impl_->dispatcher.Stop();
}

ConnectionPtr Hub::Open(net::WebSocketPtr socket, auth::Identity who) {
  auto connection = std::make_shared<Connection>(std::move(socket), std::move(who), impl_->next_connection++);
  impl_->registry.AddConnection(connection->id);
  return connection;
}

void Hub::Subscribe(const ConnectionPtr& connection, const wire::SubscribeRequest& request) {
  if (request.invalid_option) {
    return impl_->Error(*connection, request.id, "INVALID_OPTION", *request.invalid_option);
  }
  const SubscriptionPtr subscription(new Subscription(connection, impl_->committer.NextId().value(),
                                                      request, impl_->clock.NowMicros()));
  const auto refusal = impl_->registry.Add(subscription);
  if (refusal != Registry::Refusal::kNone) {
    const RefusalText text = TextOf(refusal, impl_->options, request.id);
    return impl_->Error(*connection, request.id, text.code, text.message);
  }
  if (impl_->feeder.Feed(subscription)) return;
  impl_->registry.Remove(*subscription);
  impl_->Error(*connection, request.id, "SUBSCRIPTION_FAILED", "The server is busy. Try again.");
}

void Hub::Unsubscribe(const ConnectionPtr& connection, std::string_view id) {
  std::string words;
  wire::AppendUnsubscribed(words, id);
  const SubscriptionPtr subscription = impl_->registry.Find(*connection, id);
  if (!subscription || !impl_->registry.Remove(*subscription)) {
    return impl_->Error(*connection, std::string(id), "SUBSCRIPTION_FAILED", "No such subscription");
  }
  impl_->dispatcher.End(subscription, std::move(words));
}

void Hub::Close(const ConnectionPtr& connection) {
  connection->closed = true;
  for (auto& subscription : impl_->registry.RemoveAllOf(*connection)) {
    impl_->dispatcher.End(std::move(subscription), {});
  }
}

void Hub::BacklogLow(const ConnectionPtr& connection) { impl_->dispatcher.BacklogLow(connection); }

std::optional<Hub::Owner> Hub::Find(std::string_view live_id) const {
  const auto number = ParseLiveId(live_id);
  const SubscriptionPtr found = number ? impl_->registry.Find(*number) : nullptr;
  if (!found) return std::nullopt;
  return Owner{found->connection->who.user_id.text()};
}

bool Hub::Kill(std::string_view live_id) {
  const auto number = ParseLiveId(live_id);
  SubscriptionPtr found = number ? impl_->registry.Find(*number) : nullptr;
  if (!found || !impl_->registry.Remove(*found)) return false;
  std::string words;
  wire::AppendError(words, found->text.id(), "SUBSCRIPTION_TERMINATED",
                    "Live query " + std::string(live_id) + " terminated", Seq(found->delivered.load()));
  impl_->dispatcher.End(std::move(found), std::move(words));
  return true;
}

std::vector<LiveQueryInfo> Hub::List(const std::optional<std::string>& user_id) const {
  std::vector<LiveQueryInfo> list;
  impl_->registry.ForEach([&](const Subscription& subscription) {
    const std::string& owner = subscription.connection->who.user_id.text();
    if (!subscription.use || (user_id && owner != *user_id)) return;
    list.push_back({.live_id = LiveIdOf(subscription.live_number),
                    .connection_id = "conn-" + std::to_string(subscription.connection->id),
                    .table = subscription.use->table->name,
                    .query_id = std::string(subscription.text.id()),
                    .user_id = owner,
                    .query = std::string(subscription.text.sql()),
                    .options = subscription.options.ToJson(),
                    .changes = subscription.changes.load(),
                    .node = impl_->options.node,
                    .created_at = subscription.created_at,
                    .last_update = subscription.last_update.load()});
  });
  std::sort(list.begin(), list.end(),
            [](const LiveQueryInfo& a, const LiveQueryInfo& b) { return a.live_id < b.live_id; });
  return list;
}

std::size_t Hub::CountOf(TableId table) const { return impl_->registry.CountOf(table); }

std::vector<std::string> Hub::UsersOfColumn(TableId table, std::string_view column) const {
  std::vector<std::string> users;
  impl_->registry.ForEach([&](const Subscription& subscription) {
    if (!subscription.use || subscription.use->table->id != table) return;
    const auto& names = subscription.use->named_columns;
    if (std::binary_search(names.begin(), names.end(), column)) users.push_back(LiveIdOf(subscription.live_number));
  });
  std::sort(users.begin(), users.end());
  return users;
}

std::size_t Hub::subscription_count() const { return impl_->registry.size(); }
std::size_t Hub::connection_count() const { return impl_->registry.connections(); }

void Hub::TableChanged(TableId table) { impl_->dispatcher.TableChanged(table); }
void Hub::TableDropped(TableId table) { impl_->dispatcher.TableDropped(table); }

}  // namespace kalam::live
