// kalam-link's subscriptions against a real server and a bad network: nothing lost, nothing
// doubled, in order.

#include "support/server_test.h"
#include "support/tcp_proxy.h"

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <kalam/kalam.h>

namespace kalam::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = ChangeEvent::Kind;

constexpr milliseconds kPatience{20'000};

class LinkSubscription : public OwnServerTest {
 protected:
  LinkSubscription() : server_(Make()) {
    server_.Start();
    proxy_.emplace(server_.port());
    EXPECT_TRUE(Ok(SqlClient(server_.port())
                       .Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY "
                            "KEY, body TEXT)")));
  }

  SqlClient Sql() const { return SqlClient(server_.port(), "maya"); }
  kalam::Client Link() const {
    return Client::Builder()
        .Host("127.0.0.1:" + std::to_string(proxy_->port()))
        .User("maya")
        .Build()
        .value();
  }
  // Quick to come back.
  static SubscribeOptions Eager() {
    SubscribeOptions options;
    options.first_pause = milliseconds(1);
    options.max_pause = milliseconds(20);
    return options;
  }
  // The next event that is not about the connection.
  static ChangeEvent NextOf(Subscription& live) {
    while (true) {
      auto event = live.Next(kPatience);
      if (!event) {
        ADD_FAILURE() << "no event";
        return {};
      }
      if (event->kind != Kind::kConnectionLost && event->kind != Kind::kResumed)
        return *std::move(event);
    }
  }

  ServerProcess& server_;
  std::optional<TcpProxy> proxy_;
};

// Keeps the result set that the events tell of, and complains about what does not fit.
class Copy {
 public:
  void Apply(const ChangeEvent& event) {
    if (event.kind != Kind::kConnectionLost) {
      EXPECT_GE(event.seq, seq_) << ToString(event.kind);
      seq_ = event.seq;
    }
    last_ = std::string(ToString(event.kind)) + " " + std::to_string(event.seq) +
            (event.error ? " " + event.error->message : "");
    switch (event.kind) {
      case Kind::kResync:
        rows_.clear();
        ++resyncs_;
        break;
      case Kind::kInitialData:
        for (const Row row : event.rows)
          EXPECT_TRUE(rows_.emplace(Id(row), Body(row)).second) << "doubled";
        complete_ = !event.more;
        break;
      case Kind::kInsert:
        ++changes_;
        EXPECT_TRUE(rows_.emplace(Id(event.rows[0]), Body(event.rows[0])).second) << "doubled";
        break;
      case Kind::kUpdate:
        ++changes_;
        EXPECT_EQ(rows_[Id(event.rows[0])], Body(event.old_rows[0])) << "lost";
        rows_[Id(event.rows[0])] = Body(event.rows[0]);
        break;
      case Kind::kDelete:
        ++changes_;
        EXPECT_EQ(rows_.erase(Id(event.old_rows[0])), 1u) << "lost";
        break;
      case Kind::kError:
        ADD_FAILURE() << event.error->message;
        break;
      default:
        break;
    }
  }
  const std::map<std::int64_t, std::string>& rows() const { return rows_; }
  // The last event, for a person.
  const std::string& last() const { return last_; }
  int changes() const { return changes_; }
  int resyncs() const { return resyncs_; }
  bool complete() const { return complete_; }

 private:
  static std::int64_t Id(Row row) { return row["id"].AsInt64().value_or(-1); }
  static std::string Body(Row row) { return std::string(row["body"].text()); }

  std::map<std::int64_t, std::string> rows_;
  std::uint64_t seq_ = 0;
  std::string last_;
  int changes_ = 0;
  int resyncs_ = 0;
  bool complete_ = false;
};

// US0 test_kalam_link_websocket_subscription
TEST_F(LinkSubscription, TellsHowTheResultSetChanges) {
  ASSERT_TRUE(Ok(Sql().Run("INSERT INTO app.notes VALUES (1, 'old')")));
  SubscribeOptions options;
  options.snapshot = true;
  auto live = Link().Subscribe("SELECT id, body FROM app.notes WHERE body <> 'hidden'", options);
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_TRUE(live->is_active());
  EXPECT_EQ(NextOf(*live).kind, Kind::kAck);
  const ChangeEvent initial = NextOf(*live);
  EXPECT_EQ(initial.kind, Kind::kInitialData);
  ASSERT_EQ(initial.rows.size(), 1u);
  EXPECT_EQ(initial.rows[0]["body"].text(), "old");
  EXPECT_FALSE(initial.more);

  ASSERT_TRUE(
      Ok(Sql().Run("INSERT INTO app.notes VALUES (9007199254740993, 'new'); UPDATE app.notes SET "
                   "body = 'newer' WHERE id = 1; "
                   "UPDATE app.notes SET body = 'hidden' WHERE id = 1; DELETE FROM app.notes WHERE "
                   "id = 9007199254740993")));
  const ChangeEvent inserted = NextOf(*live);
  EXPECT_EQ(inserted.kind, Kind::kInsert);
  EXPECT_EQ(inserted.rows[0]["id"].AsInt64(), 9007199254740993) << "digit for digit";
  EXPECT_GT(inserted.seq, initial.seq);
  const ChangeEvent updated = NextOf(*live);
  EXPECT_EQ(updated.kind, Kind::kUpdate);
  EXPECT_EQ(updated.old_rows[0]["body"].text(), "old");
  EXPECT_EQ(updated.rows[0]["body"].text(), "newer");
  const ChangeEvent left = NextOf(*live);
  EXPECT_EQ(left.kind, Kind::kDelete);
  EXPECT_EQ(left.reason, "filter");
  EXPECT_EQ(left.old_rows[0]["body"].text(), "newer");
  const ChangeEvent deleted = NextOf(*live);
  EXPECT_EQ(deleted.kind, Kind::kDelete);
  EXPECT_EQ(deleted.reason, "deleted");
  live->Close();
  EXPECT_FALSE(live->is_active());
  EXPECT_FALSE(live->Next());
}

TEST_F(LinkSubscription, WhatCannotBeSubscribedToIsAnErrorAtOnce) {
  ASSERT_TRUE(Ok(Sql().Run("CREATE SHARED TABLE app.board (id BIGINT PRIMARY KEY)")));
  const auto refusal = [](const kalam::Client& client, std::string_view sql) {
    auto live = client.Subscribe(sql);
    Error error;
    error.message = "it was accepted";
    return live ? error : live.error();
  };
  EXPECT_EQ(refusal(Link(), "SELECT * FROM app.nowhere").code, "SUBSCRIPTION_FAILED");
  EXPECT_EQ(refusal(Link(), "SELECT * FROM app.nowhere").kind, ErrorKind::kSubscription);
  EXPECT_NE(refusal(Link(), "SELECT * FROM app.board").message.find("shared tables"),
            std::string::npos);
  const std::string address = "127.0.0.1:" + std::to_string(proxy_->port());
  const auto liar = Client::Builder().Host(address).Auth(Auth::Jwt("a.b.c")).Build();
  ASSERT_TRUE(liar);
  EXPECT_EQ(refusal(*liar, "SELECT * FROM app.notes").kind, ErrorKind::kAuthentication);
  server_.Kill();
  const auto nobody = Client::Builder().Host(address).MaxRetries(1).Build();
  // The proxy takes the connection and drops it at once, perhaps before the client sees that it has one.
  const ErrorKind dropped = refusal(*nobody, "SELECT * FROM app.notes").kind;
  EXPECT_TRUE(dropped == ErrorKind::kWebSocket || dropped == ErrorKind::kConnection) << ToString(dropped);
  const auto closed = Client::Builder().Host("127.0.0.1:1").MaxRetries(0).Build();
  EXPECT_EQ(refusal(*closed, "SELECT * FROM app.notes").kind, ErrorKind::kConnection);
}

TEST_F(LinkSubscription, ADroppedSocketIsAWebSocketError) {
  SubscribeOptions options = Eager();
  auto live = Link().Subscribe("SELECT id, body FROM app.notes", options);
  ASSERT_TRUE(live) << live.error().message;
  options.reconnect = false;
  auto once = Link().Subscribe("SELECT id, body FROM app.notes", options);
  ASSERT_TRUE(once) << once.error().message;
  EXPECT_EQ(NextOf(*live).kind, Kind::kAck);
  EXPECT_EQ(NextOf(*once).kind, Kind::kAck);
  proxy_->Drop();
  const auto lost = live->Next(kPatience);
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->kind, Kind::kConnectionLost);
  EXPECT_EQ(lost->error->kind, ErrorKind::kWebSocket) << lost->error->message;
  const auto last = once->Next(kPatience);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->kind, Kind::kError);
  EXPECT_EQ(last->error->kind, ErrorKind::kWebSocket) << last->error->message;
  EXPECT_FALSE(once->Next(kPatience)) << "it is over";
}

TEST_F(LinkSubscription, ALostConnectionIsResumedWithoutLossOrDouble) {
  SubscribeOptions options = Eager();
  options.snapshot = true;
  auto live = Link().Subscribe("SELECT id, body FROM app.notes", options);
  ASSERT_TRUE(live) << live.error().message;
  Copy copy;
  while (!copy.complete()) copy.Apply(NextOf(*live));
  constexpr int kRounds = 400;
  std::jthread writer([&] {
    SqlClient sql = Sql();
    for (int i = 0; i < kRounds; ++i) {
      const std::string id = std::to_string(i);
      EXPECT_TRUE(Ok(sql.Run("INSERT INTO app.notes VALUES (" + id +
                             ", 'a'); UPDATE app.notes SET body = 'b" + id + "' WHERE id = " + id +
                             "; DELETE FROM app.notes WHERE id = " + std::to_string(i - 50))));
      if (i % 20 == 10) proxy_->Drop();
    }
  });
  constexpr int kChanges = 3 * kRounds - 50;
  while (copy.changes() < kChanges && !HasFailure()) {
    auto event = live->Next(kPatience);
    ASSERT_TRUE(event) << "lost " << kChanges - copy.changes() << " after " << copy.last();
    copy.Apply(*event);
  }
  writer.join();
  EXPECT_FALSE(live->Next(milliseconds(100))) << "doubled";
  EXPECT_EQ(copy.rows().size(), 50u);
  EXPECT_EQ(copy.resyncs(), 0);
  EXPECT_GT(proxy_->accepted(), 5);
}

TEST_F(LinkSubscription, AServerThatIsKilledIsFoundAgain) {
  auto live = Link().Subscribe("SELECT id, body FROM app.notes", Eager());
  ASSERT_TRUE(live) << live.error().message;
  Copy copy;
  SqlClient sql = Sql();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(Ok(
          sql.Run("INSERT INTO app.notes VALUES (" + std::to_string(100 * round + i) + ", 'x')")));
    }
    server_.Kill();
    server_.Start();
    proxy_->SetTarget(server_.port());
    sql = Sql();
  }
  while (copy.changes() < 60) {
    auto event = live->Next(kPatience);
    ASSERT_TRUE(event);
    copy.Apply(*event);
  }
  EXPECT_EQ(copy.rows().size(), 60u);
  EXPECT_EQ(copy.resyncs(), 0);
}

TEST_F(LinkSubscription, FirstRowsThatWereCutOffComeAnew) {
  ASSERT_TRUE(
      Ok(Sql().Run("INSERT INTO app.notes SELECT i, repeat('x', 100) FROM range(30000) r(i)")));
  proxy_->CutAfter(3 << 20);  // the whole is more
  SubscribeOptions options = Eager();
  options.snapshot = true;
  auto live = Link().Subscribe("SELECT id, body FROM app.notes", options);
  ASSERT_TRUE(live) << live.error().message;
  Copy copy;
  while (!copy.complete()) {
    auto event = live->Next(kPatience);
    ASSERT_TRUE(event);
    copy.Apply(*event);
    if (copy.resyncs() == 1) proxy_->CutAfter(0);
  }
  EXPECT_GE(copy.resyncs(), 1);
  EXPECT_EQ(copy.rows().size(), 30'000u);
}

TEST_F(LinkSubscription, AnApplicationThatIsSlowMissesNothing) {
  SubscribeOptions options = Eager();
  options.max_queued_bytes = 64 << 10;
  auto live = Link().Subscribe("SELECT id, body FROM app.notes", options);
  ASSERT_TRUE(live) << live.error().message;
  constexpr int kRows = 3'000;
  SqlClient sql = Sql();
  for (int i = 0; i < kRows; i += 100) {
    ASSERT_TRUE(Ok(sql.Run("INSERT INTO app.notes SELECT i, repeat('y', 8000) FROM range(" +
                           std::to_string(i) + ", " + std::to_string(i + 100) + ") r(i)")));
  }
  Copy copy;
  while (copy.changes() < kRows) {
    auto event = live->Next(kPatience);
    ASSERT_TRUE(event) << "lost " << kRows - copy.changes();
    copy.Apply(*event);
  }
  EXPECT_EQ(copy.resyncs(), 0);
  EXPECT_EQ(copy.rows().size(), static_cast<std::size_t>(kRows));
}

TEST_F(LinkSubscription, ASilentNetworkIsNoticed) {
  SubscribeOptions options = Eager();
  options.silence = milliseconds(400);
  auto live = Link().Subscribe("SELECT id, body FROM app.notes", options);
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_EQ(NextOf(*live).kind, Kind::kAck);
  proxy_->Freeze();
  ASSERT_TRUE(Ok(Sql().Run("INSERT INTO app.notes VALUES (1, 'meanwhile')")));
  const auto lost = live->Next(kPatience);
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->kind, Kind::kConnectionLost);
  EXPECT_EQ(lost->error->kind, ErrorKind::kTimeout) << lost->error->message;
  proxy_->Drop();
  proxy_->Thaw();
  const ChangeEvent change = NextOf(*live);
  EXPECT_EQ(change.kind, Kind::kInsert);
  EXPECT_EQ(change.rows[0]["body"].text(), "meanwhile");
}

TEST_F(LinkSubscription, GoesOnInAnotherProcessAndSaysWhenItCannot) {
  std::uint64_t seq = 0;
  {
    auto live = Link().Subscribe("SELECT id, body FROM app.notes");
    ASSERT_TRUE(live) << live.error().message;
    seq = NextOf(*live).seq;
  }
  ASSERT_TRUE(
      Ok(Sql().Run("INSERT INTO app.notes VALUES (1, 'a'); DELETE FROM app.notes; "
                   "INSERT INTO app.notes VALUES (2, 'b')")));
  SubscribeOptions options;
  options.from_seq = seq;
  auto live = Link().Subscribe("SELECT id, body FROM app.notes", options);
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_EQ(NextOf(*live).kind, Kind::kAck);
  EXPECT_EQ(NextOf(*live).kind, Kind::kInsert);
  EXPECT_EQ(NextOf(*live).kind, Kind::kDelete);
  EXPECT_EQ(NextOf(*live).kind, Kind::kInsert);

  options.from_seq = std::uint64_t{1} << 62;  // of another server
  auto lost = Link().Subscribe("SELECT id, body FROM app.notes", options);
  ASSERT_TRUE(lost) << lost.error().message;
  EXPECT_EQ(NextOf(*lost).kind, Kind::kAck);
  EXPECT_EQ(NextOf(*lost).kind, Kind::kResync);
  const ChangeEvent anew = NextOf(*lost);
  EXPECT_EQ(anew.kind, Kind::kInitialData);
  EXPECT_EQ(anew.rows.size(), 1u);
}

TEST_F(LinkSubscription, EndsWhenTheServerEndsIt) {
  auto live = Link().Subscribe("SELECT * FROM app.notes");
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_EQ(NextOf(*live).kind, Kind::kAck);
  const std::string id = Sql().Run("SELECT live_id FROM system.live_queries").cell();
  ASSERT_TRUE(Ok(Sql().Run("KILL LIVE QUERY '" + id + "'")));
  const ChangeEvent last = NextOf(*live);
  EXPECT_EQ(last.kind, Kind::kError);
  EXPECT_EQ(last.error->code, "SUBSCRIPTION_TERMINATED");
  EXPECT_FALSE(live->Next(kPatience));
  EXPECT_FALSE(live->is_active());
}

TEST_F(LinkSubscription, CloseWakesWhoWaits) {
  auto live = Link().Subscribe("SELECT * FROM app.notes");
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_EQ(NextOf(*live).kind, Kind::kAck);
  std::thread reader([&] { EXPECT_FALSE(live->Next()); });
  live->Close();
  reader.join();
  // The server is told, it does not find out.
  const auto until = std::chrono::steady_clock::now() + seconds(3);
  while (Sql().Run("SELECT count(*) FROM system.live_queries").cell() != "0") {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
  }
}

}  // namespace
}  // namespace kalam::test
