#include "api/live_endpoint.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/guarded.h"
#include "connection_facts.h"
#include "wire/live_messages.h"
#include "wire/small_bodies.h"

namespace kalam::api {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kWatchInterval{500};

template <typename Append>
void Send(net::WebSocket& socket, Append append) {
  std::string buffer(net::Frame::kHeadroom, '\0');
  append(buffer);
  socket.Send(net::Frame::TextInPlace(std::move(buffer)), net::QueueRoom::kReserve);
}

// `%41` is `A`; what is not well-formed stays as it is.
std::string PercentDecoded(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<std::string> QueryParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name && equals != std::string_view::npos) {
      return PercentDecoded(pair.substr(equals + 1));
    }
  }
  return std::nullopt;
}

// What the watching thread knows of a connection.
struct Watched {
  explicit Watched(KeptFacts kept) : facts(std::move(kept)) {}

  std::mutex mutex;
  KeptFacts facts;                      // guarded by mutex, like those below
  std::optional<auth::Identity> who;    // nullopt: has not said yet
  net::WebSocketPtr socket;             // null: not open yet
  steady_clock::time_point since = steady_clock::now();
};
using WatchedPtr = std::shared_ptr<Watched>;

}  // namespace

struct LiveEndpoint::Impl {
  Impl(live::Hub& hub_in, const auth::JwtVerifier& verifier_in, auth::RoleLookup lookup_in, const Clock& clock_in,
       LiveEndpointOptions options_in)
      : hub(hub_in),
        verifier(verifier_in),
        lookup(std::move(lookup_in)),
        clock(clock_in),
        options(std::move(options_in)),
        websocket(std::make_shared<const net::WebSocketOptions>(options.websocket)),
        watcher([this] { Watch(); }) {}

  class Session;

  auth::Resolution Resolve(const auth::ConnectionFacts& facts) const {
    // Connections are few beside requests: nothing to remember tokens for.
    auth::TokenCache tokens(verifier, 1);
    return auth::ResolveIdentity(facts, options.identity, tokens, lookup, clock.NowMicros());
  }

  void Watch();
  void Check(Watched& watched);

  live::Hub& hub;
  const auth::JwtVerifier& verifier;
  const auth::RoleLookup lookup;
  const Clock& clock;
  const LiveEndpointOptions options;
  const std::shared_ptr<const net::WebSocketOptions> websocket;
  Guarded<std::unordered_map<const Watched*, WatchedPtr>> sessions;

  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;  // guarded by mutex
  std::thread watcher;
};

void LiveEndpoint::Impl::Watch() {
  auto next_recheck = steady_clock::now() + options.recheck_interval;
  std::unique_lock lock(mutex);
  while (!wake.wait_for(lock, kWatchInterval, [&] { return stopping; })) {
    lock.unlock();
    const auto now = steady_clock::now();
    const bool recheck = now >= next_recheck;
    if (recheck) next_recheck = now + options.recheck_interval;
    std::vector<WatchedPtr> all;
    sessions.With([&](const auto& map) {
      for (const auto& [raw, watched] : map) all.push_back(watched);
    });
    for (const auto& watched : all) {
      std::lock_guard guard(watched->mutex);
      if (!watched->socket) continue;
      if (!watched->who && now - watched->since >= options.authentication_timeout) {
        watched->socket->Close(kCloseUnauthenticated, "no authentication in time");
      } else if (watched->who && recheck) {
        Check(*watched);
      }
    }
    lock.lock();
  }
}

void LiveEndpoint::Impl::Check(Watched& watched) {
  const auto resolution = Resolve(watched.facts.view());
  if (const auto* failure = std::get_if<auth::AuthFailure>(&resolution)) {
    return watched.socket->Close(kCloseUnauthenticated, failure->message);
  }
  if (std::get<auth::Identity>(resolution) != *watched.who) {
    watched.socket->Close(kCloseUnauthenticated, "the user's role has changed: connect again");
  }
}

// One connection. On its loop.
class LiveEndpoint::Impl::Session final : public net::WebSocketHandler {
 public:
  Session(Impl& endpoint, KeptFacts facts, std::optional<auth::Identity> who)
      : endpoint_(endpoint), watched_(std::make_shared<Watched>(std::move(facts))), may_authenticate_(true) {
    watched_->who = std::move(who);
  }

  void OnOpen(const net::WebSocketPtr& socket) override {
    socket_ = socket;
    std::optional<auth::Identity> who;
    {
      std::lock_guard lock(watched_->mutex);
      watched_->socket = socket;
      watched_->since = steady_clock::now();
      who = watched_->who;
    }
    endpoint_.sessions.With([&](auto& map) { map.emplace(watched_.get(), watched_); });
    if (who) connection_ = endpoint_.hub.Open(socket, *std::move(who));
  }

  void OnMessage(net::MessageType type, std::string_view payload) override {
    if (type == net::MessageType::kBinary) return;
    if (!WithinRate()) return;
    auto message = wire::ParseClientMessage(payload);
    if (!message.ok()) {
      return Error("unknown", "INVALID_SUBSCRIPTION",
                   "Failed to parse subscription request: " + message.error().message());
    }
    std::visit([this](auto& m) { On(m); }, *message);
  }

  void OnBacklogLow() override {
    if (connection_) endpoint_.hub.BacklogLow(connection_);
  }

  void OnClose(std::uint16_t, std::string_view) override {
    endpoint_.sessions.With([&](auto& map) { map.erase(watched_.get()); });
    if (connection_) endpoint_.hub.Close(connection_);
    connection_.reset();
    std::lock_guard lock(watched_->mutex);
    watched_->socket.reset();
  }

 private:
  void Error(std::string_view id, std::string_view code, std::string_view text) {
    Send(*socket_, [&](std::string& out) { wire::AppendError(out, id, code, text); });
  }

  bool WithinRate() {
    const unsigned most = endpoint_.options.max_messages_per_sec;
    if (most == 0) return true;
    const auto now = steady_clock::now();
    if (now - second_ >= std::chrono::seconds(1)) {
      second_ = now;
      messages_ = 0;
    }
    if (++messages_ <= most) return true;
    // Said once a second: an answer to each would help the flood.
    if (messages_ == most + 1) {
      Error("rate_limit", "RATE_LIMIT_EXCEEDED", "Too many messages per second. Please slow down.");
    }
    return false;
  }

  void On(wire::Ping&) {
    Send(*socket_, [](std::string& out) { wire::AppendPong(out); });
  }

  void On(wire::Authenticate& authenticate) {
    if (!may_authenticate_) {
      return Error("connection", "INVALID_SUBSCRIPTION", "authenticate must be the first message");
    }
    may_authenticate_ = false;
    std::lock_guard lock(watched_->mutex);
    // Who says who they are in a message is that, whatever the connection came with.
    watched_->facts.authorization = "Bearer " + authenticate.token;
    const auto resolution = endpoint_.Resolve(watched_->facts.view());
    if (const auto* failure = std::get_if<auth::AuthFailure>(&resolution)) {
      Error("connection", "UNAUTHORIZED", failure->message);
      return socket_->Close(kCloseUnauthenticated, failure->message);
    }
    watched_->who = std::get<auth::Identity>(resolution);
    if (connection_) endpoint_.hub.Close(connection_);
    connection_ = endpoint_.hub.Open(socket_, *watched_->who);
    Send(*socket_, [&](std::string& out) { wire::AppendAuthenticated(out, watched_->who->user_id.text()); });
  }

  void On(wire::Subscribe& subscribe) {
    may_authenticate_ = may_authenticate_ && !connection_;
    for (auto& request : subscribe.requests) {
      if (!connection_) {
        Error(request.id, "UNAUTHORIZED", "User authentication required for subscriptions");
      } else {
        endpoint_.hub.Subscribe(connection_, std::move(request));
      }
    }
  }

  void On(wire::Unsubscribe& unsubscribe) {
    for (const std::string& id : unsubscribe.ids) {
      if (!connection_) {
        Error(id, "UNAUTHORIZED", "User authentication required for subscriptions");
      } else {
        endpoint_.hub.Unsubscribe(connection_, id);
      }
    }
  }

  Impl& endpoint_;
  const WatchedPtr watched_;
  net::WebSocketPtr socket_;
  live::ConnectionPtr connection_;  // null: nobody yet
  bool may_authenticate_;
  steady_clock::time_point second_{};
  unsigned messages_ = 0;
};

LiveEndpoint::LiveEndpoint(live::Hub& hub, const auth::JwtVerifier& verifier, auth::RoleLookup lookup,
                           const Clock& clock, LiveEndpointOptions options)
    : impl_(std::make_unique<Impl>(hub, verifier, std::move(lookup), clock, std::move(options))) {}

LiveEndpoint::~LiveEndpoint() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_one();
  impl_->watcher.join();
}

void LiveEndpoint::Handle(net::HttpExchangePtr exchange, std::vector<std::pair<std::string, std::string>> headers) {
  const net::HttpRequest& request = exchange->request();
  const auto refuse = [&](int status, std::string_view code, std::string_view message) {
    exchange->Respond({.status = status, .body = wire::ErrorBody(code, message), .headers = std::move(headers)});
  };
  if (auto refusal = net::CheckHandshake(request)) {
    headers.insert(headers.end(), refusal->headers.begin(), refusal->headers.end());
    return refuse(refusal->status, "INVALID_REQUEST", refusal->message);
  }
  auth::ConnectionFacts facts = FactsOf(*exchange);
  // A browser sends whatever page's request it is told to; the server decides whose pages may connect.
  if (facts.origin && !impl_->options.identity.origins.Allows(*facts.origin, facts.host.value_or(""))) {
    return refuse(403, "ORIGIN_NOT_ALLOWED", "Pages of this origin may not connect ([server] cors_origins)");
  }
  KeptFacts kept(facts);
  if (!kept.authorization && !kept.api_key) {
    kept.api_key = QueryParameter(request.query(), "api_key");
    if (const auto token = QueryParameter(request.query(), "token")) kept.authorization = "Bearer " + *token;
  }
  auto resolution = impl_->Resolve(kept.view());
  std::optional<auth::Identity> who;
  if (const auto* failure = std::get_if<auth::AuthFailure>(&resolution)) {
    // Without any credentials there is the first message to come.
    if (kept.authorization || kept.api_key || failure->code != "MISSING_AUTHORIZATION") {
      return refuse(failure->http_status, failure->code, failure->message);
    }
  } else {
    who = std::get<auth::Identity>(std::move(resolution));
  }
  exchange->Respond(net::AcceptWebSocket(
      request, std::make_unique<Impl::Session>(*impl_, std::move(kept), std::move(who)), impl_->websocket));
}

}  // namespace kalam::api
