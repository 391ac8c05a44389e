#include "response_parser.h"

#include "row_parser.h"

#include <simdjson.h>

namespace kalam {
inline namespace link_v1 {

namespace {

namespace json = simdjson::ondemand;

// What the body says, before anyone judges it.
struct Envelope {
  std::string status;
  std::vector<StatementResult> results;
  double took_ms = 0;
  std::optional<bool> cache_hit;
  bool has_error = false;
  std::string code;
  std::string message;
  std::string details;
};

// Missing and null are the same to us.
bool IsPresent(json::value& value) {
  bool null = false;
  return value.is_null().get(null) == simdjson::SUCCESS && !null;
}

std::string Text(json::value value) {
  std::string_view text;
  return value.get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// The columns come after the rows in the server's answer, but are needed first: hence two passes
// over the object.
StatementResult ParseStatement(json::object object) {
  StatementResult result;
  std::vector<std::string> columns;
  json::array names;
  if (object["columns"].get_array().get(names) == simdjson::SUCCESS) {
    for (auto name : names) columns.push_back(std::string(std::string_view(name)));
  }
  result.rows = Rows(std::move(columns));

  object.reset();
  for (auto field : object) {
    const std::string_view key = field.unescaped_key();
    if (key == "columns") continue;
    json::value value = field.value();
    if (!IsPresent(value)) continue;
    if (key == "rows") {
      result.has_rows = true;
      for (auto row : value.get_array()) AppendRow(row.get_object(), &result.rows);
    } else if (key == "row_count") {
      result.row_count = value.get_uint64();
    } else if (key == "message") {
      result.message = Text(value);
    } else if (key == "cache_hit") {
      result.cache_hit = value.get_bool();
    }
  }
  return result;
}

// `error` is an object in SQL answers and a bare code, with `message` beside it, in refusals of the
// credentials.
void ParseError(json::value value, Envelope* envelope) {
  envelope->has_error = true;
  if (json::json_type(value.type()) == json::json_type::string) {
    envelope->code = Text(value);
    return;
  }
  for (auto field : value.get_object()) {
    const std::string_view key = field.unescaped_key();
    if (key == "code") envelope->code = Text(field.value());
    if (key == "message") envelope->message = Text(field.value());
    if (key == "details") envelope->details = Text(field.value());
  }
}

// Throws simdjson_error; ParseEnvelope below turns it into a value.
Envelope ParseEnvelopeOrThrow(std::string& body) {
  json::parser parser;
  json::document document =
      parser.iterate(simdjson::padded_string_view(body.data(), body.size(), body.capacity()));
  Envelope envelope;
  for (auto field : document.get_object()) {
    const std::string_view key = field.unescaped_key();
    json::value value = field.value();
    if (!IsPresent(value)) continue;
    if (key == "status") {
      envelope.status = Text(value);
    } else if (key == "results") {
      for (auto element : value.get_array()) {
        envelope.results.push_back(ParseStatement(element.get_object()));
      }
    } else if (key == "took_ms") {
      envelope.took_ms = value.get_double();
    } else if (key == "cache_hit") {
      envelope.cache_hit = value.get_bool();
    } else if (key == "error") {
      ParseError(value, &envelope);
    } else if (key == "message") {
      envelope.message = Text(value);
    }
  }
  return envelope;
}

Error Malformed(const HttpAnswer& answer, const char* why) {
  Error error;
  error.kind = ErrorKind::kSerialization;
  error.http_status = answer.status;
  error.message = std::string("the server's answer is not valid: ") + why;
  return error;
}

Error PlainHttpError(const HttpAnswer& answer) {
  constexpr std::size_t kExcerptBytes = 200;
  Error error;
  error.kind = answer.status == 401 ? ErrorKind::kAuthentication : ErrorKind::kHttp;
  error.http_status = answer.status;
  error.message = "HTTP " + std::to_string(answer.status);
  if (!answer.reason.empty()) error.message += " " + answer.reason;
  error.details = answer.body.substr(0, kExcerptBytes);
  return error;
}

Error ToError(const HttpAnswer& answer, Envelope envelope) {
  Error error;
  const bool from_sql = envelope.status == "error";
  const bool refused = answer.status == 401 || (answer.status == 403 && !from_sql);
  error.kind = refused ? ErrorKind::kAuthentication : from_sql ? ErrorKind::kSql : ErrorKind::kHttp;
  error.http_status = answer.status;
  error.code = std::move(envelope.code);
  error.message = std::move(envelope.message);
  error.details = std::move(envelope.details);
  error.completed = std::move(envelope.results);
  error.took_ms = envelope.took_ms;
  if (error.message.empty()) error.message = "HTTP " + std::to_string(answer.status);
  return error;
}

}  // namespace

Result<Response> ParseSqlAnswer(HttpAnswer answer) {
  Envelope envelope;
  try {
    envelope = ParseEnvelopeOrThrow(answer.body);
  } catch (const simdjson::simdjson_error& failure) {
    return answer.status == 200 ? Malformed(answer, failure.what()) : PlainHttpError(answer);
  }
  if (answer.status != 200 || envelope.has_error) {
    const bool ours = envelope.has_error || envelope.status == "error";
    return ours ? ToError(answer, std::move(envelope)) : PlainHttpError(answer);
  }
  if (envelope.status != "success") return Malformed(answer, "`status` is not \"success\"");
  Response response;
  response.results = std::move(envelope.results);
  response.took_ms = envelope.took_ms;
  response.cache_hit = envelope.cache_hit;
  return response;
}

Result<LoginAnswer> ParseLoginAnswer(HttpAnswer answer) {
  LoginAnswer login;
  Envelope envelope;
  try {
    json::parser parser;
    std::string& body = answer.body;
    json::document document =
        parser.iterate(simdjson::padded_string_view(body.data(), body.size(), body.capacity()));
    for (auto field : document.get_object()) {
      const std::string_view key = field.unescaped_key();
      json::value value = field.value();
      if (key == "access_token") {
        login.access_token = Text(value);
      } else if (key == "expires_in") {
        login.expires_in = std::chrono::seconds(std::int64_t(value.get_int64()));
      } else if (key == "error") {
        ParseError(value, &envelope);
      } else if (key == "message") {
        envelope.message = Text(value);
      } else if (key == "user") {
        for (auto about : value.get_object()) {
          const std::string_view name = about.unescaped_key();
          if (name == "user_id") login.user_id = Text(about.value());
          if (name == "role") login.role = Text(about.value());
        }
      }
    }
  } catch (const simdjson::simdjson_error& failure) {
    return answer.status == 200 ? Malformed(answer, failure.what()) : PlainHttpError(answer);
  }
  if (answer.status != 200) {
    return envelope.has_error ? ToError(answer, std::move(envelope)) : PlainHttpError(answer);
  }
  if (login.access_token.empty()) return Malformed(answer, "there is no access_token");
  return login;
}

Result<HealthStatus> ParseHealthAnswer(HttpAnswer answer) {
  HealthStatus health;
  try {
    json::parser parser;
    std::string& body = answer.body;
    json::document document =
        parser.iterate(simdjson::padded_string_view(body.data(), body.size(), body.capacity()));
    for (auto field : document.get_object()) {
      const std::string_view key = field.unescaped_key();
      if (key == "status") health.status = Text(field.value());
      if (key == "version") health.version = Text(field.value());
      if (key == "api_version") health.api_version = Text(field.value());
      if (key == "uptime_seconds") health.uptime_seconds = field.value().get_uint64();
      if (key != "metrics") continue;
      for (auto metric : field.value().get_object()) {
        const std::string_view name = metric.unescaped_key();
        if (name == "active_connections") health.connections = std::uint64_t(metric.value().get_uint64());
        if (name == "active_subscriptions") health.subscriptions = std::uint64_t(metric.value().get_uint64());
      }
    }
  } catch (const simdjson::simdjson_error& failure) {
    return answer.status == 200 ? Malformed(answer, failure.what()) : PlainHttpError(answer);
  }
  if (health.status.empty()) return PlainHttpError(answer);
  return health;
}

}  // namespace link_v1
}  // namespace kalam
