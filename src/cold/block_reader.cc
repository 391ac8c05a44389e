#include "block_reader.h"

#include "segment_cursor.h"

#include <algorithm>

namespace kalam::cold {
namespace {

// Rows come out of a file in pieces as large as this. A block is a whole one, unless rows are wide.
constexpr std::size_t kEnoughRows = 2'048;
constexpr std::size_t kMostBytes = std::size_t{4} << 20;
// Of a row in a file: wider ones would fill a block with few rows.
constexpr std::uint64_t kMostStoredBytes = 1'024;

Result<RowBlockPtr> Read(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table,
                         std::string_view key) {
  duck::KeyRange group;
  group.lower = BoundOf(key, table.primary_key_column().type);
  if (!group.lower) return RowBlockPtr();
  group.upper = group.lower;
  group.whole_groups = true;
  KALAM_TRY_ASSIGN(const auto rows, SegmentCursor::Open(cold, entry, table, group, Show::kAll));
  RowBlock::Builder block;
  bool reached = false;  // the key, or its place
  while (true) {
    const bool full = block.bytes() >= kMostBytes;
    if (reached && (full || block.rows() >= kEnoughRows)) return block.Finish();
    if (full) block = {};
    KALAM_TRY_ASSIGN(const bool more, rows->Next());
    if (!more) return block.Finish();
    if (block.rows() == 0 && rows->SkipPieceBefore(key)) continue;
    block.Add(rows->key(), rows->StoredRow());
    reached = reached || rows->key() >= key;
  }
}

}  // namespace

Result<RowBlockPtr> BlockAround(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table,
                                std::string_view key, kv::ReadTier tier, Wanted wanted) {
  BlockCache& blocks = cold.blocks();
  const bool one_row = wanted == Wanted::kOneRow;
  if (RowBlockPtr block = blocks.Find(entry.segment, key); block && (one_row || block->size() > 1)) return block;
  if (tier == kv::ReadTier::kCacheOnly) return RowBlockPtr();
  if (entry.segment.bytes / std::max<std::uint64_t>(entry.segment.rows, 1) > kMostStoredBytes) return RowBlockPtr();
  if (!(one_row ? blocks.AdmitsForOneRow(entry.segment) : blocks.Admits())) return RowBlockPtr();
  KALAM_TRY_ASSIGN(RowBlockPtr block, Read(cold, entry, table, key));
  if (block) blocks.Keep(entry.segment, block);
  return block;
}

}  // namespace kalam::cold
