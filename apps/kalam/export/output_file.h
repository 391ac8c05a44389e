#pragma once

#include <cstdio>
#include <string>

namespace kalam::cli {

// A file that appears under its name when it is complete, in place of one that was there: until then it is
// `<name>.part`, and gone unless Keep succeeds. "-" is standard output.
class OutputFile {
 public:
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Null: it could not be made; Why() says why.
  std::FILE* get() const { return file_; }
  // For who writes by name.
  const std::string& part_path() const { return part_; }

  // The text of what went wrong; empty: nothing.
  std::string Keep();
  std::string Why() const;

 private:
  const std::string path_;
  const std::string part_;
  std::FILE* file_ = nullptr;
};

}  // namespace kalam::cli
