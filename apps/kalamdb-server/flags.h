#pragma once

#include <optional>
#include <string>

#include <CLI/App.hpp>

namespace kalam::server {

// The command line of kalamdb-server, with where each value goes: what parses, what --help shows, and what the man page
// and completions are generated from (apps/reference). `app` points into the fields, so it stays where it was made.
struct Flags {
  Flags();

  CLI::App app;
  std::optional<std::string> config_path, data_dir, host, port;
  std::string port_file;
  bool print_config = false;
  bool healthcheck = false;
  bool version = false;
};

}  // namespace kalam::server
