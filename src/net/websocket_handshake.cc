#include "net/websocket.h"

#include <algorithm>

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace kalam::net {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// One of the comma-separated tokens of any header of that name.
bool HasToken(const HttpRequest& request, std::string_view name, std::string_view token) {
  for (std::size_t i = 0; i < request.header_count(); ++i) {
    if (!EqualsIgnoreCase(request.header_name(i), name)) continue;
    std::string_view rest = request.header_value(i);
    while (true) {
      const auto comma = rest.find(',');
      if (EqualsIgnoreCase(Trim(rest.substr(0, comma)), token)) return true;
      if (comma == rest.npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

// Sixteen bytes in base 64: 22 digits and two signs of padding.
bool IsKey(std::string_view key) {
  return key.size() == 24 && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '+' || c == '/';
         });
}

// What proves to the client that this server understood it: base64(SHA-1(key + GUID)).
std::string AcceptKey(std::string_view key) {
  const std::string text = std::string(key).append(kGuid);
  unsigned char hash[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  unsigned char encoded[4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1];
  const int size = EVP_EncodeBlock(encoded, hash, SHA_DIGEST_LENGTH);
  return {reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size)};
}

}  // namespace

std::optional<HandshakeRefusal> CheckHandshake(const HttpRequest& request) {
  if (request.method() != "GET" || request.is_http10() ||
      !HasToken(request, "upgrade", "websocket") || !HasToken(request, "connection", "upgrade")) {
    return HandshakeRefusal{426,
                            "this endpoint speaks WebSocket: GET with 'Connection: Upgrade' and "
                            "'Upgrade: websocket', HTTP/1.1",
                            {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}}};
  }
  if (request.HeaderCount("sec-websocket-version") != 1 ||
      *request.Header("sec-websocket-version") != "13") {
    return HandshakeRefusal{426,
                            "header 'sec-websocket-version' must be 13",
                            {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}}};
  }
  if (request.HeaderCount("sec-websocket-key") != 1 ||
      !IsKey(*request.Header("sec-websocket-key"))) {
    return HandshakeRefusal{400, "header 'sec-websocket-key' must be 16 bytes in base 64", {}};
  }
  return std::nullopt;
}

HttpResponse AcceptWebSocket(const HttpRequest& request, std::unique_ptr<WebSocketHandler> handler,
                             std::shared_ptr<const WebSocketOptions> options) {
  const auto key = request.Header("sec-websocket-key");
  HttpResponse response{.status = 101};
  response.headers = {{"Upgrade", "websocket"},
                      {"Connection", "Upgrade"},
                      {"Sec-WebSocket-Accept", AcceptKey(key.value_or(""))}};
  response.websocket =
      std::make_shared<WebSocketUpgrade>(std::move(handler), std::move(options));
  return response;
}

}  // namespace kalam::net
