#include "live_rows.h"

namespace kalam::cli {

namespace {

using Kind = ChangeEvent::Kind;

// One text per row that only equal rows have: each value with its length, or the lack of one.
std::string KeyOf(const Row& row) {
  std::string key;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const Cell cell = row[i];
    if (cell.is_null()) {
      key += "n;";
      continue;
    }
    key += std::to_string(cell.text().size());
    key += ':';
    key += cell.text();
  }
  return key;
}

LiveRows::Value ValueOf(const Cell& cell, LiveRows::Time changed) {
  return {.text = std::string(cell.text()), .null = cell.is_null(), .changed = changed};
}

}  // namespace

void LiveRows::Apply(const ChangeEvent& event, Time now) {
  TakeColumns(event.rows.empty() ? event.old_rows : event.rows);
  switch (event.kind) {
    case Kind::kInitialData:
      for (const Row row : event.rows) Insert(row, Time());
      return;
    case Kind::kInsert:
      ++changes_;
      for (const Row row : event.rows) Insert(row, now);
      return;
    case Kind::kUpdate:
      ++changes_;
      if (!event.rows.empty() && !event.old_rows.empty()) Update(event.old_rows[0], event.rows[0], now);
      return;
    case Kind::kDelete:
      ++changes_;
      if (!event.old_rows.empty()) Remove(event.old_rows[0]);
      return;
    case Kind::kResync:
      rows_.clear();
      places_.clear();
      not_kept_ = 0;
      return;
    default:
      return;
  }
}

void LiveRows::TakeColumns(const Rows& rows) {
  if (columns_.empty()) columns_ = rows.columns();
}

void LiveRows::Insert(const Row& row, Time changed) {
  if (rows_.size() == kMaxRows) {
    ++not_kept_;
    return;
  }
  Entry& entry = rows_.emplace_back();
  for (std::size_t i = 0; i < row.size(); ++i) entry.push_back(ValueOf(row[i], changed));
  places_.emplace(KeyOf(row), std::prev(rows_.end()));
}

void LiveRows::Update(const Row& before, const Row& after, Time now) {
  const auto found = Find(before);
  if (found == places_.end()) return;  // one that is not kept
  const Place place = found->second;
  for (std::size_t i = 0; i < after.size() && i < place->size(); ++i) {
    Value& value = (*place)[i];
    const Cell cell = after[i];
    if (value.null != cell.is_null() || value.text != cell.text()) value = ValueOf(cell, now);
  }
  places_.erase(found);
  places_.emplace(KeyOf(after), place);
}

void LiveRows::Remove(const Row& before) {
  const auto found = Find(before);
  if (found == places_.end()) {
    if (not_kept_ > 0) --not_kept_;
    return;
  }
  rows_.erase(found->second);
  places_.erase(found);
}

std::unordered_multimap<std::string, LiveRows::Place>::iterator LiveRows::Find(const Row& row) {
  return places_.find(KeyOf(row));
}

}  // namespace kalam::cli
