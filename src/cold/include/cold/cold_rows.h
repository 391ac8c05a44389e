#pragma once

#include "base/result.h"
#include "cold/block_cache.h"
#include "cold/manifest.h"
#include "cold/segment_files.h"
#include "duck/segment_engine.h"
#include "model/row_codec.h"
#include "model/table_def.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kalam::cold {

// Where a read of cold rows has come to. kWouldBlock: a file would have to be read, but may not.
enum class ColdStep : std::uint8_t { kRow, kEnd, kWouldBlock };

// Walks the visible cold rows of a partition in primary key order or against it, tombstones included, as rows of
// the definition it was made with. Not thread-safe. Opens a segment when its first key is due and closes it after
// its last.
class ColdCursor {
 public:
  virtual ~ColdCursor() = default;
  // Steps to the next row (first call: the first row); kWouldBlock only with kCacheOnly, and is final then. Errors:
  // those of SegmentFiles, kCorruption, kConflict when a segment is newer than the definition.
  virtual Result<ColdStep> Next() = 0;
  // Of the current row, the key in key form; valid until Next.
  virtual std::string_view key() const = 0;
  virtual std::string_view row() const = 0;
};

// Reads rows from segments, and keeps those around them in memory: what is read by key or page by page tends to lie
// close together. Thread-safe; blocks for I/O, workers and jobs only, unless told kCacheOnly.
class ColdRows {
 public:
  // All must outlive it.
  ColdRows(const ManifestStore& manifests, SegmentFiles& files, duck::SegmentEngine& engine,
           std::size_t block_cache_bytes)
      : manifests_(manifests), files_(files), engine_(engine), blocks_(block_cache_bytes) {}

  const ManifestStore& manifests() const { return manifests_; }
  SegmentFiles& files() const { return files_; }
  duck::SegmentEngine& engine() const { return engine_; }
  BlockCache& blocks() const { return blocks_; }

  // The version of the key that the manifest shows, also a tombstone, as a row of `table`. kEnd: none. Errors: as
  // ColdCursor::Next.
  Result<ColdStep> Get(const Manifest& manifest, const TableDef& table, std::string_view key, std::string& row,
                       kv::ReadTier tier = kv::ReadTier::kAny) const;

  // The same for many keys, sorted ascending, in as few reads as it can: calls `use` for each key
  // that has a row, in no particular order.
  using UseRow = std::function<void(std::size_t key, std::string_view row)>;
  Status GetMany(const Manifest& manifest, const TableDef& table, std::span<const std::string> keys,
                 const UseRow& use) const;

  // The rows with lower <= key < upper (empty: from the first; nullopt: to the last). `table` and
  // this must outlive the cursor.
  std::unique_ptr<ColdCursor> Scan(ManifestPtr manifest, const TableDef& table, std::string lower,
                                   std::optional<std::string> upper, kv::ReadTier tier = kv::ReadTier::kAny) const;
  // The same from the last to the first.
  std::unique_ptr<ColdCursor> ScanBackwards(ManifestPtr manifest, const TableDef& table, std::string lower,
                                            std::optional<std::string> upper,
                                            kv::ReadTier tier = kv::ReadTier::kAny) const;

 private:
  const ManifestStore& manifests_;
  SegmentFiles& files_;
  duck::SegmentEngine& engine_;
  mutable BlockCache blocks_;
};

}  // namespace kalam::cold
