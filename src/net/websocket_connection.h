#pragma once

#include "connection_set.h"
#include "net/websocket.h"
#include "websocket_parser.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

namespace kalam::net {

// One client's socket after its upgrade. On the loop's thread throughout, but for the methods of
// WebSocket, which touch the atomics and the outbox only, and WriteAtOnce.
//
//          Close                 client's close frame             all written
//   kOpen -------> kClosing -----------------------> kFinishing ------------> kLingering --> kClosed
//     |                                                  ^
//     +--- client's close frame, or a broken rule -------+
//
// and kClosed from anywhere. kClosing still reads frames, for the client's answer; kFinishing and
// kLingering discard what comes. Closing on unread bytes would make the kernel throw away the close
// frame on its way, hence the lingering.
class WebSocketConnection final : public WebSocket,
                                  public Connection,
                                  public std::enable_shared_from_this<WebSocketConnection> {
 public:
  WebSocketConnection(std::shared_ptr<ConnectionSet> set, std::size_t index, const Peer& peer,
                      WebSocketUpgrade upgrade);
  ~WebSocketConnection() override;

  // WebSocket.
  SendResult Send(FramePtr frame, QueueRoom room) override;
  void Close(std::uint16_t code, std::string_view reason) override;
  std::size_t backlog_bytes() const override { return backlog_.load(std::memory_order_relaxed); }
  std::string_view peer_address() const override { return peer_address_; }
  EventLoop& loop() override { return set_->loop(); }

  // Takes the socket, opens, and reads `early`, which came behind the upgrade request.
  void Start(int fd, std::string early);

  // Connection.
  void Sweep(ConnectionSet::Clock::time_point now) override;
  void OnDrain() override;
  void CloseNow() override { Lose("the server has stopped"); }
  bool lingering() const override { return state_ == State::kLingering; }

  // For the outbox and the fan-out. Admit reserves room for a frame, from any thread; Enqueue takes
  // an admitted frame, on the loop.
  SendResult Admit(const Frame& frame, QueueRoom room);
  void Enqueue(FramePtr frame);
  void FlushNow();

  // From any thread: writes an admitted frame past the loop, if nothing else that was admitted is still to be
  // written. False if it was not taken, and has to be enqueued. Saves a lone frame the way over the loop, which
  // may be busy and must be woken.
  bool WriteAtOnce(const FramePtr& frame);
  WebSocketOutbox& outbox() { return set_->outbox(); }

 private:
  enum class State { kOpen, kClosing, kFinishing, kLingering, kClosed };
  using Descriptor =
      boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  // Reading.
  void ArmRead();
  void OnReadable();
  void OnBytes(std::span<char> bytes);
  void OnMessage(MessageType type);
  void OnPing();
  void OnClientsClose();
  void OnBrokenRule();

  // Writing.
  void SendLast(std::uint16_t code, std::string_view reason);
  void FlushSoon();
  enum class Progress { kAllTaken, kBlocked, kLost };
  Progress Write();
  void Written(std::size_t bytes);
  void ArmWrite();
  bool HasUnwritten() const;

  // Time and the end.
  void CloseInLoop(std::uint16_t code, std::string_view reason);
  void Finish(std::uint16_t code, std::string_view reason);
  void Lose(std::string_view why);
  void Drop();
  void TellClosed(std::uint16_t code, std::string_view reason);
  void TellIfLow();
  bool IsSilent(ConnectionSet::Clock::time_point now) const;
  bool IsTakingBacklog() const;
  void Enter(State state);
  template <typename Call>
  void CallHandler(const Call& call);
  template <typename Step>
  void Guard(const Step& step);

  const std::shared_ptr<ConnectionSet> set_;
  const std::shared_ptr<const WebSocketOptions> options_;
  std::unique_ptr<WebSocketHandler> handler_;  // until OnClose
  const std::string peer_address_;
  std::optional<Descriptor> socket_;

  State state_ = State::kOpen;
  bool flush_scheduled_ = false;
  bool write_blocked_ = false;  // the kernel takes no more for now
  std::uint16_t own_code_ = 0;  // of our close frame, while kClosing
  std::string own_reason_;
  std::size_t lingered_bytes_ = 0;
  ConnectionSet::Clock::time_point since_;  // when state_ was entered
  ConnectionSet::Clock::time_point alive_;  // when bytes last came, or were taken
  ConnectionSet::Clock::time_point pinged_;

  WebSocketParser parser_;

  // Guards what follows and the writing on the socket, until its close.
  mutable std::mutex write_mutex_;
  int writable_fd_ = -1;       // while frames may be written
  std::vector<FramePtr> out_;  // in order; the first out_head_ are written and empty
  std::size_t out_head_ = 0;
  std::size_t written_ = 0;  // bytes of out_[out_head_]

  std::atomic<std::size_t> backlog_{0};  // admitted and not yet written
  std::atomic<bool> accepting_{true};
  std::atomic<bool> was_high_{false};  // OnBacklogLow is owed
};

}  // namespace kalam::net
