#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "cold/manifest.h"
#include "cold/object_store.h"
#include "cold/segment.h"
#include "model/ids.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::jobs {

// One Parquet file of a backup. Beside it lies `<name>.keys`: what its manifest says of it
// (SegmentNote).
struct BackupFile {
  std::size_t table = 0;  // index in the contents' tables
  std::string user;       // empty: SHARED
  cold::ObjectName name;  // user_tables/notes/maya/7.parquet, shared_tables/board/7.parquet
  std::uint64_t bytes = 0;
  std::string sha256;
  std::string keys_sha256;  // of `<name>.keys`
};

// manifest.json of a backup (specification 5.8): written last, so a backup without it is not
// complete.
struct BackupManifest {
  static constexpr const char* kName = "manifest.json";

  std::string job;  // that made it
  TimestampMicros created_at = 0;
  Seq seq;  // the moment that it shows
  catalog::Catalog::NamespaceContents contents;
  std::vector<BackupFile> files;

  std::uint64_t total_bytes() const;
  std::size_t count(TableKind kind) const;
};

// JSON with a checksum of its own at the end: `{..., "sha256": "..."}` of all before it.
std::string EncodeBackupManifest(const BackupManifest& manifest);
// Errors: kCorruption `manifest.json ...`.
Result<BackupManifest> DecodeBackupManifest(std::string_view json);

// | segment | filter | hidden keys |, each as u32 LE length and bytes; see cold/segment.h,
// cold/key_filter.h.
struct SegmentNote {
  cold::Segment segment;
  std::string filter;
  cold::HiddenKeys hidden;
};
std::string EncodeSegmentNote(const SegmentNote& note);
// Errors: kCorruption.
Result<SegmentNote> DecodeSegmentNote(std::string_view bytes);

cold::ObjectName KeysNameOf(const cold::ObjectName& file);

}  // namespace kalam::jobs
