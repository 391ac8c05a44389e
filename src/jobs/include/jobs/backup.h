#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "cold/cold_rows.h"
#include "cold/garbage.h"
#include "cold/storages.h"
#include "jobs/job_runner.h"
#include "kv/durable_writer.h"
#include "kv/store.h"
#include "table/committer.h"
#include "table/reader.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::jobs {

// What backups work with. All outlive whoever has them.
struct BackupParts {
  const Clock& clock;
  const kv::Store& store;
  catalog::Catalog& catalog;
  table::Committer& committer;
  const table::Reader& reader;
  const cold::ColdRows& cold;
  cold::ManifestStore& manifests;
  cold::Storages& storages;
  cold::Garbage& garbage;
  std::function<Status(std::string_view place)> fail_point = {};  // see flush.h
};

// Writes a backup of one namespace into a folder: everything that was durable at one moment, while
// others go on writing. Segments are copied as they are, hot rows become one more segment per
// partition, and manifest.json, which makes it a backup, comes last. Files that an earlier attempt
// left are kept if their bytes are right. STREAM tables are there without rows. Run again by the job that made it (it
// was cut off before its record was written), it has nothing to do.
//
// Returns the job's result as JSON text: `path`, `tables_count`, `files_count`, `total_bytes`,
// `duration_ms`. Errors: kNotFound when there is no such namespace; kAlreadyExists when the folder
// has a complete backup; kCancelled; kIo; kCorruption naming the segment's file that is damaged.
Result<std::string> WriteBackup(const BackupParts& parts, const std::string& ns,
                                const std::filesystem::path& folder, JobContext& context);

// Makes a namespace of a backup. Every file is compared with its checksum on its way into the
// storages of today; the namespace appears as a whole, by one commit, or not at all. Grants are not
// in a backup.
//
// The same result, and nothing to do once more when the job has done it already. Errors: kAlreadyExists `Namespace
// 'app' already exists`; kNotFound when `folder`
// has no complete backup, or for a storage; kCorruption naming the file; kInvalidArgument when the
// backup is of another namespace.
Result<std::string> RestoreBackup(const BackupParts& parts, const std::string& ns,
                                  const std::filesystem::path& folder, JobContext& context);

// What manifest.json says of a backup.
struct BackupInfo {
  std::string ns;
  std::string path;
  TimestampMicros created_at = 0;
  std::uint64_t tables = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};
// Errors: kNotFound `There is no backup at 'x'`; kCorruption.
Result<BackupInfo> ReadBackupInfo(const std::filesystem::path& folder);

}  // namespace kalam::jobs
