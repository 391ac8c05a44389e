#include "commands/shell.h"

#include "commands/command.h"

namespace kalam::cli {

ExitCode Shell::Run(std::string_view sql) {
  last_statement_ = sql;
  return session_.RunCommand(sql);
}

ExitCode Shell::RunScript(std::string_view text, Numbering numbering) {
  constexpr int kMaxDepth = 16;
  if (depth_ == kMaxDepth) {
    const Error error = UsageError("scripts include each other more than 16 deep");
    Failed(error);
    return ExitCodeOf(error);
  }
  ++depth_;
  ScriptOptions options{.numbering = numbering, .on_error = on_error_};
  options.run_command = [this](std::string_view line) {
    command_status_ = ExitCode::kOk;
    const Next next = RunBackslash(*this, line);
    return ScriptStep{.code = command_status_, .leave = next == Next::kLeave};
  };
  const ExitCode code = session_.RunScript(text, options);
  --depth_;
  return code;
}

void Shell::Failed(const Error& error) {
  session_.printer().PrintError(error);
  command_status_ = ExitCodeOf(error);
}

Result<HealthStatus> Shell::Connect(Settings settings) {
  auto client = cli::Connect(settings);
  if (!client) return std::move(client).error();
  auto health = client->Health();
  if (!health) return health;
  // The health check asks for no credentials; a statement does.
  if (auto accepted = client->Query("SELECT 1"); !accepted) return std::move(accepted).error();
  session_.Switch(*std::move(client));
  settings_ = std::move(settings);
  if (refresh_names) refresh_names();
  if (show_online) show_online(true);
  return health;
}

void Shell::Say(std::string_view text) {
  session_.printer().Flush();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

bool Shell::SendOutputTo(const std::string& path) {
  std::unique_ptr<std::FILE, CloseFile> file;
  if (!path.empty()) {
    file.reset(std::fopen(path.c_str(), "wbe"));
    if (!file) return false;
  }
  Printer& printer = session_.printer();
  printer.Flush();
  if (file_) {
    printer.Redirect(nullptr);
    style() = screen_style_;
    file_sink_.reset();
  }
  file_ = std::move(file);
  if (!file_) return true;
  file_sink_ = std::make_unique<TextSink>(file_.get());
  screen_style_ = style();
  style().color = false;
  style().terminal = false;
  printer.Redirect(file_sink_.get());
  return true;
}

}  // namespace kalam::cli
