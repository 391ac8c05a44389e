#include "import/input_window.h"

#include "exit_code.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kalam::cli {

namespace {
constexpr std::size_t kPieceBytes = 1 << 20;
}

Result<std::unique_ptr<InputWindow>> InputWindow::Open(const std::string& path) {
  std::unique_ptr<InputWindow> window(new InputWindow);
  window->name_ = path == "-" ? "standard input" : path;
  window->piece_bytes_ = kPieceBytes;
  window->file_ = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  const bool readable = window->file_ >= 0 && fstat(window->file_, &info) == 0;
  if (!readable || S_ISDIR(info.st_mode)) {
    return UsageError("cannot read " + window->name_ + ": " +
                      std::strerror(readable ? EISDIR : errno));
  }
  if (S_ISREG(info.st_mode)) {
    window->total_ = static_cast<std::uint64_t>(info.st_size);
    posix_fadvise(window->file_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  return window;
}

std::unique_ptr<InputWindow> InputWindow::OfText(std::string text, std::size_t piece_bytes) {
  std::unique_ptr<InputWindow> window(new InputWindow);
  window->total_ = text.size();
  window->memory_ = std::move(text);
  window->piece_bytes_ = piece_bytes;
  return window;
}

InputWindow::~InputWindow() {
  if (file_ >= 0) close(file_);
}

bool InputWindow::ReadMore() {
  buffer_.erase(0, start_);
  start_ = 0;
  if (file_ < 0) {
    const std::size_t piece = std::min(piece_bytes_, memory_.size());
    buffer_.append(memory_, 0, piece);
    memory_.erase(0, piece);
    return piece > 0;
  }
  // A record longer than the window makes it grow by half, so that it is not rescanned too often.
  const std::size_t piece = std::max(piece_bytes_, buffer_.size() / 2);
  const std::size_t before = buffer_.size();
  buffer_.resize(before + piece);
  ssize_t got;
  do {
    got = read(file_, buffer_.data() + before, piece);
  } while (got < 0 && errno == EINTR);
  if (got < 0) failure_ = "cannot read " + name_ + ": " + std::strerror(errno);
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return got > 0;
}

void InputWindow::Consume(std::size_t bytes) {
  start_ += bytes;
  consumed_ += bytes;
}

}  // namespace kalam::cli
