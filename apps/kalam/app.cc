#include "app.h"

#include "config.h"
#include "export/export_command.h"
#include "import/import_command.h"
#include "live_view.h"
#include "options.h"
#include "printer.h"
#include "prompt.h"
#include "session.h"
#include "settings.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

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

// "-" is standard input.
Result<std::string> ReadWholeFile(const std::string& path) {
  struct CloseFile {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  const std::unique_ptr<std::FILE, CloseFile> file(path == "-" ? stdin
                                                               : std::fopen(path.c_str(), "rb"));
  const std::string name = path == "-" ? "standard input" : path;
  const auto failure = [&] {
    return UsageError("cannot read " + name + ": " + std::strerror(errno));
  };
  if (!file) return failure();
  std::string text;
  char piece[64 * 1024];
  while (const std::size_t got = std::fread(piece, 1, sizeof(piece), file.get())) {
    text.append(piece, got);
  }
  if (std::ferror(file.get()) != 0) return failure();
  return text;
}

ExitCode RunSql(Session& session, const Options& options, const Settings& settings) {
  if (options.command) return session.RunCommand(*options.command);
  if (!options.file && isatty(STDIN_FILENO) != 0) return RunPrompt(session, settings);
  const auto sql = ReadWholeFile(options.file.value_or("-"));
  if (!sql) {
    session.printer().PrintError(sql.error());
    return ExitCode::kUsage;
  }
  return session.RunScript(
      *sql, options.file ? Session::Numbering::kNumbered : Session::Numbering::kPlain);
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
  return ShowLive(client, sql, live, printer.style(), printer);
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
