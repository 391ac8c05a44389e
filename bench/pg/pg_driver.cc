#include "pg_driver.h"

#include "connection.h"

#include <array>
#include <memory>
#include <optional>
#include <random>

#include <fmt/format.h>
#include <sys/epoll.h>

namespace kalam::bench {
namespace {

constexpr int kPatienceMs = 30'000;
constexpr const char* kPrepared = "work";

using Session = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

Error LibpqError(PGconn* session, std::string_view what) {
  return Error(ErrorCode::kIo, PQerrorMessage(session)).Context(what);
}

bool Succeeded(const PGresult* answer) {
  const ExecStatusType status = PQresultStatus(answer);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

Result<Session> Open(const PgWorkload& workload) {
  Session session(PQconnectdb(""), &PQfinish);
  if (PQstatus(session.get()) != CONNECTION_OK) return LibpqError(session.get(), "connect");
  if (const std::string sql = workload.prepared(); !sql.empty()) {
    const auto types = workload.types();
    const Answer done(PQprepare(session.get(), kPrepared, sql.c_str(),
                                static_cast<int>(types.size()), types.data()),
                      &PQclear);
    if (!Succeeded(done.get())) return LibpqError(session.get(), "prepare");
  }
  if (PQsetnonblocking(session.get(), 1) != 0) return LibpqError(session.get(), "set non-blocking");
  return session;
}

class Loop {
 public:
  explicit Loop(PgWorkload& workload) : workload_(workload), random_(1) {}

  Status Connect(unsigned connections) {
    KALAM_TRY_ASSIGN(poll_, FileHandle::Epoll());
    for (unsigned i = 0; i < connections; ++i) {
      KALAM_TRY_ASSIGN(auto session, Open(workload_));
      lanes_.push_back(std::make_unique<Lane>(Lane{.session = std::move(session)}));
      KALAM_TRY(Watch(EPOLL_CTL_ADD, *lanes_.back(), EPOLLIN));
    }
    return {};
  }

  // Until the time is up or the workload ran out, and every answer has come.
  Status Run(Schedule schedule) {
    tally_.Start(schedule);
    for (auto& lane : lanes_) KALAM_TRY(SendNext(*lane, std::chrono::steady_clock::now()));
    std::array<epoll_event, 256> events;
    while (outstanding_ > 0) {
      const int ready = epoll_wait(poll_.get(), events.data(), events.size(), kPatienceMs);
      if (ready == 0) return Error(ErrorCode::kTimeout, "no answer for 30 s");
      for (int i = 0; i < ready; ++i) {
        KALAM_TRY(Serve(*static_cast<Lane*>(events[static_cast<std::size_t>(i)].data.ptr)));
      }
    }
    return {};
  }

  const Tally& tally() const { return tally_; }

 private:
  // A connection with its outstanding statement.
  struct Lane {
    Session session;
    std::optional<Task> task = std::nullopt;  // absent: idle
    Time sent_at{};
    bool wants_writable = false;
  };

  Status Serve(Lane& lane) {
    PGconn* session = lane.session.get();
    if (PQconsumeInput(session) == 0) return LibpqError(session, "receive");
    while (lane.task && PQisBusy(session) == 0) {
      const Answer answer(PQgetResult(session), &PQclear);
      if (answer) {
        Judge(lane, answer.get(), std::chrono::steady_clock::now());
      } else {  // there is no more: the connection is free
        lane.task.reset();
        --outstanding_;
        KALAM_TRY(SendNext(lane, std::chrono::steady_clock::now()));
      }
    }
    return Flush(lane);
  }

  void Judge(const Lane& lane, PGresult* answer, Time now) {
    const std::string_view wrong =
        Succeeded(answer) ? workload_.Wrong(*lane.task, answer) : "an error";
    if (wrong.empty()) {
      tally_.Right(lane.sent_at, now);
      return;
    }
    tally_.Wrong([&] {
      return fmt::format("{} (id {}): {}", wrong, lane.task->id, PQresultErrorMessage(answer));
    });
  }

  Status SendNext(Lane& lane, Time now) {
    if (now >= tally_.end()) return {};
    statement_.Clear();
    lane.task = workload_.Next(random_, &statement_);
    if (!lane.task) return {};
    ++outstanding_;
    lane.sent_at = std::chrono::steady_clock::now();
    PGconn* session = lane.session.get();
    auto& parameters = statement_.parameters;
    const int sent =
        statement_.text.empty()
            ? PQsendQueryPrepared(session, kPrepared, parameters.count(), parameters.values(),
                                  parameters.lengths(), parameters.formats(), /*resultFormat=*/1)
            : PQsendQuery(session, statement_.text.c_str());
    if (sent == 0) return LibpqError(session, "send");
    return Flush(lane);
  }

  Status Flush(Lane& lane) {
    const int left = PQflush(lane.session.get());
    if (left < 0) return LibpqError(lane.session.get(), "send");
    if ((left > 0) == lane.wants_writable) return {};
    lane.wants_writable = left > 0;
    return Watch(EPOLL_CTL_MOD, lane, lane.wants_writable ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  Status Watch(int operation, Lane& lane, unsigned events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &lane;
    if (epoll_ctl(poll_.get(), operation, PQsocket(lane.session.get()), &event) != 0)
      return SystemError("epoll_ctl");
    return {};
  }

  PgWorkload& workload_;
  std::mt19937_64 random_;
  FileHandle poll_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  Statement statement_;
  unsigned outstanding_ = 0;
  Tally tally_;
};

}  // namespace

Result<Report> DrivePostgres(PgWorkload& workload, const DriveOptions& options) {
  Loop loop(workload);
  KALAM_TRY(loop.Connect(options.connections));
  const auto schedule = Schedule::StartingNow(options.warmup, options.measure);
  KALAM_TRY(loop.Run(schedule));
  Report report;
  loop.tally().AddTo(&report);
  report.seconds = MeasuredSeconds(schedule, loop.tally().last_answer());
  return report;
}

}  // namespace kalam::bench
