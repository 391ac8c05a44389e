#include "websocket_connection.h"

#include "resolve.h"

#include <optional>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace kalam {
inline namespace link_v1 {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::chrono::milliseconds kCloseTime{500};

class BeastWebSocket final : public WebSocketConnection {
 public:
  explicit BeastWebSocket(const Limits& limits)
      : limits_(limits), io_(1), stream_(io_), patience_(io_) {}

  Result<bool> Open(const ServerAddress& address, const HttpHeaders& headers) override {
    address_ = address;
    auto endpoints = ResolveAddress(io_, address);
    if (!endpoints) return std::move(endpoints).error();
    std::optional<error_code> done;
    auto& socket = beast::get_lowest_layer(stream_);
    socket.expires_after(limits_.timeout);
    socket.async_connect(*endpoints,
                         [&](const error_code& ec, const tcp::endpoint&) { done = ec; });
    Await(done);
    if (*done) return Failure(ErrorKind::kConnection, "cannot connect to " + address.Url(), *done);
    error_code ignored;
    socket.socket().set_option(tcp::no_delay(true), ignored);
    socket.expires_never();

    websocket::stream_base::timeout timeouts;
    timeouts.handshake_timeout = limits_.timeout;
    timeouts.idle_timeout = limits_.silence;
    timeouts.keep_alive_pings = true;
    stream_.set_option(timeouts);
    stream_.set_option(
        websocket::stream_base::decorator([&headers](websocket::request_type& request) {
          for (const auto& [name, value] : headers) request.set(name, value);
        }));
    stream_.read_message_max(limits_.max_message_bytes);
    websocket::response_type answer;
    done.reset();
    stream_.async_handshake(answer, address.Authority(), address.prefix + "/v1/ws",
                            [&](const error_code& ec) { done = ec; });
    Await(done);
    if (*done == websocket::error::upgrade_declined) return Refused(answer);
    if (*done) return Failure(ErrorKind::kWebSocket, "no WebSocket at " + address.Url(), *done);
    return true;
  }

  Result<bool> Send(const std::string& text) override {
    std::optional<error_code> done;
    stream_.text(true);
    stream_.async_write(asio::buffer(text), [&](const error_code& ec, std::size_t) { done = ec; });
    Await(done);
    if (*done) return Lost(*done);
    return true;
  }

  Result<std::string> Read() override {
    while (true) {
      buffer_.clear();
      std::optional<error_code> done;
      stream_.async_read(buffer_, [&](const error_code& ec, std::size_t) { done = ec; });
      Await(done);
      if (*done) return Lost(*done);
      if (!stream_.got_text()) continue;
      std::string text;
      text.reserve(buffer_.size() + 64);  // what simdjson wants behind it
      text.assign(static_cast<const char*>(buffer_.data().data()), buffer_.size());
      return text;
    }
  }

  void Close() override {
    if (!stream_.is_open()) return;
    std::optional<error_code> done;
    BeginClose([&](const error_code& ec) { done = ec; });
    Await(done);
  }

  void Interrupt() override {
    asio::post(io_, [this] {
      // A close may run beside a read or a write, which then fails.
      if (stream_.is_open()) {
        BeginClose([](const error_code&) {});
      } else {
        beast::get_lowest_layer(stream_).close();
      }
    });
  }

 private:
  template <typename Done>
  void BeginClose(Done done) {
    patience_.expires_after(kCloseTime);
    patience_.async_wait([this](const error_code& ec) {
      if (!ec) beast::get_lowest_layer(stream_).close();
    });
    stream_.async_close(websocket::close_code::normal, [this, done](const error_code& ec) {
      patience_.cancel();
      beast::get_lowest_layer(stream_).close();
      done(ec);
    });
  }

  // Beast's timers stay in the loop between calls, so it is run handler by handler.
  void Await(const std::optional<error_code>& done) {
    if (io_.stopped()) io_.restart();
    while (!done) io_.run_one();
  }

  Error Lost(const error_code& why) const {
    return Failure(ErrorKind::kWebSocket, "the connection to " + address_.Url() + " was lost", why);
  }

  // `kind`, unless the time was up.
  Error Failure(ErrorKind kind, std::string what, const error_code& why) const {
    Error error;
    const bool late = why == beast::error::timeout;
    error.kind = late ? ErrorKind::kTimeout : kind;
    std::string reason = late ? "no answer in time" : why.message();
    if (why == websocket::error::closed) {
      const auto& close = stream_.reason();
      reason = "closed by the server with " + std::to_string(close.code);
      if (!close.reason.empty()) reason += " (" + std::string(close.reason.c_str()) + ")";
    }
    error.message = std::move(what) + ": " + reason;
    return error;
  }

  Error Refused(const websocket::response_type& answer) const {
    Error error;
    error.http_status = static_cast<int>(answer.result_int());
    const bool credentials = error.http_status == 401 || error.http_status == 403;
    error.kind = credentials ? ErrorKind::kAuthentication : ErrorKind::kWebSocket;
    error.message = address_.Url() + " refused the WebSocket: HTTP " +
                    std::to_string(error.http_status) + " " + std::string(answer.reason());
    error.details = answer.body().substr(0, 200);
    return error;
  }

  const Limits limits_;
  asio::io_context io_;
  websocket::stream<beast::tcp_stream> stream_;
  asio::steady_timer patience_;  // with a peer that does not answer a close
  beast::flat_buffer buffer_;
  ServerAddress address_;
};

}  // namespace

std::unique_ptr<WebSocketConnection> WebSocketConnection::Make(const Limits& limits) {
  return std::make_unique<BeastWebSocket>(limits);
}

}  // namespace link_v1
}  // namespace kalam
