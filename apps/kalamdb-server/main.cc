#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "flags.h"

#include "base/log.h"
#include "server/config.h"
#include "server/health_check.h"
#include "server/server.h"
#include "server/version.h"

// Read by jemalloc at start; MALLOC_CONF in the environment still has the last word. Memtables and caches are large
// and read all over: huge pages save 5-15 % of the processor time of point reads and inserts, for some 30 MB.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,metadata_thp:auto";
}

namespace {

using kalam::server::Server;
using kalam::server::ServerConfig;

// Blocks SIGINT and SIGTERM in this thread and all it will start; they are taken by WaitForStop.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A client that goes away is an error of a write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int WaitForStop(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  return signal;
}

// The whole line or nothing, so that whoever waits for the file never reads half a number.
void WritePortFile(const std::string& path, std::uint16_t port) {
  const std::string temporary = path + ".tmp";
  std::ofstream(temporary) << port << '\n';
  std::rename(temporary.c_str(), path.c_str());
}

kalam::log::Options LogOptions(const ServerConfig& config) {
  return {.level = config.logging.level,
          .file_path = config.logging.file_path,
          .to_console = config.logging.log_to_console,
          .format = config.logging.format,
          .max_file_bytes = config.logging.max_file_size,
          .max_files = static_cast<std::size_t>(config.logging.max_files),
          .max_age = std::chrono::hours(24) * config.logging.max_age};
}

int Fail(const kalam::Error& error) {
  std::cerr << "kalamdb-server: " << error.message() << '\n';
  return 1;
}

int Run(const ServerConfig& config, const std::string& port_file) {
  const sigset_t signals = BlockStopSignals();
  if (auto configured = kalam::log::Configure(LogOptions(config)); !configured.ok()) {
    return Fail(configured.error());
  }
  kalam::log::Info("server", "KalamDB " + std::string(kalam::server::kVersion) + " (" +
                                 std::string(kalam::server::kSourceRevision) + ")");
  for (const std::string& warning : config.warnings) kalam::log::Warn("server", warning);

  auto server = Server::Start(config);
  if (!server.ok()) return Fail(server.error());
  kalam::log::Info("server", "listening on " + config.server.host + ":" + std::to_string((*server)->port()) +
                                 ", SQL at POST /" + config.server.api_version + "/api/sql");
  kalam::log::Flush();
  if (!port_file.empty()) WritePortFile(port_file, (*server)->port());

  const int signal = WaitForStop(signals);
  kalam::log::Info("server", signal == SIGINT ? "SIGINT: stopping" : "SIGTERM: stopping");
  (*server)->Stop();
  server->reset();
  kalam::log::Info("server", "stopped");
  kalam::log::Flush();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  kalam::server::Flags line;
  CLI11_PARSE(line.app, argc, argv);
  if (line.version) {
    std::cout << kalam::server::kVersion << " (" << kalam::server::kSourceRevision << ")\n";
    return 0;
  }

  kalam::server::Settings flags;
  if (line.data_dir) flags["data_dir"] = *line.data_dir;
  if (line.host) flags["server.host"] = *line.host;
  // Port 0 is for tests and tools, and only here: in a file or variable it would be a mistake.
  const bool any_port = line.port == "0";
  if (line.port && !any_port) flags["server.port"] = *line.port;
  auto config = kalam::server::LoadConfig(line.config_path, kalam::server::ProcessEnvironment(), flags);
  if (!config.ok()) return Fail(config.error());
  if (any_port) config->server.port = 0;
  if (line.print_config) {
    std::cout << kalam::server::DescribeConfig(*config);
    return 0;
  }
  if (line.healthcheck) {
    const kalam::Status health = kalam::server::CheckHealth(*config);
    return health.ok() ? 0 : Fail(health.error());
  }
  return Run(*config, line.port_file);
}
