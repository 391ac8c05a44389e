#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "cold/object_store.h"
#include "model/ids.h"
#include "model/table_def.h"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace kalam::cold {

using ObjectStorePtr = std::shared_ptr<ObjectStore>;

// Where the files of one partition go.
struct Placement {
  std::string storage_id;
  std::string root;  // of the store: `/var/data/`, `s3://bucket/prefix/`; empty: the default folder
  std::string folder;  // below it: `app/users/messages/maya`
};

struct StoragesOptions {
  std::filesystem::path default_root;    // of the storage `local`
  std::filesystem::path staging_folder;  // for files on their way to S3; created if missing
  std::vector<std::string> allowed_endpoint_hosts;  // see S3Options
};

// The storages of the catalog, opened. A store stays open until its storage is altered; who still
// has it may go on. Thread-safe. Opening a store touches the local disk, never the network.
class Storages {
 public:
  // Both must outlive it.
  Storages(const catalog::Catalog& catalog, const Clock& clock, StoragesOptions options);

  // Where a partition's next file goes (specification 7.5): the storage of the table, or, with
  // USE_USER_STORAGE, of a user in mode `region`; then its template. `user` is empty for SHARED.
  // Errors: kNotFound when the storage is gone, kInvalidArgument for a template that can't be
  // filled.
  Result<Placement> Place(const TableDef& table, std::string_view user) const;

  // The store at a placement's root, with the storage's credentials of today. Errors: kNotFound
  // `Storage 'x' not found`, kInvalidArgument, kIo.
  Result<ObjectStorePtr> Open(const std::string& storage_id, const std::string& root);

 private:
  struct Opened {
    TimestampMicros updated_at = 0;  // of the storage as it was opened
    ObjectStorePtr store;
  };
  Result<ObjectStorePtr> OpenNow(const catalog::Storage& storage, const std::string& root) const;

  const catalog::Catalog& catalog_;
  const Clock& clock_;
  const StoragesOptions options_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Opened>
      opened_;  // by id and root; guarded by mutex_
};

}  // namespace kalam::cold
