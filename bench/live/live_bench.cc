// Load for live queries and for what they are compared with: one thread, one epoll, raw sockets, so that the client's
// share of the processors is the same on both sides. bench/goals/live.py starts the servers and compares.
//
//   live-bench latency  PORT COUNT             durable INSERT to one subscriber
//
//   live-bench notify   SOCKET DATABASE COUNT  the same through PostgreSQL's NOTIFY, in the transaction of an INSERT
//
//   live-bench floor    FOLDER COUNT           the same through a server that does nothing else: no server can beat it
//
//   live-bench fanout   PORT PID SOCKETS ROWS BATCH
//
//   live-bench redis    PORT PID SOCKETS MESSAGES BATCH
//
//   live-bench filters  PORT PID EQUAL OTHER INSERTS [DISTINCT]  what so many subscriptions add; all filters distinct
//
//   live-bench turns    PORT PID TURNS INSERTS SIZE...           the same for several numbers of them, in turn
//
//   live-bench idle     PORT PID CONNECTIONS   what a WebSocket without subscriptions takes
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Fail(const std::string& what) { throw std::runtime_error(what); }

double MicrosSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

class Socket {
 public:
  static Socket Tcp(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) Fail("connect: " + Why());
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return Socket(fd);
  }
  static Socket Unix(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) Fail("connect: " + Why());
    return Socket(fd);
  }
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)), at_(other.at_) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }

  int fd() const { return fd_; }
  void Send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) Fail("send: " + Why());
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Reads what there is, or waits for something.
  void Fill() { Receive(0); }
  // Reads what there is, if anything.
  void FillIfReady() { Receive(MSG_DONTWAIT); }
  std::string_view buffered() const { return std::string_view(in_).substr(at_); }
  void Take(std::size_t bytes) { at_ += bytes; }
  std::string_view Need(std::size_t bytes) {
    while (buffered().size() < bytes) Fill();
    return buffered().substr(0, bytes);
  }
  std::string_view NeedThrough(std::string_view mark) {
    std::size_t end = 0;
    while ((end = buffered().find(mark)) == std::string_view::npos) Fill();
    return buffered().substr(0, end + mark.size());
  }

 private:
  void Receive(int flags) {
    if (at_ > 0) {
      in_.erase(0, at_);
      at_ = 0;
    }
    // Not into the string itself, which would have to be filled with zeros first: 64 KB for each message.
    static char buffer[65536];
    const ssize_t got = recv(fd_, buffer, sizeof(buffer), flags);
    if (got < 0 && (flags & MSG_DONTWAIT) != 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) Fail("the server closed the connection");
    in_.append(buffer, static_cast<std::size_t>(got));
  }
  static std::string Why() { return std::strerror(errno); }
  int fd_;
  std::string in_;
  std::size_t at_ = 0;
};

// --- KalamDB

class Http {
 public:
  Http(int port, std::string user) : socket_(Socket::Tcp(port)), user_(std::move(user)) {}
  void SendSql(const std::string& sql) {
    const std::string body = "{\"sql\":\"" + sql + "\"}";
    socket_.Send("POST /v1/api/sql HTTP/1.1\r\nHost: localhost\r\nX-USER-ID: " + user_ +
                 "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  void Await() {
    const std::string head(socket_.NeedThrough("\r\n\r\n"));
    const std::size_t at = head.find("Content-Length: ");
    const std::size_t length = std::strtoul(head.c_str() + at + 16, nullptr, 10);
    socket_.Take(head.size());
    const std::string body(socket_.Need(length));
    socket_.Take(length);
    if (head.compare(9, 3, "200") != 0) Fail(body);
  }
  void Run(const std::string& sql) {
    SendSql(sql);
    Await();
  }
  int fd() const { return socket_.fd(); }

 private:
  Socket socket_;
  const std::string user_;
};

class Ws {
 public:
  Ws(int port, const std::string& user) : socket_(Socket::Tcp(port)) {
    socket_.Send("GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nX-USER-ID: " + user +
                 "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    const std::string head(socket_.NeedThrough("\r\n\r\n"));
    socket_.Take(head.size());
    if (head.compare(9, 3, "101") != 0) Fail(head);
  }
  // Masked with zeros.
  void Send(std::string_view text, char first_byte = '\x81') {
    std::string frame(1, first_byte);
    if (text.size() < 126) {
      frame += static_cast<char>(0x80 | text.size());
    } else {
      frame += static_cast<char>(0x80 | 126);
      frame += static_cast<char>(text.size() >> 8);
      frame += static_cast<char>(text.size() & 255);
    }
    frame += std::string(4, '\0');
    frame += text;
    socket_.Send(frame);
  }
  void Subscribe(const std::string& id, const std::string& sql) {
    Send("{\"id\":\"" + id + "\",\"sql\":\"" + sql + "\"}");
  }
  // Takes whole text frames out of what is buffered; pings are answered.
  template <typename Use>
  void Drain(Use use) {
    while (true) {
      const std::string_view in = socket_.buffered();
      if (in.size() < 2) return;
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in[i]); };
      std::size_t head = 2, length = byte(1) & 127;
      if (length == 126) {
        if (in.size() < 4) return;
        head = 4;
        length = static_cast<std::size_t>(byte(2)) << 8 | byte(3);
      } else if (length == 127) {
        if (in.size() < 10) return;
        head = 10;
        length = 0;
        for (std::size_t i = 2; i < 10; ++i) length = length << 8 | byte(i);
      }
      if (in.size() < head + length) return;
      const std::string_view payload = in.substr(head, length);
      const int opcode = byte(0) & 15;
      if (opcode == 9) Send(payload, '\x8A');
      if (opcode == 8) Fail("closed by the server");
      if (opcode == 1) use(payload);
      socket_.Take(head + length);
    }
  }
  std::string Next() {
    std::string message;
    while (message.empty()) {
      Drain([&](std::string_view text) { message = text; });
      if (message.empty()) socket_.Fill();
    }
    return message;
  }
  void ExpectAcks(std::size_t count) {
    std::size_t seen = 0;
    while (seen < count) {
      Drain([&](std::string_view text) {
        if (text.find("subscription_ack") == std::string_view::npos) Fail(std::string(text));
        ++seen;
      });
      if (seen < count) socket_.Fill();
    }
  }
  void Fill() { socket_.Fill(); }
  int fd() const { return socket_.fd(); }
  // Answers pings: a client that is silent for ten seconds is taken for gone. No message is expected.
  void StayAlive() {
    socket_.FillIfReady();
    Drain([](std::string_view text) { Fail("not expected: " + std::string(text)); });
  }

 private:
  Socket socket_;
};

void StayAlive(const std::vector<std::unique_ptr<Ws>>& sockets) {
  for (const auto& socket : sockets) socket->StayAlive();
}

void PrintQuantiles(std::vector<double>& micros) {
  std::sort(micros.begin(), micros.end());
  std::printf("{\"p50_us\": %.1f, \"p99_us\": %.1f}\n", micros[micros.size() / 2], micros[micros.size() * 99 / 100]);
}

void Prepare(Http& sql) {
  sql.Run("CREATE NAMESPACE IF NOT EXISTS bench");
  sql.Run("DROP TABLE IF EXISTS bench.live");
  sql.Run("CREATE USER TABLE bench.live (id BIGINT PRIMARY KEY, room TEXT, sender TEXT, body TEXT)");
}

std::string Body() { return std::string(140, 'b'); }

std::string InsertOf(int id, const std::string& room) {
  return "INSERT INTO bench.live VALUES (" + std::to_string(id) + ", '" + room + "', 'maya', '" + Body() + "')";
}

void Latency(int port, int count) {
  Http admin(port, "system");
  Prepare(admin);
  Http sql(port, "maya");
  Ws ws(port, "maya");
  ws.Subscribe("s", "SELECT * FROM bench.live WHERE room = 'lobby'");
  ws.ExpectAcks(1);
  std::vector<double> micros;
  for (int i = 0; i < count; ++i) {
    const auto begin = Clock::now();
    sql.SendSql(InsertOf(i, "lobby"));
    if (ws.Next().find("\"insert\"") == std::string::npos) Fail("no change");
    micros.push_back(MicrosSince(begin));
    sql.Await();
  }
  PrintQuantiles(micros);
  // Without a subscriber, for comparison: until the answer.
  micros.clear();
  for (int i = 0; i < count; ++i) {
    const auto begin = Clock::now();
    sql.SendSql(InsertOf(count + i, "elsewhere"));
    sql.Await();
    micros.push_back(MicrosSince(begin));
  }
  std::fprintf(stderr, "until the answer: ");
  std::sort(micros.begin(), micros.end());
  std::fprintf(stderr, "p50 %.1f us\n", micros[micros.size() / 2]);
}

// --- PostgreSQL's protocol, as far as needed

class Postgres {
 public:
  Postgres(const std::string& path, const std::string& database) : socket_(Socket::Unix(path)) {
    static constexpr char kHello[] = "\0\3\0\0user\0postgres\0database";
    std::string message(kHello, sizeof(kHello));
    message += database;
    message += std::string(2, '\0');
    socket_.Send(Length(message.size() + 4) + message);
    Await('Z');
  }
  void Send(const std::string& sql) { socket_.Send("Q" + Length(sql.size() + 5) + sql + '\0'); }
  // Reads messages up to one of the given type.
  void Await(char type) {
    while (true) {
      const std::string_view head = socket_.Need(5);
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
      const char found = head[0];
      const std::size_t length = static_cast<std::size_t>(byte(1)) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
      const std::string body(socket_.Need(1 + length));
      socket_.Take(1 + length);
      if (found == 'E') Fail(body);
      if (found == type) return;
    }
  }
  void Run(const std::string& sql) {
    Send(sql);
    Await('Z');
  }

 private:
  static std::string Length(std::size_t bytes) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(bytes >> shift);
    return out;
  }
  Socket socket_;
};

void Notify(const std::string& path, const std::string& database, int count) {
  Postgres writer(path, database), listener(path, database);
  writer.Run("DROP TABLE IF EXISTS live; CREATE TABLE live (id BIGINT PRIMARY KEY, room TEXT, sender TEXT, body TEXT)");
  listener.Run("LISTEN live");
  std::vector<double> micros;
  for (int i = 0; i < count; ++i) {
    const auto begin = Clock::now();
    // The row goes along, as it does to a live query.
    writer.Send("BEGIN; INSERT INTO live VALUES (" + std::to_string(i) + ", 'lobby', 'maya', '" + Body() +
                "'); NOTIFY live, '{\"id\":" + std::to_string(i) +
                ",\"room\":\"lobby\",\"sender\":\"maya\",\"body\":\"" + Body() + "\"}'; COMMIT");
    listener.Await('A');
    micros.push_back(MicrosSince(begin));
    writer.Await('Z');
  }
  PrintQuantiles(micros);
}

// --- the least that a durable change can take

// Takes a request, appends as many bytes to a file as an INSERT takes in a log, syncs it, sends the change to one
// socket and the answer to the other. Never returns.
[[noreturn]] void ServeFloor(int listener, const std::string& path) {
  constexpr int kAppended = 600, kChange = 330, kAnswer = 200;
  const int writer = accept(listener, nullptr, nullptr), subscriber = accept(listener, nullptr, nullptr);
  const int on = 1;
  for (const int fd : {writer, subscriber}) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || posix_fallocate(file, 0, 16 << 20) != 0) _exit(1);
  char bytes[4096] = {};
  for (off_t at = 0; recv(writer, bytes, sizeof(bytes), 0) > 0; at += kAppended) {
    if (pwrite(file, bytes, kAppended, at) != kAppended || fdatasync(file) != 0) _exit(1);
    if (send(subscriber, bytes, kChange, MSG_NOSIGNAL) != kChange) _exit(1);
    if (send(writer, bytes, kAnswer, MSG_NOSIGNAL) != kAnswer) _exit(1);
  }
  _exit(0);
}

void Floor(const std::string& folder, int count) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 2) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Fail("no port for the floor");
  }
  if (fork() == 0) ServeFloor(listener, folder + "/floor.log");
  std::vector<double> micros;
  {
    Socket writer = Socket::Tcp(ntohs(address.sin_port)), subscriber = Socket::Tcp(ntohs(address.sin_port));
    const std::string request(380, 'r');  // an INSERT with its head
    for (int i = 0; i < count; ++i) {
      const auto begin = Clock::now();
      writer.Send(request);
      subscriber.Need(330);
      micros.push_back(MicrosSince(begin));
      subscriber.Take(330);
      writer.Need(200);
      writer.Take(200);
    }
  }
  close(listener);
  int status = 0;
  if (wait(&status) < 0 || status != 0) Fail("the server of the floor failed");
  unlink((folder + "/floor.log").c_str());
  PrintQuantiles(micros);
}

// --- fan-out

// Waits with one epoll until `wanted` messages came over all receivers.
template <typename Receiver, typename Count>
class Crowd {
 public:
  Crowd(std::vector<std::unique_ptr<Receiver>>& receivers, Count count)
      : receivers_(receivers), count_(count), epoll_(epoll_create1(0)) {
    for (std::size_t i = 0; i < receivers_.size(); ++i) {
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, receivers_[i]->fd(), &event);
    }
  }
  ~Crowd() { close(epoll_); }
  void Await(std::size_t wanted) {
    std::vector<epoll_event> events(1024);
    while (seen_ < wanted) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 20'000);
      if (ready == 0) Fail("messages are missing: " + std::to_string(wanted - seen_));
      for (int i = 0; i < ready; ++i) {
        Receiver& receiver = *receivers_[events[static_cast<std::size_t>(i)].data.u64];
        receiver.Fill();
        seen_ += count_(receiver);
      }
    }
  }

 private:
  std::vector<std::unique_ptr<Receiver>>& receivers_;
  Count count_;
  int epoll_;
  std::size_t seen_ = 0;
};

// Processor time of the server's threads, in nanoseconds: of all, and of the one that matches changes.
struct ThreadTimes {
  double all = 0, dispatcher = 0;

  static ThreadTimes Of(int pid) {
    ThreadTimes times;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
      std::string name;
      double ran = 0;
      std::getline(std::ifstream(task.path() / "comm"), name);
      std::ifstream(task.path() / "schedstat") >> ran;
      times.all += ran;
      if (name == "live-dispatch") times.dispatcher += ran;
    }
    return times;
  }
};

// From its making on: messages a second, and what each took of the server's processor time.
class Rate {
 public:
  explicit Rate(int server_pid) : pid_(server_pid) {}
  void Print(std::size_t messages) const {
    const auto count = static_cast<double>(messages);
    const double wall = MicrosSince(begin_);
    std::printf("{\"messages_per_s\": %.0f, \"server_us_per_message\": %.3f}\n", count * 1e6 / wall,
                (ThreadTimes::Of(pid_).all - before_.all) / 1000 / count);
  }

 private:
  const int pid_;
  const ThreadTimes before_ = ThreadTimes::Of(pid_);
  const Clock::time_point begin_ = Clock::now();
};

void FanOut(int port, int pid, std::size_t sockets, int rows, int batch) {
  Http admin(port, "system");
  Prepare(admin);
  Http sql(port, "maya");
  std::vector<std::unique_ptr<Ws>> crowd;
  for (std::size_t i = 0; i < sockets; ++i) {
    crowd.push_back(std::make_unique<Ws>(port, "maya"));
    crowd.back()->Subscribe("s", "SELECT * FROM bench.live WHERE room = 'lobby'");
  }
  for (auto& ws : crowd) ws->ExpectAcks(1);
  Crowd waiting(crowd, [](Ws& ws) {
    std::size_t seen = 0;
    ws.Drain([&](std::string_view text) { seen += text.find("\"change\"") != std::string_view::npos ? 1 : 0; });
    return seen;
  });
  const Rate rate(pid);
  std::size_t wanted = 0;
  for (int i = 0; i < rows; i += batch) {
    std::string values;
    for (int j = i; j < i + batch; ++j) {
      values += (values.empty() ? "(" : ", (") + std::to_string(j) + ", 'lobby', 'maya', '" + Body() + "')";
    }
    sql.SendSql("INSERT INTO bench.live VALUES " + values);
    wanted += sockets * static_cast<std::size_t>(batch);
    waiting.Await(wanted);
    sql.Await();
  }
  rate.Print(wanted);
}

class RedisListener {
 public:
  explicit RedisListener(int port) : socket_(Socket::Tcp(port)) {
    socket_.Send("*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nlive\r\n");
    Take(socket_.NeedThrough(":1\r\n").size());
  }
  void Fill() { socket_.Fill(); }
  int fd() const { return socket_.fd(); }
  // Messages are of one size: *3 $7 message $4 live $n payload
  std::size_t Count(std::size_t message_bytes) {
    const std::size_t count = socket_.buffered().size() / message_bytes;
    Take(count * message_bytes);
    return count;
  }

 private:
  void Take(std::size_t bytes) { socket_.Take(bytes); }
  Socket socket_;
};

void Redis(int port, int pid, std::size_t sockets, int messages, int batch) {
  std::vector<std::unique_ptr<RedisListener>> crowd;
  for (std::size_t i = 0; i < sockets; ++i) crowd.push_back(std::make_unique<RedisListener>(port));
  Socket publisher = Socket::Tcp(port);
  // As many bytes as a change has.
  const std::string payload(330, 'b');
  const std::string bulk = "$" + std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
  const std::size_t bytes = std::string("*3\r\n$7\r\nmessage\r\n$4\r\nlive\r\n").size() + bulk.size();
  Crowd waiting(crowd, [bytes](RedisListener& listener) { return listener.Count(bytes); });
  const Rate rate(pid);
  std::size_t wanted = 0;
  for (int i = 0; i < messages; i += batch) {
    std::string commands;
    for (int j = 0; j < batch; ++j) commands += "*3\r\n$7\r\nPUBLISH\r\n$4\r\nlive\r\n" + bulk;
    publisher.Send(commands);
    wanted += sockets * static_cast<std::size_t>(batch);
    waiting.Await(wanted);
    for (int j = 0; j < batch; ++j) publisher.Take(publisher.NeedThrough("\r\n").size());
  }
  rate.Print(wanted);
}

// --- many filters

std::uint64_t ResidentBytes(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

double CpuMicros(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  text.erase(0, text.rfind(')') + 2);
  unsigned long user = 0, system = 0;
  std::sscanf(text.c_str(), "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return static_cast<double>(user + system) * 1e6 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// `count` subscriptions of one user, a thousand on a socket, each with a WHERE that no row of ours matches.
template <typename Where>
void SubscribeMany(std::vector<std::unique_ptr<Ws>>& sockets, int port, const std::string& user, int count,
                   Where where) {
  constexpr int kPerSocket = 1000;
  for (int i = 0; i < count; i += kPerSocket) {
    sockets.push_back(std::make_unique<Ws>(port, user));
    const int end = std::min(i + kPerSocket, count);
    for (int j = i; j < end; ++j) {
      sockets.back()->Subscribe("s" + std::to_string(j), "SELECT * FROM bench.live WHERE " + where(j));
    }
    sockets.back()->ExpectAcks(static_cast<std::size_t>(end - i));
    StayAlive(sockets);
  }
}

std::string RoomFilter(int number) { return "room = 'room-" + std::to_string(number) + "'"; }

// What subscribing left to do is done first.
void AwaitIdle(int pid) {
  for (double before_pause = -1, now = CpuMicros(pid); now - before_pause > 20'000; now = CpuMicros(pid)) {
    before_pause = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

// Several writers at once, as in life: their commits share rounds.
class Writers {
 public:
  Writers(int port, const std::string& user) {
    for (int i = 0; i < kDepth; ++i) writers_.push_back(std::make_unique<Http>(port, user));
  }
  void Insert(int count) {
    for (int i = 0; i < count; i += kDepth) {
      for (auto& writer : writers_) writer->SendSql(InsertOf(next_id_++, "nobody here"));
      for (auto& writer : writers_) writer->Await();
    }
  }

 private:
  static constexpr int kDepth = 64;
  std::vector<std::unique_ptr<Http>> writers_;
  int next_id_ = 0;
};

void Filters(int port, int pid, int equal, int other, int inserts, int distinct) {
  Http admin(port, "system");
  Prepare(admin);
  std::vector<std::unique_ptr<Ws>> sockets;
  const std::uint64_t before = ResidentBytes(pid);
  SubscribeMany(sockets, port, "maya", equal + other, [&](int number) {
    return number < equal ? RoomFilter(number % distinct) : "length(body) + " + std::to_string(number) + " < 0";
  });
  AwaitIdle(pid);
  StayAlive(sockets);
  const std::uint64_t after = ResidentBytes(pid);
  Writers writers(port, "maya");
  const double cpu = CpuMicros(pid);
  const auto begin = Clock::now();
  writers.Insert(inserts);
  const double wall = MicrosSince(begin);
  const double used = CpuMicros(pid) - cpu;
  const int count = std::max(equal + other, 1);
  std::printf("{\"cpu_us_per_insert\": %.2f, \"wall_us_per_insert\": %.2f, \"bytes_per_subscription\": %.0f}\n",
              used / inserts, wall / inserts, static_cast<double>(after - before) / count);
}

void PrintTurns(const char* name, const std::vector<std::vector<double>>& by_size) {
  std::printf("\"%s\": [", name);
  for (std::size_t i = 0; i < by_size.size(); ++i) {
    std::printf("%s[", i == 0 ? "" : ", ");
    for (std::size_t j = 0; j < by_size[i].size(); ++j) std::printf("%s%.3f", j == 0 ? "" : ", ", by_size[i][j]);
    std::printf("]");
  }
  std::printf("]");
}

// One user for each size, with as many subscriptions, all in one server: turns follow each other within a second, so
// that what disturbs the machine disturbs all sizes alike.
void Turns(int port, int pid, int turns, int inserts, const std::vector<int>& sizes) {
  Http admin(port, "system");
  Prepare(admin);
  std::vector<std::unique_ptr<Ws>> sockets;
  std::vector<std::unique_ptr<Writers>> writers;
  for (const int size : sizes) {
    const std::string user = "follows" + std::to_string(size);
    SubscribeMany(sockets, port, user, size, RoomFilter);
    writers.push_back(std::make_unique<Writers>(port, user));
  }
  AwaitIdle(pid);
  std::vector<std::vector<double>> all(sizes.size()), dispatcher(sizes.size());
  for (int turn = -1; turn < turns; ++turn) {  // the first warms up
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const std::size_t at = turn % 2 == 0 ? i : sizes.size() - 1 - i;
      StayAlive(sockets);
      const ThreadTimes before = ThreadTimes::Of(pid);
      writers[at]->Insert(inserts);
      const ThreadTimes after = ThreadTimes::Of(pid);
      if (turn < 0) continue;
      all[at].push_back((after.all - before.all) / 1000 / inserts);
      dispatcher[at].push_back((after.dispatcher - before.dispatcher) / 1000 / inserts);
    }
  }
  std::printf("{");
  PrintTurns("cpu_us", all);
  std::printf(", ");
  PrintTurns("match_us", dispatcher);
  std::printf("}\n");
}

void Idle(int port, int pid, std::size_t connections) {
  std::vector<std::unique_ptr<Ws>> sockets;
  const std::uint64_t before = ResidentBytes(pid);
  for (std::size_t i = 0; i < connections; ++i) sockets.push_back(std::make_unique<Ws>(port, "maya"));
  const std::uint64_t after = ResidentBytes(pid);
  std::printf("{\"bytes_per_connection\": %.0f}\n",
              static_cast<double>(after - before) / static_cast<double>(connections));
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> args(argv + 1, argv + argc);
  const auto number = [&](std::size_t i) { return std::atoi(args.at(i).c_str()); };
  const std::string mode = args.empty() ? "" : args[0];
  if (mode == "latency") {
    Latency(number(1), number(2));
  } else if (mode == "notify") {
    Notify(args.at(1), args.at(2), number(3));
  } else if (mode == "floor") {
    Floor(args.at(1), number(2));
  } else if (mode == "fanout") {
    FanOut(number(1), number(2), static_cast<std::size_t>(number(3)), number(4), number(5));
  } else if (mode == "redis") {
    Redis(number(1), number(2), static_cast<std::size_t>(number(3)), number(4), number(5));
  } else if (mode == "filters") {
    Filters(number(1), number(2), number(3), number(4), number(5), args.size() > 6 ? number(6) : number(3) + 1);
  } else if (mode == "turns") {
    std::vector<int> sizes;
    for (std::size_t i = 5; i < args.size(); ++i) sizes.push_back(number(i));
    Turns(number(1), number(2), number(3), number(4), sizes);
  } else if (mode == "idle") {
    Idle(number(1), number(2), static_cast<std::size_t>(number(3)));
  } else {
    std::fprintf(stderr, "see the head of live_bench.cc\n");
    return 2;
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "live_bench: %s\n", e.what());
  return 1;
}
