#include "subscription_worker.h"

#include "live_message.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace kalam {
inline namespace link_v1 {

namespace {

using Kind = ChangeEvent::Kind;

std::string NewId() {
  static std::atomic<std::uint64_t> next{1};
  return "sub-" + std::to_string(next.fetch_add(1));
}

// What the server says of itself, not of the subscription.
bool MayPass(const Error& error) {
  return error.code == "SLOW_CONSUMER" || error.code == "CONNECTION_NOT_READY" ||
         error.code == "RATE_LIMIT_EXCEEDED";
}

bool MayPassByKind(const Error& error) {
  if (error.kind == ErrorKind::kAuthentication) return false;
  // 4xx: the same request gets the same answer.
  const bool refused = error.kind == ErrorKind::kWebSocket && error.http_status != 0;
  return !refused || error.http_status >= 500 || error.http_status == 429;
}

}  // namespace

Subscription::Worker::Worker(SubscriptionTarget target, std::string sql, SubscribeOptions options)
    : target_(std::move(target)),
      sql_(std::move(sql)),
      options_(options),
      id_(NewId()),
      position_(options.from_seq),
      pause_(options.first_pause) {}

Subscription::Worker::~Worker() { Close(); }

Result<bool> Subscription::Worker::Start() {
  thread_ = std::thread([this] { Run(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return started_ || refusal_; });
  if (refusal_) return *refusal_;
  return true;
}

std::optional<ChangeEvent> Subscription::Worker::Next(
    std::optional<std::chrono::steady_clock::time_point> until) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return closing_ || ended_ || !events_.empty(); };
  if (until) {
    changed_.wait_until(lock, *until, ready);
  } else {
    changed_.wait(lock, ready);
  }
  if (closing_ || events_.empty()) return std::nullopt;
  ChangeEvent event = std::move(events_.front());
  events_.pop_front();
  queued_bytes_ -= BytesOf(event);
  lock.unlock();
  changed_.notify_all();  // there may be room for the next
  return event;
}

void Subscription::Worker::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    if (connection_) connection_->Interrupt();
  }
  changed_.notify_all();
  {
    const std::lock_guard joining(joining_);
    if (thread_.joinable()) thread_.join();
  }
  const std::lock_guard lock(mutex_);
  events_.clear();
}

bool Subscription::Worker::is_active() const {
  const std::lock_guard lock(mutex_);
  return !closing_ && (!ended_ || !events_.empty());
}

std::size_t Subscription::Worker::queued() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

bool Subscription::Worker::closing() const {
  const std::lock_guard lock(mutex_);
  return closing_;
}

void Subscription::Worker::SetConnection(std::unique_ptr<WebSocketConnection> connection) {
  const std::lock_guard lock(mutex_);
  connection_ = std::move(connection);
}

// Waits for room. False: closing.
bool Subscription::Worker::Push(ChangeEvent event) {
  const std::size_t bytes = BytesOf(event);
  std::unique_lock lock(mutex_);
  // One event always has room, however large.
  changed_.wait(lock, [&] {
    return closing_ || events_.empty() || queued_bytes_ + bytes <= options_.max_queued_bytes;
  });
  if (closing_) return false;
  events_.push_back(std::move(event));
  queued_bytes_ += bytes;
  lock.unlock();
  changed_.notify_all();
  if (options_.ready) options_.ready();
  return true;
}

bool Subscription::Worker::Pause() {
  const auto half = pause_.count() / 2;
  const std::chrono::milliseconds pause(
      half + static_cast<std::int64_t>(random_() % static_cast<unsigned>(half + 1)));
  pause_ = std::min(pause_ * 2, options_.max_pause);
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, pause, [&] { return closing_; });
}

void Subscription::Worker::Run() {
  while (!closing()) {
    Ending ending = RunConnection();
    SetConnection(nullptr);
    if (closing()) break;
    ++failures_;
    const bool again =
        ending.may_pass && (acknowledged_ ? options_.reconnect : failures_ <= target_.max_retries);
    if (!again) {
      if (acknowledged_) {
        ChangeEvent last;
        last.kind = Kind::kError;
        last.error = std::move(ending.error);
        Push(std::move(last));
      } else {
        const std::lock_guard lock(mutex_);
        refusal_ = std::move(ending.error);
      }
      break;
    }
    if (acknowledged_ && !lost_) {
      lost_ = true;
      ChangeEvent lost;
      lost.kind = Kind::kConnectionLost;
      lost.error = std::move(ending.error);
      if (!Push(std::move(lost))) break;
    }
    if (!Pause()) break;
  }
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (!started_ && !refusal_) refusal_.emplace().message = "closed";
  }
  changed_.notify_all();
  if (options_.ready) options_.ready();
}

Subscription::Worker::Ending Subscription::Worker::RunConnection() {
  SetConnection(
      WebSocketConnection::Make({.timeout = target_.timeout, .silence = options_.silence}));
  WebSocketConnection& connection = *connection_;
  if (closing()) return {};
  if (auto opened = connection.Open(target_.address, target_.headers); !opened) {
    const bool may_pass = MayPassByKind(opened.error());
    return {std::move(opened).error(), may_pass};
  }
  // First rows that were cut off come anew.
  const std::string request = SubscribeMessage(id_, sql_, options_, position_, everything_);
  if (auto sent = connection.Send(request); !sent) return {std::move(sent).error()};
  while (true) {
    auto text = connection.Read();
    if (!text) return {std::move(text).error()};
    auto message = ParseLiveMessage(*text);
    if (!message) return {std::move(message).error()};
    if (message->type == LiveMessage::Type::kOther) continue;
    if (auto ending = Take(std::move(message->event))) {
      connection.Close();
      return *std::move(ending);
    }
  }
}

std::optional<Subscription::Worker::Ending> Subscription::Worker::Take(ChangeEvent event) {
  if (event.kind == Kind::kError) return TakeError(std::move(event));
  if (event.kind == Kind::kAck) {
    failures_ = 0;
    pause_ = options_.first_pause;
    const bool first = !acknowledged_;
    acknowledged_ = true;
    NotePosition(event);
    if (!first) {
      if (!lost_) return std::nullopt;
      lost_ = false;
      event.kind = Kind::kResumed;
      if (has_rows_ && !position_) {
        // Half of the first rows are there already, from another moment.
        if (!Push(event)) return Ending{};
        event.kind = Kind::kResync;
      }
    }
    const bool pushed = Push(std::move(event));
    if (first) {
      const std::lock_guard lock(mutex_);
      started_ = true;
    }
    changed_.notify_all();
    return pushed ? std::nullopt : std::optional<Ending>(std::in_place);
  }
  NotePosition(event);
  if (!Push(std::move(event))) return Ending{};
  return std::nullopt;
}

// Where to go on if the connection is lost now.
void Subscription::Worker::NotePosition(const ChangeEvent& event) {
  switch (event.kind) {
    case Kind::kAck: {
      const bool rows_follow =
          everything_ || (!position_ && (options_.snapshot || options_.last_rows > 0));
      if (!rows_follow) position_ = event.seq;
      return;
    }
    case Kind::kResync:
      position_.reset();
      everything_ = true;
      has_rows_ = true;
      return;
    case Kind::kInitialData:
      has_rows_ = true;
      if (event.more) return;
      position_ = event.seq;
      everything_ = false;
      return;
    default:
      position_ = event.seq;
  }
}

std::optional<Subscription::Worker::Ending> Subscription::Worker::TakeError(ChangeEvent event) {
  Error error = *std::move(event.error);
  const bool may_pass = MayPass(error);
  return Ending{std::move(error), may_pass};
}

}  // namespace link_v1
}  // namespace kalam
