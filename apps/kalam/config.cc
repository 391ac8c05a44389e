#include "config.h"

#include "exit_code.h"
#include "settings.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
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
  if (problem.empty() && config.format && !FormatNamed(*config.format)) {
    problem = "output.format must be table, json, csv or ndjson";
  }
  if (!problem.empty()) return UsageError("config file " + path.string() + ": " + problem);
  return config;
}

namespace {

// `name` of the key that a line sets, also when it is commented out; empty: none.
std::string_view KeyOf(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t#");
  const std::size_t equals = line.find('=');
  if (first == std::string_view::npos || equals == std::string_view::npos || equals < first) return {};
  const std::string_view key = line.substr(first, equals - first);
  return key.substr(0, key.find_last_not_of(" \t") + 1);
}

std::string WithLogin(const std::string& before, const std::string& host, const std::string& token) {
  std::istringstream lines(before);
  std::string text;
  bool in_section = false;
  bool done = false;
  // TOML's basic strings: neither value has a quote, a backslash or a control character (checked by the caller).
  const std::string ours = "host = \"" + host + "\"\ntoken = \"" + token + "\"\n";
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first != std::string::npos && line[first] == '[') {
      in_section = line.compare(first, 12, "[connection]") == 0;
      text += line + "\n";
      if (in_section && !done) text += ours;
      done = done || in_section;
      continue;
    }
    const std::string_view key = KeyOf(line);
    if (in_section && (key == "host" || key == "token" || key == "apikey")) continue;
    text += line + "\n";
  }
  return done ? text : text + "\n[connection]\n" + ours;
}

bool WriteNewFile(const std::filesystem::path& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  return close(file) == 0 && written;
}

}  // namespace

Result<bool> StoreLogin(const std::filesystem::path& path, const std::string& host, const std::string& token) {
  const auto needs_escape = [](unsigned char c) { return c < 0x20 || c == 0x7F || c == '"' || c == '\\'; };
  if (std::ranges::any_of(host + token, needs_escape)) return UsageError("the token has characters that no token has");
  std::string before(kDefaults);
  if (std::ifstream file(path); file) before.assign(std::istreambuf_iterator<char>(file), {});
  const std::filesystem::path fresh = path.string() + ".new";
  std::error_code failure;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), failure);
  std::filesystem::remove(fresh, failure);
  if (!WriteNewFile(fresh, WithLogin(before, host, token))) return UsageError("cannot write " + fresh.string());
  const auto read = LoadConfig(fresh);
  const bool fits = read && read->token == token && read->host == host;
  if (fits) std::filesystem::rename(fresh, path, failure);
  if (!fits || failure) {
    std::filesystem::remove(fresh, failure);
    return UsageError("cannot put the token into " + path.string() + ": its [connection] section can't be edited");
  }
  return true;
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
