#include "jobs/backup_service.h"

#include "base/bytes.h"
#include "kv/batch.h"
#include "kv/iterator.h"

#include <algorithm>
#include <utility>

namespace kalam::jobs {
namespace {

constexpr std::string_view kPrefix = "backup/";

std::string NamespacePrefix(const std::string& ns) { return std::string(kPrefix) + ns + '\0'; }

}  // namespace

Result<std::filesystem::path> BackupService::PlaceOf(std::string_view path,
                                                     bool may_be_absolute) const {
  const std::filesystem::path given(path);
  if (path.find('\0') != std::string_view::npos || std::ranges::find(given, "..") != given.end())
    return Error(ErrorCode::kInvalidArgument, "Backup path must not contain '..'");
  if (given.is_relative()) return (folder_ / given).lexically_normal();
  if (!may_be_absolute) {
    return Error(ErrorCode::kPermissionDenied,
                 "Permission denied: Only DBA or System users can give an absolute backup path");
  }
  return given.lexically_normal();
}

JobRunner::Spec BackupService::SpecOf(JobType type, const std::string& ns,
                                      const std::filesystem::path& place) {
  return {.type = type,
          .ns = ns,
          .parameters = {ns, place.string()},
          .key = std::string(ToString(type)) + " " + ns + " " + place.string(),
          .lane = "backup of " + ns};
}

JobWork BackupService::WorkOf(JobType type, const std::string& ns,
                              const std::filesystem::path& place) {
  return [this, type, ns, place](JobContext& context) -> Result<std::string> {
    if (type == JobType::kRestore) return RestoreBackup(parts_, ns, place, context);
    KALAM_TRY_ASSIGN(std::string result, WriteBackup(parts_, ns, place, context));
    KALAM_TRY(Remember(ns, place));
    return result;
  };
}

Status BackupService::Remember(const std::string& ns, const std::filesystem::path& place) {
  kv::Batch batch;
  batch.Put(kv::Family::kMeta, NamespacePrefix(ns) + place.string(), "");
  return parts_.committer.WriteDurably(batch);
}

Result<Job> BackupService::Backup(const std::string& ns, const std::filesystem::path& place) {
  if (const auto there = ReadBackupInfo(place); there.ok()) {
    return Error(ErrorCode::kAlreadyExists,
                 "There is a backup at '" + place.string() + "' already");
  }
  return runner_.Start(SpecOf(JobType::kBackup, ns, place), WorkOf(JobType::kBackup, ns, place));
}

Result<Job> BackupService::Restore(const std::string& ns, const std::filesystem::path& place) {
  KALAM_TRY(ReadBackupInfo(place));
  return runner_.Start(SpecOf(JobType::kRestore, ns, place), WorkOf(JobType::kRestore, ns, place));
}

Result<bool> BackupService::Resume(const Job& job) {
  if ((job.type != JobType::kBackup && job.type != JobType::kRestore) || job.parameters.size() != 2)
    return false;
  const std::filesystem::path place(job.parameters[1]);
  KALAM_TRY(runner_.Resume(job, SpecOf(job.type, job.ns, place), WorkOf(job.type, job.ns, place)));
  return true;
}

Result<std::vector<BackupInfo>> BackupService::List(const std::string& ns) const {
  const std::string prefix = NamespacePrefix(ns);
  const auto it = parts_.store.NewIterator(kv::Family::kMeta,
                                           {.lower = prefix, .upper = PrefixSuccessor(prefix)});
  std::vector<BackupInfo> list;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    auto info = ReadBackupInfo(std::filesystem::path(it->key().substr(prefix.size())));
    if (info.ok()) list.push_back(*std::move(info));
  }
  KALAM_TRY(it->status());
  std::ranges::sort(list, {}, &BackupInfo::created_at);
  return list;
}

}  // namespace kalam::jobs
