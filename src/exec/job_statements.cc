#include "job_statements.h"

#include <string>
#include <vector>

namespace kalam::exec {
namespace {

Status AppendJobs(const std::vector<jobs::Job>& started, std::string message,
                  StatementContext& context) {
  static const wire::ResultShape shape({{"job_id", DataType::kText},
                                        {"namespace", DataType::kText},
                                        {"table_name", DataType::kText},
                                        {"status", DataType::kText}});
  wire::SqlResponseWriter& response = context.response;
  response.BeginRows(shape);
  for (const jobs::Job& job : started) {
    response.BeginRow();
    response.TextCell(job.id);
    response.TextCell(job.ns);
    response.TextCell(job.table.value_or(""));
    response.TextCell(jobs::ToString(job.status));
    KALAM_TRY(response.EndRow());
  }
  response.EndRows({.message = message});
  return {};
}

std::string Joined(const std::vector<jobs::Job>& started) {
  std::string ids;
  for (const jobs::Job& job : started) ids += (ids.empty() ? "" : ", ") + job.id;
  return ids;
}

}  // namespace

Status RunFlushTable(const sql::FlushTable& statement, StatementContext& context) {
  const std::string ns = statement.name.ns.value_or("");
  const catalog::Catalog& catalog = context.services.catalog;
  if (!catalog.HasNamespace(ns))
    return Error(ErrorCode::kNotFound, "Namespace '" + ns + "' does not exist");
  const std::string name = ns + "." + statement.name.table;
  const TableDefPtr table = catalog.FindTable(ns, statement.name.table);
  if (!table) return Error(ErrorCode::kNotFound, "Table '" + name + "' does not exist");
  if (table->kind == TableKind::kStream) {
    return Error(
        ErrorCode::kInvalidArgument,
        "Cannot flush stream table '" + name + "'. Only user and shared tables support flushing.");
  }
  KALAM_TRY(AuthorizeTable(catalog, context.who, auth::Action::kFlushTable, *table));
  KALAM_TRY_ASSIGN(const jobs::Job job, context.services.flush.Flush(*table));
  return AppendJobs({job}, "Flush started for table '" + name + "'. Job ID: " + job.id, context);
}

Status RunFlushAllTables(const sql::FlushAllTables& statement, StatementContext& context) {
  KALAM_TRY(auth::Authorize(context.who, auth::Action::kFlushAllTables,
                            auth::Object{.kind = auth::ObjectKind::kServer}));
  const catalog::Catalog& catalog = context.services.catalog;
  if (statement.ns && !catalog.HasNamespace(*statement.ns)) {
    return Error(ErrorCode::kNotFound, "Namespace '" + *statement.ns + "' does not exist");
  }
  std::vector<jobs::Job> started;
  for (const TableDefPtr& table : catalog.ListTables(statement.ns)) {
    if (table->kind == TableKind::kStream) continue;
    KALAM_TRY_ASSIGN(const bool hot, context.services.flush.HasHotRows(table->id));
    if (!hot) continue;
    KALAM_TRY_ASSIGN(started.emplace_back(), context.services.flush.Flush(*table));
  }
  const std::string where = statement.ns ? " in namespace '" + *statement.ns + "'" : "";
  if (started.empty()) {
    return AppendJobs(started, "No user tables found" + where + " to flush", context);
  }
  return AppendJobs(started,
                    "Flush started for " + std::to_string(started.size()) + " table(s)" + where +
                        ". Job IDs: [" + Joined(started) + "]",
                    context);
}

Status RunKillJob(const sql::KillJob& statement, StatementContext& context) {
  KALAM_TRY_ASSIGN(const auto job, context.services.jobs.Find(statement.job_id));
  // Who may kill no job learns nothing of which there are.
  const std::string type(job ? jobs::ToString(job->type) : "flush");
  KALAM_TRY(auth::Authorize(context.who, auth::Action::kKillJob,
                            auth::Object{.kind = auth::ObjectKind::kSystemJobs, .name = type}));
  if (!job) return Error(ErrorCode::kNotFound, "Job not found: " + statement.job_id);
  KALAM_TRY(context.services.jobs.Cancel(statement.job_id));
  context.response.AddOutcome(0, "Job '" + statement.job_id + "' cancelled successfully");
  return {};
}

}  // namespace kalam::exec
