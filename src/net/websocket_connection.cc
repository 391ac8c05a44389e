#include "websocket_connection.h"

#include "base/log.h"
#include "event_loop_impl.h"
#include "websocket_outbox.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace kalam::net {
namespace {

// Frames gathered into one write.
constexpr std::size_t kMaxPieces = 128;

// A larger frame goes over the loop: its copy into the kernel would hold up whoever sends it.
constexpr std::size_t kMaxAtOnceBytes = 16 << 10;

// What an idle connection keeps of its queue.
constexpr std::size_t kKeptQueueEntries = 16;

// Probes of a closed window that may be on their way; more, and the client's machine is gone.
constexpr unsigned kMaxUnansweredProbes = 2;

bool IsTransient(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// What a queued frame counts, so that tiny frames are bounded too.
std::size_t CostOf(const Frame& frame) { return frame.bytes().size() + sizeof(FramePtr); }

}  // namespace

WebSocketConnection::WebSocketConnection(std::shared_ptr<ConnectionSet> set, std::size_t index,
                                         const Peer& peer, WebSocketUpgrade upgrade)
    : Connection(index),
      set_(std::move(set)),
      options_(std::move(upgrade.options)),
      handler_(std::move(upgrade.handler)),
      peer_address_(peer.address),
      since_(ConnectionSet::Now()),
      alive_(since_),
      pinged_(since_),
      parser_(options_->max_message_bytes) {}

WebSocketConnection::~WebSocketConnection() = default;

void WebSocketConnection::Start(int fd, std::string early) {
  socket_.emplace(set_->loop().impl().io, fd);
  {
    std::lock_guard lock(write_mutex_);
    writable_fd_ = fd;
  }
  Guard([&] {
    CallHandler([this] { handler_->OnOpen(shared_from_this()); });
    if (set_->draining()) OnDrain();
    OnBytes(early);
    ArmRead();
  });
}

template <typename Step>
void WebSocketConnection::Guard(const Step& step) {
  if (state_ == State::kClosed) return;
  try {
    step();
  } catch (const std::exception& e) {  // out of memory, at worst: this connection pays, no other
    log::Error("net", std::string("WebSocket dropped: ") + e.what());
    Lose("internal error");
  }
}

// Runs a call of the handler that is not the last.
template <typename Call>
void WebSocketConnection::CallHandler(const Call& call) {
  try {
    return call();
  } catch (const std::exception& e) {
    log::Error("net", std::string("exception in a WebSocket handler: ") + e.what());
  } catch (...) {
    log::Error("net", "unknown exception in a WebSocket handler");
  }
  CloseInLoop(close_code::kInternalError, "internal error");
}

void WebSocketConnection::Enter(State state) {
  state_ = state;
  since_ = ConnectionSet::Now();
}

// --- From any thread -----------------------------------------------------------------------------

SendResult WebSocketConnection::Send(FramePtr frame, QueueRoom room) {
  const SendResult result = Admit(*frame, room);
  if (result != SendResult::kQueued) return result;
  if (set_->loop().InLoop()) {
    outbox().Take();
    Enqueue(std::move(frame));
  } else {
    outbox().Put({shared_from_this(), std::move(frame)});
  }
  return result;
}

SendResult WebSocketConnection::Admit(const Frame& frame, QueueRoom room) {
  if (!accepting_.load(std::memory_order_acquire)) return SendResult::kClosed;
  const std::size_t cost = CostOf(frame);
  const std::size_t limit =
      options_->max_queue_bytes + (room == QueueRoom::kReserve ? options_->reserve_bytes : 0);
  std::size_t queued = backlog_.load(std::memory_order_relaxed);
  do {
    if (cost > limit || queued > limit - cost) {
      // The queue may have been written in the meantime, and nothing would tell of it.
      if (!was_high_.exchange(true)) {
        set_->loop().Post([self = shared_from_this()] { self->TellIfLow(); });
      }
      return SendResult::kWouldExceed;
    }
  } while (!backlog_.compare_exchange_weak(queued, queued + cost));
  if (queued + cost > options_->low_water_bytes) was_high_.store(true);
  return SendResult::kQueued;
}

void WebSocketConnection::Close(std::uint16_t code, std::string_view reason) {
  if (!accepting_.exchange(false)) return;
  if (set_->loop().InLoop()) return CloseInLoop(code, reason);
  set_->loop().Post([self = shared_from_this(), code, text = std::string(reason)] {
    self->Guard([&] { self->CloseInLoop(code, text); });
  });
}

// --- Reading -------------------------------------------------------------------------------------

void WebSocketConnection::ArmRead() {
  if (state_ == State::kClosed) return;
  socket_->async_wait(Descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code&) {
                        self->Guard([&] { self->OnReadable(); });
                      });
}

void WebSocketConnection::OnReadable() {
  auto& scratch = set_->scratch();
  const ssize_t size = ::recv(socket_->native_handle(), scratch.data(), scratch.size(), 0);
  if (size == 0 || (size < 0 && !IsTransient(errno))) return Lose("the connection was lost");
  if (size > 0) {
    alive_ = ConnectionSet::Now();
    OnBytes({scratch.data(), static_cast<std::size_t>(size)});
  }
  ArmRead();
}

void WebSocketConnection::OnBytes(std::span<char> bytes) {
  while (state_ == State::kOpen || state_ == State::kClosing) {
    switch (parser_.Next(bytes)) {
      case WebSocketParser::Event::kNeedMore:
        return;
      case WebSocketParser::Event::kText:
        OnMessage(MessageType::kText);
        break;
      case WebSocketParser::Event::kBinary:
        OnMessage(MessageType::kBinary);
        break;
      case WebSocketParser::Event::kPing:
        OnPing();
        break;
      case WebSocketParser::Event::kPong:
        break;  // it was heard, which is all a pong is for
      case WebSocketParser::Event::kClose:
        OnClientsClose();
        break;
      case WebSocketParser::Event::kFailed:
        OnBrokenRule();
        break;
    }
  }
  lingered_bytes_ += bytes.size();
  if (lingered_bytes_ > set_->options().max_linger_bytes) Drop();
}

void WebSocketConnection::OnMessage(MessageType type) {
  if (state_ != State::kOpen) return;
  CallHandler([&] { handler_->OnMessage(type, parser_.payload()); });
}

void WebSocketConnection::OnPing() {
  if (state_ != State::kOpen) return;
  // A client that pings and does not read gets no answer for those beyond the queue's reserve, half
  // of which stays for others.
  if (backlog_bytes() > options_->max_queue_bytes + options_->reserve_bytes / 2) return;
  Send(Frame::Pong(parser_.payload()), QueueRoom::kReserve);
}

void WebSocketConnection::OnClientsClose() {
  const std::uint16_t code = parser_.close_code();
  if (state_ == State::kClosing) return Finish(own_code_, own_reason_);
  SendLast(code, {});
  Finish(code, parser_.close_reason());
}

void WebSocketConnection::OnBrokenRule() {
  if (state_ == State::kClosing) return Finish(own_code_, own_reason_);
  SendLast(parser_.close_code(), parser_.close_reason());
  Finish(parser_.close_code(), parser_.close_reason());
}

// --- Writing -------------------------------------------------------------------------------------

void WebSocketConnection::Enqueue(FramePtr frame) {
  if (state_ != State::kOpen) {  // behind the close frame nothing may follow
    backlog_.fetch_sub(CostOf(*frame));
    return;
  }
  {
    std::lock_guard lock(write_mutex_);
    out_.push_back(std::move(frame));
  }
  FlushSoon();
}

bool WebSocketConnection::WriteAtOnce(const FramePtr& frame) {
  const std::size_t size = frame->bytes().size();
  if (size > kMaxAtOnceBytes || was_high_.load()) return false;
  std::lock_guard lock(write_mutex_);
  const bool alone = backlog_.load() == CostOf(*frame) && out_head_ == out_.size();
  if (!alone || writable_fd_ < 0 || !accepting_.load()) return false;
  const ssize_t sent = ::send(writable_fd_, frame->bytes().data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent <= 0) return false;  // the loop meets the same, and knows what to do
  if (static_cast<std::size_t>(sent) == size) {
    backlog_.fetch_sub(CostOf(*frame));
    return true;
  }
  out_.push_back(frame);
  written_ = static_cast<std::size_t>(sent);
  set_->loop().Post([self = shared_from_this()] { self->FlushSoon(); });
  return true;
}

bool WebSocketConnection::HasUnwritten() const {
  std::lock_guard lock(write_mutex_);
  return out_head_ < out_.size();
}

// The close frame, behind everything that was queued; once.
void WebSocketConnection::SendLast(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  accepting_.store(false, std::memory_order_release);
  outbox().Take();
  FramePtr frame = Frame::Close(code, reason);
  backlog_.fetch_add(CostOf(*frame));
  {
    std::lock_guard lock(write_mutex_);
    out_.push_back(std::move(frame));
    writable_fd_ = -1;
  }
  FlushSoon();
}

void WebSocketConnection::FlushSoon() {
  if (flush_scheduled_ || write_blocked_) return;
  flush_scheduled_ = true;
  outbox().FlushLater(shared_from_this());
}

void WebSocketConnection::FlushNow() {
  flush_scheduled_ = false;
  Guard([&] {
    Progress progress = Progress::kAllTaken;
    bool is_empty = false;
    {
      std::lock_guard lock(write_mutex_);
      while (out_head_ < out_.size() && !write_blocked_ && progress == Progress::kAllTaken) progress = Write();
      is_empty = out_head_ == out_.size();
    }
    if (progress == Progress::kLost) return Lose("the connection was lost");
    if (progress == Progress::kBlocked) ArmWrite();
    if (state_ == State::kFinishing && is_empty) {
      ::shutdown(socket_->native_handle(), SHUT_WR);
      Enter(State::kLingering);
      set_->ConnectionLingers();
    }
    if (was_high_.load()) TellIfLow();
  });
}

// One write of as many frames as fit into it. The caller holds write_mutex_.
WebSocketConnection::Progress WebSocketConnection::Write() {
  std::array<iovec, kMaxPieces> pieces;
  const std::size_t count = std::min(out_.size() - out_head_, kMaxPieces);
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view bytes = out_[out_head_ + i]->bytes().substr(i == 0 ? written_ : 0);
    pieces[i] = {const_cast<char*>(bytes.data()), bytes.size()};
    size += bytes.size();
  }
  const int fd = socket_->native_handle();
  ssize_t sent = 0;
  if (count == 1) {  // the kernel has less to look at
    sent = ::send(fd, pieces[0].iov_base, size, MSG_NOSIGNAL);
  } else {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
  }
  if (sent < 0) return IsTransient(errno) ? Progress::kBlocked : Progress::kLost;
  Written(static_cast<std::size_t>(sent));
  return static_cast<std::size_t>(sent) < size ? Progress::kBlocked : Progress::kAllTaken;
}

void WebSocketConnection::Written(std::size_t bytes) {
  std::size_t paid = 0;
  bytes += written_;
  while (out_head_ < out_.size() && bytes >= out_[out_head_]->bytes().size()) {
    bytes -= out_[out_head_]->bytes().size();
    paid += CostOf(*out_[out_head_]);
    out_[out_head_++].reset();
  }
  written_ = bytes;
  backlog_.fetch_sub(paid);
  if (out_head_ == out_.size()) {
    out_.clear();
    if (out_.capacity() > kKeptQueueEntries) std::vector<FramePtr>().swap(out_);
    out_head_ = 0;
  } else if (out_head_ > out_.size() / 2) {  // a queue that never empties must not grow for ever
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(out_head_));
    out_head_ = 0;
  }
}

void WebSocketConnection::ArmWrite() {
  write_blocked_ = true;
  socket_->async_wait(Descriptor::wait_write,
                      [self = shared_from_this()](const boost::system::error_code&) {
                        self->write_blocked_ = false;
                        self->alive_ = ConnectionSet::Now();  // it has acknowledged something
                        if (self->state_ != State::kClosed) self->FlushSoon();
                      });
}

void WebSocketConnection::TellIfLow() {
  if (state_ != State::kOpen || backlog_bytes() > options_->low_water_bytes) return;
  if (!was_high_.exchange(false)) return;
  CallHandler([this] { handler_->OnBacklogLow(); });
}

// --- Time and the end ----------------------------------------------------------------------------

void WebSocketConnection::CloseInLoop(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  SendLast(code, reason);
  own_code_ = code;
  own_reason_ = reason;
  Enter(State::kClosing);
}

// No frame will be read any more: says so to the handler and ends once everything is written.
void WebSocketConnection::Finish(std::uint16_t code, std::string_view reason) {
  Enter(State::kFinishing);
  FlushSoon();
  TellClosed(code, reason);
}

void WebSocketConnection::Lose(std::string_view why) {
  Drop();
  TellClosed(close_code::kAbnormal, why);
}

void WebSocketConnection::Drop() {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  accepting_.store(false, std::memory_order_release);
  set_->Remove(*this);
  state_ = State::kClosed;
  {
    std::lock_guard lock(write_mutex_);
    writable_fd_ = -1;
    out_.clear();
    out_head_ = 0;
  }
  boost::system::error_code ignored;
  socket_->close(ignored);
  socket_.reset();
}

void WebSocketConnection::TellClosed(std::uint16_t code, std::string_view reason) {
  if (!handler_) return;
  const auto handler = std::move(handler_);
  try {
    handler->OnClose(code, reason);
  } catch (const std::exception& e) {
    log::Error("net", std::string("exception in a WebSocket handler: ") + e.what());
  } catch (...) {
    log::Error("net", "unknown exception in a WebSocket handler");
  }
}

void WebSocketConnection::OnDrain() {
  if (state_ != State::kOpen) return;
  accepting_.store(false);
  CloseInLoop(close_code::kGoingAway, "the server is shutting down");
}

void WebSocketConnection::Sweep(ConnectionSet::Clock::time_point now) {
  Guard([&] {
    switch (state_) {
      case State::kOpen: {
        if (IsSilent(now)) return Lose("the client fell silent");
        // Behind a backlog a ping would say nothing of the client until the backlog is gone.
        if (now - pinged_ < options_->ping_interval || HasUnwritten()) return;
        static const FramePtr ping = Frame::Ping({});
        pinged_ = now;
        Send(ping, QueueRoom::kReserve);
        return;
      }
      case State::kClosing:
      case State::kFinishing: {
        const auto limit = set_->draining()
                               ? std::min(options_->drain_timeout, options_->close_timeout)
                               : options_->close_timeout;
        if (now - since_ > limit) Lose("the client did not answer the close frame");
        return;
      }
      case State::kLingering:
        if (now - since_ > set_->options().linger_time) Drop();
        return;
      case State::kClosed:
        return;
    }
  });
}

bool WebSocketConnection::IsSilent(ConnectionSet::Clock::time_point now) const {
  const auto quiet = now - alive_;
  if (quiet < options_->silent_timeout) return false;
  return quiet >= options_->stall_timeout || !IsTakingBacklog();
}

// Something waits to be taken, here or in the kernel, and the client's machine still acknowledges: a
// slow line, or a program that does not read, but no dead machine. Acknowledged in full and yet
// something unsent means that the window is closed; the kernel then probes it.
bool WebSocketConnection::IsTakingBacklog() const {
  const int fd = const_cast<Descriptor&>(*socket_).native_handle();
  int in_kernel = 0;
  if (!HasUnwritten() && (ioctl(fd, SIOCOUTQ, &in_kernel) != 0 || in_kernel == 0)) return false;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  if (info.tcpi_unacked == 0) return info.tcpi_probes <= kMaxUnansweredProbes;
  return std::chrono::milliseconds(info.tcpi_last_ack_recv) < options_->silent_timeout;
}

// --- Fan-out -------------------------------------------------------------------------------------

class WebSocketFanOut::Batches {
 public:
  void Add(std::shared_ptr<WebSocketConnection> to, FramePtr frame) {
    WebSocketOutbox& outbox = to->outbox();
    if (last_ >= batches_.size() || batches_[last_].outbox.get() != &outbox) Find(outbox);
    Batch& batch = batches_[last_];
    if (batch.deliveries.empty() || batch.deliveries.back().to != to) {
      if (batch.receivers == kMaxReceivers) batch.Put();
      ++batch.receivers;
    }
    batch.deliveries.push_back({std::move(to), std::move(frame)});
  }

  void Flush() {
    std::size_t count = 0;
    for (const Batch& batch : batches_) count += batch.deliveries.size();
    if (count <= kMaxAtOnce) WriteAtOnce();
    for (Batch& batch : batches_) batch.Put();
  }

 private:
  struct Batch {
    std::shared_ptr<WebSocketOutbox> outbox;
    std::vector<WebSocketOutbox::Delivery> deliveries{};
    std::size_t receivers = 0;  // of the deliveries; who comes twice in a row counts once

    void Put() {
      outbox->PutAll(std::move(deliveries));
      deliveries.clear();
      receivers = 0;
    }
  };

  // A loop begins to write when it has so many, while the producer goes on with the next.
  static constexpr std::size_t kMaxReceivers = 128;
  // More than so many are cheaper over the loops, each of which is woken once.
  static constexpr std::size_t kMaxAtOnce = 4;

  void WriteAtOnce() {
    for (Batch& batch : batches_) {
      std::erase_if(batch.deliveries,
                    [](const auto& delivery) { return delivery.to->WriteAtOnce(delivery.frame); });
    }
  }

  void Find(WebSocketOutbox& outbox) {
    const auto found = std::find_if(batches_.begin(), batches_.end(), [&](const Batch& batch) {
      return batch.outbox.get() == &outbox;
    });
    last_ = static_cast<std::size_t>(found - batches_.begin());
    if (found == batches_.end()) batches_.push_back({outbox.shared_from_this()});
  }

  std::vector<Batch> batches_;  // one for each loop that was sent to
  std::size_t last_ = 0;
};

WebSocketFanOut::WebSocketFanOut() : batches_(std::make_unique<Batches>()) {}
WebSocketFanOut::~WebSocketFanOut() { Flush(); }

SendResult WebSocketFanOut::Send(const WebSocketPtr& to, FramePtr frame) {
  auto connection = std::static_pointer_cast<WebSocketConnection>(to);  // there is no other kind
  const SendResult result = connection->Admit(*frame, QueueRoom::kNormal);
  if (result == SendResult::kQueued) batches_->Add(std::move(connection), std::move(frame));
  return result;
}

void WebSocketFanOut::Flush() { batches_->Flush(); }

}  // namespace kalam::net
