#include "app.h"

#include "commands/shell.h"
#include "config.h"
#include "export/export_command.h"
#include "import/import_command.h"
#include "live_screen.h"
#include "live_view.h"
#include "login_command.h"
#include "options.h"
#include "ping_command.h"
#include "printer.h"
#include "prompt.h"
#include "session.h"
#include "settings.h"
#include "text_file.h"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

namespace kalam::cli {

namespace {

// Reads the file given, or else the default one; either is created with defaults if it is missing.
Result<Config> ReadConfig(const Options& options) {
  std::optional<std::filesystem::path> path = DefaultConfigPath();
  if (options.config_path) path = *options.config_path;
  if (!path) return Config();
  if (access(path->c_str(), F_OK) != 0) {
    const bool written = WriteDefaultConfig(*path);
    if (options.verbose || (options.config_path && written)) {
      std::fprintf(stderr, "%s %s\n", written ? "Created" : "Cannot create", path->c_str());
    }
    if (!written) return Config();
  }
  return LoadConfig(*path);
}

ExitCode RunSql(Session& session, const Options& options, const Settings& settings) {
  for (const std::string& assignment : options.variables) session.variables().Assign(assignment);
  Shell shell(&session, settings);
  shell.set_on_error(options.on_error == "continue" ? OnError::kContinue : OnError::kStop);
  if (options.command) {
    // As in psql, a command may be a backslash command too.
    if (options.command->starts_with('\\')) return shell.RunScript(*options.command);
    return session.RunCommand(*options.command);
  }
  if (!options.file && isatty(STDIN_FILENO) != 0) return RunPrompt(shell);
  const auto text = ReadWholeFile(options.file.value_or("-"));
  if (!text) {
    session.printer().PrintError(text.error());
    return ExitCode::kUsage;
  }
  return shell.RunScript(*text, options.file ? Numbering::kNumbered : Numbering::kPlain);
}

ExitCode RunWatch(const Client& client, const WatchOptions& watch, Printer& printer) {
  LiveViewOptions live;
  live.subscribe.last_rows = watch.last_rows;
  live.subscribe.snapshot = watch.snapshot;
  live.subscribe.from_seq = watch.from_seq;
  live.max_changes = watch.count;
  std::string sql = watch.sql;
  if (IsSubscribe(sql)) {
    const auto answer = client.Query(sql);
    const auto request = answer ? SubscriptionIn(answer->results.front()) : std::nullopt;
    if (!request) {
      printer.PrintError(answer ? UsageError("not a single SUBSCRIBE TO statement") : answer.error());
      return answer ? ExitCode::kUsage : ExitCodeOf(answer.error());
    }
    sql = request->sql;
    if (live.subscribe.last_rows == 0 && !watch.from_seq) live.subscribe.last_rows = request->last_rows;
  }
  if (watch.table) return ShowLiveTable(client, sql, printer.style(), printer);
  live.keyboard = printer.style().terminal && printer.style().format == Format::kTable;
  return ShowLive(client, sql, live, printer.style(), printer).code;
}

ExitCode Run(const Options& options) {
  TextSink out(stdout);
  TextSink err(stderr);
  OutputStyle out_style;
  OutputStyle err_style;
  out_style.terminal = isatty(STDOUT_FILENO) != 0;
  err_style.terminal = isatty(STDERR_FILENO) != 0;

  const auto config = ReadConfig(options);
  Settings settings = ResolveSettings(options, config ? *config : Config(), std::getenv);
  out_style.format = settings.format;
  out_style.page_rows = settings.max_rows;
  out_style.color = settings.color.value_or(out_style.terminal);
  err_style.color = settings.color.value_or(err_style.terminal);
  Printer printer(out_style, &out, err_style, &err);
  if (!config) {
    printer.PrintError(config.error());
    return ExitCode::kUsage;
  }
  auto client = Connect(settings);
  if (!client) {
    printer.PrintError(client.error());
    return ExitCodeOf(client.error());
  }
  if (options.verbose) {
    std::fprintf(stderr, "Server %s, user %s\n", client->url().c_str(),
                 settings.user_id.empty() ? "(from the credentials)" : settings.user_id.c_str());
  }
  if (options.ping) return RunPing(settings, *options.ping, printer);
  if (options.login) {
    std::optional<std::filesystem::path> path = DefaultConfigPath();
    if (options.config_path) path = *options.config_path;
    return RunLogin(*client, settings, *options.login, path, printer);
  }
  if (options.import) {
    return RunImport(*client, *options.import, settings.format, err_style.terminal, printer);
  }
  if (options.export_table) return RunExport(*client, *options.export_table, err_style.terminal, printer);
  if (options.watch) return RunWatch(*client, *options.watch, printer);
  Session session(*std::move(client), &printer);
  return RunSql(session, options, settings);
}

}  // namespace

int RunApp(int argc, const char* const* argv) {
  const auto parsed = ParseCommandLine(argc, argv);
  if (const auto* early = std::get_if<EarlyExit>(&parsed)) {
    std::fputs(early->text.c_str(), early->code == ExitCode::kOk ? stdout : stderr);
    return static_cast<int>(early->code);
  }
  return static_cast<int>(Run(std::get<Options>(parsed)));
}

}  // namespace kalam::cli
