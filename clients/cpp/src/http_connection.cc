#include "http_connection.h"

#include "resolve.h"

#include <atomic>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <sys/socket.h>

namespace kalam {
inline namespace link_v1 {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

// simdjson reads up to this many bytes past the end of a document.
constexpr std::size_t kJsonPadding = 64;
// simdjson takes documents up to 4 GiB.
constexpr std::uint64_t kMaxAnswerBytes = 0xFFFFFFFFull - kJsonPadding;
constexpr std::size_t kReadBufferBytes = 64 * 1024;

std::string Seconds(std::chrono::milliseconds timeout) {
  const auto ms = timeout.count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

Error ConnectFailure(const ServerAddress& address, const error_code& failure,
                     std::chrono::milliseconds timeout) {
  Error error;
  const bool late = failure == beast::error::timeout;
  error.kind = late ? ErrorKind::kTimeout : ErrorKind::kConnection;
  error.message = "cannot connect to " + address.Url() + ": " +
                  (late ? "no connection after " + Seconds(timeout) : failure.message());
  return error;
}

class BeastConnection final : public HttpConnection {
 public:
  explicit BeastConnection(ServerAddress address)
      : io_(1), stream_(io_), address_(std::move(address)) {}

  // Beast's timeouts work for asynchronous operations only, so each blocking call starts one and
  // runs the loop until it is done.
  Result<bool> Connect(std::chrono::milliseconds timeout) override {
    auto endpoints = ResolveAddress(io_, address_);
    if (!endpoints) return std::move(endpoints).error();
    error_code failure;
    stream_.expires_after(timeout);
    stream_.async_connect(*endpoints,
                          [&](const error_code& ec, const tcp::endpoint&) { failure = ec; });
    RunLoop();
    if (interrupted_) failure = asio::error::operation_aborted;
    if (failure) return ConnectFailure(address_, failure, timeout);
    stream_.socket().set_option(tcp::no_delay(true), failure);
    return true;
  }

  void Interrupt() override {
    interrupted_ = true;
    asio::post(io_, [this] { stream_.close(); });
  }

  bool StillOpen() override {
    if (interrupted_) return false;
    char byte;
    const auto got = recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  Result<HttpAnswer> Exchange(HttpRequest request, const HttpHeaders& headers,
                              std::chrono::milliseconds timeout) override {
    http::request<http::string_body> message;
    message.method_string(request.method);
    message.target(request.target);
    message.version(11);
    message.set(http::field::host, address_.Authority());
    for (const auto& [name, value] : headers) message.set(name, value);
    if (!request.body.empty()) message.set(http::field::content_type, "application/json");
    message.body() = std::move(request.body);
    message.prepare_payload();

    error_code write_failure;
    stream_.expires_after(timeout);
    http::async_write(stream_, message,
                      [&](const error_code& ec, std::size_t) { write_failure = ec; });
    RunLoop();
    if (write_failure == beast::error::timeout) return TimedOut(timeout);
    if (interrupted_) return Broken(asio::error::operation_aborted);

    // A server that refuses a body early answers and closes while we still send: its answer tells
    // more than our broken pipe.
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxAnswerBytes);
    error_code read_failure;
    buffer_.reserve(kReadBufferBytes);
    http::async_read(stream_, buffer_, parser,
                     [&](const error_code& ec, std::size_t) { read_failure = ec; });
    RunLoop();
    if (read_failure == beast::error::timeout) return TimedOut(timeout);
    if (read_failure) return Broken(write_failure ? write_failure : read_failure);

    auto answer = parser.release();
    HttpAnswer result;
    result.status = static_cast<int>(answer.result_int());
    result.reason = std::string(answer.reason());
    result.keep_alive = answer.keep_alive() && !write_failure;
    result.body = std::move(answer.body());
    result.body.reserve(result.body.size() + kJsonPadding);
    return result;
  }

 private:
  void RunLoop() {
    io_.restart();
    io_.run();
  }

  Error TimedOut(std::chrono::milliseconds timeout) const {
    Error error;
    error.kind = ErrorKind::kTimeout;
    error.message = "no answer from " + address_.Url() + " within " + Seconds(timeout);
    return error;
  }

  Error Broken(const error_code& failure) const {
    Error error;
    const bool not_http =
        failure.category() == http::make_error_code(http::error::bad_version).category() &&
        failure != http::error::end_of_stream && failure != http::error::partial_message;
    error.kind = not_http ? ErrorKind::kHttp : ErrorKind::kConnection;
    error.message = not_http ? address_.Url() + " does not answer with HTTP: " + failure.message()
                             : "the connection to " + address_.Url() +
                                   " was closed before the answer: " + failure.message();
    return error;
  }

  std::atomic<bool> interrupted_ = false;
  asio::io_context io_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  ServerAddress address_;
};

}  // namespace

std::unique_ptr<HttpConnection> HttpConnection::Make(const ServerAddress& address) {
  return std::make_unique<BeastConnection>(address);
}

}  // namespace link_v1
}  // namespace kalam
