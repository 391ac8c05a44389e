#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::auth {

// True for localhost, 127.0.0.0/8 and [::1], each with or without a port. `host` is the text of a
// Host header. Names that merely begin like one (127.0.0.1.example.com) are not loopback.
bool IsLoopbackHost(std::string_view host);

struct ResponseHeader {
  std::string_view name;  // static text
  std::string value;
};

// Which web pages may talk to this server from a browser. No foreign origin may unless it is listed
// under `[server] cors_origins`; pages from this server and from loopback addresses always may.
// Immutable and thread-safe.
class OriginPolicy {
 public:
  // Entries look like `https://app.example.com` or `http://10.0.0.5:3000`, compared without regard
  // to case; `*` stands for every origin, without credentials.
  explicit OriginPolicy(std::vector<std::string> listed = {});

  // May a page from `origin` read our answers? `host` is the request's Host header.
  bool Allows(std::string_view origin, std::string_view host) const;

  // May a page from `origin` use the localhost bypass? Stricter: `*` does not count, else any web
  // page that the developer opens could act as `system` on their machine.
  bool IsTrusted(std::string_view origin) const;

  // What to add to an answer to a request that carries `origin`; empty without one.
  std::vector<ResponseHeader> AnswerHeaders(std::optional<std::string_view> origin,
                                            std::string_view host) const;

  // The answer to `OPTIONS` (send it with 204). A refused origin gets `Vary` alone, and the browser
  // then refuses for us. `requested_headers` is Access-Control-Request-Headers.
  std::vector<ResponseHeader> PreflightHeaders(
      std::optional<std::string_view> origin, std::string_view host,
      std::optional<std::string_view> requested_headers) const;

 private:
  bool IsListed(std::string_view origin) const;
  // Loopback, listed or this server's own: may send credentials too.
  bool AllowsByName(std::string_view origin, std::string_view host) const;

  std::vector<std::string> listed_;  // lower case
  bool any_ = false;
};

}  // namespace kalam::auth
