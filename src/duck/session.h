#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <utility>

#include "duckdb_headers.h"
#include "plan.h"

namespace kalam::duck {

// A pooled connection with the statements that it has prepared, least recently used out first. Used by one thread at
// a time.
class Session {
 public:
  // A prepared statement takes 7-10 KB, more with its text.
  static constexpr std::size_t kMaxPrepared = 256;
  static constexpr std::size_t kMaxTextBytes = 256u << 10;
  // Prepared statements keep hash tables and sorted rows of their last run until the next one.
  static constexpr std::int64_t kMaxHeldBytes = std::int64_t{32} << 20;

  // The engine adds an operator to a prepared statement at each run, some 3 KB that go with the statement only. After
  // so many runs it is prepared anew: 100 KB at most, for about 6 us a run. With 256 runs, ten statements in a dozen
  // sessions took ten minutes and 70 MB to get there.
  static constexpr std::uint32_t kMaxRuns = 32;

  explicit Session(duckdb::DuckDB& database) : connection_(database) {}

  duckdb::Connection& connection() { return connection_; }

  bool Has(std::uint64_t plan) const {
    return std::ranges::any_of(prepared_, [plan](const Entry& entry) { return entry.plan == plan; });
  }

  // For one run. Null when this session has not prepared the plan, or has run it too often.
  duckdb::PreparedStatement* Find(std::uint64_t plan) {
    for (auto entry = prepared_.begin(); entry != prepared_.end(); ++entry) {
      if (entry->plan != plan) continue;
      if (entry->runs == kMaxRuns) {
        text_bytes_ -= entry->text_bytes;
        prepared_.erase(entry);
        return nullptr;
      }
      ++entry->runs;
      prepared_.splice(prepared_.begin(), prepared_, entry);
      return prepared_.front().statement.get();
    }
    return nullptr;
  }

  void Keep(const Plan& plan, duckdb::unique_ptr<duckdb::PreparedStatement> statement) {
    prepared_.push_front(Entry{plan.id, plan.text_bytes, 0, std::move(statement)});
    text_bytes_ += plan.text_bytes;
    while (prepared_.size() > kMaxPrepared || text_bytes_ > kMaxTextBytes) {
      text_bytes_ -= prepared_.back().text_bytes;
      prepared_.pop_back();
    }
  }

  // What the session holds more after a run than before; false when that is too much by now, and it should go.
  bool NoteHeld(std::int64_t bytes) {
    held_bytes_ += bytes;
    return held_bytes_ <= kMaxHeldBytes;
  }

 private:
  struct Entry {
    std::uint64_t plan;
    std::size_t text_bytes;
    std::uint32_t runs;
    duckdb::unique_ptr<duckdb::PreparedStatement> statement;
  };

  duckdb::Connection connection_;
  std::list<Entry> prepared_;  // last used first; ends before the connection
  std::size_t text_bytes_ = 0;
  std::int64_t held_bytes_ = 0;
};

}  // namespace kalam::duck
