#include "exec/session_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "query/table_source.h"

namespace kalam::exec {

SessionCache::Columns SessionCache::Use(const UserId& user, const TableDef& table) {
  const TimestampMicros now = clock_.NowMicros();
  return state_.With([&](State& state) -> Columns {
    Session& session = SessionOf(state, user.text());
    DropExpired(state, session, now);
    if (const auto found = session.by_name.find(table.name); found != session.by_name.end()) {
      Entry& entry = *found->second;
      if (entry.id == table.id && entry.schema_version == table.schema_version) {
        entry.used = now;
        session.entries.splice(session.entries.begin(), session.entries, found->second);
        ++state.stats.hits;
        return entry.columns;
      }
      Drop(state, session, found->second);
    }
    ++state.stats.registrations;
    auto columns = std::make_shared<const std::vector<duck::ScanColumn>>(query::VisibleColumns(table));
    if (options_.max_tables == 0) return columns;
    session.entries.push_front(Entry{table.name, table.id, table.schema_version, now, columns});
    session.by_name.emplace(table.name, session.entries.begin());
    ++state.stats.entries;
    while (session.entries.size() > options_.max_tables) Drop(state, session, std::prev(session.entries.end()));
    while (state.stats.entries > options_.max_entries && state.sessions.size() > 1) {
      Session& oldest = state.sessions.back();
      state.stats.entries -= oldest.entries.size();
      state.by_user.erase(oldest.user);
      state.sessions.pop_back();
    }
    return columns;
  });
}

SessionCache::Session& SessionCache::SessionOf(State& state, const std::string& user) const {
  if (const auto found = state.by_user.find(user); found != state.by_user.end()) {
    state.sessions.splice(state.sessions.begin(), state.sessions, found->second);
    return state.sessions.front();
  }
  state.sessions.push_front(Session{user, {}, {}});
  state.by_user.emplace(state.sessions.front().user, state.sessions.begin());
  while (state.sessions.size() > std::max<std::size_t>(options_.max_sessions, 1)) {
    Session& oldest = state.sessions.back();
    state.stats.entries -= oldest.entries.size();
    state.by_user.erase(oldest.user);
    state.sessions.pop_back();
  }
  return state.sessions.front();
}

// The list is in order of last use: what is too old stands at its end.
void SessionCache::DropExpired(State& state, Session& session, TimestampMicros now) const {
  while (!session.entries.empty() && now - session.entries.back().used > options_.ttl.count()) {
    Drop(state, session, std::prev(session.entries.end()));
  }
}

void SessionCache::Drop(State& state, Session& session, Entries::iterator entry) {
  session.by_name.erase(entry->name);
  session.entries.erase(entry);
  --state.stats.entries;
}

void SessionCache::Forget(const UserId& user, const TableName& name) {
  state_.With([&](State& state) {
    const auto session = state.by_user.find(user.text());
    if (session == state.by_user.end()) return;
    const auto entry = session->second->by_name.find(name);
    if (entry != session->second->by_name.end()) Drop(state, *session->second, entry->second);
  });
}

std::size_t SessionCache::Clear() {
  return state_.With([](State& state) {
    state.by_user.clear();
    state.sessions.clear();
    return std::exchange(state.stats.entries, 0);
  });
}

SessionCache::Stats SessionCache::stats() const {
  return state_.With([](const State& state) {
    Stats stats = state.stats;
    stats.sessions = state.sessions.size();
    return stats;
  });
}

}  // namespace kalam::exec
