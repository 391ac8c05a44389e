#include "commands/actions.h"
#include "commands/shell.h"
#include "interrupt.h"
#include "statement_splitter.h"
#include "text_file.h"
#include "text_width.h"

#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kalam::cli::commands {

namespace {

constexpr double kDefaultWatchSeconds = 2;
constexpr double kLongestWatchSeconds = 24 * 60 * 60;

// A file of the user's own, gone with the object.
class ScratchFile {
 public:
  explicit ScratchFile(std::string_view text) {
    const char* const folder = std::getenv("TMPDIR");
    path_ = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/kalam-XXXXXX.sql";
    const int file = mkostemps(path_.data(), 4, O_CLOEXEC);
    if (file < 0) {
      path_.clear();
      return;
    }
    const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(file);
    if (!written) Remove();
  }
  ~ScratchFile() { Remove(); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  // Empty: it could not be made.
  const std::string& path() const { return path_; }

 private:
  void Remove() {
    if (!path_.empty()) unlink(path_.c_str());
    path_.clear();
  }

  std::string path_;
};

// $VISUAL and $EDITOR are command lines, so a shell runs them; the file is an argument of it, never part of its text.
// The editor has the terminal: Ctrl+C is its affair meanwhile.
bool RunEditor(const std::string& path) {
  const char* editor = std::getenv("VISUAL");
  if (editor == nullptr || *editor == '\0') editor = std::getenv("EDITOR");
  if (editor == nullptr || *editor == '\0') editor = "vi";
  const std::string script = std::string(editor) + " \"$1\"";
  const Interrupt ignored;
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", script.c_str(), "sh", path.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string TimeOfDay() {
  const std::time_t now = std::time(nullptr);
  tm local{};
  localtime_r(&now, &local);
  char text[64];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local)};
}

Next Repeat(Shell& shell, double seconds) {
  if (shell.last_statement().empty()) {
    shell.Say("\\watch repeats the last statement; there is none yet.\n");
    return Next::kContinue;
  }
  const std::string sql = shell.last_statement();
  const Interrupt interrupt;
  do {
    char header[96];
    std::snprintf(header, sizeof(header), "%s (every %gs, Ctrl+C ends it)\n\n", TimeOfDay().c_str(), seconds);
    shell.Say(header);
    if (shell.Run(sql) != ExitCode::kOk) break;
    shell.session().printer().Flush();
  } while (!interrupt.WaitFor(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000))));
  shell.Say("\n");
  return Next::kContinue;
}

}  // namespace

Next IncludeFile(Shell& shell, std::string_view argument) {
  const auto words = WordsOf(argument);
  if (words.size() != 1) {
    shell.Say("Usage: \\i FILE\n");
    return Next::kContinue;
  }
  const auto text = ReadWholeFile(words.front());
  if (!text) {
    shell.Failed(text.error());
    return Next::kContinue;
  }
  shell.Note(shell.RunScript(*text));
  return Next::kContinue;
}

Next SetVariable(Shell& shell, std::string_view argument) {
  Variables& variables = shell.session().variables();
  if (argument.empty()) {
    std::string text;
    for (const auto& [name, value] : variables.values()) text += name + " = " + ToDisplayText(value).text + "\n";
    shell.Say(text.empty() ? "No variables are set.\n" : text);
    return Next::kContinue;
  }
  const auto words = WordsOf(argument);
  if (!Variables::IsName(words.front())) {
    shell.Failed(UsageError("a variable's name has letters, digits and _ only: \\set NAME VALUE"));
    return Next::kContinue;
  }
  std::string value;
  for (std::size_t i = 1; i < words.size(); ++i) value += (i > 1 ? " " : "") + words[i];
  variables.Set(words.front(), value);
  return Next::kContinue;
}

Next UnsetVariable(Shell& shell, std::string_view argument) {
  shell.session().variables().Unset(argument);
  return Next::kContinue;
}

Next EditStatement(Shell& shell, std::string_view) {
  std::string before = shell.last_statement();
  if (!before.empty() && !before.ends_with(';') && !before.ends_with('\n')) before += ";";
  if (!before.ends_with('\n')) before += "\n";
  const ScratchFile file(before);
  if (file.path().empty()) {
    shell.Failed(UsageError("cannot make a file to edit"));
    return Next::kContinue;
  }
  if (!RunEditor(file.path())) {
    shell.Say("The editor failed; nothing is run. $EDITOR names it.\n");
    return Next::kContinue;
  }
  const auto text = ReadWholeFile(file.path());
  if (!text) {
    shell.Failed(text.error());
    return Next::kContinue;
  }
  const sql::Script script = sql::SplitScript(*text);
  if (script.statements.empty() || !script.rest.empty()) {
    shell.Say("Nothing is run: end the statement with ';' to run it.\n");
    return Next::kContinue;
  }
  std::size_t done = 0;
  for (const std::size_t count : GroupByRequest(script.statements)) {
    const std::string sql = JoinStatements(script.statements, done, count);
    shell.Say(sql + ";\n");
    if (shell.Run(sql) != ExitCode::kOk) break;
    done += count;
  }
  return Next::kContinue;
}

Next WatchStatement(Shell& shell, std::string_view argument) {
  if (argument.empty()) return Repeat(shell, kDefaultWatchSeconds);
  double seconds = 0;
  const auto [end, failure] = std::from_chars(argument.data(), argument.data() + argument.size(), seconds);
  if (failure != std::errc() || end != argument.data() + argument.size()) return Subscribe(shell, argument);
  if (!(seconds > 0 && seconds <= kLongestWatchSeconds)) {
    shell.Say("\\watch takes more than 0 and at most 86400 seconds.\n");
    return Next::kContinue;
  }
  return Repeat(shell, seconds);
}

Next History(Shell& shell, std::string_view argument) {
  if (argument == "clear") {
    if (shell.clear_history) shell.clear_history();
    shell.Say("History cleared.\n");
  } else if (argument.empty()) {
    shell.Say(shell.history ? shell.history() : "No history is kept without a terminal.\n");
  } else {
    shell.Say("Usage: \\history [clear]\n");
  }
  return Next::kContinue;
}

}  // namespace kalam::cli::commands
