#include "text_file.h"

#include "exit_code.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace kalam::cli {

Result<std::string> ReadWholeFile(const std::string& path) {
  struct CloseFile {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  const std::unique_ptr<std::FILE, CloseFile> file(path == "-" ? stdin
                                                               : std::fopen(path.c_str(), "rb"));
  const std::string name = path == "-" ? "standard input" : path;
  const auto failure = [&] {
    return UsageError("cannot read " + name + ": " + std::strerror(errno));
  };
  if (!file) return failure();
  std::string text;
  char piece[64 * 1024];
  while (const std::size_t got = std::fread(piece, 1, sizeof(piece), file.get())) {
    text.append(piece, got);
  }
  if (std::ferror(file.get()) != 0) return failure();
  return text;
}

}  // namespace kalam::cli
