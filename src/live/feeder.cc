#include "feeder.h"

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "change_encoder.h"
#include "messages.h"
#include "table/change_reader.h"

namespace kalam::live {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaxWaiting = 100'000;

// An initial_data message is cut here.
constexpr std::size_t kMaxInitialBytes = 256 << 10;
constexpr std::size_t kMaxInitialRows = 1'000;

// A client that takes nothing of its initial rows for so long is given up: it keeps a thread.
constexpr std::chrono::seconds kMaxStall{10};
constexpr std::chrono::milliseconds kRoomPoll{5};

// Batches of the log that one visit sends; then others have their turn.
constexpr int kBatchesPerVisit = 32;

// How often a statement is bound anew because its table changed meanwhile.
constexpr int kMaxBinds = 5;

constexpr std::string_view kFailed = "SUBSCRIPTION_FAILED";
constexpr std::string_view kSlow = "SLOW_CONSUMER";
constexpr std::string_view kSlowText =
    "The connection's queue is full (limits.max_connection_queue_bytes). "
    "Subscribe again with from_seq to go on after the last change delivered.";

}  // namespace

// Sends a result as initial_data messages, waiting for room between them.
class Feeder::InitialRows final : public duck::RowSink {
 public:
  InitialRows(const HubOptions& options, const std::atomic<bool>& stopping, Subscription& subscription)
      : options_(options), stopping_(stopping), subscription_(subscription) {}

  void SetSeq(Seq seq) { seq_ = seq; }

  Status OnColumns(std::vector<duck::OutputColumn> columns) override {
    shape_ = ShapeOf(columns);
    return {};
  }
  Status OnRow(std::span<const duck::Cell> row) override {
    const bool full = rows_.size() >= std::min(kMaxInitialBytes, options_.low_water_bytes) || count_ >= kMaxInitialRows;
    if (count_ > 0 && full) KALAM_TRY(Send(true));
    if (count_++ > 0) rows_ += ',';
    AppendRow(rows_, shape_, row, subscription_.options.int64_as_string);
    return {};
  }
  Status Finish() { return Send(false); }
  bool slow() const { return slow_; }

 private:
  Status Send(bool more) {
    // A result in one piece says `more` only to those who asked for pieces.
    const bool says_more = more || any_sent_ || subscription_.options.snapshot || subscription_.needs_resync();
    auto frame = MakeFrame([&](std::string& out) {
      wire::AppendInitialData(out, subscription_.text.id(), rows_, count_, seq_,
                              says_more ? std::optional(more) : std::nullopt, subscription_.options.int64_as_string);
    });
    rows_.clear();
    count_ = 0;
    any_sent_ = true;
    while (true) {
      KALAM_TRY(AwaitRoom());
      // Others feed the same connection: what was room may be taken. A frame beyond the whole queue never fits.
      if (subscription_.connection->socket->Send(frame) != net::SendResult::kWouldExceed) return {};
      if (frame->bytes().size() > options_.max_connection_queue_bytes / 2) return Slow();
    }
  }

  Status AwaitRoom() {
    const auto& socket = *subscription_.connection->socket;
    std::size_t backlog = socket.backlog_bytes();
    auto moved = steady_clock::now();
    while (backlog > options_.low_water_bytes) {
      if (stopping_ || subscription_.cancelled) return Error(ErrorCode::kCancelled, "cancelled");
      if (steady_clock::now() - moved > kMaxStall) return Slow();
      std::this_thread::sleep_for(kRoomPoll);
      const std::size_t now = socket.backlog_bytes();
      if (now < backlog) moved = steady_clock::now();
      backlog = now;
    }
    return {};
  }

  Status Slow() {
    slow_ = true;
    return Error(ErrorCode::kLimitExceeded, std::string(kSlowText));
  }

  const HubOptions& options_;
  const std::atomic<bool>& stopping_;
  Subscription& subscription_;
  Seq seq_;
  wire::ResultShape shape_;
  std::string rows_;
  std::size_t count_ = 0;
  bool any_sent_ = false;
  bool slow_ = false;
};

Feeder::Feeder(kv::Store& store, table::Committer& committer, const Clock& clock, Registry& registry,
               Dispatcher& dispatcher, const HubOptions& options)
    : store_(store),
      committer_(committer),
      clock_(clock),
      registry_(registry),
      dispatcher_(dispatcher),
      options_(options),
      marks_(store, committer),
      workers_(std::make_unique<WorkerPool>(options.feeder_threads, kMaxWaiting)) {}

Feeder::~Feeder() { Stop(); }

void Feeder::Stop() {
  stopping_ = true;
  workers_.reset();
}

bool Feeder::Feed(SubscriptionPtr subscription) {
  if (stopping_) return false;
  return workers_->TryPost([this, s = std::move(subscription)] { Take(s); });
}

void Feeder::Run(std::function<void()> task) {
  if (!stopping_) (void)workers_->TryPost(std::move(task));
}

void Feeder::Take(const SubscriptionPtr& subscription) {
  if (stopping_) return;
  if (subscription->cancelled) return dispatcher_.Release(subscription, {});
  for (const auto step : {&Feeder::Bind, &Feeder::Begin, &Feeder::CatchUp}) {
    switch ((this->*step)(subscription)) {
      case Step::kDone: break;
      case Step::kLater: return dispatcher_.Park(subscription);
      case Step::kOver: return;
    }
  }
  dispatcher_.Attach(subscription);
}

Feeder::Step Feeder::Fail(const SubscriptionPtr& subscription, std::string_view code, std::string_view message) {
  std::string words;
  std::optional<Seq> seq;
  if (subscription->begun) seq = Seq(subscription->delivered.load());
  wire::AppendError(words, subscription->text.id(), code, message, seq);
  registry_.Remove(*subscription);
  dispatcher_.Release(subscription, std::move(words));
  return Step::kOver;
}

Feeder::Step Feeder::Bind(const SubscriptionPtr& subscription) {
  for (int attempt = 0; !subscription->bound; ++attempt) {
    auto bound = queries_->Bind(subscription->connection->who, std::string(subscription->text.sql()));
    if (!bound.ok()) return Fail(subscription, kFailed, bound.error().message());
    registry_.SetTable(*subscription, bound->table, bound->named_columns);
    // Counted first, looked up second: DROP and ALTER do it the other way round.
    if (queries_->IsCurrent(*bound->table)) {
      subscription->bound = std::make_shared<const BoundQuery>(std::move(bound).value());
    } else if (attempt == kMaxBinds) {
      return Fail(subscription, kFailed, "The table keeps changing. Try again.");
    }
  }
  return Step::kDone;
}

void Feeder::Acknowledge(Subscription& subscription, Seq seq) {
  if (subscription.begun) return;
  subscription.delivered = seq.value();
  auto frame = MakeFrame([&](std::string& out) {
    wire::AppendAck(out, subscription.text.id(), LiveIdOf(subscription.live_number), subscription.options, seq);
  });
  subscription.connection->socket->Send(std::move(frame), net::QueueRoom::kReserve);
  subscription.begun = true;
}

Feeder::Step Feeder::Begin(const SubscriptionPtr& subscription) {
  if (subscription->begun && !subscription->needs_resync()) return Step::kDone;
  const bool is_stream = subscription->bound->table->kind == TableKind::kStream;
  const auto snapshot = committer_.Snapshot();
  const auto& options = subscription->options;
  if (options.from_seq && !subscription->begun) {
    Acknowledge(*subscription, *options.from_seq);
    subscription->cursor = *options.from_seq;
    if (!is_stream) {
      const auto complete_above = marks_.CompleteAbove();
      if (!complete_above.ok()) return Fail(subscription, kFailed, complete_above.error().message());
      if (*options.from_seq < *complete_above) subscription->resync = Resync::kLogTruncated;
    }
    // From another data folder, or from after a restored backup.
    if (*options.from_seq > committer_.NextId()) subscription->resync = Resync::kUnknownSeq;
    if (!subscription->needs_resync()) return Step::kDone;
  }
  if (is_stream || options.last_rows > 0 || options.snapshot || subscription->needs_resync()) {
    return SendInitial(subscription, snapshot);
  }
  subscription->cursor = snapshot->seq();
  Acknowledge(*subscription, snapshot->seq());
  return Step::kDone;
}

Feeder::Step Feeder::SendInitial(const SubscriptionPtr& subscription, const table::DurableSnapshotPtr& snapshot) {
  const auto& options = subscription->options;
  const bool all = options.snapshot || subscription->needs_resync();
  const bool none = !all && options.last_rows == 0;  // a stream's position is known with its rows only
  InitialRows rows(options_, stopping_, *subscription);
  const auto at = [&](Seq seq) {
    subscription->cursor = seq;
    rows.SetSeq(seq);
    Acknowledge(*subscription, seq);
    if (!subscription->needs_resync()) return;
    subscription->delivered = seq.value();
    auto frame = MakeFrame([&](std::string& out) {
      wire::AppendResync(out, subscription->text.id(), seq, NameOf(subscription->resync), options.int64_as_string);
    });
    subscription->connection->socket->Send(std::move(frame), net::QueueRoom::kReserve);
  };
  class Nothing final : public duck::RowSink {
    Status OnColumns(std::vector<duck::OutputColumn>) override { return {}; }
    Status OnRow(std::span<const duck::Cell>) override { return {}; }
  } nothing;
  const std::size_t newest = all ? 0 : std::max<std::size_t>(1, static_cast<std::size_t>(options.last_rows));
  Status read = queries_->Read(subscription->connection->who, std::string(subscription->text.sql()), snapshot, newest,
                               at, none ? static_cast<duck::RowSink&>(nothing) : rows);
  if (read.ok() && !none) read = rows.Finish();
  if (subscription->cancelled) {
    dispatcher_.Release(subscription, {});
    return Step::kOver;
  }
  if (!read.ok()) return Fail(subscription, rows.slow() ? kSlow : kFailed, read.error().message());
  subscription->resync = Resync::kNone;
  return Step::kDone;
}

// Streams are in memory: the dispatcher brings them up to date when they join.
Feeder::Step Feeder::CatchUp(const SubscriptionPtr& subscription) {
  const auto bound = subscription->bound;
  if (bound->table->kind == TableKind::kStream) return Step::kDone;
  const auto snapshot = committer_.Snapshot();
  if (subscription->cursor >= snapshot->seq()) return Step::kDone;

  const std::size_t batch_bytes = std::clamp<std::size_t>(options_.max_connection_queue_bytes / 16, 4 << 10, 512 << 10);
  Partition alone(bound->table, bound->partition, batch_bytes);
  table::ChangeReader changes(store_, snapshot->view_ptr(), alone.prefix(), subscription->cursor);
  const auto complete_above = marks_.CompleteAbove();
  if (!complete_above.ok()) return Fail(subscription, kFailed, complete_above.error().message());
  if (subscription->cursor < *complete_above) {
    subscription->resync = Resync::kLogTruncated;
    return Feed(subscription) ? Step::kOver : Fail(subscription, kFailed, "The server is busy. Try again.");
  }

  net::WebSocketFanOut out;
  std::vector<Ending> endings;
  Seq last = subscription->cursor;
  for (int batch = 0;;) {
    auto change = changes.Next();
    if (!change.ok()) return Fail(subscription, kFailed, change.error().message());
    if (*change) {
      const Seq seq = RowSeq((*change)->row);
      if (const Status added = alone.batch().Add(**change); !added.ok()) {
        if (added.error().code() != ErrorCode::kConflict) return Fail(subscription, kFailed, added.error().message());
        if (bound->table && queries_->IsCurrent(*bound->table)) {
          return Fail(subscription, kFailed, "The log has changes of another version of the table: " +
                                                 added.error().message());
        }
        subscription->bound.reset();  // the table was altered: bind anew, and go on from the cursor
        return Feed(subscription) ? Step::kOver : Fail(subscription, kFailed, "The server is busy. Try again.");
      }
      last = seq;
    }
    if (!*change || alone.batch().full()) {
      if (!alone.batch().empty()) {
        alone.Add(subscription);
        alone.Dispatch(out, clock_.NowMicros(), endings);
        out.Flush();
        alone.Remove(*subscription);
        subscription->bound = bound;
        if (!endings.empty()) return Fail(subscription, endings[0].code, endings[0].message);
      }
      subscription->cursor = *change ? last : snapshot->seq();
      if (!*change) return Step::kDone;
      if (subscription->cancelled) {
        dispatcher_.Release(subscription, {});
        return Step::kOver;
      }
      if (subscription->connection->socket->backlog_bytes() > options_.low_water_bytes) return Step::kLater;
      if (++batch == kBatchesPerVisit) {
        return Feed(subscription) ? Step::kOver : Fail(subscription, kFailed, "The server is busy. Try again.");
      }
    }
  }
}

}  // namespace kalam::live
