#pragma once

#include "connection_set.h"
#include "http_parser.h"
#include "net/http_exchange.h"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

namespace kalam::net {

class HttpConnection;

// The exchange as a connection hands it out. A connection uses one object for all its requests, for
// as long as handlers let go of it in time; it makes a new one when they don't.
class ConnectionExchange final : public HttpExchange,
                                 public std::enable_shared_from_this<ConnectionExchange> {
 public:
  ConnectionExchange(EventLoop& loop, Peer peer) : loop_(loop), peer_(std::move(peer)) {}

  const HttpRequest& request() const override { return request_; }
  std::string_view peer_address() const override { return peer_.address; }
  bool peer_is_loopback() const override { return peer_.is_loopback; }
  EventLoop& loop() override { return loop_; }
  void Respond(HttpResponse response) override;
  void OnClientGone(std::function<void()> gone) override;

 private:
  friend class HttpConnection;
  void Deliver(HttpResponse response);  // on the loop

  EventLoop& loop_;
  const Peer peer_;
  HttpRequest request_;
  HttpConnection* connection_ = nullptr;  // on the loop; null once answered or closed
  std::function<void()> gone_;            // on the loop
  std::atomic<bool> answered_{false};
};

// One client's socket and the request it is at. On the loop's thread throughout.
//
//            bytes            complete           answered
//   kIdle ----------> kReading -------> kRunning ---------> kIdle, or
//                        |                                    |  last answer
//                        +--- refused ---------------------> kClosing --- written ---> kLingering
//
// and kClosed from anywhere. A 101 answer leads through kUpgrading: once it is written, the socket
// and the bytes behind the request go to a WebSocketConnection, which takes this one's place.
//
// Bytes that arrive while a request runs, or while an answer is stuck behind a slow reader, wait in
// `pending_`; reading stops when that is full. asio only tells when the socket is readable or
// writable: reads land in the loop's one scratch buffer, so that an idle connection holds none.
class HttpConnection final : public Connection,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::shared_ptr<ConnectionSet> set, std::size_t index, int fd, Peer peer);
  ~HttpConnection() override;

  void Start(bool too_many);

  void Sweep(ConnectionSet::Clock::time_point now) override;
  void OnDrain() override;  // also drops a request of which only part of the header has come
  void CloseNow() override { Close(); }  // a running request is answered into the void
  bool lingering() const override { return state_ == State::kLingering; }

 private:
  friend class ConnectionExchange;
  enum class State { kIdle, kReading, kRunning, kUpgrading, kClosing, kLingering, kClosed };
  using Descriptor =
      boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  // Reading.
  void ArmRead();
  void OnReadable();
  void OnBytes(std::string_view bytes);
  void OnEndOfInput();
  void OnLost();
  bool CanParse() const;
  std::size_t Parse(std::string_view input);
  void ParsePending();

  // The request.
  void BeginRequest();
  void Dispatch();
  void OnAnswer(HttpResponse response);
  void Refuse(int status, const std::string& message);
  void HandOver();
  void AnswerIfForgotten();
  void AnswerInternalError(const std::string& log_line);

  // Writing.
  void Queue(HttpResponse response, bool last);
  void Flush();
  void OnWritable();

  // Runs one step of an event; an exception closes this connection and goes no further.
  template <typename Step>
  void Guard(const Step& step);

  // What follows from the state after reading, answering or writing: write, close, read on.
  void Settle();
  void CheckTimes(ConnectionSet::Clock::time_point now);
  void Linger();
  void Close();
  void Enter(State state);
  void ReleaseBuffers();

  const std::shared_ptr<ConnectionSet> set_;
  std::optional<Descriptor> socket_;
  const Peer peer_;

  State state_ = State::kIdle;
  ConnectionSet::Clock::time_point since_;  // when state_ was entered, or the last write went on
  bool in_parse_ = false;                   // answers collect until Parse is through its input
  bool read_armed_ = false;
  bool write_blocked_ = false;  // the kernel takes no more of the answer
  bool end_of_input_ = false;
  bool continue_sent_ = false;

  RequestParser parser_;
  std::shared_ptr<ConnectionExchange> exchange_;
  std::shared_ptr<WebSocketUpgrade> upgrade_;  // kUpgrading
  std::string pending_;
  std::size_t lingered_bytes_ = 0;

  std::string out_;   // heads and small bodies
  std::string body_;  // a large body, which follows out_
  std::size_t written_ = 0;
};

}  // namespace kalam::net
