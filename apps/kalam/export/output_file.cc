#include "export/output_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace kalam::cli {

namespace {

// By name: it need not have been written through a descriptor of ours.
bool SyncFile(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  const int problem = errno;
  ::close(descriptor);
  errno = problem;
  return synced;
}

}  // namespace

OutputFile::OutputFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
  file_ = path_ == "-" ? stdout : std::fopen(part_.c_str(), "wb");
}

OutputFile::~OutputFile() {
  if (file_ == nullptr || file_ == stdout) return;
  std::fclose(file_);
  std::remove(part_.c_str());
}

std::string OutputFile::Keep() {
  const bool written = std::fflush(file_) == 0 && std::ferror(file_) == 0;
  if (!written) return Why();
  if (file_ == stdout) return "";
  if (!SyncFile(part_)) return Why();
  if (std::rename(part_.c_str(), path_.c_str()) != 0) return Why();
  std::fclose(std::exchange(file_, nullptr));
  return "";
}

std::string OutputFile::Why() const { return "cannot write " + path_ + ": " + std::strerror(errno); }

}  // namespace kalam::cli
