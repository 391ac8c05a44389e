#include "alter_table.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "backup_statements.h"
#include "job_statements.h"
#include "live_ddl.h"
#include "query/inspection.h"
#include "statement_context.h"
#include "statement_results.h"
#include "storages.h"
#include "table_folder.h"
#include "table_stats.h"
#include "user_statements.h"

namespace kalam::exec {
namespace {

using auth::Action;
using auth::Object;
using auth::ObjectKind;
using catalog::DdlOutcome;

constexpr std::string_view kDefaultNamespace = "default";

Action CreateAction(TableKind kind) {
  switch (kind) {
    case TableKind::kUser:
      return Action::kCreateUserTable;
    case TableKind::kShared:
      return Action::kCreateSharedTable;
    case TableKind::kStream:
      return Action::kCreateStreamTable;
  }
  return Action::kCreateSharedTable;
}

std::string_view CreatedMessage(TableKind kind) {
  switch (kind) {
    case TableKind::kUser:
      return "User table created successfully";
    case TableKind::kShared:
      return "Table created successfully";
    case TableKind::kStream:
      return "Stream table created successfully";
  }
  return "Table created successfully";
}

TableDef DefinitionOf(const sql::TableSpec& spec, const StatementContext& context) {
  TableDef table;
  table.name = spec.name.Resolve(kDefaultNamespace);
  table.kind = spec.kind;
  table.owner = context.who.user_id.text();
  table.columns = spec.columns;
  table.primary_key = spec.primary_key;
  if (spec.access) table.access = *spec.access;
  if (spec.storage_id) table.storage_id = *spec.storage_id;
  table.use_user_storage = spec.use_user_storage;
  if (spec.kind != TableKind::kStream) {
    table.flush = spec.flush ? *spec.flush : context.options.default_flush;
    table.deleted_retention_hours =
        spec.deleted_retention ? spec.deleted_retention->hours : context.options.deleted_retention_hours;
  } else {
    table.ttl_seconds = spec.ttl_seconds;
    table.max_buffer = spec.max_buffer ? *spec.max_buffer : context.options.default_max_buffer;
  }
  if (spec.sharding) {
    const std::string& strategy = spec.sharding->strategy;
    table.sharding = strategy.empty() ? context.options.default_sharding : strategy;
    if (spec.sharding->shards) table.sharding += " " + std::to_string(*spec.sharding->shards);
  }
  return table;
}

std::string OptionJson(const sql::AlterNamespace::OptionValue& value) {
  std::string out;
  JsonWriter json(out);
  std::visit(
      [&](const auto& one) {
        using T = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<T, std::string>) json.String(one);
        if constexpr (std::is_same_v<T, std::int64_t>) json.Int(one);
        if constexpr (std::is_same_v<T, double>) json.Double(one);
        if constexpr (std::is_same_v<T, bool>) json.Bool(one);
      },
      value);
  return out;
}

// One overload per statement of sql::KalamStatement.
class Handler {
 public:
  explicit Handler(StatementContext& context) : context_(context) {}

  Status operator()(const sql::NotOurs&) const {
    return Error(ErrorCode::kInternal, "not a KalamDB statement");
  }

  Status operator()(const sql::Begin&) const {
    if (context_.transaction) {
      return Error(ErrorCode::kInvalidArgument,
                   "ERROR: there is already a transaction in progress");
    }
    const auto& limits = context_.options.limits;
    const Services& services = context_.services;
    context_.transaction.emplace(
        services.catalog, services.reader, services.writer, context_.WriteSnapshot(),
        Transaction::Bounds{limits.transaction_memory,
                            std::chrono::steady_clock::now() + limits.transaction_timeout});
    return Done(context_, "Transaction started");
  }

  Status operator()(const sql::Commit&) const {
    if (!context_.transaction) return NoTransaction("COMMIT");
    Transaction transaction = *std::move(context_.transaction);
    context_.transaction.reset();
    KALAM_TRY(Done(context_, "Transaction committed"));
    Status status = Commit(transaction);
    if (!status.ok()) context_.response.DropLastResult();
    return status;
  }

  Status operator()(const sql::Rollback&) const {
    if (!context_.transaction) return NoTransaction("ROLLBACK");
    context_.transaction.reset();
    return Done(context_, "Transaction rolled back");
  }

  Status operator()(const sql::AlterNamespace& statement) const {
    KALAM_TRY(Authorize(Action::kAlterNamespace));
    std::vector<std::pair<std::string, std::string>> options;
    for (const auto& [key, value] : statement.options) options.emplace_back(key, OptionJson(value));
    KALAM_TRY(catalog().SetNamespaceOptions(statement.name, options));
    return Done(context_, "Namespace '" + statement.name + "' updated successfully");
  }

  Status operator()(const sql::CreateUser& statement) const {
    return RunUserStatement(statement, context_);
  }
  Status operator()(const sql::AlterUser& statement) const {
    return RunUserStatement(statement, context_);
  }
  Status operator()(const sql::DropUser& statement) const {
    return RunUserStatement(statement, context_);
  }
  Status operator()(const sql::CreateApiKey& statement) const {
    return RunUserStatement(statement, context_);
  }
  Status operator()(const sql::DropApiKey& statement) const {
    return RunUserStatement(statement, context_);
  }
  Status operator()(const sql::ShowApiKeys& statement) const {
    return RunUserStatement(statement, context_);
  }
  Status operator()(const sql::GrantAccess& statement) const {
    return RunUserStatement(statement, context_);
  }
  Status operator()(const sql::RevokeAccess& statement) const {
    return RunUserStatement(statement, context_);
  }
  Status operator()(const sql::CreateStorage& statement) const { return RunCreateStorage(statement, context_); }
  Status operator()(const sql::AlterStorage& statement) const { return RunAlterStorage(statement, context_); }
  Status operator()(const sql::DropStorage& statement) const { return RunDropStorage(statement, context_); }
  Status operator()(const sql::ShowStorages&) const {
    KALAM_TRY(Authorize(Action::kShowStorages));
    return Show(query::ShowStorages(catalog(), context_.services.system_tables), context_);
  }
  Status operator()(const sql::ShowTableStats& statement) const {
    KALAM_TRY_ASSIGN(const TableDefPtr table, FindVisible(statement.name));
    KALAM_TRY_ASSIGN(const query::Listing stats, TableStats(*table, context_));
    return Show(stats, context_);
  }

  Status operator()(const sql::AlterTable& statement) const { return RunAlterTable(statement, context_); }

  Status operator()(const sql::CreateNamespace& statement) const {
    KALAM_TRY(Authorize(Action::kCreateNamespace));
    KALAM_TRY_ASSIGN(const DdlOutcome outcome,
                     catalog().CreateNamespace(statement.name, statement.if_not_exists));
    return Done(context_,
                "Namespace '" + statement.name +
                    (outcome == DdlOutcome::kDone ? "' created successfully" : "' already exists"));
  }

  Status operator()(const sql::DropNamespace& statement) const {
    KALAM_TRY(Authorize(Action::kDropNamespace));
    const auto tables = catalog().ListTables(statement.name);
    if (statement.cascade) {
      for (const TableDefPtr& table : tables) KALAM_TRY(CheckNotFollowed(*table, context_));
    }
    cold::Garbage::Dropped files;
    KALAM_TRY_ASSIGN(const DdlOutcome outcome,
                     catalog().DropNamespace(statement.name, {.if_exists = statement.if_exists,
                                                              .cascade = statement.cascade,
                                                              .also = ThrowAwayFiles(files)}));
    if (outcome == DdlOutcome::kDone) {
      for (const TableDefPtr& table : tables) {
        context_.services.live.TableDropped(table->id);
        RemoveFolder(*table);
      }
      SweepFiles(files);
    }
    return Done(context_,
                "Namespace '" + statement.name +
                    (outcome == DdlOutcome::kDone ? "' dropped successfully" : "' does not exist"));
  }

  Status operator()(const sql::ShowNamespaces&) const {
    KALAM_TRY(Authorize(Action::kShowNamespaces));
    return Show(query::ShowNamespaces(catalog()), context_);
  }

  Status operator()(const sql::ClearCache&) const {
    KALAM_TRY(Authorize(Action::kClearCache));
    const auto sessions = static_cast<std::int64_t>(context_.services.sessions.Clear());
    const auto plans = static_cast<std::int64_t>(context_.services.engine.ClearPlans());
    const std::string message =
        "Cache cleared: session=" + std::to_string(sessions) + ", query_plan=" + std::to_string(plans);
    const wire::ResultShape shape({{"cache", DataType::kText}, {"entries_cleared", DataType::kBigInt}});
    context_.response.BeginRows(shape);
    KALAM_TRY(context_.response.Row(std::vector{Datum::Text("session"), Datum::Int(sessions)}));
    KALAM_TRY(context_.response.Row(std::vector{Datum::Text("query_plan"), Datum::Int(plans)}));
    context_.response.EndRows({.message = message});
    return {};
  }

  Status operator()(const sql::CreateTable& statement) const {
    KALAM_TRY(Authorize(CreateAction(statement.spec.kind)));
    TableDef table = DefinitionOf(statement.spec, context_);
    const std::string name = table.name.ToString();
    TableFolder folder;
    const auto prepare = [&](const TableDef& def, const catalog::Storage& storage) -> Status {
      if (def.kind != TableKind::kShared || storage.type != catalog::StorageType::kFilesystem) return {};
      KALAM_TRY_ASSIGN(const std::string path, catalog().SharedTablePath(def, storage));
      return folder.Create(path);
    };
    KALAM_TRY_ASSIGN(const auto created,
                     catalog().CreateTable(std::move(table), statement.spec.if_not_exists, prepare));
    folder.Keep();
    if (created.outcome == DdlOutcome::kSkipped) return Done(context_, "Table " + name + " already exists (skipped)");
    return Done(context_, std::string(CreatedMessage(statement.spec.kind)));
  }

  Status operator()(const sql::DropTable& statement) const {
    const TableName name = statement.name.Resolve(kDefaultNamespace);
    const TableDefPtr table = catalog().FindTable(name.ns, name.table);
    if (!table && !statement.if_exists) {
      return sql::RelationDoesNotExist(context_.options.error_style, name.ToString());
    }
    std::optional<TableId> id;
    if (table) {
      KALAM_TRY(AuthorizeTable(catalog(), context_.who, Action::kDropTable, *table));
      KALAM_TRY(CheckNotFollowed(*table, context_));
      id = table->id;
    }
    cold::Garbage::Dropped files;
    KALAM_TRY_ASSIGN(
        const auto dropped,
        catalog().DropTable(
            name,
            {.if_exists = statement.if_exists, .kind = statement.kind, .id = id, .also = ThrowAwayFiles(files)}));
    if (dropped.outcome == DdlOutcome::kSkipped) {
      return Done(context_, "Table " + name.ToString() + " does not exist (skipped)");
    }
    context_.services.live.TableDropped(dropped.table->id);
    if (dropped.table->kind == TableKind::kStream)
      context_.services.streams.Drop(dropped.table->id);
    RemoveFolder(*dropped.table);
    SweepFiles(files);
    return Done(context_, "Table " + name.ToString() + " dropped successfully (" + std::to_string(files.files) +
                              " Parquet files deleted, " + std::to_string(files.bytes) + " bytes freed)");
  }

  Status operator()(const sql::SubscribeTo& statement) const { return RunSubscribeTo(statement, context_); }
  Status operator()(const sql::KillLiveQuery& statement) const { return RunKillLiveQuery(statement, context_); }
  Status operator()(const sql::BackupNamespace& statement) const { return RunBackup(statement, context_); }
  Status operator()(const sql::RestoreNamespace& statement) const { return RunRestore(statement, context_); }
  Status operator()(const sql::ShowBackups& statement) const { return RunShowBackups(statement, context_); }
  Status operator()(const sql::FlushTable& statement) const { return RunFlushTable(statement, context_); }
  Status operator()(const sql::FlushAllTables& statement) const { return RunFlushAllTables(statement, context_); }
  Status operator()(const sql::KillJob& statement) const { return RunKillJob(statement, context_); }

  Status operator()(const sql::ShowTables& statement) const {
    KALAM_TRY(Authorize(Action::kShowTables));
    const bool system = statement.ns && query::SystemTables::IsSystemSchema(*statement.ns);
    if (statement.ns && !system && !catalog().HasNamespace(*statement.ns)) {
      return Error(ErrorCode::kNotFound, "Namespace '" + *statement.ns + "' does not exist");
    }
    return Show(query::ShowTables(catalog(), context_.services.system_tables, statement.ns,
                                  ViewerOf(catalog(), context_.who)),
                context_);
  }

  Status operator()(const sql::DescribeTable& statement) const {
    const TableName name = statement.name.Resolve(kDefaultNamespace);
    if (query::SystemTables::IsSystemSchema(name.ns)) return DescribeSystem(name);
    KALAM_TRY_ASSIGN(const TableDefPtr table, FindVisible(statement.name));
    return Show(statement.history ? query::DescribeHistory(catalog(), *table) : query::Describe(*table), context_);
  }

 private:
  // Adds the table's segments to its drop, and counts them.
  catalog::Catalog::AddToDrop ThrowAwayFiles(cold::Garbage::Dropped& all) const {
    if (context_.services.garbage == nullptr) return {};
    return [this, &all](const TableDef& table, std::optional<std::string_view> user, kv::Batch& batch) -> Status {
      KALAM_TRY_ASSIGN(const auto dropped,
                       context_.services.garbage->AddAllOf(table.id, user, context_.now, batch));
      all.files += dropped.files;
      all.bytes += dropped.bytes;
      return {};
    };
  }

  // The drop is done whatever comes of it: what is not deleted now is deleted in the background.
  void SweepFiles(const cold::Garbage::Dropped& dropped) const {
    if (dropped.files == 0) return;
    const Status swept = context_.services.garbage->Sweep(context_.services.clock.NowMicros(),
                                                          std::min(context_.deadline, SweepUntil()));
    if (!swept.ok()) log::Warn("exec", "files of dropped tables not deleted yet: " + swept.error().message());
  }
  static std::chrono::steady_clock::time_point SweepUntil() {
    return std::chrono::steady_clock::now() + std::chrono::seconds(5);
  }

  // The folder that CREATE SHARED TABLE made, if nothing is in it.
  void RemoveFolder(const TableDef& table) const {
    const auto storage = catalog().FindStorage(table.storage_id);
    if (table.kind != TableKind::kShared || !storage || storage->type != catalog::StorageType::kFilesystem) return;
    const auto path = catalog().SharedTablePath(table, *storage);
    std::error_code not_empty;
    if (path.ok()) std::filesystem::remove(*path, not_empty);
  }

  // A table that the caller may not see is told apart from a missing one by nothing.
  Result<TableDefPtr> FindVisible(const sql::TableRef& written) const {
    const TableName name = written.Resolve(kDefaultNamespace);
    TableDefPtr table = catalog().FindTable(name.ns, name.table);
    if (table && IsVisibleTable(catalog(), context_.who, *table)) return table;
    return Error(ErrorCode::kNotFound, "Table '" + (written.ns ? name.ToString() : name.table) + "' not found");
  }

  Status DescribeSystem(const TableName& name) const {
    const query::SystemTable* table = context_.services.system_tables.Find(name.ns, name.table);
    if (!table || !query::MayRead(ViewerOf(catalog(), context_.who), *table)) {
      return Error(ErrorCode::kNotFound, "Table '" + name.ToString() + "' not found");
    }
    return Show(query::Describe(*table), context_);
  }

  // Its result is in the answer: what is stored with the rows is complete.
  Status Commit(Transaction& transaction) const {
    std::optional<table::CommitNote> note;
    if (context_.ticket) {
      KALAM_TRY_ASSIGN(note, context_.ticket->Note(context_.response.results()));
    }
    auto receipt = transaction.Commit(note ? &*note : nullptr);
    context_.Observe(receipt.durable_after);
    if (note && receipt.status.ok() && receipt.affected_rows > 0) context_.ticket->Committed();
    return std::move(receipt.status);
  }

  static Status NoTransaction(std::string_view statement) {
    return Error(
        ErrorCode::kInvalidArgument,
        "ERROR: " + std::string(statement) + " without BEGIN: there is no transaction in progress");
  }
  catalog::Catalog& catalog() const { return context_.services.catalog; }
  Status Authorize(Action action) const {
    return auth::Authorize(context_.who, action, Object{.kind = ObjectKind::kServer});
  }

  StatementContext& context_;
};

}  // namespace

Status RunKalamStatement(const sql::KalamStatement& statement, StatementContext& context) {
  return std::visit(Handler(context), statement);
}

}  // namespace kalam::exec
