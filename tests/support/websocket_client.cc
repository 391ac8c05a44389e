#include "support/websocket_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace kalam::test {
namespace {

using Kind = WebSocketEvent::Kind;

[[noreturn]] void Fail(const std::string& what) { throw std::runtime_error("websocket: " + what); }

// The key of RFC 6455's own example, and what it must be answered with.
constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

bool Has(const HttpHeaders& headers, std::string_view name) {
  return HttpResponse{.status = 0, .headers = headers, .body = {}}.Header(name).has_value();
}

std::string Describe(const WebSocketEvent& event) {
  static const char* const names[] = {"text", "binary", "ping", "pong", "close", "the end"};
  std::string text = names[static_cast<int>(event.kind)];
  if (event.kind == Kind::kClose) text += " " + std::to_string(event.code);
  return text + " '" + event.payload.substr(0, 500) + "'";
}

}  // namespace

WebSocketClient::WebSocketClient(std::uint16_t port, std::string_view path, const HttpHeaders& headers,
                                 WebSocketClientOptions options)
    : options_(std::move(options)),
      socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      wake_up_(eventfd(0, EFD_CLOEXEC)) {
  if (options_.receive_buffer_bytes > 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &options_.receive_buffer_bytes, sizeof options_.receive_buffer_bytes);
  }
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval patience{kPatience.count() / 1000, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  try {
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      Fail("connect to port " + std::to_string(port) + ": " + std::strerror(errno));
    }
    HttpResponse answer = Upgrade(path, headers);
    if (answer.status != 101) throw WebSocketRefused(std::move(answer));
    if (!Has(headers, "Sec-WebSocket-Key") && answer.Header("Sec-WebSocket-Accept") != kAccept) {
      Fail("the server did not answer the key");
    }
  } catch (...) {
    close(socket_);
    close(wake_up_);
    throw;
  }
  reader_ = std::thread([this] { ReadLoop(); });
}

WebSocketClient::~WebSocketClient() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  eventfd_write(wake_up_, 1);
  reader_.join();
  close(socket_);
  close(wake_up_);
}

// --- The handshake -------------------------------------------------------------------------------

HttpResponse WebSocketClient::Upgrade(std::string_view path, const HttpHeaders& headers) {
  std::string request = "GET " + std::string(path) + " HTTP/1.1\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    request.append(name).append(": ").append(value).append("\r\n");
  };
  const HttpHeaders defaults = {{"Host", "localhost"},
                                {"Upgrade", "websocket"},
                                {"Connection", "Upgrade"},
                                {"Sec-WebSocket-Version", "13"},
                                {"Sec-WebSocket-Key", kKey}};
  for (const auto& [name, value] : defaults) {
    if (!Has(headers, name)) add(name, value);
  }
  for (const auto& [name, value] : headers) add(name, value);
  SendRaw(request + "\r\n" + options_.early);

  std::size_t head_end = 0;
  while ((head_end = input_.find("\r\n\r\n")) == input_.npos) {
    if (!Fill()) Fail("no answer to the upgrade; got '" + input_ + "'");
  }
  HttpResponse answer;
  answer.status = std::stoi(input_.substr(9, 3));
  for (std::size_t at = input_.find("\r\n") + 2; at < head_end;) {
    const std::size_t end = input_.find("\r\n", at);
    const std::size_t colon = input_.find(": ", at);
    answer.headers.emplace_back(input_.substr(at, colon - at), input_.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  input_.erase(0, head_end + 4);
  const std::size_t size = std::stoul(answer.Header("Content-Length").value_or("0"));
  while (input_.size() < size) {
    if (!Fill()) Fail("the connection ended within the answer's body");
  }
  answer.body = input_.substr(0, size);
  input_.erase(0, size);
  return answer;
}

bool WebSocketClient::Fill() {
  char bytes[4096];
  const ssize_t got = recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  input_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

// --- Sending -------------------------------------------------------------------------------------

void WebSocketClient::SendRaw(std::string_view bytes) {
  std::lock_guard lock(sending_);
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return;
    if (sent < 0 && errno != EINTR) Fail(std::string("send: ") + std::strerror(errno));
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void WebSocketClient::SendFrame(std::uint8_t first_byte, std::string_view payload) {
  std::string frame(1, static_cast<char>(first_byte));
  const std::size_t size = payload.size();
  const int length_bytes = size < 126 ? 0 : size <= 0xffff ? 2 : 8;
  frame.push_back(static_cast<char>(0x80 | (length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127)));
  for (int i = length_bytes - 1; i >= 0; --i) frame.push_back(static_cast<char>(size >> (8 * i)));
  char key[4];
  std::memcpy(key, &mask_, sizeof key);
  frame.append(key, sizeof key);
  for (std::size_t i = 0; i < size; ++i) frame.push_back(static_cast<char>(payload[i] ^ key[i % 4]));
  SendRaw(frame);
}

void WebSocketClient::SendClose(std::uint16_t code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  SendFrame(0x88, payload.append(reason));
}

void WebSocketClient::Reset() {
  StopReading();
  const linger now{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  const int blank = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  dup2(blank, socket_);  // closes the connection and keeps the number ours
  close(blank);
  Put({.kind = Kind::kEnd, .payload = "reset by this side"});
}

// --- Reading -------------------------------------------------------------------------------------

void WebSocketClient::ReadLoop() {
  ReadFrames();  // what came with the handshake
  bool over = false;
  while (true) {
    bool reading = false;
    {
      std::lock_guard lock(mutex_);
      if (stop_) return;
      is_reading_ = reading = want_reading_;
      over |= end_.has_value();
    }
    changed_.notify_all();
    pollfd ready[2] = {{.fd = wake_up_, .events = POLLIN, .revents = 0},
                       {.fd = reading && !over ? socket_ : -1, .events = POLLIN, .revents = 0}};
    poll(ready, 2, -1);
    if (ready[0].revents != 0) {
      eventfd_t count = 0;
      eventfd_read(wake_up_, &count);
      continue;
    }
    char bytes[64 * 1024];
    const ssize_t got = recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) {
      Put({.kind = Kind::kEnd, .payload = got == 0 ? "end of stream" : std::strerror(errno)});
      continue;
    }
    bytes_received_ += static_cast<std::size_t>(got);
    input_.append(bytes, static_cast<std::size_t>(got));
    ReadFrames();
  }
}

void WebSocketClient::ReadFrames() {
  while (ReadFrame()) {
  }
}

// A whole frame off the front of input_; false if there is none.
bool WebSocketClient::ReadFrame() {
  if (input_.size() < 2) return false;
  const auto byte = [this](std::size_t at) { return static_cast<std::uint8_t>(input_[at]); };
  const std::uint8_t length = byte(1) & 0x7f;
  const std::size_t header = length < 126 ? 2 : length == 126 ? 4 : 10;
  if (input_.size() < header) return false;
  std::uint64_t size = header == 2 ? length : 0;
  for (std::size_t i = 2; i < header; ++i) size = size << 8 | byte(i);
  if ((byte(0) & 0x70) != 0 || (byte(1) & 0x80) != 0) {
    Put({.kind = Kind::kEnd, .payload = "the server broke the protocol: a reserved bit or a mask"});
    return false;
  }
  if (input_.size() - header < size) return false;
  const std::uint8_t first = byte(0);
  std::string payload = input_.substr(header, size);
  input_.erase(0, header + size);
  OnFrame(first, std::move(payload));
  return true;
}

void WebSocketClient::OnFrame(std::uint8_t first_byte, std::string payload) {
  switch (first_byte & 0x0f) {
    case 0x8: {
      const bool coded = payload.size() >= 2;
      const auto code = static_cast<std::uint16_t>(
          coded ? static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]) : 1005);
      if (options_.answer_close) SendFrame(0x88, payload.substr(0, coded ? 2 : 0));
      return Put({.kind = Kind::kClose, .payload = coded ? payload.substr(2) : std::string(), .code = code});
    }
    case 0x9:
      if (options_.answer_pings) SendFrame(0x8a, payload);
      return Put({.kind = Kind::kPing, .payload = std::move(payload)});
    case 0xa:
      return Put({.kind = Kind::kPong, .payload = std::move(payload)});
    default:
      if ((first_byte & 0x0f) != 0) message_opcode_ = first_byte & 0x0f;
      message_ += payload;
      if ((first_byte & 0x80) == 0) return;
      Put({.kind = message_opcode_ == 1 ? Kind::kText : Kind::kBinary, .payload = std::exchange(message_, {})});
  }
}

void WebSocketClient::Put(WebSocketEvent event) {
  {
    std::lock_guard lock(mutex_);
    if (event.kind == Kind::kEnd) {
      if (!end_) end_ = std::move(event);
    } else {
      events_.push_back(std::move(event));
    }
  }
  changed_.notify_all();
}

void WebSocketClient::StopReading() {
  std::unique_lock lock(mutex_);
  want_reading_ = false;
  eventfd_write(wake_up_, 1);
  changed_.wait(lock, [this] { return !is_reading_; });
}

void WebSocketClient::ResumeReading() {
  std::lock_guard lock(mutex_);
  want_reading_ = true;
  eventfd_write(wake_up_, 1);
}

// --- What came -----------------------------------------------------------------------------------

std::optional<WebSocketEvent> WebSocketClient::Take(Millis within, bool with_pings) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  std::unique_lock lock(mutex_);
  while (true) {
    while (!events_.empty()) {
      WebSocketEvent event = std::move(events_.front());
      events_.pop_front();
      if (with_pings || (event.kind != Kind::kPing && event.kind != Kind::kPong)) return event;
    }
    if (end_) return end_;
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && events_.empty() && !end_) return std::nullopt;
  }
}

std::optional<WebSocketEvent> WebSocketClient::TryNext(Millis within) { return Take(within, false); }
std::optional<WebSocketEvent> WebSocketClient::TryNextOfAll(Millis within) { return Take(within, true); }

WebSocketEvent WebSocketClient::Next(Millis within) {
  auto event = TryNext(within);
  if (!event) Fail("no message within " + std::to_string(within.count()) + " ms");
  return *std::move(event);
}

std::string WebSocketClient::NextText(Millis within) {
  WebSocketEvent event = Next(within);
  if (event.kind != Kind::kText) Fail("expected text, got " + Describe(event));
  return std::move(event.payload);
}

std::uint16_t WebSocketClient::AwaitClose(Millis within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (true) {
    const auto left = std::chrono::duration_cast<Millis>(deadline - std::chrono::steady_clock::now());
    const auto event = TryNext(std::max(left, Millis(0)));
    if (!event) Fail("no close within " + std::to_string(within.count()) + " ms");
    if (event->kind == Kind::kClose) return event->code;
    if (event->kind == Kind::kEnd) return 1006;
  }
}

bool WebSocketClient::AwaitEnd(Millis within) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, within, [this] { return end_.has_value(); });
}

}  // namespace kalam::test
