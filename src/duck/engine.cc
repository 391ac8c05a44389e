#include "duck/engine.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "bounded_functions.h"
#include "deadlines.h"
#include "duck_error.h"
#include "guarded_functions.h"
#include "id_functions.h"
#include "model/table_def.h"
#include "parsed_statement.h"
#include "query_scope.h"
#include "result_reader.h"
#include "row_binder.h"
#include "scan_function.h"
#include "types.h"
#include "walker.h"

namespace kalam::duck {
namespace {

constexpr std::string_view kEngineVersion = "v1.4.4";  // the headers this module is compiled with

using duckdb::ParsedExpression;
using duckdb::SelectStatement;
using ExpressionPtr = duckdb::unique_ptr<ParsedExpression>;

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

duckdb::unique_ptr<duckdb::TableRef> CrossJoin(duckdb::unique_ptr<duckdb::TableRef> left,
                                               duckdb::unique_ptr<duckdb::TableRef> right) {
  auto join = duckdb::make_uniq<duckdb::JoinRef>(duckdb::JoinRefType::CROSS);
  join->left = std::move(left);
  join->right = std::move(right);
  return join;
}

// SELECT * FROM (inner) AS v(c0, c1, ...): a select list that can be wrapped column by column.
SelectPtr WithNumberedColumns(SelectPtr inner, std::size_t columns) {
  auto source = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(inner), "v");
  auto node = duckdb::make_uniq<duckdb::SelectNode>();
  for (std::size_t i = 0; i < columns; ++i) {
    const std::string name = "c" + std::to_string(i);
    source->column_name_alias.push_back(name);
    node->select_list.push_back(duckdb::make_uniq<duckdb::ColumnRefExpression>(name, "v"));
  }
  node->from_table = std::move(source);
  return MakeSelect(std::move(node));
}

// A literal as it stands in VALUES, without asking the engine; nullopt for everything that needs it.
std::optional<Datum> Literal(const ParsedExpression& expression) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::CONSTANT) return std::nullopt;
  const auto& value = expression.Cast<duckdb::ConstantExpression>().value;
  if (value.IsNull()) return Datum::Null();
  switch (value.type().id()) {
    case duckdb::LogicalTypeId::BOOLEAN: return Datum::Bool(value.GetValue<bool>());
    case duckdb::LogicalTypeId::INTEGER:
    case duckdb::LogicalTypeId::BIGINT: return Datum::Int(value.GetValue<std::int64_t>());
    case duckdb::LogicalTypeId::DOUBLE:
    case duckdb::LogicalTypeId::DECIMAL: return Datum::Double(value.GetValue<double>());
    case duckdb::LogicalTypeId::VARCHAR:
    case duckdb::LogicalTypeId::STRING_LITERAL: return Datum::Text(duckdb::StringValue::Get(value));
    default: return std::nullopt;
  }
}

// What the engine should turn a value into before we convert it: text stays text (our own rules read
// it, the same as for literals), everything else is cast to the column's type.
bool NeedsCast(const duckdb::LogicalType& source, DataType target) {
  if (source.id() == duckdb::LogicalTypeId::VARCHAR || source.id() == duckdb::LogicalTypeId::SQLNULL) return false;
  return source != ToLogicalType(target);
}

// Passes rows on and marks the cells where DEFAULT stood.
class DefaultMarker final : public RowSink {
 public:
  DefaultMarker(RowSink& sink, const std::vector<bool>& is_default) : sink_(sink), is_default_(is_default) {}

  Status OnColumns(std::vector<OutputColumn> columns) override { return sink_.OnColumns(std::move(columns)); }
  Status OnRow(std::span<const Cell> row) override {
    if (is_default_.empty()) return sink_.OnRow(row);
    cells_.assign(row.begin(), row.end());
    for (auto& cell : cells_) {
      if (is_default_[next_++]) cell.form = Cell::Form::kDefault;
    }
    return sink_.OnRow(cells_);
  }

 private:
  RowSink& sink_;
  const std::vector<bool>& is_default_;  // row by row
  std::size_t next_ = 0;
  std::vector<Cell> cells_;
};

}  // namespace

ParsedStatement::ParsedStatement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParsedStatement::ParsedStatement(ParsedStatement&&) noexcept = default;
ParsedStatement& ParsedStatement::operator=(ParsedStatement&&) noexcept = default;
ParsedStatement::~ParsedStatement() = default;

StatementKind ParsedStatement::kind() const { return KindOf(*impl_->statement); }
std::string_view ParsedStatement::other_name() const { return impl_->name; }
const std::vector<std::string>& ParsedStatement::columns() const { return impl_->columns; }

TableReference ParsedStatement::target() const {
  switch (kind()) {
    case StatementKind::kInsert: {
      const auto& insert = impl_->statement->Cast<duckdb::InsertStatement>();
      return ReferenceTo(insert.catalog, insert.schema, insert.table);
    }
    case StatementKind::kUpdate: return ReferenceTo(*impl_->statement->Cast<duckdb::UpdateStatement>().table);
    case StatementKind::kDelete: return ReferenceTo(*impl_->statement->Cast<duckdb::DeleteStatement>().table);
    default: return {};
  }
}

TableReference ParsedStatement::source() const {
  if (kind() != StatementKind::kSelect) return {};
  const auto& node = *impl_->statement->Cast<SelectStatement>().node;
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return {};
  const auto& from = node.Cast<duckdb::SelectNode>().from_table;
  if (!from || from->type != duckdb::TableReferenceType::BASE_TABLE) return {};
  return ReferenceTo(*from);
}

bool ParsedStatement::default_values() const {
  return kind() == StatementKind::kInsert && impl_->statement->Cast<duckdb::InsertStatement>().default_values;
}

struct Engine::Impl {
  explicit Impl(EngineOptions engine_options) : options(std::move(engine_options)) {}

  EngineOptions options;
  std::unique_ptr<duckdb::DuckDB> database;
  std::unordered_set<std::string> known_functions;
  Deadlines deadlines;
  std::shared_ptr<RowContext> row_context;

  std::mutex pool_mutex;
  std::vector<std::unique_ptr<duckdb::Connection>> idle;  // guarded by pool_mutex

  std::unique_ptr<duckdb::Connection> Acquire() {
    {
      std::lock_guard lock(pool_mutex);
      if (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        return connection;
      }
    }
    return std::make_unique<duckdb::Connection>(*database);
  }
  void Release(std::unique_ptr<duckdb::Connection> connection) {
    std::lock_guard lock(pool_mutex);
    idle.push_back(std::move(connection));
  }

  Walker MakeWalker(const QueryContext& query) const {
    return Walker(query, options.texts, known_functions, options.max_depth);
  }

  // Runs `task(connection)` with everything a query needs in place, and translates what goes wrong.
  template <typename Task>
  Status WithSession(const std::string& text, const QueryContext& query,
                     std::vector<std::shared_ptr<const ScanSource>> sources, Task task);

  // Runs a walked statement and feeds the sink.
  Status Run(duckdb::Connection& connection, duckdb::unique_ptr<duckdb::SQLStatement> statement,
             const std::string& text, RowSink& sink) const;

  // Runs a walked SELECT; its columns from `first` on are meant for columns of these types.
  Status RunForTypes(const std::string& text, const QueryContext& query, SelectPtr select, Walker& walker,
                     std::size_t first, std::span<const DataType> types, RowSink& sink);
};

template <typename Task>
Status Engine::Impl::WithSession(const std::string& text, const QueryContext& query,
                                 std::vector<std::shared_ptr<const ScanSource>> sources, Task task) {
  auto connection = Acquire();
  auto& scope = QueryScope::Of(*connection->context);
  scope.sources = std::move(sources);
  scope.query = &query;
  scope.failure.reset();
  duckdb::Connection* raw = connection.get();
  Status status;
  bool expired = false;
  {
    const Deadlines::Watch watch(deadlines, query.deadline, [raw] { raw->Interrupt(); });
    if (query.cancellation) query.cancellation->SetInterrupt([raw] { raw->Interrupt(); });
    try {
      status = task(*connection);
    } catch (const std::exception& e) {
      status = ToError(e, options.texts, text);
    }
    if (query.cancellation) query.cancellation->SetInterrupt(nullptr);
    expired = watch.expired();
  }
  std::optional<Error> failure = std::move(scope.failure);
  scope.sources.clear();
  scope.query = nullptr;
  scope.failure.reset();
  Release(std::move(connection));

  if (status.ok()) return status;
  if (failure) return *std::move(failure);
  if (status.error().code() == ErrorCode::kTimeout) {
    if (query.cancellation && query.cancellation->cancelled()) {
      return Error(ErrorCode::kCancelled, "ERROR: the client went away");
    }
    if (expired) {
      return Error(ErrorCode::kTimeout, "ERROR: statement took longer than limits.statement_timeout_seconds allows");
    }
  }
  return status;
}

Status Engine::Impl::Run(duckdb::Connection& connection,
                         duckdb::unique_ptr<duckdb::SQLStatement> statement, const std::string& text,
                         RowSink& sink) const {
  // The walker put the values in place of the parameters.
  statement->named_param_map.clear();
  // Streaming: rows go to the sink as they are made, on this thread.
  auto pending = connection.context->PendingQuery(std::move(statement), true);
  if (pending->HasError()) return ToError(pending->GetErrorObject(), options.texts, text);
  auto result = pending->Execute();
  if (result->HasError()) return ToError(result->GetErrorObject(), options.texts, text);
  KALAM_TRY(sink.OnColumns(DescribeOutput(result->names, result->types)));
  ResultReader reader(result->types);
  while (true) {
    duckdb::unique_ptr<duckdb::DataChunk> chunk;
    duckdb::ErrorData error;
    if (!result->TryFetch(chunk, error)) return ToError(error, options.texts, text);
    if (!chunk || chunk->size() == 0) return {};
    KALAM_TRY(reader.Read(*chunk, sink));
  }
}

Status Engine::Impl::RunForTypes(const std::string& text, const QueryContext& query, SelectPtr select,
                                 Walker& walker, std::size_t first, std::span<const DataType> types,
                                 RowSink& sink) {
  return WithSession(text, query, walker.TakeSources(), [&](duckdb::Connection& connection) -> Status {
    select->named_param_map.clear();
    auto prepared = connection.Prepare(select->Copy());
    if (prepared->HasError()) return ToError(prepared->error, options.texts, text);
    const auto& sources = prepared->GetTypes();
    if (sources.size() != first + types.size()) {
      return Error(ErrorCode::kInvalidArgument,
                   sources.size() > first + types.size()
                       ? "ERROR: INSERT has more expressions than target columns"
                       : "ERROR: INSERT has more target columns than expressions");
    }
    bool any_cast = false;
    for (std::size_t i = 0; i < types.size(); ++i) any_cast = any_cast || NeedsCast(sources[first + i], types[i]);
    if (any_cast) {
      const std::size_t columns = sources.size();
      select = WithNumberedColumns(std::move(select), columns);
      auto& list = select->node->Cast<duckdb::SelectNode>().select_list;
      for (std::size_t i = 0; i < types.size(); ++i) {
        auto& item = list[first + i];
        if (!NeedsCast(sources[first + i], types[i])) continue;
        item = duckdb::make_uniq<duckdb::CastExpression>(ToLogicalType(types[i]), std::move(item));
      }
    }
    prepared.reset();
    return Run(connection, std::move(select), text, sink);
  });
}

Result<std::unique_ptr<Engine>> Engine::Open(EngineOptions options) try {
  if (duckdb::DuckDB::LibraryVersion() != kEngineVersion) {
    return Error(ErrorCode::kInternal, std::string("libduckdb is ") + duckdb::DuckDB::LibraryVersion() +
                                           ", built for " + std::string(kEngineVersion));
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  duckdb::DBConfig config;
  config.SetOptionByName("enable_external_access", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("threads", duckdb::Value::BIGINT(1));
  config.SetOptionByName("memory_limit", duckdb::Value(std::to_string(impl->options.memory_limit_bytes) + "B"));
  config.options.use_temporary_directory = false;  // queries never spill to disk
  config.options.temporary_directory = "";
  config.SetOptionByName("default_null_order", duckdb::Value("nulls_last_on_asc_first_on_desc"));  // as PostgreSQL
  impl->database = std::make_unique<duckdb::DuckDB>(nullptr, &config);

  duckdb::ExtensionLoader loader(*impl->database->instance, "kalam");
  RegisterScanFunction(loader);
  RegisterIdFunctions(loader);
  RegisterBoundedFunctions(loader, {impl->options.max_list_elements, impl->options.max_string_bytes});

  GuardFunctions(*impl->database->instance, {impl->options.max_list_elements, impl->options.max_string_bytes});

  duckdb::Connection setup(*impl->database);
  auto functions = setup.Query("SELECT DISTINCT lower(function_name) FROM duckdb_functions()");
  if (functions->HasError()) return Error(ErrorCode::kInternal, functions->GetError());
  for (auto& row : *functions) impl->known_functions.insert(row.GetValue<std::string>(0));
  impl->known_functions.insert("getenv");  // of the engine's shell: refused like the others, not unknown
  for (const char* setting : {"SET GLOBAL TimeZone='UTC'", "SET GLOBAL lock_configuration=true"}) {
    const auto set = setup.Query(setting);
    if (set->HasError()) return Error(ErrorCode::kInternal, set->GetError());
  }
  impl->row_context = std::make_shared<RowContext>(*impl->database, impl->options.texts);
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
} catch (const std::exception& e) {
  return Error(ErrorCode::kInternal, std::string("start the query engine: ") + e.what());
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<ParsedStatement> Engine::Parse(std::string_view sql) const {
  // The engine's scanner would stop there, and parse less than what was checked.
  if (sql.find('\0') != std::string_view::npos) {
    return Error(ErrorCode::kSyntax, "ERROR: SQL text contains a NUL character");
  }
  auto impl = std::make_unique<ParsedStatement::Impl>();
  impl->text = sql;
  try {
    duckdb::ParserOptions options;
    options.integer_division = true;  // 7 / 2 is 3, as in PostgreSQL
    duckdb::Parser parser(options);
    parser.ParseQuery(impl->text);
    if (parser.statements.size() != 1) {
      return Error(ErrorCode::kSyntax, "ERROR: expected one statement");
    }
    impl->statement = std::move(parser.statements[0]);
  } catch (const std::exception& e) {
    return ToError(e, impl_->options.texts, sql);
  }
  impl->name = NameOf(*impl->statement);
  if (impl->statement->type == duckdb::StatementType::INSERT_STATEMENT) {
    auto& insert = impl->statement->Cast<duckdb::InsertStatement>();
    for (auto& column : insert.columns) impl->columns.push_back(column);
    if (insert.on_conflict_info) {
      for (auto& column : insert.on_conflict_info->indexed_columns) {
        impl->conflict_columns.push_back(duckdb::StringUtil::Lower(column));
      }
    }
  }
  if (impl->statement->type == duckdb::StatementType::UPDATE_STATEMENT) {
    for (auto& column : impl->statement->Cast<duckdb::UpdateStatement>().set_info->columns) {
      impl->columns.push_back(column);
    }
  }
  return ParsedStatement(std::move(impl));
}

Status Engine::Select(ParsedStatement statement, const QueryContext& context, RowSink& sink) {
  const std::string& text = statement.impl_->text;
  auto tree = std::move(statement.impl_->statement);
  auto* query = tree.get();
  if (tree->type == duckdb::StatementType::EXPLAIN_STATEMENT) {
    query = tree->Cast<duckdb::ExplainStatement>().stmt.get();
    if (query->type != duckdb::StatementType::SELECT_STATEMENT) {
      return Error(ErrorCode::kUnsupported, "ERROR: EXPLAIN is for SELECT");
    }
  }
  Walker walker = impl_->MakeWalker(context);
  KALAM_TRY(walker.Walk(*query->Cast<SelectStatement>().node));
  if (statement.impl_->is_clause) walker.NoteParameters(tree->named_param_map);
  KALAM_TRY(walker.CheckParameters());
  return impl_->WithSession(text, context, walker.TakeSources(), [&](duckdb::Connection& connection) {
    return impl_->Run(connection, std::move(tree), text, sink);
  });
}

Status Engine::InsertRows(ParsedStatement statement, const QueryContext& context,
                          std::span<const DataType> types, RowSink& sink) {
  auto& insert = statement.impl_->statement->Cast<duckdb::InsertStatement>();
  auto select = std::move(insert.select_statement);

  std::vector<bool> is_default;  // row by row; empty when DEFAULT does not occur
  auto* from = select->node->type == duckdb::QueryNodeType::SELECT_NODE
                   ? select->node->Cast<duckdb::SelectNode>().from_table.get()
                   : nullptr;
  auto* values = from && from->type == duckdb::TableReferenceType::EXPRESSION_LIST
                     ? &from->Cast<duckdb::ExpressionListRef>().values
                     : nullptr;
  bool any_default = false;
  if (values) {
    for (auto& row : *values) {
      if (row.size() != types.size()) {
        return Error(ErrorCode::kInvalidArgument,
                     row.size() > types.size() ? "ERROR: INSERT has more expressions than target columns"
                                               : "ERROR: INSERT has more target columns than expressions");
      }
      for (auto& value : row) {
        const bool here = value->GetExpressionClass() == duckdb::ExpressionClass::DEFAULT;
        is_default.push_back(here);
        any_default = any_default || here;
        if (here) value = duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value());
      }
    }
    if (!any_default) is_default.clear();
  }

  select->node = WithCtes(insert.cte_map, std::move(select->node));
  Walker walker = impl_->MakeWalker(context);
  KALAM_TRY(walker.Walk(*select->node));
  walker.NoteParameters(statement.impl_->statement->named_param_map);
  KALAM_TRY(walker.CheckParameters());
  DefaultMarker marked(sink, is_default);

  const auto all_literal = [&] {
    for (const auto& row : *values) {
      for (const auto& value : row) {
        if (!Literal(*value)) return false;
      }
    }
    return true;
  };
  if (values && all_literal()) {
    KALAM_TRY(marked.OnColumns(std::vector<OutputColumn>(types.size())));
    std::vector<Cell> cells(types.size());
    for (const auto& row : *values) {
      for (std::size_t i = 0; i < row.size(); ++i) cells[i] = Cell{Cell::Form::kDatum, *Literal(*row[i]), {}};
      KALAM_TRY(marked.OnRow(cells));
    }
    return {};
  }
  return impl_->RunForTypes(statement.impl_->text, context, std::move(select), walker, 0, types, marked);
}

Status Engine::UpdateRows(ParsedStatement statement, const QueryContext& context,
                          std::span<const std::string> columns, std::span<const DataType> types,
                          RowSink& sink) {
  auto& update = statement.impl_->statement->Cast<duckdb::UpdateStatement>();
  auto node = duckdb::make_uniq<duckdb::SelectNode>();
  node->select_list.push_back(TargetColumn(*update.table, std::string(kSeqColumn)));
  for (const auto& column : columns) node->select_list.push_back(TargetColumn(*update.table, column));

  std::vector<bool> set_is_default;
  for (auto& expression : update.set_info->expressions) {
    set_is_default.push_back(expression->GetExpressionClass() == duckdb::ExpressionClass::DEFAULT);
    if (set_is_default.back()) expression = duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value());
    node->select_list.push_back(std::move(expression));
  }
  node->where_clause = std::move(update.set_info->condition);
  node->from_table = std::move(update.table);
  if (update.from_table) node->from_table = CrossJoin(std::move(node->from_table), std::move(update.from_table));

  // DEFAULT is the same in each row.
  class SetDefaults final : public RowSink {
   public:
    SetDefaults(RowSink& sink, const std::vector<bool>& is_default) : sink_(sink), is_default_(is_default) {}
    Status OnColumns(std::vector<OutputColumn> out) override { return sink_.OnColumns(std::move(out)); }
    Status OnRow(std::span<const Cell> row) override {
      cells_.assign(row.begin(), row.end());
      const std::size_t first = cells_.size() - is_default_.size();
      for (std::size_t i = 0; i < is_default_.size(); ++i) {
        if (is_default_[i]) cells_[first + i].form = Cell::Form::kDefault;
      }
      return sink_.OnRow(cells_);
    }

   private:
    RowSink& sink_;
    const std::vector<bool>& is_default_;
    std::vector<Cell> cells_;
  } marked(sink, set_is_default);

  auto select = MakeSelect(WithCtes(update.cte_map, std::move(node)));
  Walker walker = impl_->MakeWalker(context);
  KALAM_TRY(walker.Walk(*select->node));
  walker.NoteParameters(statement.impl_->statement->named_param_map);
  KALAM_TRY(walker.CheckParameters());
  return impl_->RunForTypes(statement.impl_->text, context, std::move(select), walker, 1 + columns.size(), types,
                            marked);
}

Status Engine::DeleteRows(ParsedStatement statement, const QueryContext& context,
                          std::span<const std::string> columns, bool with_seq, RowSink& sink) {
  auto& remove = statement.impl_->statement->Cast<duckdb::DeleteStatement>();
  auto node = duckdb::make_uniq<duckdb::SelectNode>();
  if (with_seq) node->select_list.push_back(TargetColumn(*remove.table, std::string(kSeqColumn)));
  for (const auto& column : columns) node->select_list.push_back(TargetColumn(*remove.table, column));
  node->where_clause = std::move(remove.condition);
  node->from_table = std::move(remove.table);
  for (auto& other : remove.using_clauses) {
    node->from_table = CrossJoin(std::move(node->from_table), std::move(other));
  }
  auto select = MakeSelect(WithCtes(remove.cte_map, std::move(node)));
  Walker walker = impl_->MakeWalker(context);
  KALAM_TRY(walker.Walk(*select->node));
  walker.NoteParameters(statement.impl_->statement->named_param_map);
  KALAM_TRY(walker.CheckParameters());
  return impl_->WithSession(statement.impl_->text, context, walker.TakeSources(),
                            [&](duckdb::Connection& connection) {
                              return impl_->Run(connection, std::move(select), statement.impl_->text, sink);
                            });
}

Result<RowQuery> Engine::BindRows(ParsedStatement statement, const QueryContext& context) {
  if (statement.kind() != StatementKind::kSelect) {
    return Error(ErrorCode::kInvalidArgument, "ERROR: a live query is a SELECT");
  }
  const std::string& text = statement.impl_->text;
  SelectPtr select(&statement.impl_->statement.release()->Cast<SelectStatement>());
  RowBinder binder(impl_->row_context);
  KALAM_TRY(binder.Prepare(*select));

  // Keeps the one source at hand.
  class OneSource final : public Resolver {
   public:
    explicit OneSource(Resolver& resolver) : resolver_(resolver) {}
    Result<std::shared_ptr<const ScanSource>> Resolve(const TableReference& reference) override {
      KALAM_TRY_ASSIGN(source, resolver_.Resolve(reference));
      return WithNowColumn(source);
    }
    std::shared_ptr<const ScanSource> source;

   private:
    Resolver& resolver_;
  } resolver(context.resolver);
  QueryContext query{.resolver = resolver,
                     .params = context.params,
                     .current_user = context.current_user,
                     .now = context.now,
                     .reserve_ids = context.reserve_ids,
                     .advance_id = context.advance_id,
                     .deadline = context.deadline,
                     .cancellation = context.cancellation,
                     .now_per_row = true};
  Walker walker = impl_->MakeWalker(query);
  KALAM_TRY(walker.Walk(*select->node));
  KALAM_TRY(walker.CheckParameters());
  std::optional<Result<RowQuery>> bound;
  KALAM_TRY(impl_->WithSession(text, query, walker.TakeSources(), [&](duckdb::Connection& connection) -> Status {
    bound.emplace(binder.Bind(*connection.context, std::move(select), *WithNowColumn(resolver.source)));
    return {};
  }));
  return *std::move(bound);
}

Status Engine::FirstRows(ParsedStatement statement, const QueryContext& context,
                         std::span<const std::string> columns, std::span<const std::string> order,
                         std::size_t count, RowSink& sink) {
  auto& given = statement.impl_->statement->Cast<SelectStatement>().node->Cast<duckdb::SelectNode>();
  auto node = duckdb::make_uniq<duckdb::SelectNode>();
  for (const auto& column : columns) node->select_list.push_back(TargetColumn(*given.from_table, column));
  auto by = duckdb::make_uniq<duckdb::OrderModifier>();
  for (const auto& column : order) {
    by->orders.emplace_back(duckdb::OrderType::DESCENDING, duckdb::OrderByNullType::ORDER_DEFAULT,
                            TargetColumn(*given.from_table, column));
  }
  node->modifiers.push_back(std::move(by));
  auto limit = duckdb::make_uniq<duckdb::LimitModifier>();
  limit->limit = duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value::BIGINT(static_cast<std::int64_t>(count)));
  node->modifiers.push_back(std::move(limit));
  node->where_clause = std::move(given.where_clause);
  node->from_table = std::move(given.from_table);
  auto select = MakeSelect(std::move(node));
  Walker walker = impl_->MakeWalker(context);
  KALAM_TRY(walker.Walk(*select->node));
  return impl_->WithSession(statement.impl_->text, context, walker.TakeSources(),
                            [&](duckdb::Connection& connection) {
                              return impl_->Run(connection, std::move(select), statement.impl_->text, sink);
                            });
}

}  // namespace kalam::duck
