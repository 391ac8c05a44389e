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
  const auto expanded = variables_.Expand(sql);
  if (!expanded) {
    printer_->PrintError(expanded.error());
    return ExitCodeOf(expanded.error());
  }
  const auto response = RunQuery(client_, *expanded);
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

ExitCode Session::RunScript(std::string_view text, const ScriptOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  ScriptRun run{.options = options};
  for (const ScriptPiece& piece : PiecesOf(text)) {
    if (piece.is_command) {
      printer_->Flush();
      const ScriptStep step = options.run_command ? options.run_command(piece.text) : ScriptStep();
      Note(step.code, &run);
      if (step.leave) return run.code;
    } else {
      RunPiece(piece.text, &run);
    }
    if (run.stopped || leaving_) return run.code;
  }
  if (options.numbering == Numbering::kNumbered) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    printer_->PrintCompleted(run.done, run.failed, took.count());
  }
  return run.code;
}

void Session::Note(ExitCode code, ScriptRun* run) {
  if (code == ExitCode::kOk) return;
  if (run->code == ExitCode::kOk) run->code = code;
  // Without a connection, or when the person wants it to end, there is nothing to go on with.
  const bool hopeless = code == ExitCode::kConnection || code == ExitCode::kInterrupted;
  run->stopped = run->options.on_error == OnError::kStop || hopeless;
}

void Session::RunPiece(std::string_view piece, ScriptRun* run) {
  const auto statements = StatementsOf(piece);
  if (!statements) {
    printer_->PrintError(statements.error());
    return Note(ExitCodeOf(statements.error()), run);
  }
  std::size_t first = 0;
  for (const std::size_t count : GroupByRequest(*statements)) {
    RunGroup(JoinStatements(*statements, first, count), count, run);
    if (run->stopped || leaving_) return;
    first += count;
  }
}

void Session::RunGroup(const std::string& sql, std::size_t count, ScriptRun* run) {
  const bool numbered = run->options.numbering == Numbering::kNumbered;
  const auto expanded = variables_.Expand(sql);
  Result<Response> response = expanded ? RunQuery(client_, *expanded) : Result<Response>(expanded.error());
  const auto& results = response ? response->results : response.error().completed;
  if (numbered) {
    for (std::size_t i = 0; i < results.size(); ++i) printer_->PrintNumbered(run->done + i + 1, results[i]);
  } else if (response) {
    Note(PrintOrFollow(*response), run);
  } else {
    for (const StatementResult& result : results) printer_->PrintResult(result);
  }
  if (!response) {
    Error& error = response.error();
    DropStatementPrefix(&error.message);
    printer_->PrintError(error);
    Note(ExitCodeOf(error), run);
    ++run->failed;
    if (numbered && run->stopped) printer_->PrintStopped(run->done + std::min(results.size() + 1, count));
  }
  run->done += count;
}

}  // namespace kalam::cli
