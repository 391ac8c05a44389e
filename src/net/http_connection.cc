#include "http_connection.h"

#include "base/log.h"
#include "response_writer.h"
#include "websocket_connection.h"

#include <cerrno>
#include <exception>

#include <sys/socket.h>
#include <sys/uio.h>

namespace kalam::net {
namespace {

// Up to here copying a body behind its head is cheaper than a second piece in the write.
constexpr std::size_t kCopiedBodyBytes = 16 << 10;

// Answers to pipelined requests are collected up to this size before they are written.
constexpr std::size_t kCollectedBytes = 64 << 10;

// What a connection keeps for its next request; a larger buffer goes back to the allocator.
constexpr std::size_t kKeptRequestBytes = 64 << 10;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool IsTransient(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

void Release(std::string& text) { std::string().swap(text); }

std::string Milliseconds(std::chrono::milliseconds time) {
  return std::to_string(time.count()) + " ms";
}

}  // namespace

void ConnectionExchange::Respond(HttpResponse response) {
  if (answered_.exchange(true)) {
    log::Error("net", "a request was answered twice; the second answer is dropped");
    return;
  }
  if (loop_.InLoop()) return Deliver(std::move(response));
  loop_.Post([self = shared_from_this(), answer = std::move(response)]() mutable {
    self->Deliver(std::move(answer));
  });
}

void ConnectionExchange::Deliver(HttpResponse response) {
  gone_ = nullptr;
  if (connection_ == nullptr) return;
  const auto connection = std::exchange(connection_, nullptr)->shared_from_this();
  connection->Guard([&] { connection->OnAnswer(std::move(response)); });
}

void ConnectionExchange::OnClientGone(std::function<void()> gone) { gone_ = std::move(gone); }

HttpConnection::HttpConnection(std::shared_ptr<ConnectionSet> set, std::size_t index, int fd,
                               Peer peer)
    : Connection(index),
      set_(std::move(set)),
      socket_(std::in_place, set_->loop().impl().io, fd),
      peer_(std::move(peer)),
      since_(ConnectionSet::Now()),
      parser_(set_->shared().parser_limits) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::Start(bool too_many) {
  if (too_many) {
    Refuse(503, "the server is at its limit of " + std::to_string(set_->options().max_connections) +
                    " connections (performance.max_connections)");
  }
  Settle();
}

template <typename Step>
void HttpConnection::Guard(const Step& step) {
  if (state_ == State::kClosed) return;
  try {
    step();
  } catch (const std::exception& e) {  // out of memory, at worst: this connection pays, no other
    log::Error("net", std::string("connection closed: ") + e.what());
    Close();
  }
}

void HttpConnection::Enter(State state) {
  state_ = state;
  since_ = ConnectionSet::Now();
}

void HttpConnection::Settle() {
  Flush();
  if (state_ == State::kClosed) return;
  if (!write_blocked_) {
    if (state_ == State::kUpgrading) {
      return HandOver();
    } else if (state_ == State::kClosing) {
      Linger();
    } else if (state_ == State::kReading && end_of_input_) {
      Refuse(400, "the request ended before it was complete");
      return Settle();
    } else if (state_ == State::kIdle && (end_of_input_ || set_->draining())) {
      return Close();
    }
  }
  ArmRead();
}

// --- Reading -------------------------------------------------------------------------------------

bool HttpConnection::CanParse() const {
  return (state_ == State::kIdle || state_ == State::kReading) && !write_blocked_;
}

void HttpConnection::ArmRead() {
  if (read_armed_ || end_of_input_ || state_ == State::kClosed) return;
  if (!CanParse() && pending_.size() >= set_->options().max_pipelined_bytes) return;
  read_armed_ = true;
  socket_->async_wait(Descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code&) {
                        self->read_armed_ = false;
                        self->Guard([&] { self->OnReadable(); });
                      });
}

void HttpConnection::OnReadable() {
  auto& scratch = set_->scratch();
  const ssize_t size = ::recv(socket_->native_handle(), scratch.data(), scratch.size(), 0);
  if (size < 0 && !IsTransient(errno)) return OnLost();
  if (size == 0) return OnEndOfInput();
  if (size > 0) OnBytes({scratch.data(), static_cast<std::size_t>(size)});
  Settle();
}

void HttpConnection::OnBytes(std::string_view bytes) {
  if (state_ == State::kLingering) {
    lingered_bytes_ += bytes.size();
    if (lingered_bytes_ > set_->options().max_linger_bytes) Close();
    return;
  }
  if (state_ == State::kClosing) return;
  if (!CanParse() || !pending_.empty()) {
    pending_.append(bytes);
    return ParsePending();
  }
  bytes.remove_prefix(Parse(bytes));
  if (state_ != State::kClosing && state_ != State::kClosed) pending_.assign(bytes);
}

void HttpConnection::ParsePending() {
  if (!CanParse() || pending_.empty()) return;
  const std::size_t used = Parse(pending_);
  pending_.erase(0, used);
}

// Serves the requests that `input` completes, for as long as they are answered at once, and returns
// how many bytes they and the beginning of the next one took.
std::size_t HttpConnection::Parse(std::string_view input) {
  in_parse_ = true;
  std::string_view rest = input;
  while (CanParse() && !rest.empty()) {
    if (state_ == State::kIdle) {
      if (rest.front() == '\r' || rest.front() == '\n') {  // left behind by some clients
        rest.remove_prefix(1);
        continue;
      }
      BeginRequest();
    }
    rest.remove_prefix(parser_.Put(rest));
    if (parser_.refusal()) {
      Refuse(parser_.refusal()->status, parser_.refusal()->message);
    } else if (parser_.done()) {
      Dispatch();
    } else {
      if (parser_.header_done() && parser_.expects_continue() && !continue_sent_) {
        continue_sent_ = true;
        out_.append(kContinue);
      }
      break;
    }
    if (out_.size() + body_.size() > kCollectedBytes || !body_.empty()) Flush();
  }
  in_parse_ = false;
  return input.size() - rest.size();
}

void HttpConnection::OnEndOfInput() {
  end_of_input_ = true;
  if (state_ == State::kLingering) return Close();
  if (state_ == State::kRunning)
    since_ = ConnectionSet::Now();  // half_close_grace counts from here
  Settle();
}

void HttpConnection::OnLost() {
  std::function<void()> gone;
  if (state_ == State::kRunning) gone = std::exchange(exchange_->gone_, nullptr);
  Close();
  if (gone) gone();
}

// --- The request ---------------------------------------------------------------------------------

void HttpConnection::BeginRequest() {
  if (exchange_ && exchange_.use_count() == 1) {
    // The last holder's reads come before our writes.
    std::atomic_thread_fence(std::memory_order_acquire);
    exchange_->answered_.store(false, std::memory_order_relaxed);
  } else {
    exchange_ = std::make_shared<ConnectionExchange>(set_->loop(), peer_);
  }
  parser_.Begin(exchange_->request_);
  continue_sent_ = false;
  Enter(State::kReading);
}

void HttpConnection::Dispatch() {
  state_ = State::kRunning;
  exchange_->connection_ = this;
  set_->loop().impl().WorkBegun();
  try {
    set_->shared().handler.Handle(exchange_);
  } catch (const std::exception& e) {
    AnswerInternalError(std::string("exception in a request handler: ") + e.what());
  } catch (...) {
    AnswerInternalError("unknown exception in a request handler");
  }
  AnswerIfForgotten();
}

void HttpConnection::AnswerIfForgotten() {
  if (state_ != State::kRunning || exchange_.use_count() > 1) return;
  AnswerInternalError("a request was dropped without an answer: " +
                      std::string(exchange_->request().target()));
}

void HttpConnection::AnswerInternalError(const std::string& log_line) {
  log::Error("net", log_line);
  if (state_ != State::kRunning || exchange_->answered_.exchange(true)) return;
  exchange_->Deliver({.status = 500, .body = set_->shared().RefusalBody(500, "internal error")});
}

void HttpConnection::OnAnswer(HttpResponse response) {
  upgrade_ = std::move(response.websocket);
  const bool last = !upgrade_ && (response.close || !parser_.keep_alive() || set_->draining());
  Queue(std::move(response), last);
  // Who answered may still be reading the request; the memory goes when the last holder does.
  if (exchange_->request().capacity_bytes() > kKeptRequestBytes) exchange_.reset();
  Enter(upgrade_ ? State::kUpgrading : last ? State::kClosing : State::kIdle);
  if (in_parse_) return;  // Parse goes on with the next request
  ParsePending();
  Settle();
}

void HttpConnection::HandOver() {
  if (end_of_input_) return Close();
  const auto self = shared_from_this();
  const auto websocket = std::make_shared<WebSocketConnection>(set_, index(), peer_,
                                                               std::move(*upgrade_));
  const int fd = socket_->release();  // an armed read ends here too, and finds this one closed
  socket_.reset();
  exchange_.reset();
  state_ = State::kClosed;
  set_->Replace(index(), websocket);
  websocket->Start(fd, std::move(pending_));
}

void HttpConnection::Refuse(int status, const std::string& message) {
  HttpResponse response{.status = status, .body = set_->shared().RefusalBody(status, message)};
  if (exchange_) exchange_->request_.Clear();
  Queue(std::move(response), true);
  Enter(State::kClosing);
}

// --- Writing -------------------------------------------------------------------------------------

void HttpConnection::Queue(HttpResponse response, bool last) {
  const bool is_request = exchange_ != nullptr;
  const HttpRequest* const request = is_request ? &exchange_->request() : nullptr;
  auto header = ConnectionHeader::kNone;
  if (last)
    header = ConnectionHeader::kClose;
  else if (request != nullptr && request->is_http10())
    header = ConnectionHeader::kKeepAlive;

  AppendHead(out_, response, set_->date(), header);
  const bool bodiless =
      StatusForbidsBody(response.status) || (request != nullptr && request->method() == "HEAD");
  if (bodiless) return;
  if (response.body.size() <= kCopiedBodyBytes) {
    out_.append(response.body);
  } else {
    body_ = std::move(response.body);
  }
}

void HttpConnection::Flush() {
  const std::size_t size = out_.size() + body_.size();
  if (size == 0 || write_blocked_ || state_ == State::kClosed) return;

  iovec pieces[2];
  std::size_t count = 0;
  if (written_ < out_.size()) pieces[count++] = {out_.data() + written_, out_.size() - written_};
  const std::size_t body_written = written_ > out_.size() ? written_ - out_.size() : 0;
  if (body_written < body_.size()) {
    pieces[count++] = {body_.data() + body_written, body_.size() - body_written};
  }
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  const ssize_t sent = ::sendmsg(socket_->native_handle(), &message, MSG_NOSIGNAL);
  if (sent < 0 && !IsTransient(errno)) return OnLost();

  if (sent > 0) written_ += static_cast<std::size_t>(sent);
  if (written_ == size) {
    out_.clear();
    Release(body_);
    written_ = 0;
    return;
  }
  write_blocked_ = true;
  if (sent > 0) since_ = ConnectionSet::Now();
  socket_->async_wait(Descriptor::wait_write,
                      [self = shared_from_this()](const boost::system::error_code&) {
                        self->write_blocked_ = false;
                        self->Guard([&] { self->OnWritable(); });
                      });
}

void HttpConnection::OnWritable() {
  Flush();
  ParsePending();
  Settle();
}

// --- Time and the end ----------------------------------------------------------------------------

void HttpConnection::Sweep(ConnectionSet::Clock::time_point now) {
  Guard([&] { CheckTimes(now); });
}

void HttpConnection::CheckTimes(ConnectionSet::Clock::time_point now) {
  const HttpServerOptions& options = set_->options();
  const auto waited = now - since_;
  switch (state_) {
    case State::kIdle:
    case State::kClosing:
      if (write_blocked_) {
        if (waited > options.write_timeout) Close();
      } else if (waited > options.keepalive_timeout) {
        Close();
      } else if (waited > options.sweep_interval) {
        ReleaseBuffers();
      }
      return;
    case State::kReading: {
      const bool body = parser_.header_done();
      const auto limit = body ? options.body_timeout : options.header_timeout;
      if (waited <= limit) return;
      Refuse(408, body ? "the request body took longer than " + Milliseconds(limit) +
                             " (performance.body_timeout)"
                       : "the request headers took longer than " + Milliseconds(limit) +
                             " (performance.header_timeout)");
      return Settle();
    }
    case State::kRunning:
      if (end_of_input_ && waited > options.half_close_grace) {
        if (const auto gone = std::exchange(exchange_->gone_, nullptr)) gone();
      }
      return AnswerIfForgotten();
    case State::kUpgrading:  // the 101 answer is stuck behind a slow reader
      if (waited > options.write_timeout) Close();
      return;
    case State::kLingering:
      if (waited > options.linger_time) Close();
      return;
    case State::kClosed:
      return;
  }
}

void HttpConnection::ReleaseBuffers() {
  if (exchange_ && exchange_.use_count() == 1) exchange_.reset();
  Release(out_);
  if (pending_.empty()) Release(pending_);
}

void HttpConnection::Linger() {
  if (end_of_input_) return Close();
  ::shutdown(socket_->native_handle(), SHUT_WR);
  Enter(State::kLingering);
  Release(pending_);
  ReleaseBuffers();
  set_->ConnectionLingers();
}

void HttpConnection::OnDrain() {
  const bool unread = state_ == State::kReading && !parser_.header_done();
  if ((state_ == State::kIdle || unread) && !write_blocked_) Close();
}

void HttpConnection::Close() {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  set_->Remove(*this);
  state_ = State::kClosed;
  if (exchange_) exchange_->connection_ = nullptr;
  exchange_.reset();
  boost::system::error_code ignored;
  socket_->close(ignored);
  socket_.reset();
}

}  // namespace kalam::net
