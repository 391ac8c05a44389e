#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kalam/result.h>

namespace kalam::cli {

// A file (or standard input) read front to back through a window of bounded size: only what the
// reader has not consumed yet is in memory.
class InputWindow {
 public:
  // "-" is standard input. The message of a failure names the file.
  static Result<std::unique_ptr<InputWindow>> Open(const std::string& path);
  // Text that is in memory already, given out in pieces of `piece_bytes`: for tests.
  static std::unique_ptr<InputWindow> OfText(std::string text, std::size_t piece_bytes);
  ~InputWindow();
  InputWindow(const InputWindow&) = delete;
  InputWindow& operator=(const InputWindow&) = delete;

  // What has been read and not consumed. Valid until the next ReadMore().
  std::string_view unread() const { return std::string_view(buffer_).substr(start_); }

  // Makes unread() longer; false when the input is at its end or can't be read (see failure()).
  bool ReadMore();
  void Consume(std::size_t bytes);

  std::uint64_t consumed_bytes() const { return consumed_; }
  std::optional<std::uint64_t> total_bytes() const { return total_; }
  // Why reading stopped before the end of the input; empty if it did not.
  const std::string& failure() const { return failure_; }

 private:
  InputWindow() = default;

  int file_ = -1;
  std::string name_;
  std::string memory_;  // OfText: what is still to come
  std::size_t piece_bytes_ = 0;
  std::string buffer_;
  std::size_t start_ = 0;  // of the unread part of buffer_
  std::uint64_t consumed_ = 0;
  std::optional<std::uint64_t> total_;
  std::string failure_;
};

}  // namespace kalam::cli
