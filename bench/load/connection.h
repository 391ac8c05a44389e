#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kalam::bench {

// "connect: Connection refused", from errno.
Error SystemError(std::string_view what);

// Owns a file descriptor.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileHandle();

  static Result<FileHandle> Epoll();

  int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

// A non-blocking TCP connection with one outgoing request and a buffer of received bytes. Used by
// one thread.
class Connection {
 public:
  // `host` is an IPv4 address. Waits for the connection; everything after that never blocks.
  static Result<Connection> Open(const std::string& host, std::uint16_t port);

  int socket() const { return socket_.get(); }

  // Write the request into *outgoing(), then StartSending(), then Send() until sending() is false;
  // Send() also does nothing when there is nothing to send.
  std::string* outgoing() { return &outgoing_; }
  void StartSending() { sent_bytes_ = 0; }
  Status Send();
  bool sending() const { return sent_bytes_ < outgoing_.size(); }

  // Takes what has arrived. An error when the server has closed the connection.
  Status Receive();
  std::string_view received() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void Consume(std::size_t bytes);

 private:
  explicit Connection(FileHandle socket);

  FileHandle socket_;
  std::string outgoing_;
  std::size_t sent_bytes_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace kalam::bench
