#include "kalam_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ostream>
#include <stdexcept>

extern char** environ;

namespace kalam::test {
namespace {

constexpr std::chrono::seconds kEndWithin{60};
constexpr std::chrono::seconds kShowWithin{20};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Waits for the end of `pid`, and kills it when that does not come in time.
int ExitCodeOf(pid_t pid) {
  const int pid_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  pollfd wait{pid_fd, POLLIN, 0};
  const bool ended = poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kEndWithin).count())) > 0;
  close(pid_fd);
  if (!ended) kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  if (!ended) throw std::runtime_error("kalam did not end in time");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Ran& ran) {
  return out << "exit code " << ran.exit_code << "\n--- standard output\n"
             << ran.out << "--- standard error\n"
             << ran.err << "---";
}

std::string KalamRunner::Binary() const {
  const char* const chosen = std::getenv("KALAM_CLI");
  const std::string binary = !binary_.empty() ? binary_ : chosen != nullptr ? chosen : KALAM_CLI_BINARY;
  if (access(binary.c_str(), X_OK) != 0) throw std::runtime_error("no command line at " + binary);
  return binary;
}

std::vector<std::string> KalamRunner::Environment() const {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const bool ours = variable.starts_with("KALAM") || variable.starts_with("NO_COLOR=") ||
                      variable.starts_with("HOME=") || variable.starts_with("TERM=");
    if (!ours) all.emplace_back(variable);
  }
  for (const auto& [name, value] : env_) all.push_back(name + "=" + value);  // first: these win
  all.push_back("HOME=" + home_.path().string());
  all.emplace_back("TERM=xterm-256color");
  if (!url_.empty()) all.push_back("KALAM_URL=" + url_);
  return all;
}

std::string KalamRunner::File(std::string_view name, std::string_view text) const {
  WriteFile(home_ / name, text);
  return (home_ / name).string();
}

Ran KalamRunner::Run(std::vector<std::string> args, std::string_view input) const {
  // Files rather than pipes: no output is too large for them, and nobody has to read while it runs.
  const TempDir folder;
  WriteFile(folder / "in", input);
  const int in = open((folder / "in").c_str(), O_RDONLY | O_CLOEXEC);
  const int out = open((folder / "out").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const int err = open((folder / "err").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  args.insert(args.begin(), Binary());
  std::vector<std::string> env = Environment();
  const auto argv = Pointers(args);
  const auto envp = Pointers(env);
  const pid_t parent = getpid();
  const auto started = std::chrono::steady_clock::now();
  const pid_t pid = fork();
  if (pid == 0) {  // system calls only
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  for (const int file : {in, out, err}) close(file);
  if (pid < 0) throw std::runtime_error("fork failed");
  Ran ran;
  ran.exit_code = ExitCodeOf(pid);
  ran.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
  ran.out = ReadFile(folder / "out");
  ran.err = ReadFile(folder / "err");
  return ran;
}

Terminal::Terminal(const KalamRunner& kalam, std::vector<std::string> args) {
  std::vector<std::string> env = kalam.Environment();
  env.emplace_back("NO_COLOR=1");  // one that was set before it wins
  args.insert(args.begin(), kalam.Binary());
  const auto argv = Pointers(args);
  const auto envp = Pointers(env);
  const pid_t parent = getpid();
  const winsize size{.ws_row = 40, .ws_col = 120, .ws_xpixel = 0, .ws_ypixel = 0};
  pid_ = forkpty(&master_, nullptr, nullptr, &size);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  if (pid_ < 0) throw std::runtime_error("forkpty failed");
  fcntl(master_, F_SETFD, FD_CLOEXEC);
}

Terminal::~Terminal() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(master_);
}

void Terminal::Type(std::string_view keys) {
  while (!keys.empty()) {
    const ssize_t written = write(master_, keys.data(), keys.size());
    if (written <= 0) throw std::runtime_error("the terminal takes no keys; shown so far:\n" + shown_);
    keys.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool Terminal::Fill() {
  char piece[4096];
  const ssize_t got = read(master_, piece, sizeof piece);  // fails with EIO once the program has ended
  if (got <= 0) return false;
  shown_.append(piece, static_cast<std::size_t>(got));
  return true;
}

std::string Terminal::ReadUntil(std::string_view text) {
  const auto deadline = std::chrono::steady_clock::now() + kShowWithin;
  for (;;) {
    if (const std::size_t at = shown_.find(text); at != std::string::npos) {
      std::string seen = shown_.substr(0, at + text.size());
      shown_.erase(0, at + text.size());
      return seen;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wait{master_, POLLIN, 0};
    if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) <= 0 || !Fill()) {
      throw std::runtime_error("'" + std::string(text) + "' was not shown, but:\n" + shown_);
    }
  }
}

int Terminal::WaitForExit() {
  while (Fill()) {
  }
  const int code = ExitCodeOf(pid_);
  pid_ = -1;
  return code;
}

}  // namespace kalam::test
