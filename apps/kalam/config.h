#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <kalam/result.h>

namespace kalam::cli {

// ~/.kalam/config.toml as far as it says something.
//
// Written in the form [connection] host, user, token, apikey / [output] format, color, max_rows;
// the older spellings [server] url, timeout, max_retries / [auth] jwt_token, api_key /
// [ui] format, color, history_size are read as well.
struct Config {
  std::optional<std::string> host;
  std::optional<std::string> user;
  std::optional<std::string> token;
  std::optional<std::string> api_key;
  std::optional<double> timeout_seconds;
  std::optional<int> max_retries;
  std::optional<std::string> format;
  std::optional<bool> color;
  std::optional<int> max_rows;      // rows per page at the prompt
  std::optional<int> history_size;  // lines
};

// nullopt when there is no home directory.
std::optional<std::filesystem::path> DefaultConfigPath();

// Fails with a message that names the file and the line, or the key.
Result<Config> LoadConfig(const std::filesystem::path& path);

// Puts a server's address and a token for it into the [connection] section of the file, and leaves the rest as it is.
// The new file takes the old one's place at once, readable by the owner only. Errors: it can't be written, or is not
// one that can be edited line by line.
Result<bool> StoreLogin(const std::filesystem::path& path, const std::string& host, const std::string& token);

// Writes the defaults, readable by the owner only; creates the folder. False if that can't be done,
// which is no reason to stop: the defaults hold without a file.
bool WriteDefaultConfig(const std::filesystem::path& path);

}  // namespace kalam::cli
