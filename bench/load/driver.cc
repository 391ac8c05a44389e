#include "driver.h"

#include "connection.h"
#include "http_response.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <sys/epoll.h>

namespace kalam::bench {
namespace {

constexpr std::chrono::seconds kPatience{30};

// One thread's connections and figures. Used by that thread alone; read after it was joined.
class Loop {
 public:
  Loop(Workload& workload, std::uint64_t seed) : workload_(workload), random_(seed) {}

  Status Connect(const DriveOptions& options, unsigned connections) {
    KALAM_TRY_ASSIGN(poll_, FileHandle::Epoll());
    for (unsigned i = 0; i < connections; ++i) {
      KALAM_TRY_ASSIGN(auto connection, Connection::Open(options.host, options.port));
      lanes_.push_back(std::make_unique<Lane>(Lane{.connection = std::move(connection)}));
      KALAM_TRY(Watch(EPOLL_CTL_ADD, *lanes_.back(), EPOLLIN));
    }
    return {};
  }

  // Until the time is up or the workload ran out, and every answer has come.
  Status Run(Schedule schedule) {
    tally_.Start(schedule);
    for (auto& lane : lanes_) KALAM_TRY(SendNext(*lane, std::chrono::steady_clock::now()));
    std::array<epoll_event, 256> events;
    Time last_progress = std::chrono::steady_clock::now();
    while (outstanding_ > 0) {
      const int ready = epoll_wait(poll_.get(), events.data(), events.size(), 1000);
      const Time now = std::chrono::steady_clock::now();
      if (ready > 0) last_progress = now;
      if (now - last_progress > kPatience) {
        return Error(ErrorCode::kTimeout, fmt::format("no answer for {} s", kPatience.count()));
      }
      for (int i = 0; i < ready; ++i) {
        auto& lane = *static_cast<Lane*>(events[static_cast<std::size_t>(i)].data.ptr);
        KALAM_TRY(Serve(lane));
      }
    }
    return {};
  }

  const Tally& tally() const { return tally_; }

 private:
  // A connection with its outstanding request.
  struct Lane {
    Connection connection;
    std::optional<Task> task = std::nullopt;  // absent: idle
    Time sent_at{};
    bool wants_writable = false;
  };

  Status Serve(Lane& lane) {
    KALAM_TRY(lane.connection.Receive());
    while (true) {
      KALAM_TRY_ASSIGN(const auto response, ParseResponse(lane.connection.received()));
      if (!response) break;
      if (!lane.task || lane.connection.sending()) {
        return Error(ErrorCode::kInvalidArgument,
                     fmt::format("an answer that no whole request waits for: HTTP {} {}",
                                 response->status, response->body.substr(0, 200)));
      }
      const Time now = std::chrono::steady_clock::now();
      Judge(lane, *response, now);
      lane.connection.Consume(response->total_bytes);
      lane.task.reset();
      --outstanding_;
      KALAM_TRY(SendNext(lane, now));
    }
    return Flush(lane);
  }

  void Judge(const Lane& lane, const HttpResponse& response, Time now) {
    const std::string_view wrong =
        response.status == 200 ? workload_.Wrong(*lane.task, response.body) : "status is not 200";
    if (wrong.empty()) {
      tally_.Right(lane.sent_at, now);
      return;
    }
    tally_.Wrong([&] {
      return fmt::format("{} (id {}): HTTP {} {}", wrong, lane.task->id, response.status,
                         response.body.substr(0, 600));
    });
  }

  Status SendNext(Lane& lane, Time now) {
    if (now >= tally_.end()) return {};
    lane.task = workload_.Next(random_, lane.connection.outgoing());
    if (!lane.task) return {};
    lane.sent_at = std::chrono::steady_clock::now();
    ++outstanding_;
    lane.connection.StartSending();
    return Flush(lane);
  }

  Status Flush(Lane& lane) {
    KALAM_TRY(lane.connection.Send());
    if (lane.connection.sending() == lane.wants_writable) return {};
    lane.wants_writable = lane.connection.sending();
    return Watch(EPOLL_CTL_MOD, lane, lane.wants_writable ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  Status Watch(int operation, Lane& lane, unsigned events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &lane;
    if (epoll_ctl(poll_.get(), operation, lane.connection.socket(), &event) != 0) {
      return SystemError("epoll_ctl");
    }
    return {};
  }

  Workload& workload_;
  std::mt19937_64 random_;
  FileHandle poll_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  unsigned outstanding_ = 0;
  Tally tally_;
};

// All threads run; the calling thread only waits. The first error of any of them is the result.
Status RunAll(std::vector<std::unique_ptr<Loop>>& loops, Schedule schedule) {
  std::vector<Status> outcomes(loops.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    threads.emplace_back(
        [&loop = *loops[i], &outcome = outcomes[i], schedule] { outcome = loop.Run(schedule); });
  }
  for (auto& thread : threads) thread.join();
  for (auto& outcome : outcomes) KALAM_TRY(std::move(outcome));
  return {};
}

}  // namespace

Result<Report> Drive(Workload& workload, const DriveOptions& options) {
  const unsigned threads = std::clamp(options.threads, 1U, std::max(options.connections, 1U));
  std::vector<std::unique_ptr<Loop>> loops;
  for (unsigned i = 0; i < threads; ++i) {
    loops.push_back(std::make_unique<Loop>(workload, /*seed=*/i + 1));
    const unsigned share = options.connections / threads + (i < options.connections % threads);
    KALAM_TRY(loops.back()->Connect(options, share));
  }
  const auto schedule = Schedule::StartingNow(options.warmup, options.measure);
  KALAM_TRY(RunAll(loops, schedule));

  Report report;
  Time last_answer = schedule.begin;
  for (const auto& loop : loops) {
    loop->tally().AddTo(&report);
    last_answer = std::max(last_answer, loop->tally().last_answer());
  }
  report.seconds = MeasuredSeconds(schedule, last_answer);
  return report;
}

}  // namespace kalam::bench
