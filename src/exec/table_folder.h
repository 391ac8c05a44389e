#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kalam::exec {

// The folder of a table that is being created. Unless the table comes into being (Keep), what was made for it is
// removed again with this object.
class TableFolder {
 public:
  TableFolder() = default;
  ~TableFolder();
  TableFolder(const TableFolder&) = delete;
  TableFolder& operator=(const TableFolder&) = delete;

  // Errors: kIo. The path is in the log, not in the message: it is the host's affair.
  Status Create(std::string_view path);
  void Keep() { made_.clear(); }

 private:
  std::vector<std::filesystem::path> made_;  // outermost first
};

}  // namespace kalam::exec
