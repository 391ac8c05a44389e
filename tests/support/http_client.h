#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalam::test {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;  // in order, names as received
  std::string body;

  // The first header of that name, in any case; nullopt if there is none.
  std::optional<std::string> Header(std::string_view name) const;
};

// One connection at a time to a server on 127.0.0.1, opened when first needed and again after the server
// closed it. Bytes go out as given. For one thread.
//
// Throws std::runtime_error when the server can't be reached, does not answer in time, or answers with
// something that isn't HTTP: the text says which.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port,
                      std::chrono::milliseconds timeout = std::chrono::seconds(40));
  ~HttpClient();
  HttpClient(HttpClient&& other) noexcept;
  HttpClient& operator=(HttpClient&& other) noexcept;

  // A whole request. `Host` (a loopback name) and `Content-Length` are added unless `headers` has them.
  // Sent once: a connection that breaks before the answer is an exception, never a silent second try.
  HttpResponse Request(std::string_view method, std::string_view path, std::string_view body = {},
                       const HttpHeaders& headers = {});
  HttpResponse Get(std::string_view path, const HttpHeaders& headers = {}) {
    return Request("GET", path, {}, headers);
  }

  // The pieces, for requests that no well-behaved client sends. SendRaw stops without complaint when
  // the server closes: it may refuse a request before it has read all of it.
  void SendRaw(std::string_view bytes);
  HttpResponse ReadResponse();
  // Tells the server that no more bytes will come.
  void FinishSending();
  // Waits until the server closes the connection; false if it has not within `within`.
  bool WaitForClose(std::chrono::milliseconds within);
  void Close();
  // Has the server closed the connection, as far as can be seen now?
  bool ClosedByServer();
  // Connections opened so far.
  int connections() const { return connections_; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  void Open();
  void WaitReadable(Deadline deadline);
  // False at the end of the stream.
  bool Fill(Deadline deadline);
  std::string TakeLine(Deadline deadline);
  std::string TakeBytes(std::size_t count, Deadline deadline);
  std::string TakeChunks(Deadline deadline);

  std::uint16_t port_;
  std::chrono::milliseconds timeout_;
  int socket_ = -1;
  int connections_ = 0;
  std::string buffer_;  // received, not yet taken
};

}  // namespace kalam::test
