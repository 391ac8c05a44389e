#include "table/reader.h"

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
  if (outcome == kv::ReadOutcome::kNotFound) return RowLookup::kNotFound;
  if (outcome == kv::ReadOutcome::kWouldBlock) return RowLookup::kWouldBlock;
  KALAM_TRY_ASSIGN(const std::string_view row, CurrentRow(table, found.stored_.view(), found.upgraded_));
  found.is_upgraded_ = row.data() == found.upgraded_.data();
  KALAM_TRY(RowView::Check(table.layout, row));
  return RowLookup::kFound;
}

RowCursor Reader::Scan(const DurableSnapshotPtr& snapshot, const TableDef& table,
                       const UserId& user, const ScanBounds& bounds, Direction direction,
                       Blocking blocking) const {
  const std::string prefix = PartitionPrefix(table.id, user);
  kv::IteratorOptions options;
  options.snapshot = snapshot->view_ptr();
  options.lower = prefix + bounds.lower;
  options.upper = bounds.upper ? prefix + *bounds.upper : PrefixSuccessor(prefix);
  options.cache_only = blocking == Blocking::kNever;
  return RowCursor(store_.NewIterator(kv::Family::kHot, std::move(options)), table,
                   prefix.size(), direction);
}

RowCursor Reader::ScanTable(const DurableSnapshotPtr& snapshot, const TableDef& table) const {
  const std::string prefix = TablePrefix(table.id);
  kv::IteratorOptions options;
  options.snapshot = snapshot->view_ptr();
  options.lower = prefix;
  options.upper = PrefixSuccessor(prefix);
  return RowCursor(store_.NewIterator(kv::Family::kHot, std::move(options)), table, prefix.size(),
                   Direction::kForward);
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

RowCursor::RowCursor(std::unique_ptr<kv::Iterator> it, const TableDef& table,
                     std::size_t prefix_bytes, Direction direction)
    : it_(std::move(it)), table_(&table), prefix_bytes_(prefix_bytes), direction_(direction) {
  if (direction_ == Direction::kForward) {
    it_->SeekToFirst();
  } else {
    it_->SeekToLast();
  }
  CheckRow();
}

void RowCursor::Next() {
  if (direction_ == Direction::kForward) {
    it_->Next();
  } else {
    it_->Prev();
  }
  CheckRow();
}

void RowCursor::CheckRow() {
  valid_ = it_->Valid();
  if (!valid_) return;
  const auto current = CurrentRow(*table_, it_->value(), upgraded_);
  row_status_ = current.ok() ? RowView::Check(table_->layout, *current) : Status(current.error());
  valid_ = row_status_.ok();
  is_upgraded_ = valid_ && current->data() == upgraded_.data();
}

Status RowCursor::status() const {
  if (!row_status_.ok()) return row_status_;
  return it_->status();
}

}  // namespace kalam::table
