#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/storage.h"

// Templates of storages, and the paths they become. Pure.
namespace kalam::catalog {

enum class TemplateKind : std::uint8_t { kShared, kUser };

// Are the variables known, there, and in order; does the text stay where it belongs?
// Errors: kInvalidArgument with the documented texts, for example
// `Shared table template: {namespace} must appear before {tableName}`.
Status CheckTemplate(TemplateKind kind, std::string_view text);

// What the variables stand for. `shard` may be empty: the slash that is too many goes.
struct PathValues {
  std::string_view ns;
  std::string_view table;
  std::string_view shard = {};
  std::string_view user = {};
};

// The storage's root followed by the template with all variables replaced, in one pass. `default_root` stands for an
// empty uri. A template that is absolute itself (`/...`, `s3://...`, `{storageLocation}...`) gets no root.
// Errors: kInvalidArgument for an unknown variable, or a value that is empty or could leave its place: `/`, `\`, NUL,
// `.` or `..`.
Result<std::string> StoragePath(const Storage& storage, TemplateKind kind, const PathValues& values,
                                std::string_view default_root);

// The same, divided at the place that all tables of the storage share: where a store is opened, and the folder of the
// values below it.
struct StoragePlace {
  std::string root;    // `/var/data/`, `s3://bucket/prefix/`; empty: `default_root`, wherever that is
  std::string folder;  // `app/users/messages/maya`
};
Result<StoragePlace> PlaceInStorage(const Storage& storage, TemplateKind kind, const PathValues& values);

// StoragePath for people: variables without a value stay as they are (`{userId}`).
std::string ShownStoragePath(const Storage& storage, TemplateKind kind, const PathValues& values,
                             std::string_view default_root);

}  // namespace kalam::catalog
