#pragma once

#include "net/http_exchange.h"

#include <string>
#include <string_view>

namespace kalam::net {

enum class ConnectionHeader { kNone, kClose, kKeepAlive };

// Appends status line, headers and the blank line. Content-Length is that of `response.body`, also
// when the caller then leaves the body out (HEAD).
void AppendHead(std::string& out, const HttpResponse& response, std::string_view date,
                ConnectionHeader connection);

// Answers of these kinds never have a body.
bool StatusForbidsBody(int status);

// Now, as the Date header wants it: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate();

// {"error":{"status":400,"message":"..."}}: the refusal body of a server that was given no other.
std::string PlainRefusalBody(int status, std::string_view message);

}  // namespace kalam::net
