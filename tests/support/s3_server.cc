#include "support/s3_server.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kalam::test {
namespace {

// Reads the port it prints; 0 when it ended instead.
std::uint16_t ReadPort(int fd) {
  std::string line;
  char c;
  while (::read(fd, &c, 1) == 1 && c != '\n') line += c;
  return static_cast<std::uint16_t>(std::atoi(line.c_str()));
}

}  // namespace

S3Server::S3Server(Conditions conditions) {
  const std::string folder = dir_.path().string();
  int input[2], output[2];
  if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0)
    throw std::runtime_error("pipe failed");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(input[0], STDIN_FILENO);
    ::dup2(output[1], STDOUT_FILENO);
    ::setenv("NODE_PATH", KALAM_S3_SERVER_MODULES, 1);
    ::execlp("node", "node", KALAM_S3_SERVER_SCRIPT, folder.c_str(), kBucket,
             conditions == Conditions::kKnown ? "conditional" : nullptr, nullptr);
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(output[1]);
  keep_alive_ = input[1];
  port_ = ReadPort(output[0]);
  ::close(output[0]);
  if (port_ == 0) {
    Kill();
    throw std::runtime_error("the S3 test server did not start; is it installed (scripts/setup)?");
  }
}

std::size_t S3Server::objects() const {
  std::size_t objects = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path()))
    objects += entry.path().filename().string().ends_with("._S3rver_object") ? 1 : 0;
  return objects;
}

void S3Server::Kill() {
  if (keep_alive_ >= 0) ::close(keep_alive_);
  keep_alive_ = -1;
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

S3Server::~S3Server() { Kill(); }

}  // namespace kalam::test
