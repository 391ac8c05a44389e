#include "live_message.h"

#include "kalam/param.h"
#include "row_parser.h"

#include <simdjson.h>

namespace kalam {
inline namespace link_v1 {

namespace {

namespace json = simdjson::ondemand;

ChangeEvent::Kind KindOf(std::string_view change_type) {
  if (change_type == "insert") return ChangeEvent::Kind::kInsert;
  if (change_type == "update") return ChangeEvent::Kind::kUpdate;
  if (change_type == "delete") return ChangeEvent::Kind::kDelete;
  throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
}

LiveMessage::Type TypeOf(std::string_view type, ChangeEvent& event) {
  using Type = LiveMessage::Type;
  if (type == "change") return Type::kChange;
  if (type == "initial_data") {
    event.kind = ChangeEvent::Kind::kInitialData;
    return Type::kInitialData;
  }
  if (type == "subscription_ack") {
    event.kind = ChangeEvent::Kind::kAck;
    return Type::kAck;
  }
  if (type == "resync") {
    event.kind = ChangeEvent::Kind::kResync;
    return Type::kResync;
  }
  if (type == "error") {
    event.kind = ChangeEvent::Kind::kError;
    event.error.emplace();
    event.error->kind = ErrorKind::kSubscription;
    return Type::kError;
  }
  return Type::kOther;
}

std::string Text(json::value value) { return std::string(std::string_view(value.get_string())); }

// Throws simdjson_error.
LiveMessage Parse(std::string& text) {
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  json::parser parser;
  json::document document =
      parser.iterate(simdjson::padded_string_view(text.data(), text.size(), text.capacity()));
  LiveMessage message;
  ChangeEvent& event = message.event;
  json::object object = document.get_object();
  message.type = TypeOf(std::string_view(object["type"].get_string()), event);
  object.reset();
  std::string code;
  std::string words;
  for (auto field : object) {
    const std::string_view key = field.unescaped_key();
    json::value value = field.value();
    if (key == "seq") {
      event.seq = value.get_uint64();
    } else if (key == "rows") {
      event.rows = ParseRows(value.get_array());
    } else if (key == "old_values") {
      event.old_rows = ParseRows(value.get_array());
    } else if (key == "change_type") {
      event.kind = KindOf(std::string_view(value.get_string()));
    } else if (key == "reason") {
      event.reason = Text(value);
    } else if (key == "more") {
      event.more = value.get_bool();
    } else if (key == "code") {
      code = Text(value);
    } else if (key == "message") {
      words = Text(value);
    }
  }
  if (event.error) {
    event.error->code = std::move(code);
    event.error->message = words.empty() ? "the subscription is over" : std::move(words);
  }
  return message;
}

}  // namespace

Result<LiveMessage> ParseLiveMessage(std::string& text) {
  try {
    return Parse(text);
  } catch (const simdjson::simdjson_error& failure) {
    Error error;
    error.kind = ErrorKind::kSerialization;
    error.message = std::string("the server's message is not valid: ") + failure.what();
    return error;
  }
}

std::string SubscribeMessage(std::string_view id, std::string_view sql,
                             const SubscribeOptions& options, std::optional<std::uint64_t> from_seq,
                             bool everything) {
  std::string text = "{\"type\":\"subscribe\",\"id\":";
  AppendJsonString(id, &text);
  text += ",\"sql\":";
  AppendJsonString(sql, &text);
  std::string fields;
  const auto add = [&](std::string_view name, const std::string& value) {
    fields += fields.empty() ? "\"" : ",\"";
    fields.append(name).append("\":").append(value);
  };
  if (everything) {
    add("snapshot", "true");
  } else if (from_seq) {
    add("from_seq", std::to_string(*from_seq));
  } else {
    if (options.last_rows > 0) add("last_rows", std::to_string(options.last_rows));
    if (options.snapshot) add("snapshot", "true");
  }
  if (options.buffer_size) add("buffer_size", std::to_string(*options.buffer_size));
  if (!fields.empty()) text += ",\"options\":{" + fields + "}";
  return text + "}";
}

std::size_t BytesOf(const ChangeEvent& event) {
  std::size_t bytes = sizeof(ChangeEvent) + event.reason.size();
  for (const Rows* rows : {&event.rows, &event.old_rows}) {
    for (const std::string& column : rows->columns()) bytes += sizeof(std::string) + column.size();
    bytes += rows->size() * rows->columns().size() * 16 + rows->text_bytes();
  }
  return bytes;
}

}  // namespace link_v1
}  // namespace kalam
