// limit-probe: what this machine allows a server of the SQL API to do. One thread, one epoll: the
// INSERTs of one round of the loop go to RocksDB as one batch with one sync, reads are answered
// where they stand. Nothing that makes a database of it is there, so the server's share of this
// rate says how much all of that costs.
//
//   limit-probe --port 0 --port-file FILE --data-dir FOLDER [--no-sync]

#include "base/check.h"
#include "connection.h"
#include "sql_api.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace kalam::bench {
namespace {

struct Request {
  std::string_view head;
  std::string_view body;
};

// A client's connection, its received bytes and the answers to send.
struct Peer {
  FileHandle socket;
  std::string in;
  std::string out;

  // False: it is gone.
  bool Receive() {
    std::array<char, 64 << 10> bytes;
    const ssize_t got = recv(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0) in.append(bytes.data(), static_cast<std::size_t>(got));
    return got > 0 || (got < 0 && errno == EAGAIN);
  }

  std::optional<Request> Whole() const {
    constexpr std::string_view kLength = "Content-Length: ";
    const std::string_view all(in);
    const std::size_t head_end = all.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return std::nullopt;
    const std::string_view head = all.substr(0, head_end);
    const std::size_t at = head.find(kLength);
    const std::size_t length =
        at == std::string_view::npos ? 0 : std::stoul(in.substr(at + kLength.size(), 12));
    if (all.size() - head_end - 4 < length) return std::nullopt;
    return Request{.head = head, .body = all.substr(head_end + 4, length)};
  }

  // Clients of a closed loop read what they asked for, so waiting for room is short and rare.
  void Send() {
    std::string_view rest(out);
    while (!rest.empty()) {
      const ssize_t sent =
          send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno == EAGAIN) {
        pollfd room{.fd = socket.get(), .events = POLLOUT, .revents = 0};
        poll(&room, 1, 1000);
        continue;
      }
      if (sent < 0) break;  // gone; the next Receive tells
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    out.clear();
  }
};

FileHandle Listen(int port, const std::string& port_file) {
  FileHandle listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const bool listens = bind(listener.get(), any, bytes) == 0 && listen(listener.get(), 1024) == 0 &&
                       getsockname(listener.get(), any, &bytes) == 0;
  KALAM_CHECK(listens, "cannot listen on 127.0.0.1");
  std::ofstream(port_file) << ntohs(address.sin_port) << '\n';
  return listener;
}

class Probe {
 public:
  Probe(RowStore& store, FileHandle listener, bool synced)
      : store_(store), api_(store), listener_(std::move(listener)), synced_(synced) {
    auto poll = FileHandle::Epoll();
    KALAM_CHECK(poll.ok(), "epoll_create1");
    poll_ = std::move(*poll);
    Watch(listener_.get());
  }

  [[noreturn]] void Run() {
    while (true) Round();
  }

 private:
  // Everything that is ready: reads are answered at once, writers after the one commit of the
  // round.
  void Round() {
    std::array<epoll_event, 256> events;
    const int ready = epoll_wait(poll_.get(), events.data(), events.size(), -1);
    writers_.clear();
    for (int i = 0; i < ready; ++i) {
      const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == listener_.get()) {
        Accept();
      } else if (Peer& peer = peers_.at(descriptor); peer.Receive()) {
        Serve(peer);
      } else {
        peers_.erase(descriptor);  // closing its socket ends the watch
      }
    }
    if (writers_.empty()) return;
    store_.Commit(synced_);
    for (Peer* writer : writers_) writer->Send();
  }

  void Serve(Peer& peer) {
    bool wrote = false;
    while (const auto request = peer.Whole()) {
      wrote |= api_.Answer(request->head, request->body, &peer.out);
      const char* end = request->body.data() + request->body.size();
      peer.in.erase(0, static_cast<std::size_t>(end - peer.in.data()));
    }
    if (wrote) {
      writers_.push_back(&peer);
    } else {
      peer.Send();
    }
  }

  void Accept() {
    FileHandle socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.get() < 0) return;
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const int descriptor = socket.get();
    Watch(descriptor);
    peers_.emplace(descriptor, Peer{.socket = std::move(socket), .in = {}, .out = {}});
  }

  void Watch(int descriptor) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    KALAM_CHECK(epoll_ctl(poll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
  }

  RowStore& store_;
  SqlApi api_;
  FileHandle listener_;
  const bool synced_;
  FileHandle poll_;
  std::unordered_map<int, Peer> peers_;  // by socket
  std::vector<Peer*> writers_;
};

int Main(int argc, char** argv) {
  CLI::App app{"The limit that kalamdb-server is measured against."};
  int port = 0;
  std::string port_file;
  std::string folder;
  bool no_sync = false;
  app.add_option("--port", port, "0: any")->capture_default_str();
  app.add_option("--port-file", port_file, "where the port is written")->required();
  app.add_option("--data-dir", folder, "a folder that is not there yet")->required();
  app.add_flag("--no-sync", no_sync, "answer before the disk has it");
  CLI11_PARSE(app, argc, argv);
  RowStore store(folder);
  Probe(store, Listen(port, port_file), !no_sync).Run();
}

}  // namespace
}  // namespace kalam::bench

int main(int argc, char** argv) { return kalam::bench::Main(argc, argv); }
