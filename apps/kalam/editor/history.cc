#include "editor/history.h"

#include "editor/utf8_text.h"
#include "sql/lexer.h"
#include "sql/secrets.h"

#include <algorithm>
#include <cstdlib>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kalam::cli {

namespace {

// A statement with a table in it is not worth keeping.
constexpr std::size_t kMaxEntryBytes = 64u << 10;
constexpr std::size_t kMaxFileBytes = 64u << 20;

std::string EncodeLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\\') {
      line += "\\\\";
    } else {
      line += c;
    }
  }
  return line + "\n";
}

// Lenient, so that lines written by hand are read too: a backslash before anything else is itself.
std::string DecodeLine(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char next = line[i] == '\\' && i + 1 < line.size() ? line[i + 1] : '\0';
    if (next == 'n' || next == '\\') {
      text += next == 'n' ? '\n' : '\\';
      ++i;
    } else {
      text += line[i];
    }
  }
  return text;
}

// nullopt: this is no history.
std::optional<std::vector<std::string>> DecodeFile(std::string_view bytes) {
  if (CleanInput(bytes) != bytes) return std::nullopt;
  std::vector<std::string> entries;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    if (end > 0) entries.push_back(DecodeLine(bytes.substr(0, end)));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return entries;
}

void KeepLast(std::size_t count, std::vector<std::string>* entries) {
  if (entries->size() > count) {
    entries->erase(entries->begin(), entries->end() - static_cast<std::ptrdiff_t>(count));
  }
}

bool WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The file, open and locked against other prompts. Falsy when that can't be had.
class LockedFile {
 public:
  LockedFile(const std::filesystem::path& path, bool create) {
    if (create) {
      std::error_code ignored;  // open() tells
      if (std::filesystem::create_directory(path.parent_path(), ignored)) {
        std::filesystem::permissions(path.parent_path(), std::filesystem::perms::owner_all, ignored);
      }
    }
    // Another prompt may put a new file in place while we wait for the lock.
    for (int attempt = 0; attempt < 10; ++attempt) {
      file_ = open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
      if (file_ < 0) return;
      struct stat opened{};
      struct stat named{};
      if (flock(file_, LOCK_EX) == 0 && fstat(file_, &opened) == 0 && S_ISREG(opened.st_mode) &&
          stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino) {
        if ((opened.st_mode & 0077) != 0) fchmod(file_, 0600);
        return;
      }
      close(file_);
      file_ = -1;
    }
  }
  ~LockedFile() {
    if (file_ >= 0) close(file_);
  }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;

  explicit operator bool() const { return file_ >= 0; }
  int file() const { return file_; }

  // nullopt when it is too large or can't be read.
  std::optional<std::string> Read() const {
    std::string bytes;
    char piece[64 * 1024];
    for (;;) {
      const ssize_t got = pread(file_, piece, sizeof(piece), static_cast<off_t>(bytes.size()));
      if (got < 0 || bytes.size() > kMaxFileBytes) return std::nullopt;
      if (got == 0) return bytes;
      bytes.append(piece, static_cast<std::size_t>(got));
    }
  }

 private:
  int file_ = -1;
};

// Puts a new file in the place of the old one, whole or not at all. The lock is held by the caller.
void ReplaceFile(const std::filesystem::path& path, const std::vector<std::string>& entries) {
  const std::string fresh = path.string() + ".new";
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return;
  std::string bytes;
  for (const std::string& entry : entries) bytes += EncodeLine(entry);
  const bool written = WriteAll(file, bytes);
  if (close(file) == 0 && written) {
    rename(fresh.c_str(), path.c_str());
  } else {
    unlink(fresh.c_str());
  }
}

bool ContainsWord(std::string_view text, std::string_view word) {
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
    if (sql::EqualsIgnoreCase(text.substr(at, word.size()), word)) return true;
  }
  return false;
}

}  // namespace

History::History(std::optional<std::filesystem::path> file, std::size_t max_entries)
    : file_(std::move(file)), max_entries_(std::clamp<std::size_t>(max_entries, 1, kMaxEntries)) {
  if (!file_) return;
  const LockedFile locked(*file_, false);
  if (!locked) return;
  const auto bytes = locked.Read();
  auto entries = bytes ? DecodeFile(*bytes) : std::nullopt;
  if (!entries) {
    // Start empty, but leave what is there to be looked at.
    rename(file_->c_str(), (file_->string() + ".unreadable").c_str());
    return;
  }
  entries_ = *std::move(entries);
  KeepLast(max_entries_, &entries_);
}

void History::Add(std::string_view text) {
  if (text.empty() || (!entries_.empty() && entries_.back() == text)) return;
  entries_.emplace_back(text);
  KeepLast(max_entries_, &entries_);
  if (file_ && text.size() <= kMaxEntryBytes && !MayHoldSecret(text)) Append(text);
}

void History::Append(std::string_view text) {
  const LockedFile locked(*file_, true);
  if (!locked || !WriteAll(locked.file(), EncodeLine(text))) return;
  const auto bytes = locked.Read();
  if (!bytes || static_cast<std::size_t>(std::count(bytes->begin(), bytes->end(), '\n')) <= max_entries_) return;
  auto all = DecodeFile(*bytes);
  if (!all) return;
  KeepLast(max_entries_, &*all);
  ReplaceFile(*file_, *all);
}

void History::Clear() {
  entries_.clear();
  if (!file_) return;
  const LockedFile locked(*file_, false);
  if (locked) ReplaceFile(*file_, {});
}

std::optional<std::size_t> History::FindOlder(std::string_view prefix, std::size_t before,
                                              std::string_view other) const {
  for (std::size_t i = std::min(before, entries_.size()); i-- > 0;) {
    if (entries_[i].starts_with(prefix) && entries_[i] != other) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> History::FindNewer(std::string_view prefix, std::size_t after,
                                              std::string_view other) const {
  for (std::size_t i = after + 1; i < entries_.size(); ++i) {
    if (entries_[i].starts_with(prefix) && entries_[i] != other) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> History::FindContaining(std::string_view part, std::size_t before) const {
  for (std::size_t i = std::min(before, entries_.size()); i-- > 0;) {
    if (entries_[i].find(part) != std::string::npos) return i;
  }
  return std::nullopt;
}

std::optional<std::filesystem::path> DefaultHistoryPath() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return std::nullopt;
  return std::filesystem::path(home) / ".kalam" / "history";
}

bool MayHoldSecret(std::string_view text) {
  if (sql::MayHaveSecrets(text)) return true;
  // Every JWT starts with the Base64 of `{"`; commands name theirs.
  return text.find("eyJ") != std::string_view::npos ||
         (text.starts_with('\\') && (ContainsWord(text, "token") || ContainsWord(text, "apikey")));
}

}  // namespace kalam::cli
