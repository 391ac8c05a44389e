#include "backup_statements.h"

#include "jobs/backup_service.h"
#include "model/ids.h"

#include <string>
#include <vector>

namespace kalam::exec {
namespace {

Result<jobs::BackupService*> BackupsOf(const StatementContext& context) {
  if (context.services.backups == nullptr)
    return Error(ErrorCode::kUnsupported, "there are no backups here");
  return context.services.backups;
}

Status AuthorizeServer(const StatementContext& context, auth::Action action) {
  return auth::Authorize(context.who, action, auth::Object{.kind = auth::ObjectKind::kServer});
}

Result<std::filesystem::path> PlaceOf(const StatementContext& context, const std::string& path) {
  KALAM_TRY_ASSIGN(const jobs::BackupService* backups, BackupsOf(context));
  return backups->PlaceOf(path, auth::IsAdmin(context.who.role));
}

Status AppendJob(const jobs::Job& job, const std::string& message, StatementContext& context) {
  static const wire::ResultShape shape({{"job_id", DataType::kText},
                                        {"namespace", DataType::kText},
                                        {"path", DataType::kText},
                                        {"status", DataType::kText}});
  wire::SqlResponseWriter& response = context.response;
  response.BeginRows(shape);
  response.BeginRow();
  response.TextCell(job.id);
  response.TextCell(job.ns);
  response.TextCell(job.parameters.size() == 2 ? job.parameters[1] : "");
  response.TextCell(jobs::ToString(job.status));
  KALAM_TRY(response.EndRow());
  response.EndRows({.message = message});
  return {};
}

}  // namespace

Status RunBackup(const sql::BackupNamespace& statement, StatementContext& context) {
  KALAM_TRY(AuthorizeServer(context, auth::Action::kBackup));
  KALAM_TRY_ASSIGN(jobs::BackupService * backups, BackupsOf(context));
  KALAM_TRY_ASSIGN(const std::filesystem::path place, PlaceOf(context, statement.path));
  if (!context.services.catalog.HasNamespace(statement.ns)) {
    if (!statement.if_exists)
      return Error(ErrorCode::kNotFound, "Namespace '" + statement.ns + "' not found");
    context.response.AddOutcome(0, "Namespace '" + statement.ns + "' does not exist (skipped)");
    return {};
  }
  KALAM_TRY_ASSIGN(const jobs::Job job, backups->Backup(statement.ns, place));
  return AppendJob(job, "Backup started for namespace '" + statement.ns + "'. Job ID: " + job.id,
                   context);
}

Status RunRestore(const sql::RestoreNamespace& statement, StatementContext& context) {
  KALAM_TRY(AuthorizeServer(context, auth::Action::kRestore));
  KALAM_TRY_ASSIGN(jobs::BackupService * backups, BackupsOf(context));
  KALAM_TRY_ASSIGN(const std::filesystem::path place, PlaceOf(context, statement.path));
  if (context.services.catalog.HasNamespace(statement.ns)) {
    if (!statement.if_not_exists) {
      return Error(ErrorCode::kAlreadyExists,
                   "Namespace '" + statement.ns + "' already exists. Drop it before restoring.");
    }
    context.response.AddOutcome(0, "Namespace '" + statement.ns + "' already exists (skipped)");
    return {};
  }
  KALAM_TRY(CheckNamespaceName(statement.ns));  // `system` is no namespace to restore, whatever a manifest says
  KALAM_TRY_ASSIGN(const jobs::Job job, backups->Restore(statement.ns, place));
  return AppendJob(job, "Restore started for namespace '" + statement.ns + "'. Job ID: " + job.id,
                   context);
}

Status RunShowBackups(const sql::ShowBackups& statement, StatementContext& context) {
  KALAM_TRY(AuthorizeServer(context, auth::Action::kBackup));
  KALAM_TRY_ASSIGN(const jobs::BackupService* backups, BackupsOf(context));
  std::vector<jobs::BackupInfo> list;
  if (statement.ns) {
    KALAM_TRY_ASSIGN(list, backups->List(*statement.ns));
  } else {
    KALAM_TRY_ASSIGN(const std::filesystem::path place, PlaceOf(context, *statement.path));
    KALAM_TRY_ASSIGN(jobs::BackupInfo info, jobs::ReadBackupInfo(place));
    list.push_back(std::move(info));
  }
  static const wire::ResultShape shape({{"namespace", DataType::kText},
                                        {"path", DataType::kText},
                                        {"created_at", DataType::kTimestamp},
                                        {"tables_count", DataType::kBigInt},
                                        {"files_count", DataType::kBigInt},
                                        {"total_bytes", DataType::kBigInt}});
  wire::SqlResponseWriter& response = context.response;
  response.BeginRows(shape);
  for (const jobs::BackupInfo& info : list) {
    response.BeginRow();
    response.TextCell(info.ns);
    response.TextCell(info.path);
    response.Cell(Datum::Int(info.created_at));
    response.IntCell(static_cast<std::int64_t>(info.tables));
    response.IntCell(static_cast<std::int64_t>(info.files));
    response.IntCell(static_cast<std::int64_t>(info.bytes));
    KALAM_TRY(response.EndRow());
  }
  response.EndRows({});
  return {};
}

}  // namespace kalam::exec
