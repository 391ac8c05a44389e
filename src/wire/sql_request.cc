#include "wire/sql_request.h"

#include <cstring>
#include <string>

#include <fmt/format.h>
#include <simdjson.h>

namespace kalam::wire {
namespace {

namespace json = simdjson::ondemand;

// Levels that an ignored field may nest: checking it recurses.
constexpr int kMaxIgnoredDepth = 64;

// A parser holds about six bytes per byte of the largest body it saw. Above this it is given back.
constexpr std::size_t kKeepParserBytes = 1 << 20;

Error Invalid(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

Error NotJson(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY: return Invalid("request body is empty, expected a JSON object");
    case simdjson::UTF8_ERROR: return Invalid("request body is not valid UTF-8");
    case simdjson::UNCLOSED_STRING: return Invalid("request body is not valid JSON: unclosed string");
    case simdjson::UNESCAPED_CHARS:
      return Invalid("request body is not valid JSON: unescaped control character in a string");
    case simdjson::STRING_ERROR:
      return Invalid("request body is not valid JSON: bad escape in a string");
    case simdjson::TRAILING_CONTENT:
      return Invalid("request body is not valid JSON: more text after the object");
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return Invalid("request body is not valid JSON: it ends inside an object or array");
    case simdjson::CAPACITY: return Invalid("request body is too large to parse");
    case simdjson::MEMALLOC:
      return Error(ErrorCode::kLimitExceeded, "no memory to parse the request body");
    default: return Invalid("request body is not valid JSON");
  }
}

// Where a value stands, for messages. Cheap until a message is needed.
struct Place {
  std::string_view field;
  int index = -1;

  std::string ToString() const {
    return index < 0 ? fmt::format("'{}'", field) : fmt::format("{}[{}]", field, index);
  }
};

class RequestReader {
 public:
  RequestReader(std::string_view body, const SqlRequestLimits& limits)
      : body_(body),
        limits_(limits),
        has_escapes_(std::memchr(body.data(), '\\', body.size()) != nullptr) {}

  Result<SqlRequest> Read(json::parser& parser) {
    json::document document;
    if (auto error = parser.iterate(body_, body_.size() + kBodyPaddingBytes).get(document)) {
      return NotJson(error);
    }
    parser_ = &parser;
    json::object object;
    if (auto error = document.get_object().get(object)) {
      return error == simdjson::INCORRECT_TYPE ? Invalid("request body must be a JSON object")
                                               : NotJson(error);
    }
    for (auto next : object) {
      json::field field;
      if (auto error = std::move(next).get(field)) return NotJson(error);
      KALAM_TRY(ReadField(field));
    }
    // At the end of the text there is no current location.
    if (!document.current_location().error()) return NotJson(simdjson::TRAILING_CONTENT);
    if (!has_sql_) return Invalid("field 'sql' is missing");
    return std::move(request_);
  }

 private:
  Status ReadField(json::field& field) {
    std::string_view key;
    if (auto error = field.unescaped_key().get(key)) return NotJson(error);
    json::value value = field.value();
    if (key == "sql") {
      KALAM_TRY(Once(has_sql_, key));
      return ReadText(value, Place{"sql"}, request_.sql);
    }
    if (key == "params") {
      KALAM_TRY(Once(has_params_, key));
      return ReadParams(value);
    }
    if (key == "request_id") {
      KALAM_TRY(Once(has_request_id_, key));
      return ReadRequestId(value);
    }
    if (key == "int64_as_string") {
      KALAM_TRY(Once(has_int64_as_string_, key));
      return ReadFlag(value, Place{"int64_as_string"}, request_.int64_as_string);
    }
    return SkipValue(value, 0);
  }

  static Status Once(bool& seen, std::string_view key) {
    if (seen) return Invalid(fmt::format("field '{}' occurs twice", key));
    seen = true;
    return {};
  }

  Status ReadRequestId(json::value& value) {
    bool null = false;
    KALAM_TRY(ReadNull(value, null));
    if (null) return {};
    std::string_view id;
    KALAM_TRY(ReadText(value, Place{"request_id"}, id));
    if (id.empty() || id.size() > kMaxRequestIdBytes) {
      return Invalid(fmt::format("field 'request_id' must have 1 to {} bytes", kMaxRequestIdBytes));
    }
    request_.request_id = id;
    return {};
  }

  Status ReadFlag(json::value& value, Place place, bool& out) {
    bool null = false;
    KALAM_TRY(ReadNull(value, null));
    if (null) return {};
    if (auto error = value.get_bool().get(out)) {
      return error == simdjson::INCORRECT_TYPE
                 ? Invalid(fmt::format("field {} must be true or false", place.ToString()))
                 : NotJson(error);
    }
    return {};
  }

  Status ReadParams(json::value& value) {
    json::json_type type;
    if (auto error = value.type().get(type)) return NotJson(error);
    if (type == json::json_type::null) {
      bool null = false;
      return ReadNull(value, null);
    }
    if (type != json::json_type::array) return Invalid("field 'params' must be an array");
    json::array array;
    if (auto error = value.get_array().get(array)) return NotJson(error);
    for (auto next : array) {
      json::value element;
      if (auto error = std::move(next).get(element)) return NotJson(error);
      if (request_.params.size() == limits_.max_params) {
        return Error(ErrorCode::kLimitExceeded,
                     fmt::format("too many parameters: at most {} are allowed (limits.max_params)",
                                 limits_.max_params));
      }
      Datum datum;
      KALAM_TRY(ReadParam(element, Place{"params", static_cast<int>(request_.params.size())}, datum));
      request_.params.push_back(datum);
    }
    return {};
  }

  Status ReadParam(json::value& value, Place place, Datum& out) {
    json::json_type type;
    if (auto error = value.type().get(type)) return NotJson(error);
    switch (type) {
      case json::json_type::string: {
        std::string_view text;
        KALAM_TRY(ReadText(value, place, text));
        out = Datum::Text(text);
        return {};
      }
      case json::json_type::number: return ReadNumber(value, place, out);
      case json::json_type::boolean: {
        bool flag = false;
        if (auto error = value.get_bool().get(flag)) return NotJson(error);
        out = Datum::Bool(flag);
        return {};
      }
      case json::json_type::null: {
        bool null = false;
        KALAM_TRY(ReadNull(value, null));
        out = Datum::Null();
        return {};
      }
      case json::json_type::array:
      case json::json_type::object: break;
    }
    return Invalid(fmt::format(
        "{}: a parameter must be a string, a number, true, false or null, not an array or object",
        place.ToString()));
  }

  Status ReadNumber(json::value& value, Place place, Datum& out) {
    const std::string_view token = Trim(value.raw_json_token());
    const bool integral = token.find_first_of(".eE") == std::string_view::npos;
    json::number number;
    const auto error = value.get_number().get(number);
    if (!error && integral && number.is_int64()) {
      out = Datum::Int(number.get_int64());
      return {};
    }
    if (!error && !integral && number.is_double()) {
      out = Datum::Double(number.get_double());
      return {};
    }
    if (token.find_first_not_of("+-0123456789.eE") != std::string_view::npos) {
      return NotJson(simdjson::NUMBER_ERROR);
    }
    // A number, perhaps, but not one we can hold.
    if (integral && token.size() >= 19) {
      return Invalid(fmt::format("{}: integer {} is outside the range of BIGINT", place.ToString(),
                                 token.substr(0, 64)));
    }
    return Invalid(fmt::format("{}: {} is not a valid or representable number", place.ToString(),
                               token.substr(0, 64)));
  }

  // A literal that merely begins with `n` is an error, not "no null".
  static Status ReadNull(json::value& value, bool& null) {
    json::json_type type;
    if (auto error = value.type().get(type)) return NotJson(error);
    if (type != json::json_type::null) return {};
    if (auto error = value.is_null().get(null)) return NotJson(error);
    return null ? Status() : NotJson(simdjson::N_ATOM_ERROR);
  }

  // Borrows from the body when it has no escapes at all, else unescapes into request_.unescaped.
  Status ReadText(json::value& value, Place place, std::string_view& out) {
    json::raw_json_string raw;
    if (auto error = value.get_raw_json_string().get(raw)) {
      return error == simdjson::INCORRECT_TYPE
                 ? Invalid(fmt::format("field {} must be a string", place.ToString()))
                 : NotJson(error);
    }
    if (!has_escapes_) {
      const char* begin = raw.raw();
      const auto left = static_cast<std::size_t>(body_.data() + body_.size() - begin);
      const void* quote = std::memchr(begin, '"', left);
      if (quote == nullptr) return NotJson(simdjson::UNCLOSED_STRING);
      out = {begin, static_cast<std::size_t>(static_cast<const char*>(quote) - begin)};
      return {};
    }
    if (unescaped_end_ == nullptr) {
      // All strings together are never longer than the body; unescaping writes in blocks.
      request_.unescaped =
          std::make_unique_for_overwrite<char[]>(body_.size() + kBodyPaddingBytes);
      unescaped_end_ = reinterpret_cast<std::uint8_t*>(request_.unescaped.get());
    }
    if (auto error = parser_->unescape(raw, unescaped_end_).get(out)) return NotJson(error);
    return {};
  }

  // Reads through a value nobody asked for, so that malformed JSON is found there as well.
  Status SkipValue(json::value& value, int depth) {
    if (depth == kMaxIgnoredDepth) {
      return Invalid(fmt::format("request body is nested deeper than {} levels", kMaxIgnoredDepth));
    }
    json::json_type type;
    if (auto error = value.type().get(type)) return NotJson(error);
    switch (type) {
      case json::json_type::object: {
        json::object object;
        if (auto error = value.get_object().get(object)) return NotJson(error);
        for (auto next : object) {
          json::field field;
          if (auto error = std::move(next).get(field)) return NotJson(error);
          std::string_view key;
          if (auto error = field.unescaped_key().get(key)) return NotJson(error);
          json::value child = field.value();
          KALAM_TRY(SkipValue(child, depth + 1));
        }
        return {};
      }
      case json::json_type::array: {
        json::array array;
        if (auto error = value.get_array().get(array)) return NotJson(error);
        for (auto next : array) {
          json::value child;
          if (auto error = std::move(next).get(child)) return NotJson(error);
          KALAM_TRY(SkipValue(child, depth + 1));
        }
        return {};
      }
      case json::json_type::string: {
        std::string_view text;
        if (auto error = value.get_string().get(text)) return NotJson(error);
        return {};
      }
      case json::json_type::number: {
        double number = 0;
        if (auto error = value.get_double().get(number)) return NotJson(error);
        return {};
      }
      case json::json_type::boolean: {
        bool flag = false;
        if (auto error = value.get_bool().get(flag)) return NotJson(error);
        return {};
      }
      case json::json_type::null: {
        bool null = false;
        return ReadNull(value, null);
      }
    }
    return NotJson(simdjson::TAPE_ERROR);
  }

  static std::string_view Trim(std::string_view token) {
    const auto last = token.find_last_not_of(" \t\r\n");
    return last == std::string_view::npos ? std::string_view() : token.substr(0, last + 1);
  }

  const std::string_view body_;
  const SqlRequestLimits& limits_;
  const bool has_escapes_;
  json::parser* parser_ = nullptr;
  std::uint8_t* unescaped_end_ = nullptr;
  SqlRequest request_;
  bool has_sql_ = false;
  bool has_params_ = false;
  bool has_request_id_ = false;
  bool has_int64_as_string_ = false;
};

}  // namespace

Result<SqlRequest> ParseSqlRequest(std::string_view body, const SqlRequestLimits& limits) {
  static_assert(kBodyPaddingBytes >= simdjson::SIMDJSON_PADDING);
  // Nothing in a SqlRequest points into the parser, so that it can serve the next request at once.
  static thread_local json::parser parser;
  auto request = RequestReader(body, limits).Read(parser);
  if (parser.capacity() > kKeepParserBytes) parser = json::parser();
  return request;
}

}  // namespace kalam::wire
