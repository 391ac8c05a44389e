#include "net/http_request.h"

#include <algorithm>

namespace kalam::net {
namespace {

// How much memory the mere announcement of a body gets: the rest must arrive first.
constexpr std::size_t kMaxReserve = 64 << 10;

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return ToLower(x) == ToLower(y);
         });
}

std::string_view HttpRequest::path() const {
  std::string_view path = target();
  if (!path.starts_with('/')) {  // absolute form, as proxies send it: http://host/path
    if (const auto scheme = path.find("://"); scheme != path.npos) {
      const auto slash = path.find('/', scheme + 3);
      if (slash == path.npos) return "/";
      path.remove_prefix(slash);
    }
  }
  return path.substr(0, path.find('?'));
}

std::string_view HttpRequest::query() const {
  const std::string_view whole = target();
  const auto mark = whole.find('?');
  return mark == whole.npos ? std::string_view() : whole.substr(mark + 1);
}

std::optional<std::string_view> HttpRequest::Header(std::string_view name) const {
  for (const HeaderSpan& header : headers_) {
    if (IsNamed(header, name)) return View(header.value);
  }
  return std::nullopt;
}

std::size_t HttpRequest::HeaderCount(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(headers_.begin(), headers_.end(),
                    [&](const HeaderSpan& header) { return IsNamed(header, name); }));
}

void HttpRequest::Clear() {
  bytes_.clear();
  headers_.clear();
  method_ = target_ = {};
  body_begin_ = body_size_ = 0;
  http10_ = false;
}

HttpRequest::Span HttpRequest::Append(std::string_view text) {
  const Span span{static_cast<std::uint32_t>(bytes_.size()),
                  static_cast<std::uint32_t>(text.size())};
  bytes_.append(text);
  return span;
}

void HttpRequest::SetRequestLine(std::string_view method, std::string_view target, bool http10) {
  method_ = Append(method);
  target_ = Append(target);
  http10_ = http10;
}

void HttpRequest::AddHeader(std::string_view name, std::string_view value) {
  const Span name_span = Append(name);
  headers_.push_back({name_span, Append(value)});
  body_begin_ = bytes_.size();
}

void HttpRequest::ReserveBody(std::size_t size) {
  bytes_.reserve(bytes_.size() + std::min(size, kMaxReserve) + kBodyPadding);
}

void HttpRequest::AppendBody(std::string_view piece) {
  if (body_size_ == 0) body_begin_ = bytes_.size();
  bytes_.append(piece);
  body_size_ += piece.size();
}

void HttpRequest::Finish() {
  if (body_size_ == 0) body_begin_ = bytes_.size();
  bytes_.append(kBodyPadding, '\0');
}

}  // namespace kalam::net
