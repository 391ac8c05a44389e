#include "config.h"

#include "exit_code.h"

#include <cstdlib>
#include <sstream>
#include <string_view>

#include <fcntl.h>
#include <toml++/toml.h>
#include <unistd.h>

namespace kalam::cli {

namespace {

constexpr std::string_view kDefaults =
    R"(# kalam: connection and output of the KalamDB terminal client.
# Command-line flags win over this file.

[connection]
host = "http://localhost:8080"
user = "system"
# token = "..."
# apikey = "..."

[output]
format = "table"     # table | json | csv
color = true
max_rows = 1000      # rows per page
)";

// Reads keys of one file and remembers the first that has the wrong type.
class KeyReader {
 public:
  explicit KeyReader(const toml::table& root) : root_(root) {}

  template <typename T>
  void Read(std::string_view section, std::string_view key, const char* expected,
            std::optional<T>* out) {
    const auto node = root_[section][key];
    if (!node) return;
    const auto value = node.value<T>();
    if (value) {
      *out = *value;
    } else if (problem_.empty()) {
      problem_ = std::string(section) + "." + std::string(key) + " must be " + expected;
    }
  }

  const std::string& problem() const { return problem_; }

 private:
  const toml::table& root_;
  std::string problem_;
};

}  // namespace

std::optional<std::filesystem::path> DefaultConfigPath() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return std::nullopt;
  return std::filesystem::path(home) / ".kalam" / "config.toml";
}

Result<Config> LoadConfig(const std::filesystem::path& path) {
  toml::table root;
  try {
    root = toml::parse_file(path.string());
  } catch (const toml::parse_error& mistake) {
    std::ostringstream text;
    text << "config file " << path.string();
    if (mistake.source().begin.line > 0) {
      text << ", line " << mistake.source().begin.line << ", column "
           << mistake.source().begin.column;
    }
    text << ": " << mistake.description();
    return UsageError(text.str());
  }
  Config config;
  KeyReader keys(root);
  keys.Read("server", "url", "a text", &config.host);
  keys.Read("server", "timeout", "a number of seconds", &config.timeout_seconds);
  keys.Read("server", "max_retries", "a whole number", &config.max_retries);
  keys.Read("auth", "jwt_token", "a text", &config.token);
  keys.Read("auth", "api_key", "a text", &config.api_key);
  keys.Read("ui", "format", "a text", &config.format);
  keys.Read("ui", "color", "true or false", &config.color);
  keys.Read("ui", "history_size", "a whole number", &config.history_size);
  keys.Read("connection", "host", "a text", &config.host);
  keys.Read("connection", "user", "a text", &config.user);
  keys.Read("connection", "token", "a text", &config.token);
  keys.Read("connection", "apikey", "a text", &config.api_key);
  keys.Read("output", "format", "a text", &config.format);
  keys.Read("output", "color", "true or false", &config.color);
  keys.Read("output", "max_rows", "a whole number", &config.max_rows);
  std::string problem = keys.problem();
  if (problem.empty() && config.format && *config.format != "table" && *config.format != "json" &&
      *config.format != "csv") {
    problem = "output.format must be table, json or csv";
  }
  if (!problem.empty()) return UsageError("config file " + path.string() + ": " + problem);
  return config;
}

bool WriteDefaultConfig(const std::filesystem::path& path) {
  std::error_code failure;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), failure);
  if (failure) return false;
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool written =
      write(file, kDefaults.data(), kDefaults.size()) == static_cast<ssize_t>(kDefaults.size());
  return close(file) == 0 && written;
}

}  // namespace kalam::cli
