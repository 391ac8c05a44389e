#pragma once

#include "exit_code.h"
#include "printer.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <kalam/client.h>

namespace kalam::cli {

// What a live display shows and when it ends.
struct LiveViewOptions {
  SubscribeOptions subscribe;
  std::optional<std::uint64_t> max_changes;  // then it ends by itself
  // On a terminal, take \pause, \continue, \unsubscribe and \quit meanwhile, on the last line of the screen.
  bool keyboard = false;
  // What else is typed there; absent: refused.
  std::function<void(std::string_view line)> on_statement;
};

struct LiveEnd {
  ExitCode code = ExitCode::kOk;
  bool leave = false;  // \quit: the person wants to leave the program
};

// Shows a live query until it ends, or until Ctrl+C (or SIGTERM), which is a success; see live_lines.h for how.
//
// Paused, it takes no events: they wait in the subscription's bounded queue, and when that is full in the server, which
// in the end drops the connection. The subscription resumes that where it stopped, so nothing is lost however long the
// pause is.
LiveEnd ShowLive(const Client& client, const std::string& sql, const LiveViewOptions& options,
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
