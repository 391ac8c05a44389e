#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace kalam::test {

// Stands between a client and a server on 127.0.0.1 and is a bad network when told to. Thread-safe.
class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t target);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const { return port_; }
  // Connections from now on go there.
  void SetTarget(std::uint16_t target) { target_ = target; }

  // Resets all connections, in the middle of whatever they carry.
  void Drop();
  // Each connection is reset once it has carried so many bytes to its client; 0: never.
  void CutAfter(std::size_t bytes) { cut_after_ = bytes; }
  // Carries nothing any more once this returns, but keeps connections open: a cable that was
  // pulled.
  void Freeze();
  void Thaw() { frozen_ = false; }

  // Connections so far.
  int accepted() const { return accepted_; }

 private:
  struct Link {
    int client = -1;
    int server = -1;
    std::atomic<bool> reset = false;
    std::atomic<bool> still = false;
    std::atomic<bool> over = false;
    std::thread thread;
  };
  void Accept();
  void Carry(Link& link);

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::uint16_t> target_;
  std::atomic<std::size_t> cut_after_ = 0;
  std::atomic<bool> frozen_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> accepted_ = 0;
  std::mutex mutex_;
  std::list<std::unique_ptr<Link>> links_;  // guarded by mutex_
  std::thread acceptor_;
};

}  // namespace kalam::test
