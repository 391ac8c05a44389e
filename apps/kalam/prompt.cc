#include "prompt.h"

#include "editor/prompt_input.h"
#include "editor/raw_terminal.h"
#include "statement_splitter.h"

#include <cstdio>

namespace kalam::cli {

namespace {

constexpr const char* kHelp =
    "Statements end with ';' and may span lines.\n"
    "  \\help, \\?   this help\n"
    "  \\health     how the server is\n"
    "  \\quit, \\q   leave\n";

void PrintBanner(const Client& client, const std::string& user_id, const HealthStatus& health) {
  std::printf(
      "╔══════════════════════════════════════════════════════╗\n"
      "║  🗄️  Kalam CLI - Interactive Database Terminal        ║\n"
      "╚══════════════════════════════════════════════════════╝\n"
      "Connected to %s as %s\n"
      "Server %s, CLI " KALAM_VERSION
      "\n"
      "Type \\help for help, \\quit to exit.\n\n",
      client.url().c_str(), user_id.empty() ? "the server's default user" : user_id.c_str(),
      health.version.c_str());
}

enum class Next { kContinue, kLeave };

Next RunBackslash(Session& session, const std::string& line) {
  const std::string command = line.substr(0, line.find_first_of(" \t;"));
  if (command == "\\q" || command == "\\quit") return Next::kLeave;
  if (command == "\\help" || command == "\\?") {
    std::fputs(kHelp, stdout);
  } else if (command == "\\health") {
    const auto health = session.client().Health();
    if (health) {
      std::printf("Status: %s\nVersion: %s\nUptime: %llu s\n", health->status.c_str(),
                  health->version.c_str(), static_cast<unsigned long long>(health->uptime_seconds));
    } else {
      session.printer().PrintError(health.error());
    }
  } else {
    std::printf("Unknown command: %s. Type \\help for help.\n", command.c_str());
  }
  return Next::kContinue;
}

void RunStatements(Session& session, const std::string& text) {
  const sql::Script script = sql::SplitScript(text);
  std::size_t done = 0;
  for (const std::size_t count : GroupByRequest(script.statements)) {
    session.RunCommand(JoinStatements(script.statements, done, count));
    done += count;
  }
}

}  // namespace

ExitCode RunPrompt(Session& session, const Settings& settings) {
  const auto health = session.client().Health();
  if (!health) {
    session.printer().PrintError(health.error());
    return ExitCodeOf(health.error());
  }
  PrintBanner(session.client(), settings.user_id, *health);
  const bool editor = RawTerminal::Usable();
  History history(editor ? DefaultHistoryPath() : std::nullopt, settings.history_size);
  const auto source = editor ? MakeEditorInput(&history, session.printer().style().color) : MakePlainInput();
  const FrameRow prompt{.bytes = "kalam> ", .width = 7};
  for (;;) {
    const Input input = source->Read(prompt);
    switch (input.kind) {
      case Input::Kind::kEnd:
        return ExitCode::kOk;
      case Input::Kind::kNothing:
        break;
      case Input::Kind::kCommand:
        if (RunBackslash(session, input.text) == Next::kLeave) return ExitCode::kOk;
        break;
      case Input::Kind::kStatements:
        RunStatements(session, input.text);
        session.printer().Flush();
        break;
    }
  }
}

}  // namespace kalam::cli
