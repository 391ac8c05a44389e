#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::net {

// Equal but for ASCII case: header names, tokens such as "close".
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// One parsed request. All text lies in one buffer, in order of arrival, and is named by offsets:
//
//   method | target | name value name value ... | body | kBodyPadding zero bytes
//
// so that a request costs no allocation once the buffer has grown to the size its connection needs.
// Views returned here point into that buffer and live as long as the exchange that owns the
// request.
class HttpRequest {
 public:
  // Readable bytes after the body, as simdjson's readers ask for.
  static constexpr std::size_t kBodyPadding = 64;

  std::string_view method() const { return View(method_); }  // "GET", as sent
  std::string_view target() const { return View(target_); }  // "/v1/api/sql?x=1", as sent
  std::string_view path() const;                             // "/v1/api/sql", still percent-encoded
  std::string_view query() const;                            // "x=1", without the '?'
  bool is_http10() const { return http10_; }

  // The first header of that name (ASCII case does not matter), outer blanks removed.
  std::optional<std::string_view> Header(std::string_view name) const;
  std::size_t HeaderCount(std::string_view name) const;

  std::size_t header_count() const { return headers_.size(); }
  std::string_view header_name(std::size_t index) const { return View(headers_[index].name); }
  std::string_view header_value(std::size_t index) const { return View(headers_[index].value); }

  // Chunked bodies arrive here joined. At least kBodyPadding readable bytes follow.
  std::string_view body() const { return {bytes_.data() + body_begin_, body_size_}; }

  // Filling, in the order of the picture above; used by the parser, and by tests of handlers.
  void Clear();  // keeps the buffers
  void SetRequestLine(std::string_view method, std::string_view target, bool http10);
  void AddHeader(std::string_view name, std::string_view value);
  void ReserveBody(std::size_t size);
  void AppendBody(std::string_view piece);
  void Finish();  // writes the padding; the request is complete

  std::size_t capacity_bytes() const {
    return bytes_.capacity() + headers_.capacity() * sizeof(HeaderSpan);
  }
  std::size_t head_bytes() const { return body_begin_; }  // request line and headers, as kept here

 private:
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };
  struct HeaderSpan {
    Span name;
    Span value;
  };

  bool IsNamed(const HeaderSpan& header, std::string_view name) const {
    return header.name.size == name.size() && EqualsIgnoreCase(View(header.name), name);
  }
  std::string_view View(Span span) const { return {bytes_.data() + span.begin, span.size}; }
  Span Append(std::string_view text);

  std::string bytes_;
  std::vector<HeaderSpan> headers_;
  Span method_;
  Span target_;
  std::size_t body_begin_ = 0;
  std::size_t body_size_ = 0;
  bool http10_ = false;
};

}  // namespace kalam::net
