#include "prompt.h"

#include "banner.h"
#include "completion/name_source.h"
#include "editor/prompt_input.h"
#include "editor/raw_terminal.h"
#include "sql/keyword.h"
#include "statement_splitter.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

namespace kalam::cli {

namespace {

constexpr const char* kHelp =
    "Statements end with ';' and may span lines.\n"
    "  \\help, \\?   this help\n"
    "  \\health     how the server is\n"
    "  \\refresh-tables   read the names for completion (Tab) again\n"
    "  \\quit, \\q   leave\n";

enum class Next { kContinue, kLeave };

Next RunBackslash(Session& session, const std::string& line) {
  const std::string command = line.substr(0, line.find_first_of(" \t;"));
  if (command == "\\q" || command == "\\quit") return Next::kLeave;
  if (command == "\\help" || command == "\\?") {
    std::fputs(kHelp, stdout);
  } else if (command == "\\refresh-tables") {
    std::puts("Reading the names of tables and columns again.");
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

// The last statement's status.
ExitCode RunStatements(Session& session, const std::string& text) {
  const sql::Script script = sql::SplitScript(text);
  ExitCode status = ExitCode::kOk;
  std::size_t done = 0;
  for (const std::size_t count : GroupByRequest(script.statements)) {
    status = session.RunCommand(JoinStatements(script.statements, done, count));
    done += count;
  }
  return status;
}

// Whether a text may change what tables and columns there are.
bool ChangesNames(std::string_view text) {
  for (const std::string_view statement : sql::SplitScript(text).statements) {
    switch (sql::KeywordOf(sql::Lexer(statement).Next())) {
      case sql::Keyword::kCreate:
      case sql::Keyword::kAlter:
      case sql::Keyword::kDrop:
      case sql::Keyword::kRestore: return true;
      default: break;
    }
  }
  return false;
}

// What an interactive prompt has besides its input, made only where there is an editor.
class Editing {
 public:
  Editing(const Settings& settings, bool color) : history_(DefaultHistoryPath(), settings.history_size) {
    Settings brief = settings;
    brief.timeout = std::min(settings.timeout, kNamesTimeout);
    brief.max_retries = 0;
    if (auto client = Connect(brief)) names_.emplace(*std::move(client));
    input_ = MakeEditorInput(&history_, color, [this](std::string_view text, std::size_t cursor) {
      return Complete(text, cursor, names_ ? *names_->names() : SchemaNames());
    });
  }

  PromptInput& input() { return *input_; }
  void RefreshNames() {
    if (names_) names_->Refresh();
  }

 private:
  // Leaving waits for a request under way.
  static constexpr std::chrono::milliseconds kNamesTimeout{3'000};

  History history_;
  std::optional<NameSource> names_;
  std::unique_ptr<PromptInput> input_;
};

}  // namespace

ExitCode RunPrompt(Session& session, const Settings& settings) {
  const auto health = session.client().Health();
  if (!health) {
    session.printer().PrintError(health.error());
    return ExitCodeOf(health.error());
  }
  const bool edited = RawTerminal::Usable();
  const bool color = edited && session.printer().style().color;
  const BannerFacts facts{session.client().url(), settings.user_id, health->version};
  std::fputs(BannerText(facts, color, edited).c_str(), stdout);
  std::optional<Editing> editing;
  if (edited) editing.emplace(settings, color);
  const auto plain = edited ? nullptr : MakePlainInput();
  PromptInput& source = edited ? editing->input() : *plain;
  bool online = true;
  for (;;) {
    const Input input = source.Read(PromptRow(color, online));
    switch (input.kind) {
      case Input::Kind::kEnd:
        return ExitCode::kOk;
      case Input::Kind::kNothing:
        break;
      case Input::Kind::kCommand:
        if (RunBackslash(session, input.text) == Next::kLeave) return ExitCode::kOk;
        if (editing && input.text.starts_with("\\refresh-tables")) editing->RefreshNames();
        break;
      case Input::Kind::kStatements:
        online = RunStatements(session, input.text) != ExitCode::kConnection;
        session.printer().Flush();
        if (editing && ChangesNames(input.text)) editing->RefreshNames();
        break;
    }
  }
}

}  // namespace kalam::cli
