#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kalam::wire {

// The body of POST /v1/api/auth/login: {"user":"maya","password":"..."}; `username` is taken for `user`.
struct LoginRequest {
  std::string user;
  std::string password;
};

// Strict: one JSON object, both fields, strings. `body` must be followed by kBodyPaddingBytes readable bytes.
// Errors: kInvalidArgument; never with the password.
Result<LoginRequest> ParseLoginRequest(std::string_view body);

struct LoginAnswer {
  std::string_view access_token;
  std::chrono::seconds expires_in{0};
  std::string_view user_id;
  std::string_view username;
  std::string_view role;
  std::optional<std::string_view> email = {};
};

// {"access_token":"...","token_type":"Bearer","expires_in":3600,"user":{"user_id":...,"username":...,"role":...,
//  "email":...}}
std::string LoginBody(const LoginAnswer& answer);

}  // namespace kalam::wire
