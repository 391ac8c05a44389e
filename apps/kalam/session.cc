#include "session.h"

#include "live_view.h"
#include "running_query.h"
#include "statement_splitter.h"

#include <algorithm>
#include <cctype>
#include <chrono>

namespace kalam::cli {

namespace {

Result<std::vector<std::string_view>> StatementsOf(std::string_view text) {
  sql::Script script = sql::SplitScript(text);
  if (script.open != sql::OpenEnd::kNone) {
    Error error;
    error.kind = ErrorKind::kSql;
    error.code = "BATCH_PARSE_ERROR";
    error.message = script.open == sql::OpenEnd::kQuote
                        ? "Failed to parse SQL batch: Unterminated quoted string in SQL batch"
                        : "Failed to parse SQL batch: Unterminated block comment in SQL batch";
    return error;
  }
  if (!script.rest.empty()) script.statements.push_back(script.rest);
  return std::move(script.statements);
}

// The server counts within its request; in a script our own count is the one that helps.
void DropStatementPrefix(std::string* message) {
  constexpr std::string_view kStart = "Statement ";
  constexpr std::string_view kEnd = " failed: ";
  if (message->rfind(kStart, 0) != 0) return;
  std::size_t at = kStart.size();
  while (at < message->size() && std::isdigit(static_cast<unsigned char>((*message)[at]))) ++at;
  if (at > kStart.size() && message->compare(at, kEnd.size(), kEnd) == 0) {
    message->erase(0, at + kEnd.size());
  }
}

}  // namespace

ExitCode Session::RunCommand(std::string_view sql) {
  const auto response = RunQuery(client_, sql);
  if (!response) {
    for (const StatementResult& result : response.error().completed) printer_->PrintResult(result);
    printer_->PrintError(response.error());
    return ExitCodeOf(response.error());
  }
  return PrintOrFollow(*response);
}

ExitCode Session::PrintOrFollow(const Response& response) {
  const auto request = response.results.empty() ? std::nullopt : SubscriptionIn(response.results.back());
  if (!request) {
    printer_->PrintResponse(response);
    return ExitCode::kOk;
  }
  for (std::size_t i = 0; i + 1 < response.results.size(); ++i) printer_->PrintResult(response.results[i]);
  SubscribeOptions options;
  options.last_rows = request->last_rows;
  return Show(request->sql, options);
}

ExitCode Session::Follow(std::string_view query) {
  if (IsSubscribe(query)) return RunCommand(query);
  return Show(std::string(query), SubscribeOptions());
}

ExitCode Session::Show(const std::string& sql, const SubscribeOptions& options) {
  if (shows_live_) {
    printer_->PrintError(UsageError("one subscription at a time: \\unsubscribe ends the one that is shown"));
    return ExitCode::kUsage;
  }
  shows_live_ = true;
  LiveViewOptions live;
  live.subscribe = options;
  live.keyboard = printer_->style().terminal;
  live.on_statement = [this](std::string_view line) {
    RunCommand(line);
    printer_->Flush();
  };
  const LiveEnd end = ShowLive(client_, sql, live, printer_->style(), *printer_);
  shows_live_ = false;
  if (end.leave) leaving_ = true;
  return end.code;
}

ExitCode Session::RunScript(std::string_view sql, Numbering numbering) {
  const auto started = std::chrono::steady_clock::now();
  const auto statements = StatementsOf(sql);
  if (!statements) {
    printer_->PrintError(statements.error());
    return ExitCodeOf(statements.error());
  }
  std::size_t done = 0;
  for (const std::size_t count : GroupByRequest(*statements)) {
    auto response = RunQuery(client_, JoinStatements(*statements, done, count));
    const auto& results = response ? response->results : response.error().completed;
    if (numbering == Numbering::kNumbered) {
      for (std::size_t i = 0; i < results.size(); ++i) {
        printer_->PrintNumbered(done + i + 1, results[i]);
      }
    } else if (response) {
      if (const ExitCode code = PrintOrFollow(*response); code != ExitCode::kOk) return code;
    } else {
      for (const StatementResult& result : results) printer_->PrintResult(result);
    }
    if (!response) {
      Error& error = response.error();
      DropStatementPrefix(&error.message);
      printer_->PrintError(error);
      if (numbering == Numbering::kNumbered) {
        printer_->PrintStopped(done + std::min(results.size() + 1, count));
      }
      return ExitCodeOf(error);
    }
    done += count;
  }
  if (numbering == Numbering::kNumbered) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    printer_->PrintCompleted(done, took.count());
  }
  return ExitCode::kOk;
}

}  // namespace kalam::cli
