#include "duck/engine.h"

#include <algorithm>

#include "base/log.h"
#include "bounded_functions.h"
#include "counted_allocator.h"
#include "engine_impl.h"
#include "freed_buffers.h"
#include "guarded_functions.h"
#include "id_functions.h"
#include "result_bounds.h"
#include "result_reader.h"
#include "row_binder.h"
#include "scan_function.h"
#include "types.h"

#include <duckdb/main/valid_checker.hpp>

namespace kalam::duck {
namespace {

constexpr std::string_view kEngineVersion = "v1.4.4";  // the headers this module is compiled with

StatementKind KindOf(const duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case duckdb::StatementType::SELECT_STATEMENT: return StatementKind::kSelect;
    case duckdb::StatementType::INSERT_STATEMENT: return StatementKind::kInsert;
    case duckdb::StatementType::UPDATE_STATEMENT: return StatementKind::kUpdate;
    case duckdb::StatementType::DELETE_STATEMENT: return StatementKind::kDelete;
    case duckdb::StatementType::EXPLAIN_STATEMENT: return StatementKind::kExplain;
    default: return StatementKind::kOther;
  }
}

// `INSERT_STATEMENT` and the like as users know them: `COPY`, `ATTACH`.
std::string NameOf(const duckdb::SQLStatement& statement) {
  std::string name = duckdb::StatementTypeToString(statement.type);
  if (const auto at = name.find("_STATEMENT"); at != std::string::npos) name.resize(at);
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

}  // namespace

ParsedStatement::ParsedStatement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParsedStatement::ParsedStatement(ParsedStatement&&) noexcept = default;
ParsedStatement& ParsedStatement::operator=(ParsedStatement&&) noexcept = default;
ParsedStatement::~ParsedStatement() = default;

StatementKind ParsedStatement::kind() const { return impl_->kind; }
std::string_view ParsedStatement::other_name() const { return impl_->name; }
const std::vector<std::string>& ParsedStatement::columns() const { return impl_->columns; }
TableReference ParsedStatement::target() const { return impl_->target; }

TableReference ParsedStatement::source() const {
  if (kind() != StatementKind::kSelect || !impl_->statement) return {};
  const auto& node = *impl_->statement->Cast<duckdb::SelectStatement>().node;
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return {};
  const auto& from = node.Cast<duckdb::SelectNode>().from_table;
  if (!from || from->type != duckdb::TableReferenceType::BASE_TABLE) return {};
  return ReferenceTo(*from);
}

bool ParsedStatement::default_values() const {
  return impl_->kind == StatementKind::kInsert && impl_->statement &&
         impl_->statement->Cast<duckdb::InsertStatement>().default_values;
}

std::unique_ptr<Session> Engine::Impl::Acquire(std::uint64_t plan) {
  std::shared_ptr<duckdb::DuckDB> current;
  {
    const std::lock_guard lock(pool_mutex);
    current = database;
    if (!idle.empty()) {
      auto chosen = idle.end() - 1;
      for (auto it = idle.end(); plan != 0 && it != idle.begin();) {
        if (!(*--it)->Has(plan)) continue;
        chosen = it;
        break;
      }
      auto session = std::move(*chosen);
      idle.erase(chosen);
      return session;
    }
  }
  return std::make_unique<Session>(*current);
}

void Engine::Impl::Release(std::unique_ptr<Session> session, const MemoryUse& use) {
  // A statement that held more leaves memory behind that is worth giving back at once.
  constexpr std::uint64_t kLargeBytes = std::uint64_t{32} << 20;
  if (!session->NoteHeld(use.held_bytes)) {
    session.reset();
  } else {
    Keep(std::move(session));
  }
  if (use.peak_bytes >= kLargeBytes) GiveBackFreedMemory();
}

void Engine::Impl::Keep(std::unique_ptr<Session> session) {
  duckdb::DatabaseInstance& used = *session->connection().context->db;
  const bool broken = duckdb::ValidChecker::IsInvalidated(used);
  const std::lock_guard lock(pool_mutex);
  if (database->instance.get() != &used) return;  // of an instance that was given up meanwhile
  if (!broken) {
    idle.push_back(std::move(session));
    return;
  }
  log::Error("duck", "the query engine broke down in a statement; it goes on with a new instance");
  try {
    database = OpenDatabase();
    idle.clear();
  } catch (const std::exception& e) {
    log::Error("duck", std::string("no new instance of the query engine: ") + e.what());
  }
}

std::size_t Engine::Impl::ClearPlans() {
  const std::size_t cleared = cache.Clear();
  std::vector<std::unique_ptr<Session>> sessions;  // those at work keep theirs until they push them out
  {
    const std::lock_guard lock(pool_mutex);
    sessions.swap(idle);
  }
  return cleared;
}

Status Engine::Impl::Deliver(duckdb::unique_ptr<duckdb::PendingQueryResult> pending, const std::string& text,
                             RowSink& sink) const {
  if (pending->HasError()) return ToError(pending->GetErrorObject(), options.texts, text);
  auto result = pending->Execute();
  if (result->HasError()) return ToError(result->GetErrorObject(), options.texts, text);
  {
    const MemoryBudget::Pause pause;
    KALAM_TRY(sink.OnColumns(DescribeOutput(result->names, result->types)));
  }
  ResultReader reader(result->types);
  while (true) {
    duckdb::unique_ptr<duckdb::DataChunk> chunk;
    duckdb::ErrorData error;
    if (!result->TryFetch(chunk, error)) return ToError(error, options.texts, text);
    if (!chunk || chunk->size() == 0) return {};
    KALAM_TRY(reader.Read(*chunk, sink));
  }
}

std::shared_ptr<duckdb::DuckDB> Engine::Impl::OpenDatabase() {
  duckdb::DBConfig config;
  config.allocator = CountedAllocator::Make();
  config.SetOptionByName("enable_external_access", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("threads", duckdb::Value::BIGINT(1));
  config.SetOptionByName("memory_limit", duckdb::Value(std::to_string(options.memory_limit_bytes) + "B"));
  config.options.use_temporary_directory = false;  // queries never spill to disk
  config.options.temporary_directory = "";
  config.SetOptionByName("default_null_order", duckdb::Value("nulls_last_on_asc_first_on_desc"));  // as PostgreSQL
  auto opened = std::make_shared<duckdb::DuckDB>(nullptr, &config);

  duckdb::DBConfig::GetConfig(*opened->instance).optimizer_extensions.push_back(ParameterKeeper(plans_made));
  duckdb::ExtensionLoader loader(*opened->instance, "kalam");
  RegisterScanFunction(loader);
  RegisterIdFunctions(loader);
  const SizeLimits limits{options.max_list_elements, options.max_string_bytes};
  RegisterBoundedFunctions(loader, limits);
  RegisterResultBounds(loader, limits);
  GuardFunctions(*opened->instance, limits);

  duckdb::Connection setup(*opened);
  for (const char* setting : {"SET GLOBAL TimeZone='UTC'", "SET GLOBAL lock_configuration=true"}) {
    const auto set = setup.Query(setting);
    if (set->HasError()) set->ThrowError();
  }
  return opened;
}

Result<std::unique_ptr<Engine>> Engine::Open(EngineOptions options) try {
  if (duckdb::DuckDB::LibraryVersion() != kEngineVersion) {
    return Error(ErrorCode::kInternal, std::string("libduckdb is ") + duckdb::DuckDB::LibraryVersion() +
                                           ", built for " + std::string(kEngineVersion));
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  CountedAllocator::Install();
  MemoryBudget::SetCommonLimit(impl->options.memory_limit_bytes);
  impl->database = impl->OpenDatabase();
  impl->plans_made = 0;  // those were ours
  impl->row_context = std::make_shared<RowContext>(*impl->database, impl->options.texts);
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
} catch (const std::exception& e) {
  return Error(ErrorCode::kInternal, std::string("start the query engine: ") + e.what());
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

PlanCache& Engine::plan_cache() { return impl_->cache; }
std::size_t Engine::ClearPlans() { return impl_->ClearPlans(); }
void Engine::ForgetFreedBuffers() {
  const auto database = [this] {
    const std::lock_guard lock(impl_->pool_mutex);
    return impl_->database;
  }();
  duck::ForgetFreedBuffers(*database->instance);
}
void Engine::GiveBackFreedMemory() {
  duckdb::Allocator::FlushAll();
  MemoryBudget::GiveBackAllFreedMemory();
}

std::uint64_t Engine::plans_made() const { return impl_->plans_made; }

Result<ParsedStatement> Engine::Parse(std::string_view sql) const {
  auto parsed = std::make_unique<ParsedStatement::Impl>();
  parsed->text = sql;
  KALAM_TRY(impl_->ParseTree(sql, *parsed));
  return ParsedStatement(std::move(parsed));
}

Status Engine::Impl::ParseTree(std::string_view sql, ParsedStatement::Impl& parsed) const {
  // The engine's scanner would stop there, and parse less than what was checked.
  if (sql.find('\0') != std::string_view::npos) {
    return Error(ErrorCode::kSyntax, "ERROR: SQL text contains a NUL character");
  }
  try {
    duckdb::ParserOptions parser_options;
    parser_options.integer_division = true;  // 7 / 2 is 3, as in PostgreSQL
    duckdb::Parser parser(parser_options);
    parser.ParseQuery(std::string(sql));
    if (parser.statements.size() != 1) {
      return Error(ErrorCode::kSyntax, "ERROR: expected one statement");
    }
    parsed.statement = std::move(parser.statements[0]);
  } catch (const std::exception& e) {
    return ToError(e, options.texts, sql);
  }
  parsed.kind = KindOf(*parsed.statement);
  parsed.name = NameOf(*parsed.statement);
  parsed.columns.clear();
  parsed.conflict_columns.clear();
  switch (parsed.kind) {
    case StatementKind::kInsert: {
      auto& insert = parsed.statement->Cast<duckdb::InsertStatement>();
      parsed.target = ReferenceTo(insert.catalog, insert.schema, insert.table);
      for (auto& column : insert.columns) parsed.columns.push_back(column);
      if (!insert.on_conflict_info) break;
      for (auto& column : insert.on_conflict_info->indexed_columns) {
        parsed.conflict_columns.push_back(duckdb::StringUtil::Lower(column));
      }
      break;
    }
    case StatementKind::kUpdate: {
      auto& update = parsed.statement->Cast<duckdb::UpdateStatement>();
      parsed.target = ReferenceTo(*update.table);
      for (auto& column : update.set_info->columns) parsed.columns.push_back(column);
      break;
    }
    case StatementKind::kDelete:
      parsed.target = ReferenceTo(*parsed.statement->Cast<duckdb::DeleteStatement>().table);
      break;
    default: break;
  }
  return {};
}

std::optional<ParsedStatement> Engine::Recall(const StatementText& text) {
  if (text.key.empty()) return std::nullopt;
  PlanPtr plan = impl_->cache.Find(text.key);
  if (!plan || plan->needs_constants) return std::nullopt;
  auto parsed = std::make_unique<ParsedStatement::Impl>();
  parsed->SetText(text);
  parsed->kind = plan->kind;
  parsed->target = plan->target;
  parsed->columns = plan->columns;
  parsed->plan = std::move(plan);
  return ParsedStatement(std::move(parsed));
}

Result<ParsedStatement> Engine::Parse(const StatementText& text) {
  if (auto recalled = Recall(text)) return *std::move(recalled);
  auto parsed = std::make_unique<ParsedStatement::Impl>();
  parsed->SetText(text);
  if (!text.key.empty()) {
    const PlanPtr known = impl_->cache.Find(text.key);
    if (known && known->needs_constants) parsed->key.clear();
    // What only the original can be, and what it says when it is wrong, is the original's affair.
    if (!parsed->key.empty() && (!impl_->ParseTree(text.normalised, *parsed).ok() || !parsed->MayHavePlan())) {
      parsed->key.clear();
    }
  }
  if (parsed->key.empty()) KALAM_TRY(impl_->ParseTree(text.sql, *parsed));
  return ParsedStatement(std::move(parsed));
}

Status Engine::Select(ParsedStatement statement, const QueryContext& context, RowSink& sink) {
  if (statement.impl_->kind == StatementKind::kExplain) return impl_->Explain(*statement.impl_, context, sink);
  return impl_->RunRows(*statement.impl_, context, {}, sink);
}

Status Engine::InsertRows(ParsedStatement statement, const QueryContext& context,
                          std::span<const DataType> types, RowSink& sink) {
  return impl_->RunRows(*statement.impl_, context, {.columns = {}, .types = types}, sink);
}

Status Engine::UpdateRows(ParsedStatement statement, const QueryContext& context,
                          std::span<const std::string> columns, std::span<const DataType> types,
                          RowSink& sink) {
  return impl_->RunRows(*statement.impl_, context, {.columns = columns, .types = types}, sink);
}

Status Engine::DeleteRows(ParsedStatement statement, const QueryContext& context,
                          std::span<const std::string> columns, bool with_seq, RowSink& sink) {
  return impl_->RunRows(*statement.impl_, context, {.columns = columns, .types = {}, .with_seq = with_seq}, sink);
}

}  // namespace kalam::duck
