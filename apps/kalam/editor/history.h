#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cli {

// What was entered before, oldest first, kept in a file of one entry per line (a line break is \n, a
// backslash \\). One thread; several prompts may share the file, each keeps what the others wrote.
//
// Nothing here fails: a file that can't be read or is no history starts an empty one, a file that can't be
// written keeps the history in memory. Texts that hold secrets are kept in memory only.
class History {
 public:
  static constexpr std::size_t kDefaultEntries = 1000;
  static constexpr std::size_t kMaxEntries = 9999;

  // Reads the file, if there is one. nullopt: in memory only.
  explicit History(std::optional<std::filesystem::path> file, std::size_t max_entries = kDefaultEntries);

  // Adds an entry, and writes it at once. One that is empty or equals the last is left out.
  void Add(std::string_view text);
  void Clear();

  const std::vector<std::string>& entries() const { return entries_; }

  // The newest entry below `before` that starts with `prefix` and is another text; entries are numbered from 0.
  std::optional<std::size_t> FindOlder(std::string_view prefix, std::size_t before, std::string_view other) const;
  // The oldest entry above `after` likewise.
  std::optional<std::size_t> FindNewer(std::string_view prefix, std::size_t after, std::string_view other) const;
  // The newest entry below `before` that contains `part`.
  std::optional<std::size_t> FindContaining(std::string_view part, std::size_t before) const;

 private:
  void Append(std::string_view text);

  std::optional<std::filesystem::path> file_;
  std::size_t max_entries_;
  std::vector<std::string> entries_;
};

// ~/.kalam/history; nullopt when there is no home directory.
std::optional<std::filesystem::path> DefaultHistoryPath();

// Passwords, credentials and tokens must not lie about in a file.
bool MayHoldSecret(std::string_view text);

}  // namespace kalam::cli
