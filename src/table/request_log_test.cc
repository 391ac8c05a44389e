#include "table/request_log.h"

#include "test_table.h"

namespace kalam::table {
namespace {

using std::chrono::minutes;

class RequestLogTest : public TableTest {
 protected:
  RequestLogTest() { OpenLog(); }

  void OpenLog() {
    log_.reset();
    auto log = RequestLog::Open(*store_, *committer_, time_, options_);
    ASSERT_TRUE(log.ok()) << log.error().message();
    log_ = std::move(log).value();
  }
  std::string Found(std::string_view id, const UserId& user) {
    const auto found = log_->Find(user, id);
    EXPECT_TRUE(found.ok());
    return found.ok() && *found ? **found : "-";
  }
  std::string Found(std::string_view id) { return Found(id, alice_); }
  Status Store(std::string_view id, std::string value) {
    auto entry = log_->Begin(alice_, id);
    return log_->Store(entry, std::move(value));
  }
  std::size_t Stored() {
    std::size_t count = 0;
    const auto it = store_->NewIterator(kv::Family::kMeta, {.lower = "requests/", .upper = "requests0"});
    for (it->SeekToFirst(); it->Valid(); it->Next()) ++count;
    return count;
  }

  ManualClock time_;
  RequestLogOptions options_;
  std::unique_ptr<RequestLog> log_;
};

TEST_F(RequestLogTest, ANoteIsThereExactlyIfItsRowsAre) {
  auto entry = log_->Begin(alice_, "r1");
  EXPECT_EQ(Found("r1"), "-");
  const auto note = log_->Note(entry, "done");
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(Found("r1"), "-") << "not before the commit";

  const Statement statement = Statement(notes_).Insert(1, "a");
  ASSERT_TRUE(writer_->Apply(notes_, alice_, statement.changes(), Blocking::kAllowed, &*note).status.ok());
  EXPECT_EQ(Found("r1"), "done");
  EXPECT_EQ(Found("r1", UserId::FromTrusted("bob")), "-") << "ids are a user's own";

  auto second = log_->Begin(alice_, "r2");
  const auto refused = log_->Note(second, "never");
  ASSERT_FALSE(writer_->Apply(notes_, alice_, statement.changes(), Blocking::kAllowed, &*refused).status.ok());
  EXPECT_EQ(Found("r2"), "-") << "a duplicate key leaves nothing";
}

TEST_F(RequestLogTest, IsKeptTenMinutesAndThenDropped) {
  ASSERT_TRUE(Store("r1", "one").ok());
  time_.Advance(minutes(10));
  EXPECT_EQ(Found("r1"), "one");
  OpenLog();
  EXPECT_EQ(Found("r1"), "one") << "after a restart as well";
  time_.Advance(minutes(1));
  EXPECT_EQ(Found("r1"), "-");
  EXPECT_EQ(Stored(), 1u);
  ASSERT_TRUE(Store("r2", "two").ok());
  EXPECT_EQ(Stored(), 1u) << "the next one sweeps";
  EXPECT_EQ(Found("r2"), "two");
}

TEST_F(RequestLogTest, TheNewestValueCounts) {
  auto entry = log_->Begin(alice_, "r");
  ASSERT_TRUE(log_->Store(entry, "first").ok());
  time_.Advance(minutes(2));
  ASSERT_TRUE(log_->Store(entry, "second").ok());
  EXPECT_EQ(Found("r"), "second");
  ASSERT_TRUE(Store("r", "third").ok());
  EXPECT_EQ(Found("r"), "third") << "begun later";
}

TEST_F(RequestLogTest, RefusesBeyondItsBoundsAndForgetsNone) {
  options_ = {.max_requests = 2, .max_bytes = 1000};
  OpenLog();
  ASSERT_TRUE(Store("a", "1").ok());
  auto failed = log_->Begin(alice_, "b");
  ASSERT_TRUE(log_->Note(failed, "2").ok());
  EXPECT_EQ(Store("c", "3").error().code(), ErrorCode::kLimitExceeded);
  log_->Release(failed);
  ASSERT_TRUE(Store("c", "3").ok()) << "what came to nothing does not count";
  EXPECT_EQ(Found("a"), "1");

  OpenLog();
  EXPECT_EQ(Store("d", "4").error().code(), ErrorCode::kLimitExceeded) << "counted again after a restart";
  time_.Advance(minutes(11));
  ASSERT_TRUE(Store("d", std::string(900, 'x')).ok());
  EXPECT_EQ(Store("e", std::string(900, 'x')).error().code(), ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace kalam::table
