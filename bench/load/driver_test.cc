#include "driver.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "rows.h"

namespace kalam::bench {
namespace {

using testing::HasSubstr;

// What the fake server was asked: the head's Authorization line and the body.
struct Request {
  std::string authorization;
  std::string body;
};

// An HTTP server with one thread that answers each POST by a function of the test. It sends every
// answer in two pieces, as a network may.
class FakeServer {
 public:
  using Answer = std::function<std::string(const Request&)>;

  explicit FakeServer(Answer answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    EXPECT_EQ(pipe(stop_pipe_), 0);
    thread_ = std::thread([this] { Serve(); });
  }

  ~FakeServer() {
    EXPECT_EQ(write(stop_pipe_[1], "x", 1), 1);
    thread_.join();
    for (const auto& [descriptor, received] : clients_) close(descriptor);
    close(listener_);
    close(stop_pipe_[0]);
    close(stop_pipe_[1]);
  }

  std::uint16_t port() const { return port_; }

 private:
  void Serve() {
    while (true) {
      std::vector<pollfd> waits = {{stop_pipe_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& [descriptor, received] : clients_) waits.push_back({descriptor, POLLIN, 0});
      ASSERT_GT(poll(waits.data(), waits.size(), -1), 0);
      if (waits[0].revents != 0) return;
      if (waits[1].revents != 0) Accept();
      for (std::size_t i = 2; i < waits.size(); ++i) {
        if (waits[i].revents != 0) ServeClient(waits[i].fd);
      }
    }
  }

  void Accept() {
    const int descriptor = accept(listener_, nullptr, nullptr);
    const int on = 1;  // or the second piece of an answer would wait for the first one's receipt
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    clients_[descriptor];
  }

  void ServeClient(int descriptor) {
    std::string& received = clients_[descriptor];
    char chunk[65536];
    const ssize_t got = recv(descriptor, chunk, sizeof(chunk), 0);
    if (got <= 0) {
      close(descriptor);
      clients_.erase(descriptor);
      return;
    }
    received.append(chunk, static_cast<std::size_t>(got));
    while (const auto request = Take(&received)) {
      const std::string body = answer_(*request);
      const std::string answer =
          fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
      EXPECT_EQ(send(descriptor, answer.data(), 7, MSG_NOSIGNAL), 7);
      send(descriptor, answer.data() + 7, answer.size() - 7, MSG_NOSIGNAL);
    }
  }

  static std::optional<Request> Take(std::string* received) {
    const std::size_t head = received->find("\r\n\r\n");
    if (head == std::string::npos) return std::nullopt;
    const auto value = [&](std::string_view name) {
      const std::size_t at = received->find(name) + name.size();
      return received->substr(at, received->find("\r\n", at) - at);
    };
    const std::size_t body_bytes = std::stoul(value("Content-Length: "));
    if (received->size() < head + 4 + body_bytes) return std::nullopt;
    Request request{.authorization = value("Authorization: "),
                    .body = received->substr(head + 4, body_bytes)};
    received->erase(0, head + 4 + body_bytes);
    return request;
  }

  Answer answer_;
  int listener_ = -1;
  int stop_pipe_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::map<int, std::string> clients_;
  std::thread thread_;
};

std::string Affected(std::uint64_t rows) {
  return fmt::format(R"({{"status":"success","results":[{{"row_count":{}}}],"took_ms":0.1}})",
                     rows);
}

std::string OneRow(std::uint64_t id) {
  return fmt::format(
      R"({{"status":"success","results":[{{"rows":[{{"id":{0},"body":"{0}{1}"}}],)"
      R"("row_count":1}}]}})",
      id, BodyTail(id));
}

// Every id that stands after an opening parenthesis of VALUES.
std::vector<std::uint64_t> InsertedIds(const std::string& body) {
  std::vector<std::uint64_t> ids;
  for (std::size_t at = body.find("VALUES"); (at = body.find('(', at)) != std::string::npos;) {
    ids.push_back(std::stoull(body.substr(++at, kIdDigits)));
  }
  return ids;
}

std::uint64_t IdInWhere(const std::string& body) {
  constexpr std::string_view kBefore = "WHERE id = ";
  return std::stoull(body.substr(body.find(kBefore) + kBefore.size(), kIdDigits));
}

Report MustDrive(const FakeServer& server, std::string_view name, WorkloadOptions work,
                 unsigned connections, unsigned threads = 1,
                 std::chrono::milliseconds measure = std::chrono::hours(1)) {
  auto workload = MakeWorkload(name, work);
  if (!workload) ADD_FAILURE() << workload.error().message();
  auto report = Drive(**workload, {.port = server.port(),
                                   .connections = connections,
                                   .threads = threads,
                                   .warmup = std::chrono::milliseconds(0),
                                   .measure = measure});
  if (!report) ADD_FAILURE() << report.error().message();
  return std::move(report).value();
}

TEST(Drive, LoadsEveryRowOnceAsItsUser) {
  std::mutex mutex;
  std::set<std::uint64_t> ids;
  std::map<std::string, std::set<std::uint64_t>> users_of_token;
  FakeServer server([&](const Request& request) {
    const auto inserted = InsertedIds(request.body);
    const std::lock_guard lock(mutex);
    for (const std::uint64_t id : inserted) {
      EXPECT_TRUE(ids.insert(id).second) << id;
      users_of_token[request.authorization].insert(id / 100 % 5);
    }
    return Affected(inserted.size());
  });
  const Report report = MustDrive(
      server, "load", {.rows = 5000, .users = 5, .rows_per_user = 100, .batch = 50}, 7, 2);
  EXPECT_EQ(report.failures, 0U) << report.first_failure;
  EXPECT_EQ(report.requests, 100U);
  EXPECT_EQ(ids.size(), 5000U);
  EXPECT_EQ(*ids.begin(), kFirstId);
  EXPECT_EQ(*ids.rbegin(), kFirstId + 4999);
  EXPECT_EQ(users_of_token.size(), 5U);
  for (const auto& [token, users] : users_of_token) {
    EXPECT_TRUE(token.starts_with("Bearer ey")) << token;
    EXPECT_EQ(users.size(), 1U);
  }
}

TEST(Drive, SendsStatementsOfThousandRowsThroughPartialWrites) {
  FakeServer server([](const Request& request) {
    return Affected(InsertedIds(request.body).size());
  });
  const Report report = MustDrive(server, "load", {.rows = 50'000}, 4);
  EXPECT_EQ(report.failures, 0U) << report.first_failure;
  EXPECT_EQ(report.requests, 50U);
}

TEST(Drive, CountsOnlyRightAnswers) {
  std::atomic<std::uint64_t> answers = 0;
  FakeServer server([&](const Request& request) {
    const std::uint64_t id = IdInWhere(request.body);
    return OneRow(++answers % 10 == 0 ? id + 1 : id);
  });
  const Report report = MustDrive(server, "point_select", {.rows = 1000}, 8, 1,
                                  std::chrono::milliseconds(200));
  EXPECT_GT(report.requests, 0U);
  EXPECT_EQ(report.failures, answers / 10);
  EXPECT_THAT(report.first_failure, HasSubstr("not the row asked for"));
  EXPECT_EQ(report.latency.count(), report.requests);
}

TEST(Drive, ReportsRefusals) {
  FakeServer server([](const Request&) { return R"({"status":"error"})"; });
  const Report report = MustDrive(server, "delete1", {.rows = 20}, 2);
  EXPECT_EQ(report.requests, 0U);
  EXPECT_EQ(report.failures, 20U);
}

TEST(Drive, DeletesEachRowOnce) {
  std::set<std::uint64_t> ids;
  FakeServer server([&](const Request& request) {
    return Affected(ids.insert(IdInWhere(request.body)).second ? 1 : 0);
  });
  const Report report = MustDrive(server, "delete1", {.rows = 500}, 16);
  EXPECT_EQ(report.failures, 0U) << report.first_failure;
  EXPECT_EQ(report.requests, 500U);
}

TEST(Drive, FailsWhenNobodyListens) {
  std::uint16_t port = 0;
  { port = FakeServer([](const Request&) { return std::string(); }).port(); }
  auto workload = MakeWorkload("health", {});
  const auto report = Drive(**workload, {.port = port, .connections = 1});
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message(), HasSubstr("connect"));
}

TEST(MakeWorkload, RefusesOptionsThatCannotBeMeant) {
  EXPECT_FALSE(MakeWorkload("no_such", {}).ok());
  EXPECT_FALSE(MakeWorkload("point_select", {}).ok());
  EXPECT_FALSE(MakeWorkload("load", {.rows = 1500}).ok());
  EXPECT_FALSE(MakeWorkload("insert1000", {.users = 2, .rows_per_user = 100}).ok());
  EXPECT_FALSE(MakeWorkload("last50", {.users = 10, .rows_per_user = 20}).ok());
  EXPECT_FALSE(MakeWorkload("insert1", {.first_id = 5}).ok());
}

TEST(MakeWorkload, EveryListedNameExists) {
  for (const auto& [name, what] : Workloads()) {
    EXPECT_TRUE(MakeWorkload(name, {.rows = 1000, .users = 2, .rows_per_user = 1000}).ok()) << name;
  }
}

}  // namespace
}  // namespace kalam::bench
