#include "block_reader.h"

#include "segment_cursor.h"

namespace kalam::cold {
namespace {

// A block is a row group, unless rows are wide or the file does not say which keys its groups have.
constexpr std::size_t kMostRows = 4'096;
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
    KALAM_TRY_ASSIGN(const bool more, rows->Next());
    if (!more) return block.Finish();
    if (block.rows() >= kMostRows || block.bytes() >= kMostBytes) {
      if (reached) return block.Finish();
      block = {};
    }
    block.Add(rows->key(), rows->StoredRow());
    reached = reached || rows->key() >= key;
  }
}

}  // namespace

Result<RowBlockPtr> BlockAround(const ColdRows& cold, const Manifest::Entry& entry, const TableDef& table,
                                std::string_view key, kv::ReadTier tier) {
  BlockCache& blocks = cold.blocks();
  if (RowBlockPtr block = blocks.Find(entry.segment, key)) return block;
  if (tier == kv::ReadTier::kCacheOnly) return RowBlockPtr();
  if (entry.segment.bytes / std::max<std::uint64_t>(entry.segment.rows, 1) > kMostStoredBytes) return RowBlockPtr();
  if (!blocks.Admits()) return RowBlockPtr();
  KALAM_TRY_ASSIGN(RowBlockPtr block, Read(cold, entry, table, key));
  if (block) blocks.Keep(entry.segment, block);
  return block;
}

}  // namespace kalam::cold
