#include "support/server_process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace kalam::test {
namespace {

constexpr std::chrono::seconds kStartWithin{30};

std::vector<std::string> Environment(const ServerOptions& options) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("KALAMDB_")) all.emplace_back(*entry);
  }
  for (const auto& [name, value] : options.env) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Root may write anywhere, unless the process gives up that power before it becomes the server.
void DropFilePower() {
  prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
  prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0);
}

// In the child, between fork and exec: system calls only.
void BecomeServer(const ServerOptions& options, int log, pid_t parent, char* const* argv,
                  char* const* env) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (options.max_file_bytes) {
    signal(SIGXFSZ, SIG_IGN);  // inherited: writes then fail with EFBIG
    const rlimit limit{*options.max_file_bytes, *options.max_file_bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  if (options.obey_permissions) DropFilePower();
  execve(argv[0], argv, env);
  _exit(127);
}

}  // namespace

std::filesystem::path ServerBinary() {
  const char* const chosen = std::getenv("KALAM_SERVER");
  return chosen != nullptr ? chosen : KALAM_SERVER_BINARY;
}

ServerProcess::ServerProcess(ServerOptions options) : options_(std::move(options)) {
  if (options_.data_dir.empty()) options_.data_dir = dir_ / "data";
  if (options_.config) WriteFile(dir_ / "config.toml", *options_.config);
}

ServerProcess::~ServerProcess() { Kill(); }

void ServerProcess::Spawn() {
  if (running()) throw std::logic_error("the server is running already");
  std::vector<std::string> args = {ServerBinary().string(),
                                   "--data-dir",
                                   options_.data_dir.string(),
                                   "--host",
                                   "127.0.0.1",
                                   "--port",
                                   std::to_string(options_.port.value_or(0)),
                                   "--port-file",
                                   (dir_ / "port").string()};
  if (options_.config) {
    args.emplace_back("--config");
    args.push_back((dir_ / "config.toml").string());
  }
  args.insert(args.end(), options_.args.begin(), options_.args.end());
  if (access(args[0].c_str(), X_OK) != 0) {
    throw std::runtime_error("no server binary at " + args[0] + " (build target kalamdb-server)");
  }
  std::vector<std::string> env = Environment(options_);
  const auto argv = Pointers(args);
  const auto envp = Pointers(env);
  const std::string log_path = (dir_ / "server.log").string();
  const int log = open(log_path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0644);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) BecomeServer(options_, log, parent, argv.data(), envp.data());
  close(log);
  if (pid_ < 0) throw std::runtime_error("fork failed");
  pid_fd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pid_fd_ < 0) throw std::runtime_error("pidfd_open failed");
}

void ServerProcess::Start() {
  std::filesystem::remove(dir_ / "port");
  // Watched before the server starts, so that the event can't be missed.
  const int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  inotify_add_watch(watch, dir_.path().c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
  try {
    Spawn();
    AwaitPortFile(watch);
  } catch (...) {
    close(watch);
    throw;
  }
  close(watch);
}

void ServerProcess::AwaitPortFile(int watch) {
  const auto deadline = std::chrono::steady_clock::now() + kStartWithin;
  for (;;) {
    const std::string text = ReadFile(dir_ / "port");
    if (!text.empty()) {
      port_ = static_cast<std::uint16_t>(std::stoul(text));
      return;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd waits[] = {{watch, POLLIN, 0}, {pid_fd_, POLLIN, 0}};
    if (left.count() <= 0 || poll(waits, 2, static_cast<int>(left.count())) == 0) {
      Kill();
      throw std::runtime_error("the server wrote no port file in time; its output ends with\n" +
                               OutputTail());
    }
    if (waits[1].revents != 0) {
      const auto end = Reap(std::chrono::seconds(1));
      throw std::runtime_error("the server ended at start with status " +
                               std::to_string(end->code) + ", signal " +
                               std::to_string(end->signal) + "; its output ends with\n" +
                               OutputTail());
    }
    char events[4096];
    while (read(watch, events, sizeof events) > 0) {
    }
  }
}

std::optional<ExitStatus> ServerProcess::Reap(std::chrono::milliseconds within) {
  pollfd wait{pid_fd_, POLLIN, 0};
  if (poll(&wait, 1, static_cast<int>(within.count())) == 0) return std::nullopt;
  int status = 0;
  waitpid(pid_, &status, 0);
  close(pid_fd_);
  pid_ = pid_fd_ = -1;
  ExitStatus end;
  if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return end;
}

ExitStatus ServerProcess::WaitForExit(std::chrono::seconds within) {
  if (const auto end = Reap(within)) return *end;
  throw std::runtime_error("the server still runs after " + std::to_string(within.count()) +
                           " s; its output ends with\n" + OutputTail());
}

ExitStatus ServerProcess::StartAndFail(std::chrono::seconds within) {
  Spawn();
  return WaitForExit(within);
}

void ServerProcess::Signal(int number) { kill(pid_, number); }

ExitStatus ServerProcess::Stop(std::chrono::seconds within) {
  Signal(SIGTERM);
  return WaitForExit(within);
}

void ServerProcess::Kill() {
  if (!running()) return;
  Signal(SIGKILL);
  Reap(std::chrono::seconds(30));
}

void ServerProcess::Restart() {
  const ExitStatus end = Stop();
  if (end.code != 0) {
    throw std::runtime_error("the server stopped with status " + std::to_string(end.code) +
                             ", signal " + std::to_string(end.signal) + "; its output ends with\n" +
                             OutputTail());
  }
  Start();
}

std::uint64_t ServerProcess::StatusBytes(std::string_view field) const {
#ifdef KALAM_SANITIZED
  return 0;
#endif
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::stoull(line.substr(field.size())) * 1024;
  }
  return 0;
}

std::uint64_t ServerProcess::ResidentBytes() const { return StatusBytes("VmRSS:"); }
std::uint64_t ServerProcess::PeakResidentBytes() const { return StatusBytes("VmHWM:"); }

std::chrono::milliseconds ServerProcess::ProcessorTime() const {
  const std::string stat = ReadFile("/proc/" + std::to_string(pid_) + "/stat");
  // After the name in parentheses, which may contain anything, fields 14 and 15 of all are those of user and system.
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  long user = 0, system = 0;
  fields >> user >> system;
  return std::chrono::milliseconds((user + system) * 1000 / sysconf(_SC_CLK_TCK));
}

void ServerProcess::ResetPeak() const {
  WriteFile("/proc/" + std::to_string(pid_) + "/clear_refs", "5");
}

std::string ServerProcess::Output() const { return ReadFile(dir_ / "server.log"); }

std::string ServerProcess::OutputTail(std::size_t lines) const {
  const std::string all = Output();
  std::size_t begin = all.size();
  for (std::size_t found = 0; begin > 0; --begin) {
    if (all[begin - 1] == '\n' && begin != all.size() && ++found == lines) break;
  }
  return all.substr(begin);
}

}  // namespace kalam::test
