#pragma once

#include "kalam/subscription.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kalam {
inline namespace link_v1 {

// A message of /v1/ws.
struct LiveMessage {
  enum class Type { kAck, kInitialData, kChange, kResync, kError, kOther };
  Type type = Type::kOther;
  ChangeEvent event;  // but for kOther; of kError: `error`
};

// Reads one text message, whose buffer may grow for simdjson's padding. Errors: kSerialization.
Result<LiveMessage> ParseLiveMessage(std::string& text);

// The message that asks for a subscription. `from_seq` takes the place of what `options` say of the
// first rows; `everything` asks for the whole result set whatever they say.
std::string SubscribeMessage(std::string_view id, std::string_view sql,
                             const SubscribeOptions& options, std::optional<std::uint64_t> from_seq,
                             bool everything);

// About what an event takes in memory.
std::size_t BytesOf(const ChangeEvent& event);

}  // namespace link_v1
}  // namespace kalam
