#include "cold/segment.h"

#include "base/record_reader.h"

#include <utility>

namespace kalam::cold {
namespace {

constexpr std::uint8_t kVersion = 3;
constexpr std::uint8_t kVersionWithoutExtents = 2;

Error Corrupt(const char* why) { return Error(ErrorCode::kCorruption, why); }

}  // namespace

std::string EncodeSegment(const Segment& segment) {
  std::string out;
  AppendLittleEndian(out, kVersion);
  AppendLittleEndian(out, segment.id.value());
  AppendLittleEndian(out, segment.bytes);
  AppendLittleEndian(out, segment.rows);
  AppendLittleEndian(out, segment.tombstones);
  AppendLittleEndian(out, segment.min_seq.value());
  AppendLittleEndian(out, segment.max_seq.value());
  AppendLittleEndian(out, segment.created_at);
  AppendLittleEndian(out, static_cast<std::uint32_t>(segment.schema_version));
  AppendText(out, segment.storage_id);
  AppendText(out, segment.root);
  AppendText(out, segment.file.text());
  AppendText(out, segment.sha256);
  AppendText(out, segment.min_key);
  AppendText(out, segment.max_key);
  for (const ColumnExtent& extent : segment.extents) {
    AppendLittleEndian(out, extent.field_id);
    AppendLittleEndian(out, extent.min);
    AppendLittleEndian(out, extent.max);
  }
  return out;
}

Result<Segment> DecodeSegment(std::string_view bytes) {
  RecordReader in(bytes);
  const auto version = in.Fixed<std::uint8_t>();
  if (version != kVersion && version != kVersionWithoutExtents) return Corrupt("segment record of an unknown version");
  const SegmentId id(in.Fixed<std::uint64_t>());
  const auto file_bytes = in.Fixed<std::uint64_t>();
  const auto rows = in.Fixed<std::uint64_t>();
  const auto tombstones = in.Fixed<std::uint64_t>();
  const Seq min_seq(in.Fixed<std::uint64_t>());
  const Seq max_seq(in.Fixed<std::uint64_t>());
  const auto created_at = in.Fixed<TimestampMicros>();
  const auto schema_version = static_cast<int>(in.Fixed<std::uint32_t>());
  const std::string_view storage_id = in.Text();
  const std::string_view root = in.Text();
  auto file = ObjectName::Parse(in.Text());
  const std::string_view sha256 = in.Text();
  const std::string_view min_key = in.Text();
  const std::string_view max_key = in.Text();
  std::vector<ColumnExtent> extents;
  while (version == kVersion && in.ok() && !in.at_end()) {
    auto& extent = extents.emplace_back();
    extent.field_id = in.Fixed<std::int32_t>();
    extent.min = in.Fixed<std::int64_t>();
    extent.max = in.Fixed<std::int64_t>();
  }
  if (!in.ok() || !in.at_end() || !file.ok()) return Corrupt("segment record is damaged");
  return Segment{.id = id,
                 .storage_id = std::string(storage_id),
                 .root = std::string(root),
                 .file = *std::move(file),
                 .bytes = file_bytes,
                 .sha256 = std::string(sha256),
                 .rows = rows,
                 .schema_version = schema_version,
                 .min_key = std::string(min_key),
                 .max_key = std::string(max_key),
                 .min_seq = min_seq,
                 .max_seq = max_seq,
                 .tombstones = tombstones,
                 .created_at = created_at,
                 .extents = std::move(extents)};
}

std::string EncodeHiddenKeys(const std::vector<std::string>& sorted_keys) {
  std::string out;
  for (const std::string& key : sorted_keys) AppendText(out, key);
  return out;
}

Result<std::vector<std::string>> DecodeHiddenKeys(std::string_view bytes) {
  RecordReader in(bytes);
  std::vector<std::string> keys;
  while (!in.at_end()) keys.emplace_back(in.Text());
  if (!in.ok()) return Corrupt("list of hidden keys is damaged");
  return keys;
}

}  // namespace kalam::cold
