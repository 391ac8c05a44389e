#include "wire/live_messages.h"

#include <charconv>

#include <simdjson.h>

#include "base/json_writer.h"

namespace kalam::wire {
namespace {

namespace dom = simdjson::dom;

// A parser holds several times the bytes of the largest message it saw. Above this it is given back.
constexpr std::size_t kKeepParserBytes = 256 << 10;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxRequests = 1'000;

Error Invalid(std::string message) { return Error(ErrorCode::kInvalidArgument, std::move(message)); }

Result<std::string> Text(std::string_view field, dom::element value) {
  std::string_view text;
  if (value.get_string().get(text)) return Invalid("field '" + std::string(field) + "' must be a string");
  return std::string(text);
}

Result<std::string> SubscriptionId(std::string_view field, dom::element value) {
  KALAM_TRY_ASSIGN(std::string id, Text(field, value));
  if (id.empty() || id.size() > kMaxSubscriptionIdBytes) {
    return Invalid("field '" + std::string(field) + "' must have 1 to " + std::to_string(kMaxSubscriptionIdBytes) +
                   " bytes");
  }
  return id;
}

// Reads the options one by one; what is wrong with one is the subscription's error, not the message's.
class OptionsReader {
 public:
  explicit OptionsReader(SubscribeOptions& options) : options_(options) {}

  std::optional<std::string> Read(dom::element value) {
    if (value.is_null()) return std::nullopt;
    dom::object object;
    if (value.get_object().get(object)) return "options must be an object";
    for (const auto [key, option] : object) {
      if (auto wrong = ReadOne(key, option)) return wrong;
    }
    if (options_.from_seq && (options_.snapshot || options_.last_rows > 0)) {
      return "from_seq goes with neither last_rows nor snapshot: what was missed comes as changes";
    }
    if (options_.snapshot && options_.last_rows > 0) return "last_rows and snapshot exclude each other";
    return std::nullopt;
  }

 private:
  std::optional<std::string> ReadOne(std::string_view key, dom::element option) {
    if (key == "last_rows") {
      return Integer(key, option, 0, kMaxLastRows, options_.last_rows);
    }
    if (key == "buffer_size") {
      return Integer(key, option, 1, 1'000'000'000, options_.buffer_size);
    }
    if (key == "from_seq") return FromSeq(option);
    if (key == "snapshot") return Flag(key, option, options_.snapshot);
    if (key == "expiry") return Flag(key, option, options_.expiry);
    if (key == "int64_as_string") return Flag(key, option, options_.int64_as_string);
    return "Unknown subscription option: " + std::string(key);
  }

  static std::optional<std::string> Integer(std::string_view key, dom::element option, std::int64_t least,
                                            std::int64_t most, std::int32_t& out) {
    if (option.is_null()) return std::nullopt;
    std::int64_t number = 0;
    if (option.get_int64().get(number) || number < least || number > most) {
      return std::string(key) + " must be an integer from " + std::to_string(least) + " to " + std::to_string(most);
    }
    out = static_cast<std::int32_t>(number);
    return std::nullopt;
  }

  static std::optional<std::string> Flag(std::string_view key, dom::element option, bool& out) {
    if (option.is_null()) return std::nullopt;
    if (option.get_bool().get(out)) return std::string(key) + " must be true or false";
    return std::nullopt;
  }

  // A number, or its digits for clients whose numbers end at 2^53.
  std::optional<std::string> FromSeq(dom::element option) {
    if (option.is_null()) return std::nullopt;
    std::uint64_t seq = 0;
    if (option.get_uint64().get(seq)) {
      std::string_view digits;
      const bool is_text = option.get_string().get(digits) == simdjson::SUCCESS;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seq);
      if (!is_text || digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
        return "from_seq must be a seq that the server has sent";
      }
    }
    options_.from_seq = Seq(seq);
    return std::nullopt;
  }

  SubscribeOptions& options_;
};

class MessageReader {
 public:
  Result<ClientMessage> Read(dom::element document) {
    dom::object object;
    if (document.get_object().get(object)) return Invalid("a message must be a JSON object");
    for (const auto [key, value] : object) {
      if (key == "type") {
        KALAM_TRY(Once(type_, key, Text(key, value)));
      } else if (key == "token") {
        KALAM_TRY(Once(token_, key, Text(key, value)));
      } else if (key == "id" || key == "query_id") {
        KALAM_TRY(Once(id_, key, SubscriptionId(key, value)));
      } else if (key == "sql") {
        KALAM_TRY(Once(sql_, key, Text(key, value)));
      } else if (key == "query_ids") {
        KALAM_TRY(ReadIds(value));
      } else if (key == "options") {
        options_ = value;
      } else if (key == "subscriptions") {
        KALAM_TRY(ReadSubscriptions(value));
      } else if (key == "subscription") {
        KALAM_TRY_ASSIGN(SubscribeRequest request, ReadRequest(value));
        requests_.push_back(std::move(request));
      }
    }
    return Make();
  }

 private:
  template <typename T>
  static Status Once(std::optional<T>& field, std::string_view key, Result<T> value) {
    if (!value.ok()) return value.error();
    if (field) return Invalid("field '" + std::string(key) + "' occurs twice");
    field = std::move(value).value();
    return {};
  }

  Status ReadIds(dom::element value) {
    dom::array array;
    if (value.get_array().get(array)) return Invalid("field 'query_ids' must be an array");
    for (const dom::element item : array) {
      KALAM_TRY_ASSIGN(std::string id, SubscriptionId("query_ids", item));
      ids_.push_back(std::move(id));
    }
    return {};
  }

  Status ReadSubscriptions(dom::element value) {
    dom::array array;
    if (value.get_array().get(array)) return Invalid("field 'subscriptions' must be an array");
    if (array.size() == 0) return Invalid("field 'subscriptions' is empty");
    if (array.size() > kMaxRequests) return Invalid("field 'subscriptions' has too many entries");
    for (const dom::element item : array) {
      KALAM_TRY_ASSIGN(SubscribeRequest request, ReadRequest(item));
      requests_.push_back(std::move(request));
    }
    return {};
  }

  static Result<SubscribeRequest> ReadRequest(dom::element value) {
    dom::object object;
    if (value.get_object().get(object)) return Invalid("a subscription must be an object");
    std::optional<std::string> id, sql;
    SubscribeRequest request;
    for (const auto [key, field] : object) {
      if (key == "id" || key == "query_id") {
        KALAM_TRY(Once(id, key, SubscriptionId(key, field)));
      } else if (key == "sql") {
        KALAM_TRY(Once(sql, key, Text(key, field)));
      } else if (key == "options") {
        request.invalid_option = OptionsReader(request.options).Read(field);
      }
    }
    if (!id) return Invalid("a subscription needs the field 'id'");
    if (!sql) return Invalid("subscription '" + *id + "' needs the field 'sql'");
    request.id = *std::move(id);
    request.sql = *std::move(sql);
    return request;
  }

  Result<ClientMessage> Make() {
    const std::string type = type_.value_or("");
    if (type == "ping") return ClientMessage(Ping{});
    if (type == "authenticate" || (type.empty() && token_)) {
      if (!token_) return Invalid("field 'token' is missing");
      return ClientMessage(Authenticate{*std::move(token_)});
    }
    if (type == "unsubscribe") {
      if (id_) ids_.push_back(*std::move(id_));
      if (ids_.empty()) return Invalid("field 'id' is missing");
      return ClientMessage(Unsubscribe{std::move(ids_)});
    }
    if (!type.empty() && type != "subscribe") return Invalid("unknown message type '" + type + "'");
    if (sql_) {
      if (!id_) return Invalid("field 'id' is missing");
      SubscribeRequest request{.id = *std::move(id_), .sql = *std::move(sql_), .options = {}, .invalid_option = {}};
      if (options_) request.invalid_option = OptionsReader(request.options).Read(*options_);
      requests_.push_back(std::move(request));
    }
    if (requests_.empty()) return Invalid("field 'subscriptions' is missing");
    return ClientMessage(Subscribe{std::move(requests_)});
  }

  std::optional<std::string> type_, token_, id_, sql_;
  std::optional<dom::element> options_;
  std::vector<std::string> ids_;
  std::vector<SubscribeRequest> requests_;
};

void AppendSeq(JsonWriter& json, Seq seq, bool as_string) {
  json.Key("seq");
  if (as_string) {
    json.String(std::to_string(seq.value()));
  } else {
    json.Uint(seq.value());
  }
}

std::string_view TypeOf(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kInsert: return "insert";
    case ChangeKind::kUpdate: return "update";
    case ChangeKind::kDeleted:
    case ChangeKind::kLeftFilter: return "delete";
  }
  return "";
}

}  // namespace

std::string SubscribeOptions::ToJson() const {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("last_rows").Int(last_rows).Key("buffer_size").Int(buffer_size);
  if (snapshot) json.Key("snapshot").Bool(true);
  if (from_seq) json.Key("from_seq").Uint(from_seq->value());
  if (expiry) json.Key("expiry").Bool(true);
  if (int64_as_string) json.Key("int64_as_string").Bool(true);
  json.EndObject();
  return out;
}

Result<ClientMessage> ParseClientMessage(std::string_view text) {
  thread_local std::unique_ptr<dom::parser> parser;
  if (!parser) parser = std::make_unique<dom::parser>();
  // Small once and for all messages but the largest; what those needed is given back.
  struct GiveBack {
    ~GiveBack() {
      if (parser->capacity() > kKeepParserBytes) parser.reset();
    }
  } give_back;
  if (parser->allocate(std::max<std::size_t>(text.size(), 1024), kMaxDepth)) {
    return Error(ErrorCode::kLimitExceeded, "no memory to parse the message");
  }
  dom::element document;
  if (const auto error = parser->parse(text.data(), text.size()).get(document)) {
    return Invalid(std::string("not valid JSON: ") + simdjson::error_message(error));
  }
  return MessageReader().Read(document);
}

void AppendPong(std::string& out) { out += R"({"type":"pong"})"; }

void AppendAuthenticated(std::string& out, std::string_view user_id) {
  JsonWriter json(out);
  json.BeginObject().Key("type").String("authenticated").Key("user_id").String(user_id).EndObject();
}

void AppendAck(std::string& out, std::string_view id, std::string_view live_id, const SubscribeOptions& options,
               Seq seq) {
  JsonWriter json(out);
  json.BeginObject().Key("type").String("subscription_ack").Key("subscription_id").String(id);
  json.Key("live_id").String(live_id).Key("last_rows").Int(options.last_rows);
  AppendSeq(json, seq, options.int64_as_string);
  json.EndObject();
}

void AppendUnsubscribed(std::string& out, std::string_view id) {
  JsonWriter json(out);
  json.BeginObject().Key("type").String("unsubscribed").Key("subscription_id").String(id).EndObject();
}

void AppendResync(std::string& out, std::string_view id, Seq seq, std::string_view reason, bool as_string) {
  JsonWriter json(out);
  json.BeginObject().Key("type").String("resync").Key("subscription_id").String(id);
  AppendSeq(json, seq, as_string);
  json.Key("reason").String(reason).EndObject();
}

void AppendError(std::string& out, std::string_view id, std::string_view code, std::string_view message,
                 std::optional<Seq> seq) {
  JsonWriter json(out);
  json.BeginObject().Key("type").String("error").Key("subscription_id").String(id);
  json.Key("code").String(code).Key("message").String(message);
  if (seq) AppendSeq(json, *seq, false);
  json.EndObject();
}

void AppendInitialData(std::string& out, std::string_view id, std::string_view rows, std::size_t count, Seq seq,
                       std::optional<bool> more, bool as_string) {
  JsonWriter json(out);
  json.BeginObject().Key("type").String("initial_data").Key("subscription_id").String(id);
  json.Key("rows").BeginArray();
  if (!rows.empty()) json.Raw(rows);
  json.EndArray().Key("count").Uint(count);
  AppendSeq(json, seq, as_string);
  if (more) json.Key("more").Bool(*more);
  json.EndObject();
}

void AppendChangeHead(std::string& out, std::string_view id) {
  out += R"({"type":"change","subscription_id":)";
  AppendJsonString(out, id);
}

void AppendChangeTail(std::string& out, ChangeKind kind, Seq seq, std::string_view row, std::string_view old_row,
                      bool as_string) {
  out += R"(,"change_type":")";
  out += TypeOf(kind);
  out += R"(","seq":)";
  if (as_string) out += '"';
  out += std::to_string(seq.value());
  if (as_string) out += '"';
  out += R"(,"rows":[)";
  out += row;
  out += ']';
  if (kind != ChangeKind::kInsert) {
    out += R"(,"old_values":[)";
    out += old_row;
    out += ']';
  }
  if (kind == ChangeKind::kDeleted) out += R"(,"reason":"deleted")";
  if (kind == ChangeKind::kLeftFilter) out += R"(,"reason":"filter")";
  out += '}';
}

}  // namespace kalam::wire
