#include "auth/origin.h"

#include <algorithm>
#include <charconv>

namespace kalam::auth {
namespace {

constexpr std::string_view kOwnHeaders =
    "Authorization, Content-Type, X-API-KEY, X-USER-ID, X-Requested-With";
constexpr std::string_view kMethods = "GET, POST, OPTIONS";
constexpr std::size_t kMaxEchoedBytes = 1024;

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsOctet(std::string_view text) {
  if (!IsDigits(text) || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return false;
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value <= 255;
}

bool IsLoopbackIpv4(std::string_view text) {
  int octets = 0;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view octet = text.substr(0, dot);
    if (!IsOctet(octet) || (octets == 0 && octet != "127")) return false;
    ++octets;
    if (dot == std::string_view::npos) return octets == 4;
    text.remove_prefix(dot + 1);
  }
}

// "[::1]:80" -> "[::1]". Empty if what follows the name is not a port.
std::string_view WithoutPort(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return host;
  const std::string_view port = host.substr(colon + 1);
  return IsDigits(port) && port.size() <= 5 ? host.substr(0, colon) : std::string_view();
}

// "http://localhost:5173" -> "localhost:5173"; empty for anything that is not an http(s) origin.
std::string_view HostOf(std::string_view lower_origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (lower_origin.starts_with(scheme)) return lower_origin.substr(scheme.size());
  }
  return {};
}

bool IsHeaderList(std::string_view text) {
  return text.size() <= kMaxEchoedBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == ',' || c == ' ';
         });
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  const std::string name = ToLower(WithoutPort(host));
  return name == "localhost" || name == "[::1]" || IsLoopbackIpv4(name);
}

OriginPolicy::OriginPolicy(std::vector<std::string> listed) : listed_(std::move(listed)) {
  for (std::string& origin : listed_) origin = ToLower(origin);
  any_ = std::erase(listed_, "*") > 0;
}

bool OriginPolicy::IsListed(std::string_view origin) const {
  return std::find(listed_.begin(), listed_.end(), ToLower(origin)) != listed_.end();
}

bool OriginPolicy::IsTrusted(std::string_view origin) const {
  return IsLoopbackHost(HostOf(ToLower(origin))) || IsListed(origin);
}

bool OriginPolicy::Allows(std::string_view origin, std::string_view host) const {
  return any_ || AllowsByName(origin, host);
}

bool OriginPolicy::AllowsByName(std::string_view origin, std::string_view host) const {
  if (IsTrusted(origin)) return true;
  const std::string lower = ToLower(origin);
  const std::string_view origin_host = HostOf(lower);
  return !origin_host.empty() && origin_host == ToLower(host);
}

std::vector<ResponseHeader> OriginPolicy::AnswerHeaders(std::optional<std::string_view> origin,
                                                        std::string_view host) const {
  if (!origin) return {};
  std::vector<ResponseHeader> headers = {{"Vary", "Origin"}};
  if (!Allows(*origin, host)) return headers;
  if (!AllowsByName(*origin, host)) {
    headers.push_back({"Access-Control-Allow-Origin", "*"});
    return headers;
  }
  headers.push_back({"Access-Control-Allow-Origin", std::string(*origin)});
  headers.push_back({"Access-Control-Allow-Credentials", "true"});
  return headers;
}

std::vector<ResponseHeader> OriginPolicy::PreflightHeaders(
    std::optional<std::string_view> origin, std::string_view host,
    std::optional<std::string_view> requested_headers) const {
  std::vector<ResponseHeader> headers = AnswerHeaders(origin, host);
  if (!origin || !Allows(*origin, host)) return headers;
  const bool echo =
      requested_headers && !requested_headers->empty() && IsHeaderList(*requested_headers);
  headers.push_back({"Access-Control-Allow-Methods", std::string(kMethods)});
  headers.push_back(
      {"Access-Control-Allow-Headers", std::string(echo ? *requested_headers : kOwnHeaders)});
  headers.push_back({"Access-Control-Max-Age", "3600"});
  return headers;
}

}  // namespace kalam::auth
