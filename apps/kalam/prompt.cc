#include "prompt.h"

#include "banner.h"
#include "commands/command.h"
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

// The last statement's status.
ExitCode RunStatements(Shell& shell, const std::string& text) {
  const sql::Script script = sql::SplitScript(text);
  ExitCode status = ExitCode::kOk;
  std::size_t done = 0;
  for (const std::size_t count : GroupByRequest(script.statements)) {
    status = shell.Run(JoinStatements(script.statements, done, count));
    done += count;
    if (shell.session().leaving()) break;
  }
  return status;
}

// Whether a text may change what tables and columns there are.
bool ChangesNames(std::string_view text) {
  const sql::Script script = sql::SplitScript(text);
  return std::ranges::any_of(script.statements, [](std::string_view statement) {
    switch (sql::KeywordOf(sql::Lexer(statement).Next())) {
      case sql::Keyword::kCreate:
      case sql::Keyword::kAlter:
      case sql::Keyword::kDrop:
      case sql::Keyword::kRestore: return true;
      default: return false;
    }
  });
}

// What a prompt has besides its input, made only where there is an editor.
class Editing {
 public:
  Editing(Shell& shell, bool color) : shell_(shell), history_(DefaultHistoryPath(), shell.settings().history_size) {
    if (auto client = BriefClient()) names_.emplace(*std::move(client));
    input_ = MakeEditorInput(&history_, color, [this](std::string_view text, std::size_t cursor) {
      return Complete(text, cursor, names_ ? *names_->names() : SchemaNames());
    });
    shell_.refresh_names = [this] {
      auto client = BriefClient();  // of another server, perhaps
      if (names_ && client) names_->Connect(*std::move(client));
    };
    shell_.clear_history = [this] { history_.Clear(); };
    shell_.history = [this] {
      std::string all;
      for (const std::string& entry : history_.entries()) {
        AppendMessage(entry, &all);
        all += '\n';
      }
      return all;
    };
  }
  ~Editing() {
    shell_.refresh_names = nullptr;
    shell_.clear_history = nullptr;
    shell_.history = nullptr;
  }
  Editing(const Editing&) = delete;
  Editing& operator=(const Editing&) = delete;

  PromptInput& input() { return *input_; }
  void RefreshNames() {
    if (names_) names_->Refresh();
  }

 private:
  // Leaving waits for a request under way.
  static constexpr std::chrono::milliseconds kNamesTimeout{3'000};

  Result<Client> BriefClient() const {
    Settings brief = shell_.settings();
    brief.timeout = std::min(brief.timeout, kNamesTimeout);
    brief.max_retries = 0;
    return Connect(brief);
  }

  Shell& shell_;
  History history_;
  std::optional<NameSource> names_;
  std::unique_ptr<PromptInput> input_;
};

}  // namespace

ExitCode RunPrompt(Shell& shell) {
  Session& session = shell.session();
  const auto health = session.client().Health();
  if (!health) {
    session.printer().PrintError(health.error());
    return ExitCodeOf(health.error());
  }
  const bool edited = RawTerminal::Usable();
  const bool color = edited && shell.style().color;
  const BannerFacts facts{session.client().url(), shell.settings().user_id, health->version};
  std::fputs(BannerText(facts, color, edited).c_str(), stdout);
  std::optional<Editing> editing;
  if (edited) editing.emplace(shell, color);
  const auto plain = edited ? nullptr : MakePlainInput();
  PromptInput& source = edited ? editing->input() : *plain;
  auto online = std::make_shared<bool>(true);
  shell.show_online = [online](bool now) { *online = now; };
  for (;;) {
    const Input input = source.Read(PromptRow(color, *online));
    switch (input.kind) {
      case Input::Kind::kEnd:
        return ExitCode::kOk;
      case Input::Kind::kNothing:
        break;
      case Input::Kind::kCommand:
        if (RunBackslash(shell, input.text) == Next::kLeave) return ExitCode::kOk;
        break;
      case Input::Kind::kStatements:
        *online = RunStatements(shell, input.text) != ExitCode::kConnection;
        session.printer().Flush();
        if (editing && ChangesNames(input.text)) editing->RefreshNames();
        break;
    }
    if (session.leaving()) return ExitCode::kOk;
  }
}

}  // namespace kalam::cli
