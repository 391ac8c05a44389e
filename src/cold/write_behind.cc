#include "cold/write_behind.h"

#include "file_descriptor.h"

#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace kalam::cold {
namespace {

// As large as the pieces in which the store's own files are written behind.
constexpr std::uint64_t kPieceBytes = 1 << 20;
constexpr std::uint64_t kPageBytes = 4096;  // the last one is written again if it is not full yet

}  // namespace

struct WriteBehind::State {
  std::filesystem::path path;
  FileDescriptor file;
  std::uint64_t begun = 0;  // all before it is on its way
};

WriteBehind::WriteBehind(std::filesystem::path file) : state_(std::make_unique<State>()) {
  state_->path = std::move(file);
}

WriteBehind::~WriteBehind() = default;

void WriteBehind::Look() {
  if (!state_->file) state_->file = FileDescriptor(::open(state_->path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!state_->file || ::fstat(state_->file.get(), &info) != 0) return;
  const std::uint64_t size = static_cast<std::uint64_t>(info.st_size) / kPageBytes * kPageBytes;
  if (size < state_->begun + kPieceBytes) return;
  (void)::sync_file_range(state_->file.get(), static_cast<off64_t>(state_->begun),
                          static_cast<off64_t>(size - state_->begun), SYNC_FILE_RANGE_WRITE);
  state_->begun = size;
}

}  // namespace kalam::cold
