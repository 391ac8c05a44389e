#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/temp_dir.h"

namespace kalam::test {

// How a run of the command line ended, and what it wrote.
struct Ran {
  int exit_code = -1;  // -1: it was killed
  std::string out;
  std::string err;
  std::chrono::milliseconds took{0};
};

std::ostream& operator<<(std::ostream& out, const Ran& ran);

// The `kalam` binary of this build ($KALAM_CLI chooses another), run in processes of their own with a
// home folder of its own and an environment that knows nothing of KalamDB. For one thread.
//
// Throws std::runtime_error when a run does not end in time.
class KalamRunner {
 public:
  // `url` goes into the environment as KALAM_URL; empty leaves it out. `binary`: another one than kalam.
  explicit KalamRunner(std::string url = {}, std::string binary = {})
      : url_(std::move(url)), binary_(std::move(binary)) {}

  // `input` is its standard input: a file, not a terminal.
  Ran Run(std::vector<std::string> args, std::string_view input = {}) const;

  void SetEnv(std::string name, std::string value) { env_[std::move(name)] = std::move(value); }
  const std::filesystem::path& home() const { return home_.path(); }
  std::filesystem::path config_file() const { return home_ / ".kalam/config.toml"; }
  // A file of that content in the home folder; its path.
  std::string File(std::string_view name, std::string_view text) const;

 private:
  friend class Terminal;
  friend class TmuxTerminal;
  std::vector<std::string> Environment() const;
  std::string Binary() const;

  TempDir home_;
  std::string url_;
  std::string binary_;
  std::map<std::string, std::string> env_;
};

// `kalam` at a terminal: what is typed and what it writes (tmux_terminal.h has a screen). Without colours, unless the
// runner's environment has a NO_COLOR of its own. Killed with the object.
class Terminal {
 public:
  Terminal(const KalamRunner& kalam, std::vector<std::string> args);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void Type(std::string_view keys);
  // Waits until `text` has been shown since the last call, and returns all up to its end. Throws
  // std::runtime_error with what was shown instead.
  std::string ReadUntil(std::string_view text);
  // Waits for the end of the program: its exit status.
  int WaitForExit();

 private:
  // False when the program has ended and all is read.
  bool Fill();

  int master_ = -1;
  pid_t pid_ = -1;
  std::string shown_;
};

}  // namespace kalam::test
