#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "duck/scan_source.h"
#include "model/ids.h"
#include "model/table_def.h"

namespace kalam::exec {

// What each user's queries prepared of the tables they use: the columns as the engine scans them, so that a statement
// does not make them anew. A session is a user; sessions never share entries.
//
// It knows no rights and no rows: those are asked for at each use. An entry serves as long as its table has the same id
// and schema version; it goes when it was not used for `ttl`, when its session has more than `max_tables`, and when
// the table is found dropped. Thread-safe; one lock, held for a look-up.
class SessionCache {
 public:
  struct Options {
    std::size_t max_tables = 100;  // of one session
    std::chrono::microseconds ttl = std::chrono::seconds(1800);
    std::size_t max_sessions = 10'000;
    std::size_t max_entries = 100'000;  // of all sessions
  };
  struct Stats {
    std::uint64_t hits = 0;
    std::uint64_t registrations = 0;
    std::size_t sessions = 0;
    std::size_t entries = 0;
  };
  using Columns = std::shared_ptr<const std::vector<duck::ScanColumn>>;

  SessionCache(Options options, const Clock& clock) : options_(options), clock_(clock) {}

  // The columns of `SELECT *` over the table.
  Columns Use(const UserId& user, const TableDef& table);
  // The user asked for a table that is not there: whatever stands under that name goes.
  void Forget(const UserId& user, const TableName& name);
  // Forgets everything; how many entries there were.
  std::size_t Clear();
  Stats stats() const;

 private:
  struct Entry {
    TableName name;
    TableId id;
    int schema_version = 0;
    TimestampMicros used = 0;
    Columns columns;
  };
  using Entries = std::list<Entry>;  // last used first
  struct Session {
    std::string user;
    Entries entries;
    std::unordered_map<TableName, Entries::iterator> by_name;
  };
  using Sessions = std::list<Session>;  // last used first
  struct State {
    Sessions sessions;
    std::unordered_map<std::string_view, Sessions::iterator> by_user;  // keys are Session::user
    Stats stats;
  };

  Session& SessionOf(State& state, const std::string& user) const;
  void DropExpired(State& state, Session& session, TimestampMicros now) const;
  static void Drop(State& state, Session& session, Entries::iterator entry);

  const Options options_;
  const Clock& clock_;
  Guarded<State> state_;
};

}  // namespace kalam::exec
