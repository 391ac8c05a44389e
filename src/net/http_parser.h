#pragma once

#include "net/http_request.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::net {

// What the parser asks of every request; see HttpServerOptions.
struct ParserLimits {
  std::size_t max_header_bytes;
  std::size_t max_body_bytes;
  std::vector<std::string> unique_headers;
};

// Why a request is not served, in the server's own words.
struct Refusal {
  int status;
  std::string message;
};

// Reads requests off a byte stream into HttpRequests, one after another. Boost.Beast does the
// grammar; this class stores lean, bounds what Beast leaves unbounded (the sum of the headers, the
// framing of chunks) and refuses what Beast lets pass and proxies read differently.
class RequestParser {
 public:
  explicit RequestParser(const ParserLimits& limits);  // `limits` outlives the parser
  ~RequestParser();

  // Starts the next request, which is written into `request`.
  void Begin(HttpRequest& request);

  // Takes bytes off the front of `input` and returns how many. What it leaves must be presented
  // again with more bytes behind it, unless done() or refusal() say that this was all.
  std::size_t Put(std::string_view input);

  bool header_done() const;
  bool done() const;
  const std::optional<Refusal>& refusal() const { return refusal_; }

  // After header_done().
  bool keep_alive() const;
  bool expects_continue() const { return expects_continue_; }

 private:
  class Beast;  // Boost.Beast's parser, rebuilt in place for every request

  void Refuse(int status, std::string message);
  void CheckHeaders();

  const ParserLimits& limits_;
  std::unique_ptr<Beast> beast_;
  HttpRequest* request_ = nullptr;
  std::optional<Refusal> refusal_;
  bool expects_continue_ = false;
};

}  // namespace kalam::net
