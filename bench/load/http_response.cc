#include "http_response.h"

#include <strings.h>

#include <charconv>

namespace kalam::bench {
namespace {

constexpr std::size_t kMaxHeadBytes = 16 * 1024;

Error Malformed(std::string message) {
  return Error(ErrorCode::kInvalidArgument, "HTTP answer: " + std::move(message));
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view TrimSpaces(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view digits) {
  Number number{};
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

Result<int> ParseStatusLine(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (!line.starts_with(kVersion)) return Malformed("does not start with HTTP/1.1");
  const auto status = ParseNumber<int>(line.substr(kVersion.size(), 3));
  if (!status || *status < 100) return Malformed("no status code");
  return *status;
}

}  // namespace

Result<std::optional<HttpResponse>> ParseResponse(std::string_view received) {
  const std::size_t head_bytes = received.find("\r\n\r\n");
  if (head_bytes == std::string_view::npos) {
    if (received.size() > kMaxHeadBytes) return Malformed("head does not end");
    return std::optional<HttpResponse>();
  }
  std::string_view head = received.substr(0, head_bytes + 2);
  const std::size_t status_line_bytes = head.find("\r\n");
  KALAM_TRY_ASSIGN(const int status, ParseStatusLine(head.substr(0, status_line_bytes)));
  head.remove_prefix(status_line_bytes + 2);

  std::optional<std::size_t> length;
  while (!head.empty()) {
    const std::size_t line_bytes = head.find("\r\n");
    const std::string_view line = head.substr(0, line_bytes);
    head.remove_prefix(line_bytes + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Malformed("header without a colon");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = TrimSpaces(line.substr(colon + 1));
    if (EqualsIgnoringCase(name, "content-length")) {
      length = ParseNumber<std::size_t>(value);
      if (!length) return Malformed("Content-Length is not a number");
    } else if (EqualsIgnoringCase(name, "transfer-encoding")) {
      return Malformed("Transfer-Encoding instead of a length");
    } else if (EqualsIgnoringCase(name, "connection") && EqualsIgnoringCase(value, "close")) {
      return Malformed("the server closes the connection");
    }
  }
  if (!length) return Malformed("no Content-Length");

  const std::size_t total_bytes = head_bytes + 4 + *length;
  if (received.size() < total_bytes) return std::optional<HttpResponse>();
  return std::optional(HttpResponse{.status = status,
                                    .body = received.substr(head_bytes + 4, *length),
                                    .total_bytes = total_bytes});
}

}  // namespace kalam::bench
