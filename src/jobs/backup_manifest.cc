#include "backup_manifest.h"

#include "base/bytes.h"
#include "base/json_writer.h"
#include "cold/file_digest.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include <simdjson.h>

namespace kalam::jobs {
namespace {

constexpr int kVersion = 1;
constexpr std::string_view kChecksumKey = ",\"sha256\":\"";
constexpr std::size_t kChecksumBytes = 64;

Error Damaged(std::string_view why) {
  return Error(ErrorCode::kCorruption,
               "manifest.json of the backup can't be read: " + std::string(why));
}

Result<catalog::Catalog::NamespaceContents> DecodeContents(simdjson::dom::element root) {
  const std::string ns = simdjson::minify(root["namespace"].value());
  catalog::Catalog::NamespaceContents contents;
  KALAM_TRY_ASSIGN(contents.document, catalog::DecodeNamespace("namespace", ns));
  for (const simdjson::dom::element table : simdjson::dom::array(root["tables"])) {
    KALAM_TRY_ASSIGN(auto document, catalog::DecodeTableDocument("table", simdjson::minify(table)));
    contents.tables.push_back(std::move(document));
  }
  return contents;
}

Result<BackupManifest> Decode(std::string_view json) {
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(simdjson::padded_string(json));
  if (std::int64_t(root["version"]) != kVersion) return Damaged("it was made by a later version");
  BackupManifest manifest;
  manifest.created_at = std::int64_t(root["created_at"]);
  std::string_view job;  // the first backups have none
  if (root["job"].get(job) == simdjson::SUCCESS) manifest.job = job;
  manifest.seq = Seq(std::uint64_t(root["seq"]));
  KALAM_TRY_ASSIGN(manifest.contents, DecodeContents(root));
  for (const simdjson::dom::element entry : simdjson::dom::array(root["files"])) {
    KALAM_TRY_ASSIGN(cold::ObjectName name,
                     cold::ObjectName::Parse(std::string(std::string_view(entry["name"]))));
    BackupFile file{.table = std::uint64_t(entry["table"]),
                    .user = std::string(std::string_view(entry["user"])),
                    .name = std::move(name),
                    .bytes = std::uint64_t(entry["bytes"]),
                    .sha256 = std::string(std::string_view(entry["sha256"])),
                    .keys_sha256 = std::string(std::string_view(entry["keys_sha256"]))};
    if (file.table >= manifest.contents.tables.size()) return Damaged("a file of no table");
    manifest.files.push_back(std::move(file));
  }
  return manifest;
}

void AppendPiece(std::string& out, std::string_view piece) {
  AppendLittleEndian(out, static_cast<std::uint32_t>(piece.size()));
  out += piece;
}

std::optional<std::string_view> TakePiece(std::string_view& bytes) {
  if (bytes.size() < sizeof(std::uint32_t)) return std::nullopt;
  const auto size = LoadLittleEndian<std::uint32_t>(bytes.data());
  bytes.remove_prefix(sizeof(std::uint32_t));
  if (bytes.size() < size) return std::nullopt;
  const std::string_view piece = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return piece;
}

}  // namespace

std::uint64_t BackupManifest::total_bytes() const {
  return std::accumulate(
      files.begin(), files.end(), std::uint64_t{0},
      [](std::uint64_t sum, const BackupFile& file) { return sum + file.bytes; });
}

std::size_t BackupManifest::count(TableKind kind) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      contents.tables, [&](const auto& table) { return table.def.kind == kind; }));
}

std::string EncodeBackupManifest(const BackupManifest& manifest) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("version").Int(kVersion).Key("created_at").Int(manifest.created_at);
  json.Key("seq").Uint(manifest.seq.value()).Key("job").String(manifest.job);
  json.Key("namespace").Raw(EncodeNamespace(manifest.contents.document));
  json.Key("tables").BeginArray();
  for (const auto& table : manifest.contents.tables) json.Raw(EncodeTableDocument(table));
  json.EndArray().Key("statistics").BeginObject();
  json.Key("tables_count").Uint(manifest.contents.tables.size());
  json.Key("files_count").Uint(manifest.files.size());
  json.Key("total_bytes").Uint(manifest.total_bytes());
  json.Key("user_tables_count").Uint(manifest.count(TableKind::kUser));
  json.Key("shared_tables_count").Uint(manifest.count(TableKind::kShared));
  json.Key("stream_tables_count").Uint(manifest.count(TableKind::kStream));
  json.EndObject().Key("files").BeginArray();
  for (const BackupFile& file : manifest.files) {
    json.BeginObject().Key("table").Uint(file.table).Key("user").String(file.user);
    json.Key("name").String(file.name.text()).Key("bytes").Uint(file.bytes);
    json.Key("sha256").String(file.sha256).Key("keys_sha256").String(file.keys_sha256).EndObject();
  }
  json.EndArray();
  return out + std::string(kChecksumKey) + cold::DigestOf(out) + "\"}";
}

Result<BackupManifest> DecodeBackupManifest(std::string_view json) try {
  const std::size_t tail = kChecksumKey.size() + kChecksumBytes + 2;
  if (json.size() < tail) return Damaged("it is cut off");
  const std::string_view body = json.substr(0, json.size() - tail);
  if (json.substr(body.size(), kChecksumKey.size()) != kChecksumKey)
    return Damaged("it is cut off");
  if (json.substr(body.size() + kChecksumKey.size(), kChecksumBytes) != cold::DigestOf(body))
    return Damaged("its checksum is not the one that was stored with it");
  return Decode(json);
} catch (const simdjson::simdjson_error& e) {
  return Damaged(e.what());
}

std::string EncodeSegmentNote(const SegmentNote& note) {
  std::string out;
  AppendPiece(out, EncodeSegment(note.segment));
  AppendPiece(out, note.filter);
  AppendPiece(out, cold::EncodeHiddenKeys(note.hidden));
  return out;
}

Result<SegmentNote> DecodeSegmentNote(std::string_view bytes) {
  const auto segment = TakePiece(bytes);
  const auto filter = TakePiece(bytes);
  const auto hidden = TakePiece(bytes);
  if (!hidden || !bytes.empty())
    return Error(ErrorCode::kCorruption, "a .keys file has the wrong length");
  KALAM_TRY_ASSIGN(cold::Segment decoded, cold::DecodeSegment(*segment));
  KALAM_TRY(cold::KeyFilter::Decode(std::string(*filter)));
  KALAM_TRY_ASSIGN(cold::HiddenKeys keys, cold::DecodeHiddenKeys(*hidden));
  return SegmentNote{std::move(decoded), std::string(*filter), std::move(keys)};
}

cold::ObjectName KeysNameOf(const cold::ObjectName& file) {
  return cold::ObjectName::Parse(file.text() + ".keys").value();
}

}  // namespace kalam::jobs
