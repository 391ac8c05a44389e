#include "prompt.h"

#include "commands/command.h"
#include "statement_splitter.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace kalam::cli {

namespace {

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

// One line of standard input without its end; false at the end of the input.
bool ReadLine(std::string* line) {
  char* text = nullptr;
  std::size_t capacity = 0;
  const ssize_t length = getline(&text, &capacity, stdin);
  const std::unique_ptr<char, decltype(&std::free)> owner(text, &std::free);
  if (length < 0) return false;
  line->assign(text, static_cast<std::size_t>(length));
  while (!line->empty() && (line->back() == '\n' || line->back() == '\r')) line->pop_back();
  return true;
}

// Runs what is complete in `pending` and leaves the rest there.
void RunComplete(Shell& shell, std::string* pending) {
  const sql::Script script = sql::SplitScript(*pending);
  std::size_t done = 0;
  for (const std::size_t count : GroupByRequest(script.statements)) {
    shell.Run(JoinStatements(script.statements, done, count));
    done += count;
  }
  *pending = script.rest.empty() ? std::string() : std::string(script.rest) + "\n";
}

}  // namespace

ExitCode RunPrompt(Shell& shell) {
  Session& session = shell.session();
  const auto health = session.client().Health();
  if (!health) {
    session.printer().PrintError(health.error());
    return ExitCodeOf(health.error());
  }
  PrintBanner(session.client(), shell.settings().user_id, *health);
  std::string pending;
  std::string line;
  while (true) {
    std::fputs(pending.empty() ? "kalam> " : "    -> ", stdout);
    std::fflush(stdout);
    if (!ReadLine(&line)) {
      std::puts("\nGoodbye!");
      return ExitCode::kOk;
    }
    if (pending.empty() && line.starts_with('\\')) {
      if (RunBackslash(shell, line) == Next::kLeave || session.leaving()) return ExitCode::kOk;
      continue;
    }
    pending += line + "\n";
    RunComplete(shell, &pending);
    session.printer().Flush();
    if (session.leaving()) return ExitCode::kOk;
  }
}

}  // namespace kalam::cli
