#include "table/reader.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "model/key_codec.h"
#include "model/row_upgrade.h"

namespace kalam::table {

Result<RowLookup> Reader::Get(const DurableSnapshot& snapshot, const TableDef& table,
                              const UserId& user, std::string_view key, FoundRow& found,
                              Blocking blocking) const {
  thread_local std::string hot_key;
  hot_key.clear();
  AppendPartitionPrefix(hot_key, table.id, user.text());
  hot_key += key;
  const auto tier = blocking == Blocking::kNever ? kv::ReadTier::kCacheOnly : kv::ReadTier::kAny;
  KALAM_TRY_ASSIGN(const auto outcome, store_.Get(kv::Family::kHot, hot_key, found.stored_,
                                                  {.snapshot = &snapshot.view(), .tier = tier}));
  if (outcome == kv::ReadOutcome::kWouldBlock) return RowLookup::kWouldBlock;
  if (outcome == kv::ReadOutcome::kNotFound) {
    if (cold_ == nullptr) return RowLookup::kNotFound;
    KALAM_TRY_ASSIGN(const auto manifest, cold_->manifests().Load(table.id, user.text(), snapshot.view_ptr(), tier));
    if (!manifest) return RowLookup::kWouldBlock;
    if (!manifest->MayContain(key)) return RowLookup::kNotFound;
    found.is_upgraded_ = true;
    KALAM_TRY_ASSIGN(const cold::ColdStep cold, cold_->Get(*manifest, table, key, found.upgraded_, tier));
    if (cold == cold::ColdStep::kWouldBlock) return RowLookup::kWouldBlock;
    return cold == cold::ColdStep::kRow ? RowLookup::kFound : RowLookup::kNotFound;
  }
  KALAM_TRY_ASSIGN(const std::string_view row, CurrentRow(table, found.stored_.view(), found.upgraded_));
  found.is_upgraded_ = row.data() == found.upgraded_.data();
  KALAM_TRY(RowView::Check(table.layout, row));
  return RowLookup::kFound;
}

RowCursor Reader::HotCursor(const DurableSnapshotPtr& snapshot, const TableDef& table,
                            const UserId& user, const ScanBounds& bounds, Direction direction,
                            Blocking blocking) const {
  const std::string prefix = PartitionPrefix(table.id, user);
  kv::IteratorOptions options;
  options.snapshot = snapshot->view_ptr();
  options.lower = prefix + bounds.lower;
  options.upper = bounds.upper ? prefix + *bounds.upper : PrefixSuccessor(prefix);
  options.cache_only = blocking == Blocking::kNever;
  return RowCursor(store_.NewIterator(kv::Family::kHot, std::move(options)), table, prefix.size(),
                   direction, blocking);
}

RowCursor Reader::Scan(const DurableSnapshotPtr& snapshot, const TableDef& table,
                       const UserId& user, const ScanBounds& bounds, Direction direction,
                       Blocking blocking) const {
  RowCursor cursor = HotCursor(snapshot, table, user, bounds, direction, blocking);
  if (cold_ != nullptr) {
    cursor.row_status_ = AddCold(cursor, snapshot, user, bounds);
    if (!cursor.row_status_.ok() || cursor.would_block_) return cursor;
  }
  cursor.Start();
  return cursor;
}

RowCursor Reader::ScanHot(const DurableSnapshotPtr& snapshot, const TableDef& table, const UserId& user,
                          const ScanBounds& bounds) const {
  RowCursor cursor = HotCursor(snapshot, table, user, bounds, Direction::kForward, Blocking::kAllowed);
  cursor.Start();
  return cursor;
}

Result<std::vector<std::string>> Reader::HotKeys(const DurableSnapshotPtr& snapshot, const TableDef& table,
                                                 const UserId& user, const ScanBounds& bounds) const {
  const RowCursor cursor = HotCursor(snapshot, table, user, bounds, Direction::kForward, Blocking::kAllowed);
  std::vector<std::string> keys;
  kv::Iterator& it = *cursor.it_;
  for (it.SeekToFirst(); it.Valid(); it.Next()) keys.emplace_back(it.key().substr(cursor.prefix_bytes_));
  KALAM_TRY(it.status());
  return keys;
}

Status Reader::AddCold(RowCursor& cursor, const DurableSnapshotPtr& snapshot, const UserId& user,
                       const ScanBounds& bounds) const {
  const TableDef& table = *cursor.table_;
  const auto tier = cursor.blocking_ == Blocking::kNever ? kv::ReadTier::kCacheOnly : kv::ReadTier::kAny;
  KALAM_TRY_ASSIGN(const auto manifest, cold_->manifests().Load(table.id, user.text(), snapshot->view_ptr(), tier));
  if (!manifest) {
    cursor.would_block_ = true;
    return {};
  }
  const std::optional<std::string> max = manifest->MaxKey(bounds.lower, bounds.upper);
  if (!max) return {};
  cursor.cold_max_ = *max;
  cursor.cold_ = cursor.direction_ == Direction::kBackward
                     ? cold_->ScanBackwards(manifest, table, bounds.lower, bounds.upper, tier)
                     : cold_->Scan(manifest, table, bounds.lower, bounds.upper, tier);
  return {};
}

Result<std::vector<UserId>> Reader::HotPartitions(const DurableSnapshotPtr& snapshot, const TableDef& table) const {
  const std::string prefix = TablePrefix(table.id);
  const auto it = store_.NewIterator(kv::Family::kHot, {.snapshot = snapshot->view_ptr(),
                                                        .lower = prefix,
                                                        .upper = PrefixSuccessor(prefix)});
  std::vector<UserId> users;
  it->SeekToFirst();
  while (it->Valid()) {
    const std::string_view rest = it->key().substr(prefix.size());
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) return Error(ErrorCode::kCorruption, "hot key without a user");
    users.push_back(UserId::FromTrusted(std::string(rest.substr(0, end))));
    it->Seek(PrefixSuccessor(PartitionPrefix(table.id, users.back())));
  }
  KALAM_TRY(it->status());
  return users;
}

Result<std::vector<UserId>> Reader::Partitions(const DurableSnapshotPtr& snapshot, const TableDef& table) const {
  KALAM_TRY_ASSIGN(std::vector<UserId> users, HotPartitions(snapshot, table));
  if (cold_ == nullptr || !cold_->manifests().MayHaveSegments(table.id)) return users;
  KALAM_TRY_ASSIGN(const auto cold, cold_->manifests().Partitions(table.id, snapshot->view_ptr()));
  for (const std::string& user : cold) users.push_back(UserId::FromTrusted(user));
  std::ranges::sort(users, {}, &UserId::text);
  const auto repeated = std::ranges::unique(users, {}, &UserId::text);
  users.erase(repeated.begin(), repeated.end());
  return users;
}

Result<LiveRows> Reader::CountLive(const DurableSnapshotPtr& snapshot, const TableDef& table,
                                   const std::optional<UserId>& user, std::uint64_t max_rows,
                                   std::chrono::milliseconds max_time) const {
  constexpr std::uint64_t kRowsBetweenLooks = 256;
  const std::string lower = user ? PartitionPrefix(table.id, *user) : TablePrefix(table.id);
  const std::string upper = PrefixSuccessor(lower);
  const auto it = store_.NewIterator(kv::Family::kHot, {.snapshot = snapshot->view_ptr(),
                                                        .lower = lower,
                                                        .upper = upper,
                                                        .fill_cache = false});
  const auto give_up = std::chrono::steady_clock::now() + max_time;
  LiveRows live;
  std::uint64_t seen = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (seen == max_rows || (++seen % kRowsBetweenLooks == 0 && std::chrono::steady_clock::now() > give_up)) {
      const auto counted = store_.ApproximateBytes(kv::Family::kHot, lower, it->key());
      const auto all = store_.ApproximateBytes(kv::Family::kHot, lower, upper);
      live.exact = false;
      if (counted > 0 && all > counted) live.rows = static_cast<std::uint64_t>(
          static_cast<double>(live.rows) * static_cast<double>(all) / static_cast<double>(counted));
      return live;
    }
    if (it->value().size() < kRowHeaderBytes) return Error(ErrorCode::kCorruption, "stored row is too short");
    if (!RowDeleted(it->value())) ++live.rows;
  }
  KALAM_TRY(it->status());
  return live;
}

RowCursor::RowCursor(std::unique_ptr<kv::Iterator> it, const TableDef& table, std::size_t prefix_bytes,
                     Direction direction, Blocking blocking)
    : it_(std::move(it)), table_(&table), prefix_bytes_(prefix_bytes), direction_(direction), blocking_(blocking) {}

void RowCursor::Start() {
  StepHot();
  Choose();
}

void RowCursor::Next() {
  const Place before = place_;
  if (before == Place::kHot || before == Place::kBoth) StepHot();
  if (before == Place::kCold || before == Place::kBoth) StepCold();
  Choose();
}

void RowCursor::StepHot() {
  if (direction_ == Direction::kForward) {
    hot_valid_ ? it_->Next() : it_->SeekToFirst();
  } else {
    hot_valid_ ? it_->Prev() : it_->SeekToLast();
  }
  hot_valid_ = it_->Valid();
  if (!hot_valid_) return;
  const auto current = CurrentRow(*table_, it_->value(), upgraded_);
  row_status_ = current.ok() ? RowView::Check(table_->layout, *current) : Status(current.error());
  is_upgraded_ = row_status_.ok() && current->data() == upgraded_.data();
}

void RowCursor::StepCold() {
  cold_started_ = true;
  auto step = cold_->Next();
  cold_valid_ = step.ok() && *step == cold::ColdStep::kRow;
  if (!step.ok()) {
    row_status_ = std::move(step).error();
  } else if (*step == cold::ColdStep::kWouldBlock) {
    would_block_ = true;
  }
}

bool RowCursor::ColdMayBeNext() const {
  return direction_ == Direction::kForward || !hot_valid_ || it_->key().substr(prefix_bytes_) <= cold_max_;
}

void RowCursor::Choose() {
  place_ = Place::kEnd;
  // An iterator that had to stop says nothing about what comes next.
  if (!row_status_.ok() || would_block() || !it_->status().ok()) return;
  if (cold_ && !cold_started_ && ColdMayBeNext()) {
    StepCold();
    if (!row_status_.ok() || would_block_) return;
  }
  if (!cold_valid_) {
    if (hot_valid_) place_ = Place::kHot;
    return;
  }
  if (!hot_valid_) {
    place_ = Place::kCold;
    return;
  }
  const int keys = it_->key().substr(prefix_bytes_).compare(cold_->key());
  const int order = direction_ == Direction::kForward ? keys : -keys;
  place_ = order < 0 ? Place::kHot : order > 0 ? Place::kCold : Place::kBoth;
}

Status RowCursor::status() const {
  if (!row_status_.ok()) return row_status_;
  return it_->status();
}

}  // namespace kalam::table
