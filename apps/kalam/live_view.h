#pragma once

#include "exit_code.h"
#include "printer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kalam/client.h>

namespace kalam::cli {

// What a live display shows and when it ends.
struct LiveViewOptions {
  SubscribeOptions subscribe;
  std::optional<std::uint64_t> max_changes;  // then it ends by itself
};

// Shows a live query until it ends, or until Ctrl+C (or SIGTERM), which is a success. Lines for
// people, one JSON object per event with Format::kJson, or the changed rows as CSV with `_change`
// and `_seq` in front.
ExitCode ShowLive(const Client& client, const std::string& sql, const LiveViewOptions& options,
                  const OutputStyle& style, Printer& printer);

// Does the text begin with SUBSCRIBE?
bool IsSubscribe(std::string_view sql);

// The answer to SUBSCRIBE TO: what to subscribe to. nullopt: the result is something else.
struct SubscriptionRequest {
  std::string sql;
  std::uint32_t last_rows = 0;
};
std::optional<SubscriptionRequest> SubscriptionIn(const StatementResult& result);

}  // namespace kalam::cli
