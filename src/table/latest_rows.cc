#include "latest_rows.h"

#include "kv/iterator.h"
#include "model/key_codec.h"
#include "model/row_codec.h"

#include <algorithm>
#include <utility>

namespace kalam::table {

Result<cold::ManifestPtr> LatestRows::Manifest(const TableDef& table, std::string_view user) {
  KALAM_TRY_ASSIGN(auto manifest, cold_->manifests().Load(table.id, user, nullptr, tier()));
  would_block_ = !manifest;
  return manifest;
}

Status LatestRows::Prefetch(const TableDef& table, std::string_view user,
                            std::vector<std::string> keys) {
  KALAM_TRY_ASSIGN(const auto manifest, Manifest(table, user));
  std::string partition;
  AppendPartitionPrefix(partition, table.id, user);
  std::vector<std::string> wanted;
  for (std::string& key : keys) {
    if (!manifest->MayContain(key)) continue;
    hot_key_.assign(partition).append(key);
    KALAM_TRY_ASSIGN(const auto hot, store_.Get(kv::Family::kHot, hot_key_, latest_));
    if (hot == kv::ReadOutcome::kNotFound) wanted.push_back(std::move(key));
  }
  if (wanted.empty()) return {};
  std::ranges::sort(wanted);
  const auto repeated = std::ranges::unique(wanted);
  wanted.erase(repeated.begin(), repeated.end());
  Partition& known = prefetched_[partition];
  known.version = manifest->version();
  for (const std::string& key : wanted) known.rows[key];
  return cold_->GetMany(*manifest, table, wanted, [&](std::size_t key, std::string_view row) {
    known.rows[wanted[key]] = row;
  });
}

Result<std::string_view> LatestRows::Found(std::string_view row) {
  if (row.empty()) return row;
  if (row.size() < kRowHeaderBytes) return Error(ErrorCode::kCorruption, "stored row is too short");
  observed_ = std::max(observed_, RowSeq(row));
  return row;
}

Result<std::string_view> LatestRows::Find(const TableDef& table, std::string_view user,
                                          std::string_view partition, std::string_view key) {
  hot_key_.assign(partition).append(key);
  KALAM_TRY_ASSIGN(const auto outcome,
                   store_.Get(kv::Family::kHot, hot_key_, latest_, {.tier = tier()}));
  would_block_ = outcome == kv::ReadOutcome::kWouldBlock;
  if (outcome == kv::ReadOutcome::kFound) return Found(latest_.view());
  if (would_block_ || cold_ == nullptr || !cold_->manifests().MayHaveSegments(table.id))
    return std::string_view();
  return FindCold(table, user, partition, key);
}

Result<std::string_view> LatestRows::FindCold(const TableDef& table, std::string_view user,
                                              std::string_view partition, std::string_view key) {
  KALAM_TRY_ASSIGN(const auto manifest, Manifest(table, user));
  if (would_block_ || !manifest->MayContain(key)) return std::string_view();
  const auto known = prefetched_.find(partition);
  if (known != prefetched_.end() && known->second.version == manifest->version()) {
    const auto row = known->second.rows.find(key);
    if (row != known->second.rows.end()) return Found(row->second);
  }
  KALAM_TRY_ASSIGN(const cold::ColdStep found, cold_->Get(*manifest, table, key, cold_row_, tier()));
  would_block_ = found == cold::ColdStep::kWouldBlock;
  return Found(found == cold::ColdStep::kRow ? std::string_view(cold_row_) : std::string_view());
}

Result<bool> LatestRows::RangeIsEmpty(const TableDef& table, std::string_view user,
                                      std::string_view partition, std::string_view first,
                                      std::string_view last) {
  kv::IteratorOptions options;
  options.lower.assign(partition).append(first);
  options.upper.assign(partition).append(last).push_back('\0');
  options.cache_only = blocking_ == Blocking::kNever;
  const auto it = store_.NewIterator(kv::Family::kHot, std::move(options));
  it->SeekToFirst();
  would_block_ = it->would_block();
  KALAM_TRY(it->status());
  if (would_block_ || it->Valid()) return false;
  if (cold_ == nullptr || !cold_->manifests().MayHaveSegments(table.id)) return true;
  KALAM_TRY_ASSIGN(const auto manifest, Manifest(table, user));
  return !would_block_ && !manifest->MaxKey(first, std::string(last) + '\0');
}

}  // namespace kalam::table
