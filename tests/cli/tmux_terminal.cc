#include "tmux_terminal.h"

#include <poll.h>

#include <csignal>
#include <cstdio>
#include <stdexcept>

namespace kalam::test {
namespace {

constexpr std::chrono::seconds kShowWithin{20};
// Between two looks at the screen.
constexpr int kLookEveryMs = 15;

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

TmuxTerminal::TmuxTerminal(const KalamRunner& kalam, std::vector<std::string> args, int columns, int rows)
    : folder_(kalam.home().string()) {
  static int count = 0;
  const std::string name = "tmux" + std::to_string(count++);
  socket_ = folder_ + "/" + name;
  std::string command = "env -i";
  for (const std::string& variable : kalam.Environment()) command += " " + Quoted(variable);
  command += " TERM=screen-256color LC_ALL=C.UTF-8 " + Quoted(kalam.Binary());
  for (const std::string& arg : args) command += " " + Quoted(arg);
  command += "\necho \"status $?\"\nstty -a | grep -o -- '-*icanon'\n";
  const std::string script = kalam.File(name + ".sh", command);
  const std::string config =
      kalam.File(name + ".conf", "set -g status off\nset -g remain-on-exit on\nset -g escape-time 0\n");
  const std::string width = std::to_string(columns);
  const std::string height = std::to_string(rows);
  Tmux({"-f", config, "new-session", "-d", "-x", width, "-y", height, "sh " + script});
}

TmuxTerminal::~TmuxTerminal() {
  try {
    Tmux({"kill-server"});
  } catch (const std::runtime_error&) {
    // It is gone already.
  }
}

std::string TmuxTerminal::Tmux(const std::vector<std::string>& args) const {
  std::string command = "LC_ALL=C.UTF-8 tmux -u -S " + Quoted(socket_);
  for (const std::string& arg : args) command += " " + Quoted(arg);
  std::FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run tmux");
  std::string out;
  char piece[4096];
  while (const std::size_t got = std::fread(piece, 1, sizeof(piece), pipe)) out.append(piece, got);
  if (pclose(pipe) != 0) throw std::runtime_error("tmux " + args.front() + ": " + out);
  return out;
}

void TmuxTerminal::Type(std::string_view text) {
  std::string keys(text);
  // At the end of an argument it would end tmux's own command.
  if (keys.ends_with(';')) keys.insert(keys.size() - 1, "\\");
  Tmux({"send-keys", "-l", "--", keys});
}

void TmuxTerminal::Press(std::string_view key) { Tmux({"send-keys", std::string(key)}); }

void TmuxTerminal::Paste(std::string_view text) {
  WriteFile(folder_ + "/pasted", text);
  Tmux({"load-buffer", folder_ + "/pasted"});
  Tmux({"paste-buffer", "-p"});
}

void TmuxTerminal::Resize(int columns, int rows) {
  Tmux({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(rows)});
}

void TmuxTerminal::Signal(int number) {
  // The shell's only child.
  const std::string shell = std::to_string(std::stol(Tmux({"display-message", "-p", "#{pane_pid}"})));
  kill(static_cast<pid_t>(std::stol(ReadFile("/proc/" + shell + "/task/" + shell + "/children"))), number);
}

std::string TmuxTerminal::Screen() const { return Tmux({"capture-pane", "-p"}); }
std::string TmuxTerminal::StyledScreen() const { return Tmux({"capture-pane", "-p", "-e"}); }

std::string TmuxTerminal::WaitUntil(const std::function<bool(const std::string& screen)>& done,
                                    std::string_view what) const {
  const auto deadline = std::chrono::steady_clock::now() + kShowWithin;
  for (;;) {
    std::string screen = Screen();
    if (done(screen)) return screen;
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("'" + std::string(what) + "' was not shown, but:\n" + screen);
    }
    poll(nullptr, 0, kLookEveryMs);
  }
}

std::string TmuxTerminal::WaitFor(std::string_view text) const {
  return WaitUntil([&](const std::string& screen) { return screen.find(text) != std::string::npos; }, text);
}

std::string TmuxTerminal::PressUntil(std::string_view key, std::string_view text) {
  Press(key);
  return WaitUntil(
      [&](const std::string& screen) {
        if (screen.find(text) != std::string::npos) return true;
        Press(key);
        return false;
      },
      text);
}

}  // namespace kalam::test
