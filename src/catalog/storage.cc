#include "catalog/storage.h"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "catalog/storage_path.h"
#include "document_reader.h"
#include "document_writer.h"

namespace kalam::catalog {
namespace {

constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::string_view kS3Scheme = "s3://";

Error Invalid(std::string message) { return Error(ErrorCode::kInvalidArgument, std::move(message)); }

bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

Status CheckId(std::string_view id) {
  bool plain = !id.empty() && id.size() <= kMaxIdBytes;
  for (const char c : id) plain = plain && IsIdCharacter(c);
  if (plain) return {};
  return Invalid("Storage id must be 1 to 64 letters, digits, underscores, and hyphens");
}

bool HasParentSegment(std::string_view path) {
  return path == ".." || path.starts_with("../") || path.ends_with("/..") ||
         path.find("/../") != std::string_view::npos;
}

Status CheckUri(const Storage& storage) {
  const std::string_view uri = storage.uri;
  if (uri.empty() && storage.id == kLocalStorage) return {};
  for (const char c : uri) {
    if (static_cast<unsigned char>(c) < 0x20) return Invalid("Storage uri must not have control characters");
  }
  if (HasParentSegment(uri)) return Invalid("Storage uri must not have '..' in it");
  if (storage.type == StorageType::kS3) {
    const bool bucket = uri.starts_with(kS3Scheme) && uri.size() > kS3Scheme.size() && uri[kS3Scheme.size()] != '/';
    if (bucket) return {};
    return Invalid(fmt::format("Invalid S3 uri '{}'. Must be s3://bucket/ or s3://bucket/prefix/", uri));
  }
  if (uri.empty()) return Invalid("Storage uri must not be empty");
  if (uri.find("://") != std::string_view::npos) return Invalid("A filesystem storage has a path, not a URL");
  return {};
}

// The credentials themselves are in no message.
Status CheckCredentials(const std::string& text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (const auto error = parser.parse(text).get(root)) {
    return Invalid(fmt::format("Invalid credentials JSON: {}", simdjson::error_message(error)));
  }
  if (!root.is_object()) return Invalid("Credentials must be a JSON object");
  return {};
}

std::optional<StorageType> FindType(std::string_view name) {
  for (const StorageType type : {StorageType::kFilesystem, StorageType::kS3}) {
    if (ToString(type) == name) return type;
  }
  return std::nullopt;
}

}  // namespace

std::string_view ToString(StorageType type) { return type == StorageType::kS3 ? "s3" : "filesystem"; }

Storage DefaultStorage(TimestampMicros now) {
  return {.id = std::string(kLocalStorage),
          .name = "Local Filesystem",
          .description = "Default local filesystem storage",
          .type = StorageType::kFilesystem,
          .uri = {},
          .created_at = now,
          .updated_at = now};
}

Status CheckStorage(const Storage& storage) {
  KALAM_TRY(CheckId(storage.id));
  KALAM_TRY(CheckUri(storage));
  KALAM_TRY(CheckTemplate(TemplateKind::kShared, storage.shared_tables_template));
  KALAM_TRY(CheckTemplate(TemplateKind::kUser, storage.user_tables_template));
  if (storage.credentials) KALAM_TRY(CheckCredentials(*storage.credentials));
  const std::size_t bytes = storage.name.size() + storage.uri.size() + storage.description.value_or("").size() +
                            storage.credentials.value_or("").size();
  if (bytes > kMaxTextBytes) return Invalid("Name, description, uri and credentials are limited to 4 KB together");
  return {};
}

Result<std::string> EncodeStorage(const Storage& storage, const CredentialsCipher* cipher) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  PutText(json, "storage_id", storage.id);
  PutText(json, "storage_name", storage.name);
  PutOptionalText(json, "description", storage.description);
  PutText(json, "storage_type", ToString(storage.type));
  PutText(json, "uri", storage.uri);
  if (storage.credentials && cipher != nullptr) {
    KALAM_TRY_ASSIGN(const std::string sealed, cipher->Seal(storage.id, *storage.credentials));
    PutText(json, "sealed_credentials", sealed);
  } else if (storage.credentials) {
    PutText(json, "credentials", *storage.credentials);
  } else if (!storage.sealed_credentials.empty()) {
    PutText(json, "sealed_credentials", storage.sealed_credentials);
  }
  PutText(json, "shared_tables_template", storage.shared_tables_template);
  PutText(json, "user_tables_template", storage.user_tables_template);
  PutMillis(json, "created_at", storage.created_at);
  PutMillis(json, "updated_at", storage.updated_at);
  json.EndObject();
  return out;
}

Result<Storage> DecodeStorage(std::string_view key, std::string_view json, const CredentialsCipher* cipher) {
  simdjson::dom::parser parser;
  KALAM_TRY_ASSIGN(const auto reader, DocumentReader::Parse(parser, key, json));
  Storage storage;
  KALAM_TRY_ASSIGN(storage.id, reader.GetText("storage_id"));
  KALAM_TRY_ASSIGN(storage.name, reader.GetText("storage_name"));
  KALAM_TRY_ASSIGN(storage.description, reader.GetOptionalText("description"));
  KALAM_TRY_ASSIGN(const auto type_name, reader.Get<std::string_view>("storage_type"));
  const auto type = FindType(type_name);
  if (!type) return reader.BadField("storage_type");
  storage.type = *type;
  KALAM_TRY_ASSIGN(storage.uri, reader.GetText("uri"));
  KALAM_TRY_ASSIGN(storage.credentials, reader.GetOptionalText("credentials"));
  KALAM_TRY_ASSIGN(const auto sealed, reader.GetOptionalText("sealed_credentials"));
  if (sealed) {
    storage.sealed_credentials = *sealed;
    if (cipher != nullptr) storage.credentials = cipher->Open(storage.id, *sealed);
  }
  KALAM_TRY_ASSIGN(storage.shared_tables_template, reader.GetText("shared_tables_template"));
  KALAM_TRY_ASSIGN(storage.user_tables_template, reader.GetText("user_tables_template"));
  KALAM_TRY_ASSIGN(storage.created_at, reader.GetMillis("created_at"));
  KALAM_TRY_ASSIGN(storage.updated_at, reader.GetMillis("updated_at"));
  return storage;
}

}  // namespace kalam::catalog
