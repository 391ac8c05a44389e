#include "url.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace kalam {
inline namespace link_v1 {

namespace {

constexpr std::uint16_t kKalamPort = 8080;
constexpr std::uint16_t kHttpPort = 80;

Error Invalid(std::string_view url, std::string_view why) {
  Error error;
  error.kind = ErrorKind::kInvalidUrl;
  error.message = "invalid server address '" + std::string(url) + "': " + std::string(why);
  return error;
}

bool StartsWithNoCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

bool IsHostCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
}

bool IsIpv6Character(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.' || c == '%';
}

}  // namespace

std::string ServerAddress::Authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ServerAddress> ParseServerAddress(std::string_view url) {
  ServerAddress address;
  std::string_view rest = url;
  address.port = kKalamPort;
  if (StartsWithNoCase(rest, "http://")) {
    rest.remove_prefix(7);
    address.port = kHttpPort;
  } else if (StartsWithNoCase(rest, "https://")) {
    return Invalid(url, "https is not supported; use http, behind a TLS tunnel if need be");
  } else if (rest.find("://") != std::string_view::npos) {
    return Invalid(url, "the scheme must be http");
  }

  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    std::string_view path = rest.substr(slash);
    rest = rest.substr(0, slash);
    while (path.ends_with('/')) path.remove_suffix(1);
    const bool plain = std::all_of(path.begin(), path.end(), [](unsigned char c) {
      return c > 0x20 && c < 0x7F && c != '?' && c != '#';
    });
    if (!plain) return Invalid(url, "only a plain path may follow the port");
    address.prefix = path;
  }
  if (rest.find('@') != std::string_view::npos) {
    return Invalid(url, "credentials do not belong in the URL");
  }

  std::string_view port;
  bool has_port = false;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return Invalid(url, "']' is missing");
    address.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    if (!rest.empty()) {
      if (rest.front() != ':') return Invalid(url, "':' and a port must follow ']'");
      has_port = true;
      port = rest.substr(1);
    }
    if (!std::all_of(address.host.begin(), address.host.end(), IsIpv6Character)) {
      return Invalid(url, "not an IPv6 address");
    }
  } else {
    const std::size_t colon = rest.find(':');
    address.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) {
      has_port = true;
      port = rest.substr(colon + 1);
    }
    if (!std::all_of(address.host.begin(), address.host.end(), IsHostCharacter)) {
      return Invalid(url, "not a host name");
    }
  }
  if (address.host.empty()) return Invalid(url, "the host is missing");
  if (has_port) {
    const auto [end, failure] =
        std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (failure != std::errc() || end != port.data() + port.size() || address.port == 0) {
      return Invalid(url, "the port must be a number from 1 to 65535");
    }
  }
  return address;
}

}  // namespace link_v1
}  // namespace kalam
