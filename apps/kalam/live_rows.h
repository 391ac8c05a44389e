#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include <kalam/subscription.h>

namespace kalam::cli {

// The current result set of a live query, kept up to date by its events: what `kalam watch --table` shows. Rows stay
// where they are; new ones come at the end. One thread.
//
// A row is known by what it was: an UPDATE and a DELETE say so in full. Bounded: of a result set larger than
// kMaxRows only those that came first are kept, the others are counted.
class LiveRows {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMaxRows = 100'000;

  struct Value {
    std::string text;
    bool null = false;
    Time changed = {};  // the last time it became another; the beginning of time: never
  };
  using Entry = std::vector<Value>;

  void Apply(const ChangeEvent& event, Time now);

  const std::vector<std::string>& columns() const { return columns_; }
  const std::list<Entry>& rows() const { return rows_; }
  // Of the result set, kept or not.
  std::size_t count() const { return rows_.size() + not_kept_; }
  std::size_t not_kept() const { return not_kept_; }
  std::uint64_t changes() const { return changes_; }

 private:
  using Place = std::list<Entry>::iterator;

  void Insert(const Row& row, Time changed);
  void Update(const Row& before, const Row& after, Time now);
  void Remove(const Row& before);
  std::unordered_multimap<std::string, Place>::iterator Find(const Row& row);
  void TakeColumns(const Rows& rows);

  std::vector<std::string> columns_;
  std::list<Entry> rows_;
  std::unordered_multimap<std::string, Place> places_;  // by the row's values
  std::size_t not_kept_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace kalam::cli
