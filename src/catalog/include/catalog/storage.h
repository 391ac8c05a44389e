#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/credentials_cipher.h"

namespace kalam::catalog {

enum class StorageType : std::uint8_t { kFilesystem, kS3 };
std::string_view ToString(StorageType type);  // `filesystem`, `s3`

inline constexpr std::string_view kLocalStorage = "local";
inline constexpr std::string_view kDefaultSharedTemplate = "{namespace}/shared/{tableName}";
inline constexpr std::string_view kDefaultUserTemplate = "{namespace}/users/{tableName}/{shard}/{userId}";

// A row of system.storages: where Parquet files of tables go. Immutable; shared by readers.
struct Storage {
  std::string id;
  std::string name;
  std::optional<std::string> description = {};
  StorageType type = StorageType::kFilesystem;
  std::string uri;  // `/var/data/`, `s3://bucket/prefix/`; empty (`local`): the configured folder
  std::optional<std::string> credentials = {};  // a JSON object as text
  // As they were read from the disk; without `credentials`: they could not be opened, and are kept as they are.
  std::string sealed_credentials = {};
  std::string shared_tables_template{kDefaultSharedTemplate};
  std::string user_tables_template{kDefaultUserTemplate};
  TimestampMicros created_at = 0;
  TimestampMicros updated_at = 0;
};

using StoragePtr = std::shared_ptr<const Storage>;

// What ALTER STORAGE sets.
struct StorageChange {
  std::optional<std::string> name = {};
  std::optional<std::string> description = {};
  std::optional<std::string> uri = {};
  std::optional<std::string> credentials = {};
  std::optional<std::string> shared_tables_template = {};
  std::optional<std::string> user_tables_template = {};
};

// `local`, as the first start writes it.
Storage DefaultStorage(TimestampMicros now);

// Everything that can be checked without looking elsewhere: id, uri, templates, credentials.
// Errors: kInvalidArgument with the documented texts; none repeats credentials.
Status CheckStorage(const Storage& storage);

// The stored form; credentials are sealed when there is a cipher. Times in whole milliseconds.
Result<std::string> EncodeStorage(const Storage& storage, const CredentialsCipher* cipher);
// Credentials that can't be opened (no key, another key) are left sealed; the rest is as it was.
// Errors: kCorruption, starting with `key`: where the bytes were found.
Result<Storage> DecodeStorage(std::string_view key, std::string_view json, const CredentialsCipher* cipher);

}  // namespace kalam::catalog
