#pragma once

#include "base/result.h"
#include "jobs/backup.h"
#include "jobs/job_runner.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::jobs {

// Starts backups and restores, and remembers where backups are: `backup/ | namespace | 0x00 | path`
// in the `meta` family. Thread-safe. The runner must be stopped before this is destroyed.
class BackupService {
 public:
  // Relative paths lie below `folder`. `runner` must outlive it.
  BackupService(BackupParts parts, JobRunner& runner, std::filesystem::path folder)
      : parts_(std::move(parts)), runner_(runner), folder_(std::move(folder)) {}

  // The place that a client's path names. Errors: kInvalidArgument for `..`; kPermissionDenied for
  // an absolute path that the caller may not give.
  Result<std::filesystem::path> PlaceOf(std::string_view path, bool may_be_absolute) const;

  // Queue a job; what can be known at once is an error at once: see WriteBackup and RestoreBackup.
  Result<Job> Backup(const std::string& ns, const std::filesystem::path& place);
  Result<Job> Restore(const std::string& ns, const std::filesystem::path& place);
  // Takes up a job of these types that a crash left. Errors: those of the runner.
  Result<bool> Resume(const Job& job);

  // The complete backups of a namespace that this server made and that are still there, oldest
  // first. Errors: kIo.
  Result<std::vector<BackupInfo>> List(const std::string& ns) const;

 private:
  static JobRunner::Spec SpecOf(JobType type, const std::string& ns,
                                const std::filesystem::path& place);
  JobWork WorkOf(JobType type, const std::string& ns, const std::filesystem::path& place);
  Status Remember(const std::string& ns, const std::filesystem::path& place);

  const BackupParts parts_;
  JobRunner& runner_;
  const std::filesystem::path folder_;
};

}  // namespace kalam::jobs
