#pragma once

#include <chrono>
#include <cstddef>
#include <source_location>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kalam::log {

enum class Level { kTrace, kDebug, kInfo, kWarn, kError };
enum class Format { kCompact, kPretty, kJson };

struct Options {
  Level level = Level::kInfo;
  std::string file_path;       // empty: no file
  bool to_console = true;      // stderr
  Format format = Format::kCompact;
  std::size_t max_file_bytes = 100 << 20;  // a larger file is rotated
  std::size_t max_files = 10;              // archives kept
  std::chrono::hours max_age = std::chrono::hours(24) * 30;  // of an archive
};

// Replaces the process-wide logger. Call once, before threads start; until then lines go to stderr.
// Errors: kIo when the file can't be opened.
Status Configure(const Options& options);

// One line. Control bytes in `message` are escaped, so that data can't forge lines or drive a
// terminal. `module` is the writer's folder ("table"); the line names it with the file and the line of `where`,
// as in "table/committer:312". Thread-safe.
void Write(Level level, std::string_view module, std::string_view message,
           std::source_location where = std::source_location::current());

// For callers that would have to format the message first.
bool Enabled(Level level);

inline void Debug(std::string_view module, std::string_view message,
                  std::source_location where = std::source_location::current()) {
  if (Enabled(Level::kDebug)) Write(Level::kDebug, module, message, where);
}
inline void Info(std::string_view module, std::string_view message,
                 std::source_location where = std::source_location::current()) {
  Write(Level::kInfo, module, message, where);
}
inline void Warn(std::string_view module, std::string_view message,
                 std::source_location where = std::source_location::current()) {
  Write(Level::kWarn, module, message, where);
}
inline void Error(std::string_view module, std::string_view message,
                  std::source_location where = std::source_location::current()) {
  Write(Level::kError, module, message, where);
}

// Deletes archives that are too old; Configure has done so once. Thread-safe.
void RemoveOldArchives();

// Flushes what is buffered; call before exit.
void Flush();

}  // namespace kalam::log
