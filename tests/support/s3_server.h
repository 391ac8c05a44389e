#pragma once

#include "support/temp_dir.h"

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace kalam::test {

// An S3 server on this machine, which checks signatures, with one empty bucket. Stops when
// destroyed, or when the test dies. Starting takes about a second.
class S3Server {
 public:
  static constexpr const char* kBucket = "test-bucket";
  static constexpr const char* kAccessKey = "S3RVER";
  static constexpr const char* kSecretKey = "S3RVER";

  // Does it refuse to overwrite when it is asked to (`If-None-Match: *`)? Amazon's does, many others don't.
  enum class Conditions { kUnknown, kKnown };

  // Throws std::runtime_error when it does not come up.
  explicit S3Server(Conditions conditions = Conditions::kUnknown);
  ~S3Server();
  S3Server(const S3Server&) = delete;
  S3Server& operator=(const S3Server&) = delete;

  std::uint16_t port() const { return port_; }
  // `http://127.0.0.1:41234`
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // How many objects it holds.
  std::size_t objects() const;

  // Ends it at once: connections are refused from now on.
  void Kill();

 private:
  TempDir dir_;
  pid_t pid_ = -1;
  int keep_alive_ = -1;  // its standard input: it ends when this closes
  std::uint16_t port_ = 0;
};

}  // namespace kalam::test
