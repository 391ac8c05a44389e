#include "http_parser.h"

#include <algorithm>
#include <new>

#include <boost/beast/http/basic_parser.hpp>

namespace kalam::net {

namespace http = boost::beast::http;
using boost::beast::error_code;

// Beast's callbacks, in the order of a request: request line, fields, header, body, finish. Fields
// also come after a chunked body (trailers); those are dropped, as the request is complete by then.
class RequestParser::Beast final : public http::basic_parser<true> {
 public:
  Beast(RequestParser& owner, HttpRequest& request) : owner_(owner), request_(request) {
    eager(true);
    header_limit(static_cast<std::uint32_t>(owner.limits_.max_header_bytes));
    body_limit(owner.limits_.max_body_bytes);
  }

 private:
  using View = boost::beast::string_view;
  static std::string_view Std(View view) { return {view.data(), view.size()}; }

  void on_request_impl(http::verb, View method, View target, int version, error_code&) override {
    request_.SetRequestLine(Std(method), Std(target), version == 10);
  }

  void on_field_impl(http::field, View name, View value, error_code& ec) override {
    if (is_header_done()) return;
    request_.AddHeader(Std(name), Std(value));
    // Beast's limit is for the bytes of one call; this one is for all of them.
    if (request_.head_bytes() > owner_.limits_.max_header_bytes) ec = http::error::header_limit;
  }

  void on_header_impl(error_code& ec) override {
    owner_.CheckHeaders();
    if (owner_.refusal_) ec = http::error::bad_field;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length) request_.ReserveBody(static_cast<std::size_t>(*length));
  }

  std::size_t on_body_impl(View body, error_code&) override {
    request_.AppendBody(Std(body));
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, View, error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, View body, error_code&) override {
    request_.AppendBody(Std(body));
    return body.size();
  }

  void on_finish_impl(error_code&) override { request_.Finish(); }

  void on_response_impl(int, View, int, error_code&) override {}

  RequestParser& owner_;
  HttpRequest& request_;
};

RequestParser::RequestParser(const ParserLimits& limits) : limits_(limits) {}
RequestParser::~RequestParser() = default;

void RequestParser::Begin(HttpRequest& request) {
  request.Clear();
  request_ = &request;
  refusal_.reset();
  expects_continue_ = false;
  if (!beast_) {
    beast_ = std::make_unique<Beast>(*this, request);
    return;
  }
  // A Beast parser reads one message. Its constructor can't throw, so the memory is never left raw.
  Beast* const place = beast_.release();
  place->~Beast();
  beast_.reset(new (place) Beast(*this, request));
}

bool RequestParser::header_done() const { return beast_->is_header_done(); }
bool RequestParser::done() const { return beast_->is_done(); }
bool RequestParser::keep_alive() const { return beast_->keep_alive(); }

std::size_t RequestParser::Put(std::string_view input) {
  // The shortest end of a chunked body. Beast, which has seen part of it, asserts that it sees all of it next.
  constexpr std::string_view kLastChunk = "0\r\n\r\n";
  if (header_done() && beast_->chunked()) {
    if (input.size() < kLastChunk.size()) return 0;
    // Beast subtracts a chunk's size at each attempt to read its head.
    beast_->body_limit(limits_.max_body_bytes - request_->body().size());
  }

  error_code ec;
  const std::size_t used = beast_->put({input.data(), input.size()}, ec);
  if (refusal_) return used;

  if (ec == http::error::need_more) {
    // Also the head of a chunk and the trailers after the last one have to end somewhere.
    if (input.size() - used > limits_.max_header_bytes)
      ec = http::error::header_limit;
    else
      return used;
  }
  if (!ec) return used;

  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    Refuse(431, "request headers are larger than " + std::to_string(limits_.max_header_bytes) +
                    " bytes (limits.max_header_size)");
  } else if (ec == http::error::body_limit) {
    Refuse(413, "request body is larger than " + std::to_string(limits_.max_body_bytes) +
                    " bytes (limits.max_body_size)");
  } else {
    Refuse(400, "malformed HTTP request: " + ec.message());
  }
  return used;
}

void RequestParser::Refuse(int status, std::string message) {
  refusal_.emplace(Refusal{status, std::move(message)});
}

void RequestParser::CheckHeaders() {
  for (const std::string& name : limits_.unique_headers) {
    if (request_->HeaderCount(name) > 1) return Refuse(400, "header '" + name + "' occurs twice");
  }
  if (!request_->is_http10() && !request_->Header("host")) {
    return Refuse(400, "header 'host' is missing");
  }
  // Beast takes "5, 5" for 5, and an encoding it does not know for no body at all.
  if (const auto length = request_->Header("content-length")) {
    if (!std::all_of(length->begin(), length->end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return Refuse(400, "header 'content-length' is not a number");
    }
  }
  if (const auto encoding = request_->Header("transfer-encoding")) {
    if (request_->is_http10() || !EqualsIgnoreCase(*encoding, "chunked")) {
      return Refuse(400, "header 'transfer-encoding' can only be 'chunked', in HTTP/1.1");
    }
  }
  if (const auto expect = request_->Header("expect"); expect && !request_->is_http10()) {
    if (!EqualsIgnoreCase(*expect, "100-continue")) {
      return Refuse(417, "header 'expect' can only be '100-continue'");
    }
    expects_continue_ = true;
  }
}

}  // namespace kalam::net
