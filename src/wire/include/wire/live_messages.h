#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

// The messages of /v1/ws (specification section 3): reading those of clients, writing those of the server.
namespace kalam::wire {

inline constexpr std::int64_t kMaxLastRows = 10'000;
inline constexpr std::size_t kMaxSubscriptionIdBytes = 128;

// Kept with each subscription, hence small.
struct SubscribeOptions {
  std::optional<Seq> from_seq;
  std::int32_t last_rows = 0;
  std::int32_t buffer_size = 1000;
  bool snapshot = false;
  bool expiry = false;  // STREAM: rows that expire are told as deletes
  bool int64_as_string = false;

  // {"last_rows":10,"buffer_size":1000}, with the others where they were given.
  std::string ToJson() const;
};

struct SubscribeRequest {
  std::string id;
  std::string sql;
  SubscribeOptions options;
  std::optional<std::string> invalid_option;  // what is wrong with the options; the rest is valid
};

struct Authenticate {
  std::string token;
};
struct Subscribe {
  std::vector<SubscribeRequest> requests;
};
struct Unsubscribe {
  std::vector<std::string> ids;
};
struct Ping {};

using ClientMessage = std::variant<Authenticate, Subscribe, Unsubscribe, Ping>;

// Reads one text message strictly: a JSON object with the right fields of the right types, none of them twice.
// Fields that the protocol does not know are ignored, unknown options are not.
// Errors: kInvalidArgument that says what is wrong.
Result<ClientMessage> ParseClientMessage(std::string_view text);

// --- what the server sends. Everything ends up in one text frame.

// Each takes the buffer it appends to, so that the frame's headroom can stand before it.
void AppendPong(std::string& out);
void AppendAuthenticated(std::string& out, std::string_view user_id);
void AppendAck(std::string& out, std::string_view id, std::string_view live_id, const SubscribeOptions& options,
               Seq seq);
void AppendUnsubscribed(std::string& out, std::string_view id);
void AppendResync(std::string& out, std::string_view id, Seq seq, std::string_view reason, bool as_string);
// `seq`: the last one that was delivered, for SLOW_CONSUMER.
void AppendError(std::string& out, std::string_view id, std::string_view code, std::string_view message,
                 std::optional<Seq> seq = std::nullopt);

// {"type":"initial_data","subscription_id":"sub-1","rows":[...],"count":1,"seq":7,"more":true}: `rows` are JSON
// objects, comma between them; `more` is written when `last` is not nullopt.
void AppendInitialData(std::string& out, std::string_view id, std::string_view rows, std::size_t count, Seq seq,
                       std::optional<bool> more, bool as_string);

// A change is the same for all who receive it, but for the subscription's id in front.
void AppendChangeHead(std::string& out, std::string_view id);
enum class ChangeKind : std::uint8_t { kInsert, kUpdate, kDeleted, kLeftFilter };
// What follows the head. `row` and `old_row` are JSON objects; `old_row` counts but for kInsert.
void AppendChangeTail(std::string& out, ChangeKind kind, Seq seq, std::string_view row, std::string_view old_row,
                      bool as_string);

}  // namespace kalam::wire
