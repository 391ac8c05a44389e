#include "table_folder.h"

#include <string>
#include <system_error>

#include "base/log.h"

namespace kalam::exec {

namespace fs = std::filesystem;

TableFolder::~TableFolder() {
  std::error_code ignored;
  // A folder that somebody used meanwhile is not empty and stays.
  for (auto it = made_.rbegin(); it != made_.rend(); ++it) fs::remove(*it, ignored);
}

Status TableFolder::Create(std::string_view path) {
  std::error_code error;
  fs::path step;
  for (const fs::path& part : fs::path(path)) {
    step /= part;
    if (fs::create_directory(step, error)) made_.push_back(step);
    if (error && !fs::is_directory(step)) break;
    error.clear();
  }
  if (!error) return {};
  log::Error("exec", "create folder " + step.string() + ": " + error.message());
  return Error(ErrorCode::kIo, "the folder of the table can't be created: " + error.message());
}

}  // namespace kalam::exec
