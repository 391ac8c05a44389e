#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kalam::cold {

// The name of an object: segments joined by `/`,
// `app/users/messages/maya/2025-10-24T14-30-00.parquet`. A segment holds letters, digits and `_ . =
// - @ +`, is not `.` or `..` and does not begin with a dot, so no name leads out of its store or
// needs quoting anywhere.
class ObjectName {
 public:
  static constexpr std::size_t kMaxBytes = 900;  // S3 ends at 1024, with the storage's prefix

  // Errors: kInvalidArgument.
  static Result<ObjectName> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  auto operator<=>(const ObjectName&) const = default;

 private:
  explicit ObjectName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct ObjectInfo {
  ObjectName name;
  std::uint64_t bytes = 0;
};

// Immutable objects by name: a folder or an S3 bucket. What is put once never changes, so readers
// need no lock and caches no invalidation; "the current set of files" is the manifest's affair, not
// the store's.
//
// Thread-safe. All calls block for I/O: job and worker threads only.
// Errors of all: kIo (with the name, never with credentials), kUnavailable after retries.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // A folder on this machine in which to make a file for PutFile; on the same file system as the
  // store, if that is one, so that putting is a rename. Whoever makes a file there removes it after
  // a failure; what a crash leaves is removed when the store is opened.
  virtual const std::filesystem::path& staging_folder() const = 0;

  // Moves a complete local file into the store: when it returns, the object is durable and visible
  // under its name, and the local file is gone; after a failure the name is as it was. Errors:
  // kAlreadyExists when the name is taken: names are never used again.
  virtual Status PutFile(const ObjectName& name, const std::filesystem::path& local) = 0;

  // `bytes` bytes from `offset` on; fewer when the object ends before. Errors: kNotFound.
  virtual Result<std::string> GetRange(const ObjectName& name, std::uint64_t offset,
                                       std::uint64_t bytes) const = 0;

  // Copies the whole object into a new local file. Errors: kNotFound.
  virtual Status Fetch(const ObjectName& name, const std::filesystem::path& local) const = 0;

  // Where the object lies as a file that may be read in place; nullopt for a store that is not a
  // folder.
  virtual std::optional<std::filesystem::path> LocalPath(const ObjectName& name) const = 0;

  // Calls `use` for every object whose name starts with `prefix` (empty: all), in no particular
  // order. A failure that it returns ends the listing. Foreign files with names that are no
  // ObjectName are skipped.
  using ListFn = std::function<Status(const ObjectInfo&)>;
  virtual Status List(std::string_view prefix, const ListFn& use) const = 0;

  // An object that is not there counts as deleted.
  virtual Status Delete(const ObjectName& name) = 0;
};

}  // namespace kalam::cold
