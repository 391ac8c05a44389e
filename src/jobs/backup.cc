#include "jobs/backup.h"

#include "backup_manifest.h"
#include "base/bytes.h"
#include "base/json_writer.h"
#include "cold/file_digest.h"
#include "cold/file_store.h"
#include "kv/batch.h"
#include "kv/iterator.h"
#include "kv/pinned_value.h"
#include "segment_builder.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace kalam::jobs {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kHotPrefix = "hot-";

std::string ResultOf(const BackupManifest& manifest, const std::filesystem::path& folder,
                     steady_clock::time_point started) {
  const auto duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - started).count();
  std::string json;
  JsonWriter out(json);
  out.BeginObject().Key("path").String(folder.string());
  out.Key("tables_count").Uint(manifest.contents.tables.size());
  out.Key("files_count").Uint(manifest.files.size());
  out.Key("total_bytes").Uint(manifest.total_bytes()).Key("duration_ms").Int(duration).EndObject();
  return json;
}

Result<std::string> ReadWhole(const cold::ObjectStore& store, const cold::ObjectName& name) {
  std::ifstream file(store.LocalPath(name).value_or("").string(), std::ios::binary);
  if (!file)
    return Error(ErrorCode::kNotFound, "file '" + name.text() + "' of the backup is missing");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<BackupManifest> ReadManifest(const std::filesystem::path& folder) {
  std::ifstream file(folder / BackupManifest::kName, std::ios::binary);
  if (!file) return Error(ErrorCode::kNotFound, "There is no backup at '" + folder.string() + "'");
  return DecodeBackupManifest(std::string(std::istreambuf_iterator<char>(file), {}));
}

// Restores that are done, each written with its namespace: their jobs may not know it yet when the server dies.
//
//   restore/done/ | job id  ->  | when i64 LE, micros | the job's result |
constexpr std::string_view kRestoreDone = "restore/done/";
// A job's record follows within moments.
constexpr TimestampMicros kKeepRestoreDone = TimestampMicros{3'600} * 1'000'000;

std::string RestoreDoneKey(const std::string& job) { return std::string(kRestoreDone) + job; }

// The result of a job's restore that is done.
Result<std::optional<std::string>> RestoreDone(const BackupParts& parts, const std::string& job) {
  kv::PinnedValue value;
  KALAM_TRY_ASSIGN(const auto found, parts.store.Get(kv::Family::kMeta, RestoreDoneKey(job), value));
  if (found != kv::ReadOutcome::kFound) return std::optional<std::string>();
  if (value.view().size() < sizeof(TimestampMicros)) return Error(ErrorCode::kCorruption, "restore/done/: too short");
  return std::optional(std::string(value.view().substr(sizeof(TimestampMicros))));
}

// What goes with the namespace: that this job's restore is done, and the end of what is known of old ones.
Result<kv::Batch> NoteRestoreDone(const BackupParts& parts, const std::string& job, const std::string& result) {
  const TimestampMicros now = parts.clock.NowMicros();
  kv::Batch batch;
  const auto it = parts.store.NewIterator(
      kv::Family::kMeta, {.lower = std::string(kRestoreDone), .upper = PrefixSuccessor(kRestoreDone)});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const bool old = it->value().size() < sizeof(now) ||
                     LoadLittleEndian<TimestampMicros>(it->value().data()) + kKeepRestoreDone < now;
    if (old) batch.Delete(kv::Family::kMeta, it->key());
  }
  KALAM_TRY(it->status());
  std::string value;
  AppendLittleEndian(value, now);
  batch.Put(kv::Family::kMeta, RestoreDoneKey(job), value + result);
  return batch;
}

Status Reach(const BackupParts& parts, std::string_view place) {
  return parts.fail_point ? parts.fail_point(place) : Status();
}

class BackupWriter {
 public:
  BackupWriter(const BackupParts& parts, cold::ObjectStore& target, JobContext& context)
      : parts_(parts), target_(target), context_(context), hold_(parts.garbage) {}

  Result<BackupManifest> Write(const std::string& ns) {
    // The definitions are those of the snapshot or later ones, which read its rows as well.
    const auto snapshot = parts_.committer.Snapshot();
    auto contents = parts_.catalog.ContentsOf(ns);
    if (!contents) return Error(ErrorCode::kNotFound, "Namespace '" + ns + "' not found");
    manifest_.contents = *std::move(contents);
    manifest_.job = context_.id();
    manifest_.created_at = parts_.clock.NowMicros();
    manifest_.seq = snapshot->seq();
    KALAM_TRY(RemoveHotFilesOfEarlierAttempts());
    for (std::size_t table = 0; table < manifest_.contents.tables.size(); ++table) {
      const TableDef& def = manifest_.contents.tables[table].def;
      if (def.kind == TableKind::kStream) continue;
      KALAM_TRY_ASSIGN(const auto users, parts_.reader.Partitions(snapshot, def));
      for (const UserId& user : users) {
        KALAM_TRY(WritePartition(table, def, user, snapshot));
        KALAM_TRY(Reach(parts_, "backup: partition written"));
      }
    }
    KALAM_TRY(PutBytes(cold::ObjectName::Parse(BackupManifest::kName).value(),
                       EncodeBackupManifest(manifest_)));
    return std::move(manifest_);
  }

 private:
  static std::string FolderOf(const TableDef& def, const UserId& user) {
    return def.kind == TableKind::kShared ? "shared_tables/" + def.name.table
                                          : "user_tables/" + def.name.table + "/" + user.text();
  }

  Status WritePartition(std::size_t table, const TableDef& def, const UserId& user,
                        const table::DurableSnapshotPtr& snapshot) {
    KALAM_TRY_ASSIGN(const auto cold,
                     parts_.manifests.Load(def.id, user.text(), snapshot->view_ptr()));
    const std::string folder = FolderOf(def, user);
    std::vector<std::string> hot_keys;
    SegmentBuilder hot(def, parts_.cold.engine(), target_, parts_.garbage, parts_.clock);
    KALAM_TRY_ASSIGN(const bool has_hot, WriteHotRows(hot, def, user, snapshot, hot_keys));
    for (const auto& entry : cold->entries()) {
      if (context_.cancelled()) return Error(ErrorCode::kCancelled, "cancelled");
      KALAM_TRY_ASSIGN(
          const cold::ObjectName name,
          cold::ObjectName::Parse(fmt::format("{}/{}.parquet", folder, entry->segment.id.value())));
      KALAM_TRY_ASSIGN(const cold::SegmentFilePtr file, parts_.cold.files().Get(entry->segment));
      KALAM_TRY(PutCopy(name, file->path(), entry->segment.sha256));
      KALAM_TRY(Note(table, user, name,
                     {entry->segment, entry->filter->encoded(), entry->HiddenWith(hot_keys)}));
    }
    if (!has_hot) return {};
    KALAM_TRY_ASSIGN(const cold::ObjectName name,
                     cold::ObjectName::Parse(fmt::format("{}/{}{}.parquet", folder, kHotPrefix,
                                                         manifest_.seq.value())));
    KALAM_TRY(hot.PutAs(name));
    return Note(table, user, name, {hot.segment(), hot.filter(), {}});
  }

  // False: there are none.
  Result<bool> WriteHotRows(SegmentBuilder& builder, const TableDef& def, const UserId& user,
                            const table::DurableSnapshotPtr& snapshot,
                            std::vector<std::string>& keys) {
    auto rows = parts_.reader.ScanHot(snapshot, def, user);
    if (!rows.Valid()) {
      KALAM_TRY(rows.status());
      return false;
    }
    bool first = true;
    const auto next = [&]() -> Result<std::optional<RowView>> {
      if (!std::exchange(first, false)) rows.Next();
      if (context_.cancelled()) return Error(ErrorCode::kCancelled, "cancelled");
      if (!rows.Valid()) {
        KALAM_TRY(rows.status());
        return std::optional<RowView>();
      }
      keys.emplace_back(rows.key());
      return std::optional(rows.row());
    };
    KALAM_TRY(builder.Write(next, {}));
    return true;
  }

  Status Note(std::size_t table, const UserId& user, const cold::ObjectName& name,
              SegmentNote note) {
    if (note.segment.created_at == 0) note.segment.created_at = manifest_.created_at;
    const std::string keys = EncodeSegmentNote(note);
    KALAM_TRY(PutBytes(KeysNameOf(name), keys));
    manifest_.files.push_back({.table = table,
                               .user = user.text(),
                               .name = name,
                               .bytes = note.segment.bytes,
                               .sha256 = note.segment.sha256,
                               .keys_sha256 = cold::DigestOf(keys)});
    return {};
  }

  std::filesystem::path NewLocal() {
    return target_.staging_folder() / fmt::format("backup-{}-{}", context_.id(), next_local_++);
  }

  // What an earlier attempt has put there is kept when its bytes are right.
  Status PutCopy(const cold::ObjectName& name, const std::filesystem::path& from,
                 const std::string& sha256) {
    const auto there = cold::DigestFile(target_.LocalPath(name)->string());
    if (there.ok() && there->sha256 == sha256) return {};
    KALAM_TRY(target_.Delete(name));
    const std::filesystem::path local = NewLocal();
    KALAM_TRY(cold::CopyVerified(from, local, sha256));
    return Put(name, local);
  }

  Status PutBytes(const cold::ObjectName& name, std::string_view bytes) {
    KALAM_TRY(target_.Delete(name));
    const std::filesystem::path local = NewLocal();
    KALAM_TRY(cold::WriteFile(local, bytes));
    return Put(name, local);
  }

  Status Put(const cold::ObjectName& name, const std::filesystem::path& local) {
    Status put = target_.PutFile(name, local);
    std::error_code ignored;
    if (!put.ok()) std::filesystem::remove(local, ignored);
    return put;
  }

  Status RemoveHotFilesOfEarlierAttempts() {
    std::vector<cold::ObjectName> stale;
    KALAM_TRY(target_.List("", [&](const cold::ObjectInfo& object) -> Status {
      const std::string file = std::filesystem::path(object.name.text()).filename();
      if (file.starts_with(kHotPrefix)) stale.push_back(object.name);
      return {};
    }));
    for (const auto& name : stale) KALAM_TRY(target_.Delete(name));
    return {};
  }

  const BackupParts& parts_;
  cold::ObjectStore& target_;
  JobContext& context_;
  const cold::Garbage::Hold hold_;
  BackupManifest manifest_;
  std::uint64_t next_local_ = 1;
};

class Restorer {
 public:
  Restorer(const BackupParts& parts, cold::ObjectStore& source, const BackupManifest& manifest,
           JobContext& context)
      : parts_(parts), source_(source), manifest_(manifest), context_(context) {}

  // The job's result.
  Result<std::string> Run(const std::filesystem::path& folder, steady_clock::time_point started) {
    for (const BackupFile& file : manifest_.files) {
      if (context_.cancelled()) return Error(ErrorCode::kCancelled, "cancelled");
      KALAM_TRY(TakeOver(file));
      KALAM_TRY(Reach(parts_, "restore: file stored"));
    }
    std::size_t next = 0;
    auto contents = manifest_.contents;
    std::string result = ResultOf(manifest_, folder, started);
    KALAM_TRY_ASSIGN(kv::Batch done, NoteRestoreDone(parts_, context_.id(), result));
    const auto publish = [&](const TableDef& table, kv::Batch& batch) {
      return Publish(next++, table.id, batch);
    };
    Status created = parts_.catalog.RestoreNamespace(std::move(contents), publish, std::move(done));
    // After a failed sync nobody knows: the claims, which go with the commit, decide after the
    // restart.
    const bool in_doubt = !created.ok() && (created.error().code() == ErrorCode::kIo ||
                                            created.error().code() == ErrorCode::kUnavailable);
    if (created.ok() || in_doubt) {
      for (const auto& builder : builders_) builder->Published();
    }
    KALAM_TRY(created);
    KALAM_TRY(Reach(parts_, "restore: namespace created"));
    return result;
  }

 private:
  struct Restored {
    std::size_t table;
    std::string user;
    cold::ManifestChange::Added added;
  };

  Status TakeOver(const BackupFile& file) {
    const cold::ObjectName keys_name = KeysNameOf(file.name);
    KALAM_TRY_ASSIGN(const std::string keys, ReadWhole(source_, keys_name));
    if (cold::DigestOf(keys) != file.keys_sha256) {
      return Error(ErrorCode::kCorruption,
                   "file '" + keys_name.text() + "' of the backup is damaged");
    }
    KALAM_TRY_ASSIGN(SegmentNote note, DecodeSegmentNote(keys));
    const TableDef& def = manifest_.contents.tables[file.table].def;
    KALAM_TRY_ASSIGN(const cold::Placement place, parts_.storages.Place(def, file.user));
    KALAM_TRY_ASSIGN(const cold::ObjectStorePtr store,
                     parts_.storages.Open(place.storage_id, place.root));
    stores_.push_back(store);
    auto builder = std::make_unique<SegmentBuilder>(def, parts_.cold.engine(), *store,
                                                    parts_.garbage, parts_.clock);
    note.segment.sha256 = file.sha256;
    KALAM_TRY(builder->Adopt(*source_.LocalPath(file.name), std::move(note.segment),
                             std::move(note.filter)));
    KALAM_TRY_ASSIGN(cold::ManifestChange::Added added, builder->Store(place));
    added.hidden = std::move(note.hidden);
    builders_.push_back(std::move(builder));
    restored_.push_back({file.table, file.user, std::move(added)});
    return {};
  }

  // All partitions of one table. Files of a partition stand together, oldest first.
  Status Publish(std::size_t table, TableId id, kv::Batch& batch) {
    for (auto it = restored_.begin(); it != restored_.end();) {
      const auto end = std::find_if(it, restored_.end(), [&](const Restored& other) {
        return other.table != it->table || other.user != it->user;
      });
      if (it->table == table) {
        cold::ManifestChange change;
        for (auto one = it; one != end; ++one) {
          one->added.segment.id = cold::SegmentId(static_cast<std::uint64_t>(one - it) + 1);
          cold::Garbage::Settle(one->added.segment, batch);
          change.added.push_back(one->added);
        }
        KALAM_TRY(parts_.manifests.Publish(id, it->user, std::make_shared<const cold::Manifest>(), change, batch));
      }
      it = end;
    }
    return {};
  }

  const BackupParts& parts_;
  cold::ObjectStore& source_;
  const BackupManifest& manifest_;
  JobContext& context_;
  std::vector<cold::ObjectStorePtr> stores_;  // of the builders
  std::vector<std::unique_ptr<SegmentBuilder>>
      builders_;  // without Published their files go with them
  std::vector<Restored> restored_;
};

}  // namespace

Result<std::string> WriteBackup(const BackupParts& parts, const std::string& ns,
                                const std::filesystem::path& folder, JobContext& context) {
  const auto started = steady_clock::now();
  if (std::filesystem::exists(folder / BackupManifest::kName)) {
    // Cut off between its end and its record.
    if (const auto there = ReadManifest(folder); there.ok() && !there->job.empty() && there->job == context.id())
      return ResultOf(*there, folder, started);
    return Error(ErrorCode::kAlreadyExists,
                 "There is a backup at '" + folder.string() + "' already");
  }
  KALAM_TRY_ASSIGN(const auto target, cold::OpenFileStore(folder));
  KALAM_TRY_ASSIGN(const BackupManifest manifest, BackupWriter(parts, *target, context).Write(ns));
  return ResultOf(manifest, folder, started);
}

Result<std::string> RestoreBackup(const BackupParts& parts, const std::string& ns,
                                  const std::filesystem::path& folder, JobContext& context) {
  const auto started = steady_clock::now();
  KALAM_TRY_ASSIGN(const auto done, RestoreDone(parts, context.id()));
  if (done) return *done;
  KALAM_TRY_ASSIGN(const BackupManifest manifest, ReadManifest(folder));
  if (manifest.contents.document.name != ns) {
    return Error(ErrorCode::kInvalidArgument, "The backup at '" + folder.string() +
                                                  "' is of namespace '" +
                                                  manifest.contents.document.name + "'");
  }
  if (parts.catalog.HasNamespace(ns)) {
    return Error(ErrorCode::kAlreadyExists,
                 "Namespace '" + ns + "' already exists. Drop it before restoring.");
  }
  KALAM_TRY_ASSIGN(const auto source, cold::OpenFileStore(folder));
  return Restorer(parts, *source, manifest, context).Run(folder, started);
}

Result<BackupInfo> ReadBackupInfo(const std::filesystem::path& folder) {
  KALAM_TRY_ASSIGN(const BackupManifest manifest, ReadManifest(folder));
  return BackupInfo{.ns = manifest.contents.document.name,
                    .path = folder.string(),
                    .created_at = manifest.created_at,
                    .tables = manifest.contents.tables.size(),
                    .files = manifest.files.size(),
                    .bytes = manifest.total_bytes()};
}

}  // namespace kalam::jobs
