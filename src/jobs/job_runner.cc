#include "jobs/job_runner.h"

#include "base/log.h"
#include "model/generated_ids.h"

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kalam::jobs {
namespace {

constexpr std::chrono::milliseconds kSavePause{500};
constexpr int kNiceness = 10;  // of Linux, where it belongs to a thread

std::int64_t ThreadCpuMicros() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

std::string NewId(const JobRunner::Spec& spec, TimestampMicros now) {
  return std::string(ToString(spec.type)) + "-" + spec.table.value_or(spec.ns) + "-" +
         std::to_string(now / 1000) + "-" + MakeUuidV7(now);
}

}  // namespace

struct JobRunner::Impl {
  // A job from Start to its end.
  struct Entry {
    Entry(Job record, const Spec& spec, JobWork job_work)
        : job(std::move(record)), key(spec.key), lane(spec.lane), work(std::move(job_work)), context(job.id) {}
    Job job;
    const std::string key;
    const std::string lane;
    const JobWork work;
    JobContext context;
    bool running = false;
    bool ended = false;  // its work is done, its record may not be: whoever asks now wants another job
  };
  using EntryPtr = std::shared_ptr<Entry>;

  Impl(JobStore& job_store, const Clock& real_clock, JobRunnerOptions runner_options)
      : store(job_store), clock(real_clock), options(std::move(runner_options)) {
    for (unsigned i = 0; i < options.threads; ++i) {
      threads.emplace_back([this, i] {
        // Who waits for an answer comes first.
        ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNiceness);
        Run(i);
      });
    }
  }

  EntryPtr FindByKey(std::string_view key) const {
    for (const auto& [id, entry] : live) {
      if (entry->key == key && !entry->ended) return entry;
    }
    return nullptr;
  }

  void Run(unsigned worker) {
    while (true) {
      EntryPtr entry;
      {
        std::unique_lock lock(mutex);
        const auto ready = [&] { return ending || (entry = TakeNext()); };
        while (!unsaved.empty() && !wake.wait_for(lock, kSavePause, ready)) SaveEnded(lock);
        if (!entry) wake.wait(lock, ready);
        if (ending) return;
      }
      RunOne(*entry, worker);
      {
        std::lock_guard lock(mutex);
        live.erase(entry->job.id);
        busy_lanes.erase(entry->lane);
      }
      ended.notify_all();
      wake.notify_all();  // its lane is free
    }
  }

  // The first that may run now; null: none. With mutex held.
  EntryPtr TakeNext() {
    for (auto place = queue.begin(); place != queue.end(); ++place) {
      if (!busy_lanes.insert((*place)->lane).second) continue;
      EntryPtr entry = std::move(*place);
      queue.erase(place);
      entry->running = true;
      return entry;
    }
    return nullptr;
  }

  void RunOne(Entry& entry, unsigned worker) {
    Job& job = entry.job;
    job.status = JobStatus::kRunning;
    job.started_at = clock.NowMicros();
    job.trace = options.node_id + ":" + std::to_string(worker) + ":" +
                std::to_string(::syscall(SYS_gettid));
    Save(job);
    const std::int64_t cpu_before = ThreadCpuMicros();
    Result<std::string> outcome = Error(ErrorCode::kCancelled, "cancelled");
    if (!entry.context.cancelled()) {
      try {
        outcome = entry.work(entry.context);
      } catch (const std::exception& e) {
        outcome = Error(ErrorCode::kInternal, e.what());
      }
    }
    {
      const std::lock_guard lock(mutex);
      entry.ended = true;
    }
    job.cpu_used += ThreadCpuMicros() - cpu_before;
    job.memory_used = std::max(job.memory_used, entry.context.memory_used_);
    const bool cut_off =
        !outcome.ok() && outcome.error().code() == ErrorCode::kCancelled && IsEnding();
    if (cut_off) return;  // still `running` in the store: the next start runs it again
    job.completed_at = clock.NowMicros();
    if (outcome.ok()) {
      job.status = JobStatus::kCompleted;
      job.result = *std::move(outcome);
    } else if (outcome.error().code() == ErrorCode::kCancelled) {
      job.status = JobStatus::kCancelled;
    } else {
      job.status = JobStatus::kFailed;
      job.error = outcome.error().message();
      job.result = job.error;
      log::Error("jobs", job.id + " failed: " + job.error);
    }
    if (Save(job)) return;
    const std::lock_guard lock(mutex);
    unsaved.push_back(job);
  }

  // The records of jobs that ended while the disk was full.
  void SaveEnded(std::unique_lock<std::mutex>& lock) {
    std::vector<Job> jobs;
    jobs.swap(unsaved);
    lock.unlock();
    std::erase_if(jobs, [&](const Job& job) { return store.Put(job).ok(); });
    lock.lock();
    unsaved.insert(unsaved.end(), jobs.begin(), jobs.end());
  }

  bool IsEnding() const {
    std::lock_guard lock(mutex);
    return ending;
  }

  // The job goes on when its record can't be written (a full disk): its work may be what frees
  // space.
  bool Save(const Job& job) {
    const Status status = store.Put(job);
    if (!status.ok()) log::Error("jobs", "record of " + job.id + " not written: " + status.error().message());
    return status.ok();
  }

  // With mutex held.
  Status Admit(EntryPtr entry) {
    if (stopping) return Error(ErrorCode::kUnavailable, "the server is shutting down");
    if (queue.size() >= options.max_queued)
      return Error(ErrorCode::kLimitExceeded, "too many jobs are waiting");
    live.emplace(entry->job.id, entry);
    return {};
  }

  JobStore& store;
  const Clock& clock;
  const JobRunnerOptions options;

  mutable std::mutex mutex;
  std::condition_variable wake;   // the queue has something, or it is time to end
  std::condition_variable ended;  // a job left `live`
  std::deque<EntryPtr> queue;     // guarded by mutex, as all below
  std::map<std::string, EntryPtr, std::less<>> live;  // queued and running
  std::set<std::string> busy_lanes;
  std::vector<Job> unsaved;  // ended, but their records could not be written: tried again and again
  bool stopping = false;
  bool ending = false;
  std::vector<std::thread> threads;
};

JobRunner::JobRunner(JobStore& store, const Clock& clock, JobRunnerOptions options)
    : store_(store), impl_(std::make_unique<Impl>(store, clock, std::move(options))) {}

JobRunner::~JobRunner() { Stop(std::chrono::milliseconds(0)); }

Result<Job> JobRunner::Start(const Spec& spec, JobWork work) {
  const TimestampMicros now = impl_->clock.NowMicros();
  Job job{.id = NewId(spec, now),
          .type = spec.type,
          .ns = spec.ns,
          .table = spec.table,
          .parameters = spec.parameters,
          .created_at = now,
          .node_id = impl_->options.node_id};
  auto entry = std::make_shared<Impl::Entry>(job, spec, std::move(work));
  {
    std::lock_guard lock(impl_->mutex);
    if (const auto running = impl_->FindByKey(spec.key)) {
      // Its record belongs to its thread: what never changes is enough to name it.
      job = {.id = running->job.id,
             .type = running->job.type,
             .status = JobStatus::kPending,
             .ns = spec.ns,
             .table = spec.table,
             .created_at = running->job.created_at};
      job.status = running->running ? JobStatus::kRunning : JobStatus::kPending;
      return job;
    }
    KALAM_TRY(impl_->Admit(entry));
  }
  if (Status status = store_.Put(job); !status.ok()) {
    std::lock_guard lock(impl_->mutex);
    impl_->live.erase(job.id);
    return std::move(status).error();
  }
  {
    std::lock_guard lock(impl_->mutex);
    impl_->queue.push_back(std::move(entry));
  }
  impl_->wake.notify_one();
  return job;
}

Result<std::vector<Job>> JobRunner::Unfinished() const {
  KALAM_TRY_ASSIGN(std::vector<Job> jobs, store_.List());
  std::lock_guard lock(impl_->mutex);
  std::erase_if(
      jobs, [&](const Job& job) { return IsFinished(job.status) || impl_->live.contains(job.id); });
  return jobs;
}

Status JobRunner::Resume(const Job& job, const Spec& spec, JobWork work) {
  auto entry = std::make_shared<Impl::Entry>(job, spec, std::move(work));
  {
    std::lock_guard lock(impl_->mutex);
    KALAM_TRY(impl_->Admit(entry));
    impl_->queue.push_back(std::move(entry));
  }
  impl_->wake.notify_one();
  return {};
}

Status JobRunner::Cancel(std::string_view id) {
  Impl::EntryPtr queued;
  {
    std::lock_guard lock(impl_->mutex);
    const auto it = impl_->live.find(id);
    if (it != impl_->live.end()) {
      it->second->context.cancelled_ = true;
      const auto place = std::find(impl_->queue.begin(), impl_->queue.end(), it->second);
      if (place == impl_->queue.end()) return {};
      queued = *place;
      impl_->queue.erase(place);
    }
  }
  if (queued) {
    queued->job.status = JobStatus::kCancelled;
    queued->job.completed_at = impl_->clock.NowMicros();
    Status saved = store_.Put(queued->job);
    {
      std::lock_guard lock(impl_->mutex);
      impl_->live.erase(queued->job.id);
    }
    impl_->ended.notify_all();
    return saved;
  }
  KALAM_TRY_ASSIGN(const auto job, store_.Find(id));
  if (!job) return Error(ErrorCode::kNotFound, "Job not found: " + std::string(id));
  return Error(ErrorCode::kInvalidArgument, "Cannot cancel job " + std::string(id) +
                                                " with status '" +
                                                std::string(ToString(job->status)) + "'");
}

bool JobRunner::Wait(std::string_view id, std::chrono::milliseconds timeout) {
  std::unique_lock lock(impl_->mutex);
  return impl_->ended.wait_for(lock, timeout, [&] { return !impl_->live.contains(id); });
}

void JobRunner::Stop(std::chrono::milliseconds timeout) {
  {
    std::unique_lock lock(impl_->mutex);
    if (impl_->ending) return;
    impl_->stopping = true;
    impl_->ended.wait_for(lock, timeout, [&] { return impl_->live.empty(); });
    impl_->ending = true;
    // The store keeps them as they are; the next start runs them again.
    for (const auto& [id, entry] : impl_->live) entry->context.cancelled_ = true;
    impl_->queue.clear();
  }
  impl_->wake.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
}

}  // namespace kalam::jobs
