#include "wire/login.h"

#include <simdjson.h>

#include "base/json_writer.h"
#include "wire/sql_request.h"

namespace kalam::wire {
namespace {

constexpr std::size_t kMaxLoginBytes = 16'384;

}  // namespace

Result<LoginRequest> ParseLoginRequest(std::string_view body) {
  thread_local simdjson::ondemand::parser parser;
  const auto invalid = [] {
    return Error(ErrorCode::kInvalidArgument, "request body must be {\"user\": \"...\", \"password\": \"...\"}");
  };
  if (body.size() > kMaxLoginBytes) return invalid();
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(body, body.size() + kBodyPaddingBytes).get(document) || document.get_object().get(object)) {
    return invalid();
  }
  std::optional<std::string> user, password;
  for (auto next : object) {
    simdjson::ondemand::field field;
    std::string_view key, text;
    if (std::move(next).get(field) || field.unescaped_key().get(key)) return invalid();
    std::optional<std::string>* target = key == "user" || key == "username" ? &user
                                         : key == "password"                ? &password
                                                                            : nullptr;
    if (target == nullptr || target->has_value() || field.value().get_string().get(text)) return invalid();
    *target = std::string(text);
  }
  if (!user || !password || !document.current_location().error()) return invalid();
  return LoginRequest{*std::move(user), *std::move(password)};
}

std::string LoginBody(const LoginAnswer& answer) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("access_token").String(answer.access_token);
  json.Key("token_type").String("Bearer");
  json.Key("expires_in").Int(answer.expires_in.count());
  json.Key("user").BeginObject();
  json.Key("user_id").String(answer.user_id);
  json.Key("username").String(answer.username);
  json.Key("role").String(answer.role);
  json.Key("email");
  answer.email ? json.String(*answer.email) : json.Null();
  json.EndObject().EndObject();
  return out;
}

}  // namespace kalam::wire
