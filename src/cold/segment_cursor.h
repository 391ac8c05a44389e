#pragma once

#include "cold/cold_rows.h"
#include "cold/segment_columns.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cold {

inline constexpr std::size_t kBigIntKeyBytes = 8;

// Whether the bytes, a bound in key form, are a BIGINT key; TEXT keys are never.
inline bool IsBigIntKey(std::string_view bound, const TableDef& table) {
  return table.primary_key_column().type == DataType::kBigInt && bound.size() == kBigIntKeyBytes;
}

// A bound in key form as a value. A BIGINT bound may be longer than a key (`key 0x00` is what
// follows `key`): its first bytes are a bound, too, if a looser one. A shorter one is none.
std::optional<Value> BoundOf(std::string_view key, DataType type);

// Whether keys that later segments have newer versions of come, too.
enum class Show : std::uint8_t { kVisible, kAll };

// The rows of one segment that the manifest shows, in key order. `entry`, `table` and what `cold` works with must
// outlive it.
class SegmentCursor {
 public:
  // Rows outside `keys` may be left out. Errors: as ColdCursor::Next.
  static Result<std::unique_ptr<SegmentCursor>> Open(const ColdRows& cold, const Manifest::Entry& entry,
                                                     const TableDef& table, const duck::KeyRange& keys,
                                                     Show show = Show::kVisible);

  // Steps to the next key.
  Result<bool> Next();
  const std::string& key() const { return key_; }
  // Whether all rows that came out of the file with the current one have smaller keys. If so, leaves them out: the
  // next one is the first behind them.
  bool SkipPieceBefore(std::string_view key);
  // The current row as one of the definition, or of the segment's schema version; valid until the next call.
  Result<std::string_view> Row();
  std::string_view StoredRow();

 private:
  SegmentCursor(const Manifest::Entry& entry, const TableDef& table, SegmentShape shape, SegmentFilePtr file,
                std::unique_ptr<duck::SegmentRows> rows, Show show);

  const Manifest::Entry& entry_;
  const TableDef& table_;
  const SegmentShape shape_;
  const SegmentFilePtr file_;
  const std::unique_ptr<duck::SegmentRows> rows_;
  const HiddenKeys* const hidden_;  // null: none
  std::vector<Datum> columns_;
  std::string key_, stored_, upgraded_;
};

}  // namespace kalam::cold
