#include "response_writer.h"

#include <charconv>
#include <cstdint>
#include <ctime>

namespace kalam::net {
namespace {

std::string_view Reason(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

void AppendNumber(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void AppendClean(std::string& out, std::string_view text) {
  for (const char c : text)
    out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
}

}  // namespace

bool StatusForbidsBody(int status) { return status < 200 || status == 204 || status == 304; }

void AppendHead(std::string& out, const HttpResponse& response, std::string_view date,
                ConnectionHeader connection) {
  out.append("HTTP/1.1 ");
  AppendNumber(out, static_cast<std::uint64_t>(response.status));
  out.push_back(' ');
  out.append(Reason(response.status));
  if (!StatusForbidsBody(response.status)) {
    out.append("\r\nContent-Type: ").append(response.content_type);
    out.append("\r\nContent-Length: ");
    AppendNumber(out, response.body.size());
  }
  out.append("\r\nDate: ").append(date);
  if (connection == ConnectionHeader::kClose) out.append("\r\nConnection: close");
  if (connection == ConnectionHeader::kKeepAlive) out.append("\r\nConnection: keep-alive");
  for (const auto& [name, value] : response.headers) {
    out.append("\r\n");
    AppendClean(out, name);
    out.append(": ");
    AppendClean(out, value);
  }
  out.append("\r\n\r\n");
}

std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  // %a and %b are English here: the process never leaves the "C" locale.
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

std::string PlainRefusalBody(int status, std::string_view message) {
  std::string body = "{\"error\":{\"status\":" + std::to_string(status) + ",\"message\":\"";
  for (const char c : message) {
    if (c == '"' || c == '\\') body.push_back('\\');
    body.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  body.append("\"}}");
  return body;
}

}  // namespace kalam::net
