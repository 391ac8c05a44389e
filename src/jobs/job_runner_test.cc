#include "jobs/job_runner.h"

#include "base/temp_folder.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <span>

#include <gtest/gtest.h>

namespace kalam::jobs {
namespace {

using std::chrono::seconds;

constexpr std::chrono::milliseconds kLong{20'000};

// Work that a test lets go on, and that ends when cancelled. It may still end when the test already has.
class Held {
 public:
  JobWork work() {
    return [state = state_](JobContext& context) -> Result<std::string> {
      state->started.set_value();
      while (state->released.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
        if (context.cancelled()) return Error(ErrorCode::kCancelled, "cancelled");
      }
      context.NoteMemory(1000);
      context.NoteMemory(10);
      return std::string("{\"records_flushed\":3}");
    };
  }
  void AwaitStart() { state_->started.get_future().wait(); }
  void Release() { state_->release.set_value(); }

 private:
  struct State {
    std::promise<void> started;
    std::promise<void> release;
    std::shared_future<void> released = release.get_future();
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

JobWork Quick(std::string result = "{}") {
  return [result](JobContext&) -> Result<std::string> { return result; };
}

class JobRunnerTest : public testing::Test {
 protected:
  JobRunner::Spec Flush(const std::string& table) {
    return {.type = JobType::kFlush,
            .ns = "app",
            .table = table,
            .parameters = {"app", table},
            .key = "flush app." + table,
            .lane = "table app." + table};
  }
  Job Record(const std::string& id) { return runner_->Find(id).value().value(); }
  void Restart(unsigned threads = 1) {
    runner_.reset();
    runner_ = std::make_unique<JobRunner>(jobs_, clock_, JobRunnerOptions{.threads = threads});
  }

  TempFolder folder_;
  SystemClock clock_;
  std::unique_ptr<kv::Store> store_ = kv::Store::Open({.path = folder_.path()}).value();
  JobStore jobs_{*store_, *store_};
  std::unique_ptr<JobRunner> runner_ =
      std::make_unique<JobRunner>(jobs_, clock_, JobRunnerOptions{.threads = 1});
};

// A disk that is full while told so.
class Disk final : public kv::DurableWriter {
 public:
  explicit Disk(kv::DurableWriter& writer) : writer_(writer) {}
  void Fill() { full_ = true; }
  void AwaitRefusal() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return refused_ > 0; });
  }
  // Also waits for the next write.
  void Clear() {
    std::unique_lock lock(mutex_);
    full_ = false;
    changed_.wait(lock, [&] { return written_after_refusal_; });
  }

  Status WriteDurably(const kv::Batch& batch) override {
    const std::lock_guard lock(mutex_);
    if (full_) {
      ++refused_;
      changed_.notify_all();
      return Error(ErrorCode::kIo, "disk full");
    }
    Status status = writer_.WriteDurably(batch);
    written_after_refusal_ = refused_ > 0;
    changed_.notify_all();
    return status;
  }
  Status WriteAndDropPrefixes(const kv::Batch& batch, std::span<const std::string> prefixes) override {
    return writer_.WriteAndDropPrefixes(batch, prefixes);
  }

 private:
  kv::DurableWriter& writer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> full_{false};
  int refused_ = 0;
  bool written_after_refusal_ = false;
};

TEST_F(JobRunnerTest, TheEndOfAJobIsOnRecordOnceTheDiskHasSpaceAgain) {
  Disk disk(*store_);
  JobStore jobs(*store_, disk);
  JobRunner runner(jobs, clock_, {.threads = 1});
  const Job job = runner.Start(Flush("notes"), [&](JobContext&) -> Result<std::string> {
    disk.Fill();
    return std::string("{}");
  }).value();
  disk.AwaitRefusal();
  EXPECT_EQ(jobs.Find(job.id).value().value().status, JobStatus::kRunning);
  disk.Clear();
  EXPECT_EQ(jobs.Find(job.id).value().value().status, JobStatus::kCompleted);
}

TEST_F(JobRunnerTest, AJobGoesFromPendingToCompletedAndTellsWhatItTook) {
  Held held;
  const Job started = runner_->Start(Flush("notes"), held.work()).value();
  EXPECT_TRUE(started.id.starts_with("flush-notes-")) << started.id;
  EXPECT_EQ(started.status, JobStatus::kPending);
  held.AwaitStart();
  EXPECT_EQ(Record(started.id).status, JobStatus::kRunning);
  held.Release();
  ASSERT_TRUE(runner_->Wait(started.id, kLong));
  const Job done = Record(started.id);
  EXPECT_EQ(done.status, JobStatus::kCompleted);
  EXPECT_EQ(done.result, "{\"records_flushed\":3}");
  EXPECT_EQ(done.memory_used, 1000);
  EXPECT_EQ(done.parameters, (std::vector<std::string>{"app", "notes"}));
  EXPECT_TRUE(done.started_at && done.completed_at && *done.completed_at >= *done.started_at);
  EXPECT_FALSE(done.trace.empty());
}

// Whoever sees that a job has ended and asks for another gets another.
TEST_F(JobRunnerTest, AnEndedJobIsNotTheAnswerToTheNextRequest) {
  std::string last;
  for (int round = 0; round < 100; ++round) {
    const Job job = runner_->Start(Flush("notes"), Quick()).value();
    ASSERT_NE(job.id, last);
    last = job.id;
    while (Record(last).status != JobStatus::kCompleted) {
    }
  }
}

TEST_F(JobRunnerTest, OneJobAKeyAtATime) {
  Held held;
  const Job first = runner_->Start(Flush("notes"), held.work()).value();
  held.AwaitStart();
  const Job second = runner_->Start(Flush("notes"), Quick()).value();
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.status, JobStatus::kRunning);
  const Job other = runner_->Start(Flush("other"), Quick()).value();
  EXPECT_NE(other.id, first.id);
  held.Release();
  ASSERT_TRUE(runner_->Wait(other.id, kLong));
  EXPECT_NE(runner_->Start(Flush("notes"), Quick()).value().id, first.id);
}

// US2 T144a, T144b, T144c
TEST_F(JobRunnerTest, CancellingEndsTheNamedJobOnly) {
  Held held;
  const Job running = runner_->Start(Flush("a"), held.work()).value();
  held.AwaitStart();
  const Job queued = runner_->Start(Flush("b"), Quick()).value();
  const Job untouched = runner_->Start(Flush("c"), Quick()).value();
  ASSERT_TRUE(runner_->Cancel(queued.id).ok());
  EXPECT_EQ(Record(queued.id).status, JobStatus::kCancelled);
  ASSERT_TRUE(runner_->Cancel(running.id).ok());
  ASSERT_TRUE(runner_->Wait(running.id, kLong));
  EXPECT_EQ(Record(running.id).status, JobStatus::kCancelled);
  EXPECT_TRUE(Record(running.id).completed_at.has_value());
  ASSERT_TRUE(runner_->Wait(untouched.id, kLong));
  EXPECT_EQ(Record(untouched.id).status, JobStatus::kCompleted);

  EXPECT_EQ(runner_->Cancel("nope").error().message(), "Job not found: nope");
  EXPECT_EQ(runner_->Cancel(untouched.id).error().message(),
            "Cannot cancel job " + untouched.id + " with status 'completed'");
}

TEST_F(JobRunnerTest, AFailureIsKeptInTheRecord) {
  const Job failed = runner_
                         ->Start(Flush("a"),
                                 [](JobContext&) -> Result<std::string> {
                                   return Error(ErrorCode::kIo, "disk full");
                                 })
                         .value();
  const Job thrown =
      runner_
          ->Start(Flush("b"),
                  [](JobContext&) -> Result<std::string> { throw std::runtime_error("surprise"); })
          .value();
  ASSERT_TRUE(runner_->Wait(thrown.id, kLong));
  EXPECT_EQ(Record(failed.id).status, JobStatus::kFailed);
  EXPECT_EQ(Record(failed.id).error, "disk full");
  EXPECT_EQ(Record(failed.id).result, "disk full");
  EXPECT_EQ(Record(thrown.id).error, "surprise");
}

// US2 T158e
TEST_F(JobRunnerTest, WhatACrashLeftIsResumedUnderItsId) {
  Job left{.id = "flush-notes-1-x",
           .status = JobStatus::kRunning,
           .ns = "app",
           .table = "notes",
           .created_at = 1};
  ASSERT_TRUE(jobs_.Put(left).ok());
  Restart();
  const auto unfinished = runner_->Unfinished().value();
  ASSERT_EQ(unfinished.size(), 1u);
  EXPECT_EQ(unfinished[0].id, left.id);
  ASSERT_TRUE(runner_->Resume(unfinished[0], Flush("notes"), Quick("{\"again\":true}")).ok());
  ASSERT_TRUE(runner_->Wait(left.id, kLong));
  EXPECT_EQ(Record(left.id).status, JobStatus::kCompleted);
  EXPECT_EQ(Record(left.id).created_at, 1);
  EXPECT_TRUE(runner_->Unfinished().value().empty());
}

TEST_F(JobRunnerTest, StoppingWaitsForJobsAndTakesNoMore) {
  const Job job = runner_->Start(Flush("a"), Quick()).value();
  runner_->Stop(kLong);
  EXPECT_EQ(Record(job.id).status, JobStatus::kCompleted);
  EXPECT_EQ(runner_->Start(Flush("b"), Quick()).error().code(), ErrorCode::kUnavailable);
}

TEST_F(JobRunnerTest, WhatAStopCutsOffIsLeftForTheNextStart) {
  Held held;
  const Job running = runner_->Start(Flush("a"), held.work()).value();
  held.AwaitStart();
  const Job queued = runner_->Start(Flush("b"), Quick()).value();
  runner_->Stop(std::chrono::milliseconds(0));
  EXPECT_EQ(Record(running.id).status, JobStatus::kRunning);
  EXPECT_EQ(Record(queued.id).status, JobStatus::kPending);
  Restart();
  EXPECT_EQ(runner_->Unfinished().value().size(), 2u);
}

TEST_F(JobRunnerTest, TooManyQueuedJobsAreRefused) {
  runner_ =
      std::make_unique<JobRunner>(jobs_, clock_, JobRunnerOptions{.threads = 1, .max_queued = 1});
  Held held;
  ASSERT_TRUE(runner_->Start(Flush("a"), held.work()).ok());
  held.AwaitStart();
  ASSERT_TRUE(runner_->Start(Flush("b"), Quick()).ok());
  EXPECT_EQ(runner_->Start(Flush("c"), Quick()).error().code(), ErrorCode::kLimitExceeded);
  held.Release();
}

// US2 T158r
TEST_F(JobRunnerTest, OldFinishedJobsAreRemoved) {
  const Job records[] = {{.id = "a", .status = JobStatus::kCompleted, .created_at = 10},
                         {.id = "b", .status = JobStatus::kRunning, .created_at = 10},
                         {.id = "c", .status = JobStatus::kFailed, .created_at = 30}};
  for (const Job& record : records) ASSERT_TRUE(jobs_.Put(record).ok());
  EXPECT_EQ(jobs_.RemoveFinishedBefore(20).value(), 1u);
  std::vector<std::string> left;
  const auto listed = jobs_.List().value();
  for (const Job& job : listed) left.push_back(job.id);
  EXPECT_EQ(left, (std::vector<std::string>{"b", "c"}));
}

TEST(JobRecord, ReadsBackWhatWasWrittenAndRefusesTheRest) {
  const Job job{.id = "backup-app-1-x",
                .type = JobType::kBackup,
                .status = JobStatus::kFailed,
                .ns = "app",
                .parameters = {"a", ""},
                .result = "r",
                .error = "e",
                .trace = "0:1:2",
                .memory_used = 5,
                .cpu_used = 6,
                .created_at = 7,
                .started_at = 8,
                .node_id = "0"};
  const std::string bytes = EncodeJob(job);
  EXPECT_EQ(DecodeJob(bytes).value(), job);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(DecodeJob(bytes.substr(0, cut)).ok()) << cut;
}

}  // namespace
}  // namespace kalam::jobs
