#include "cold/cold_rows.h"

#include "backward_segment.h"
#include "block_reader.h"
#include "forward_segment.h"
#include "merging_cursor.h"
#include "model/key_codec.h"
#include "model/row_upgrade.h"
#include "segment_cursor.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace kalam::cold {
namespace {

// What opening a file and decoding one of its row groups costs, in rows of a walk.
constexpr std::size_t kRowsPerLook = 4'096;

std::string KeyAfter(std::string_view key) { return std::string(key) + '\0'; }

// The row of a key that one segment may show. kEnd: it has none.
Result<ColdStep> FindOne(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table,
                         std::string_view key, kv::ReadTier tier, std::string& row) {
  KALAM_TRY_ASSIGN(const RowBlockPtr block, BlockAround(cold, entry, table, key, tier, Wanted::kOneRow));
  if (block) {
    const std::size_t place = block->LowerBound(key);
    if (place == block->size() || block->key(place) != key) return ColdStep::kEnd;
    std::string upgraded;
    KALAM_TRY_ASSIGN(const std::string_view current, CurrentRow(table, block->row(place), upgraded));
    row.assign(current);
    return ColdStep::kRow;
  }
  if (tier == kv::ReadTier::kCacheOnly) return ColdStep::kWouldBlock;
  duck::KeyRange range;
  range.lower = Value(DecodePrimaryKey(key, table.primary_key_column().type));
  range.upper = range.lower;
  KALAM_TRY_ASSIGN(const auto rows, SegmentCursor::Open(cold, entry, table, range));
  while (true) {
    KALAM_TRY_ASSIGN(const bool more, rows->Next());
    if (!more) return ColdStep::kEnd;
    if (rows->key() != key) continue;
    RowBlock::Builder alone;
    alone.Add(key, rows->StoredRow());
    cold.blocks().Keep(entry.segment, alone.Finish());
    KALAM_TRY_ASSIGN(const std::string_view current, rows->Row());
    row.assign(current);
    return ColdStep::kRow;
  }
}

// Looks for keys (by their numbers, ascending) in one segment, by a walk through it.
Status FindMany(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table,
                std::span<const std::string> keys, std::span<const std::size_t> wanted, const ColdRows::UseRow& use) {
  const DataType key_type = table.primary_key_column().type;
  duck::KeyRange range;
  range.lower = Value(DecodePrimaryKey(keys[wanted.front()], key_type));
  range.upper = Value(DecodePrimaryKey(keys[wanted.back()], key_type));
  KALAM_TRY_ASSIGN(const auto segment, SegmentCursor::Open(cold, entry, table, range));
  auto next = wanted.begin();
  while (next != wanted.end()) {
    KALAM_TRY_ASSIGN(const bool more, segment->Next());
    if (!more) return {};
    while (next != wanted.end() && keys[*next] < segment->key()) ++next;
    if (next == wanted.end() || keys[*next] != segment->key()) continue;
    KALAM_TRY_ASSIGN(const std::string_view row, segment->Row());
    use(*next++, row);
  }
  return {};
}

}  // namespace

Result<ColdStep> ColdRows::Get(const Manifest& manifest, const TableDef& table, std::string_view key, std::string& row,
                               kv::ReadTier tier) const {
  // The key is visible in one segment at most, but filters of others may be wrong.
  std::vector<const Manifest::Entry*> candidates;
  manifest.ForEachWithin(key, KeyAfter(key), [&](const Manifest::Entry& entry) {
    if (entry.MayContain(key)) candidates.push_back(&entry);
  });
  for (const Manifest::Entry* const entry : candidates) {
    KALAM_TRY_ASSIGN(const ColdStep found, FindOne(*this, *entry, table, key, tier, row));
    if (found != ColdStep::kEnd) return found;
  }
  return ColdStep::kEnd;
}

Status ColdRows::GetMany(const Manifest& manifest, const TableDef& table,
                         std::span<const std::string> keys, const UseRow& use) const {
  if (keys.empty()) return {};
  std::vector<std::pair<const Manifest::Entry*, std::vector<std::size_t>>> found;
  manifest.ForEachWithin(keys.front(), KeyAfter(keys.back()), [&](const Manifest::Entry& entry) {
    std::vector<std::size_t> wanted;
    auto key = std::ranges::lower_bound(keys, entry.segment.min_key);
    for (; key != keys.end() && *key <= entry.segment.max_key; ++key) {
      if (entry.MayContain(*key)) wanted.push_back(static_cast<std::size_t>(key - keys.begin()));
    }
    if (!wanted.empty()) found.emplace_back(&entry, std::move(wanted));
  });
  std::string row;
  for (const auto& [entry, wanted] : found) {
    // Many keys among few rows: one walk through the file, else one look into it for each.
    if (wanted.size() * kRowsPerLook >= entry->segment.rows) {
      KALAM_TRY(FindMany(*this, *entry, table, keys, wanted, use));
      continue;
    }
    for (const std::size_t key : wanted) {
      KALAM_TRY_ASSIGN(const ColdStep step, FindOne(*this, *entry, table, keys[key], kv::ReadTier::kAny, row));
      if (step == ColdStep::kRow) use(key, row);
    }
  }
  return {};
}

std::unique_ptr<ColdCursor> ColdRows::Scan(ManifestPtr manifest, const TableDef& table, std::string lower,
                                           std::optional<std::string> upper, kv::ReadTier tier) const {
  return std::make_unique<MergingCursor<ForwardSegment>>(*this, std::move(manifest), table, std::move(lower),
                                                         std::move(upper), tier);
}

std::unique_ptr<ColdCursor> ColdRows::ScanBackwards(ManifestPtr manifest, const TableDef& table, std::string lower,
                                                    std::optional<std::string> upper, kv::ReadTier tier) const {
  return std::make_unique<MergingCursor<BackwardSegment>>(*this, std::move(manifest), table, std::move(lower),
                                                          std::move(upper), tier);
}

}  // namespace kalam::cold
