#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kalam::test {

// A folder of one test, gone with the object. Its parents may be entered by anybody.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

void WriteFile(const std::filesystem::path& path, std::string_view text);
// Empty when there is no such file.
std::string ReadFile(const std::filesystem::path& path);

}  // namespace kalam::test
