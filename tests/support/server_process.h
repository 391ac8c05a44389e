#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/temp_dir.h"

namespace kalam::test {

struct ServerOptions {
  // On top of an environment without any KALAMDB_*: {"KALAMDB_STORAGE_SYNC", "interval"}.
  std::map<std::string, std::string> env;
  std::vector<std::string> args;             // after our own
  std::optional<std::string> config;         // text of a config.toml, passed by --config
  std::filesystem::path data_dir;            // default: a folder of the object's own
  std::optional<std::uint16_t> port;         // default: one that is free
  // Largest file that the process may write: a full disk without a disk. Writes beyond it fail.
  std::optional<std::uint64_t> max_file_bytes;
  // Let file permissions apply to root as to everybody.
  bool obey_permissions = false;
};

// How a server ended.
struct ExitStatus {
  int code = -1;    // of exit(); -1 if it was killed
  int signal = 0;   // that killed it; 0 if it exited
};

// A kalamdb-server in a process of its own. Never outlives the test: it dies with the thread that
// started it, however that ends. Throws std::runtime_error, with the end of the server's output, when
// the server does not do what was asked in time.
class ServerProcess {
 public:
  explicit ServerProcess(ServerOptions options = {});
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Starts it and waits until it takes connections.
  void Start();
  // Starts a server that is expected to refuse: waits for its end.
  ExitStatus StartAndFail(std::chrono::seconds within = std::chrono::seconds(15));
  // SIGTERM, and waits for the end.
  ExitStatus Stop(std::chrono::seconds within = std::chrono::seconds(30));
  // kill -9.
  void Kill();
  void Signal(int number);
  ExitStatus WaitForExit(std::chrono::seconds within);
  // Stop, which must give exit status 0, and Start. The port changes.
  void Restart();

  bool running() const { return pid_ > 0; }
  std::uint16_t port() const { return port_; }
  ServerOptions& options() { return options_; }
  const std::filesystem::path& data_dir() const { return options_.data_dir; }
  // Memory in use now, and the highest so far. 0 in a sanitized build, where memory that was freed is held back: any
  // limit then holds.
  std::uint64_t ResidentBytes() const;
  std::uint64_t PeakResidentBytes() const;
  // Processor time used so far, of all its threads.
  std::chrono::milliseconds ProcessorTime() const;
  // Makes PeakResidentBytes start anew.
  void ResetPeak() const;

  // Everything written to standard output and error, of all starts; the last lines of it.
  std::string Output() const;
  std::string OutputTail(std::size_t lines = 40) const;

 private:
  void Spawn();
  void AwaitPortFile(int watch);
  std::optional<ExitStatus> Reap(std::chrono::milliseconds within);
  std::uint64_t StatusBytes(std::string_view field) const;

  TempDir dir_;
  ServerOptions options_;
  pid_t pid_ = -1;
  int pid_fd_ = -1;
  std::uint16_t port_ = 0;
};

// The binary under test: $KALAM_SERVER, else the one of this build.
std::filesystem::path ServerBinary();

}  // namespace kalam::test
