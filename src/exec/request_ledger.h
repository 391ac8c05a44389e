#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "model/ids.h"
#include "table/request_log.h"
#include "wire/sql_request.h"

namespace kalam::exec {

// Idempotent retries: a request with a request_id that comes again gets what it came to the first time.
//
// After each statement that writes, the request's progress (how many statements are done, their results) is
// stored, in the same commit as the rows where there are rows in the store. A retry starts with the stored
// results and goes on with the statement after them; mostly there is none. Statements that failed left nothing
// and are tried again. The same request coming while it still runs waits for it.
//
// Thread-safe.
class RequestLedger {
 public:
  explicit RequestLedger(table::RequestLog& log) : log_(log) {}

  // A request at work; one at a time per user and id. Leaves when destroyed. Used by one thread.
  class Ticket {
   public:
    Ticket(RequestLedger& ledger, UserId user, std::string id, std::uint64_t fingerprint);
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    // From earlier attempts.
    std::size_t statements_done() const { return done_; }
    std::string_view results() const { return results_; }

    // Statement `number`, counted from 1, begins.
    void Begin(std::size_t number) { current_ = number; }
    // For the commit of the current statement, whose result is the last of `results`. Errors: kLimitExceeded.
    Result<table::CommitNote> Note(std::string_view results);
    // The answer holds a secret: it is not kept, only that it was given.
    void ForgetResults() { keep_results_ = false; }
    // The commit that took the note has happened.
    void Committed() { done_ = current_; }
    // After a statement that wrote elsewhere than in the store's rows. Errors: those of RequestLog::Store.
    Status Store(std::string_view results);

   private:
    friend class RequestLedger;
    std::string Encode(std::string_view results) const;

    RequestLedger& ledger_;
    const std::pair<UserId, std::string> name_;
    const std::uint64_t fingerprint_;
    table::RequestLog::Entry entry_;
    std::size_t done_ = 0;
    std::size_t current_ = 0;
    std::size_t found_ = 0;  // done_ as it was found
    std::string results_;
    bool keep_results_ = true;
  };

  // Waits while the same request runs. Errors: kAlreadyExists when the id stands for another request; kConflict when
  // the other one takes beyond `deadline`; kLimitExceeded when the first answer was not kept.
  Result<std::unique_ptr<Ticket>> Enter(const UserId& user, const wire::SqlRequest& request,
                                        std::chrono::steady_clock::time_point deadline);

 private:
  table::RequestLog& log_;
  std::mutex mutex_;
  std::condition_variable left_;
  std::set<std::pair<UserId, std::string>> running_;  // guarded by mutex_; at most one per worker
};

}  // namespace kalam::exec
