#include "exec/live_statements.h"

#include <algorithm>

#include "query/table_source.h"
#include "sql/reserved_words.h"
#include "sql/splitter.h"
#include "sql/statement.h"
#include "statement_resolver.h"

namespace kalam::exec {
namespace {

using SourcePtr = std::shared_ptr<const duck::ScanSource>;

// Rows picked before, as the table that they came from.
class PickedRows final : public duck::RowSink, public duck::ScanSource {
 public:
  void Describe(const duck::ScanSource& table) {
    columns_ = table.columns();
    hidden_ = table.hidden_columns();
  }

  Status OnColumns(std::vector<duck::OutputColumn>) override { return {}; }
  Status OnRow(std::span<const duck::Cell> row) override {
    std::vector<Value>& kept = rows_.emplace_back();
    for (const duck::Cell& cell : row) kept.emplace_back(cell.datum);
    return {};
  }
  void Reverse() { std::reverse(rows_.begin(), rows_.end()); }

  const std::vector<duck::ScanColumn>& columns() const override { return columns_; }
  const std::vector<duck::ScanColumn>& hidden_columns() const override { return hidden_; }
  std::optional<std::size_t> key_column() const override { return std::nullopt; }
  std::optional<std::uint64_t> estimated_rows() const override { return rows_.size(); }
  Result<std::unique_ptr<duck::ScanCursor>> Open(const duck::KeyRange&) const override {
    return std::unique_ptr<duck::ScanCursor>(std::make_unique<Cursor>(rows_));
  }

 private:
  class Cursor final : public duck::ScanCursor {
   public:
    explicit Cursor(const std::vector<std::vector<Value>>& rows) : rows_(rows) {}
    Result<bool> Next() override {
      if (next_ == rows_.size()) return false;
      row_ = &rows_[next_++];
      return true;
    }
    Datum Column(std::size_t column) const override { return (*row_)[column].view(); }

   private:
    const std::vector<std::vector<Value>>& rows_;
    std::size_t next_ = 0;
    const std::vector<Value>* row_ = nullptr;
  };

  std::vector<duck::ScanColumn> columns_, hidden_;
  std::vector<std::vector<Value>> rows_;
};

// Lets `at` know before the first row goes on.
class Announced final : public duck::RowSink {
 public:
  Announced(duck::RowSink& sink, std::function<void()> announce) : sink_(sink), announce_(std::move(announce)) {}
  Status OnColumns(std::vector<duck::OutputColumn> columns) override {
    announce_();
    return sink_.OnColumns(std::move(columns));
  }
  Status OnRow(std::span<const duck::Cell> row) override { return sink_.OnRow(row); }

 private:
  duck::RowSink& sink_;
  const std::function<void()> announce_;
};

Error NotOn(std::string_view tables) {
  return Error(ErrorCode::kUnsupported, "Live query subscriptions not supported on " + std::string(tables) + " tables");
}

}  // namespace

// Resolves the one table of a live query, and keeps what it found.
class LiveStatements::TableResolver final : public duck::Resolver {
 public:
  TableResolver(const LiveStatements& owner, const auth::Identity& who, table::DurableSnapshotPtr snapshot)
      : owner_(owner), who_(who), snapshot_(std::move(snapshot)) {}

  Result<SourcePtr> Resolve(const duck::TableReference& reference) override {
    if (picked_) return SourcePtr(picked_);
    if (reference.parts.size() == 2 && query::SystemTables::IsSystemSchema(reference.parts[0])) return NotOn("system");
    const Services& services = owner_.services_;
    KALAM_TRY_ASSIGN(table_, FindTable(services.catalog, owner_.options_.error_style, reference.parts));
    KALAM_TRY(AuthorizeTable(services.catalog, who_, auth::Action::kSelect, *table_));
    if (table_->kind == TableKind::kShared) return NotOn("shared");
    KALAM_TRY(AuthorizeTable(services.catalog, who_, auth::Action::kSubscribe, *table_));
    includes_deleted_ = reference.include_deleted;
    if (table_->kind == TableKind::kStream) {
      source_ = query::MakeStreamSource(services.streams, table_, &position_);
    } else {
      position_ = snapshot_->seq();
      source_ = query::MakeHotSource(services.reader, table_, who_.user_id, snapshot_, includes_deleted_);
    }
    return source_;
  }

  // From now on the table is these rows.
  void Replace(std::shared_ptr<PickedRows> picked) { picked_ = std::move(picked); }

  const TableDefPtr& table() const { return table_; }
  const SourcePtr& source() const { return source_; }
  bool includes_deleted() const { return includes_deleted_; }
  Seq position() const { return position_; }

 private:
  const LiveStatements& owner_;
  const auth::Identity& who_;
  const table::DurableSnapshotPtr snapshot_;
  TableDefPtr table_;
  SourcePtr source_;
  std::shared_ptr<PickedRows> picked_;
  bool includes_deleted_ = false;
  Seq position_;
};

Result<duck::ParsedStatement> LiveStatements::Parse(const std::string& sql) const {
  const Limits& limits = options_.limits;
  if (sql.size() > limits.max_sql_length) {
    return Error(ErrorCode::kLimitExceeded, "ERROR: SQL text is longer than limits.max_sql_length (" +
                                                std::to_string(limits.max_sql_length) + " bytes)");
  }
  KALAM_TRY_ASSIGN(const auto split, sql::SplitStatements(sql, limits.max_batch_statements));
  if (split.size() != 1) return Error(ErrorCode::kInvalidArgument, "ERROR: a live query is one SELECT");
  KALAM_TRY(sql::CheckStatementBounds(split[0], limits.statement));
  std::string quoted;
  return services_.engine.Parse(sql::QuoteFreeWords(split[0], quoted));
}

duck::QueryContext LiveStatements::ContextFor(duck::Resolver& resolver, const auth::Identity& who) const {
  return duck::QueryContext{
      .resolver = resolver,
      .params = {},
      .current_user = who.user_id.text(),
      .now = services_.clock.NowMicros(),
      .reserve_ids =
          [this](std::uint32_t count) { return services_.committer.ReserveIds(count, table::Blocking::kAllowed); },
      .advance_id = [this](Seq first, std::uint32_t by) { return services_.committer.AdvanceId(first, by); },
      .deadline = std::chrono::steady_clock::now() + options_.limits.statement_timeout,
      .cancellation = nullptr};
}

Result<live::BoundQuery> LiveStatements::Bind(const auth::Identity& who, const std::string& sql) {
  KALAM_TRY_ASSIGN(auto statement, Parse(sql));
  TableResolver resolver(*this, who, services_.committer.Snapshot());
  KALAM_TRY_ASSIGN(duck::RowQuery query,
                   services_.engine.BindRows(std::move(statement), ContextFor(resolver, who)));
  live::BoundQuery bound;
  bound.table = resolver.table();
  if (bound.table->kind == TableKind::kUser) bound.partition = who.user_id;
  bound.where = std::make_shared<const duck::RowPredicate>(std::move(query.where));
  bound.select = std::make_shared<const duck::RowProjection>(std::move(query.select));
  bound.sees_deleted = resolver.includes_deleted();
  bound.named_columns = std::move(query.named_columns);
  return bound;
}

bool LiveStatements::IsCurrent(const TableDef& table) {
  const TableDefPtr now = services_.catalog.FindTable(table.name.ns, table.name.table);
  return now && now->id == table.id && now->schema_version == table.schema_version;
}

Status LiveStatements::Read(const auth::Identity& who, const std::string& sql,
                            const table::DurableSnapshotPtr& snapshot, std::size_t newest,
                            const std::function<void(Seq)>& at, duck::RowSink& sink) {
  TableResolver resolver(*this, who, snapshot);
  const duck::QueryContext context = ContextFor(resolver, who);
  Announced announced(sink, [&] { at(resolver.position()); });
  if (newest > 0) {
    KALAM_TRY_ASSIGN(auto pick, Parse(sql));
    // Resolved before it runs: the columns to pick are the table's.
    KALAM_TRY_ASSIGN(const auto source, resolver.Resolve(pick.source()));
    std::vector<std::string> columns;
    for (const auto& column : source->columns()) columns.push_back(column.name);
    for (const auto& column : source->hidden_columns()) columns.push_back(column.name);
    std::vector<std::string> recency;
    if (resolver.table()->has_system_columns()) recency.emplace_back(kUpdatedColumn);
    recency.emplace_back(kSeqColumn);
    auto picked = std::make_shared<PickedRows>();
    KALAM_TRY(services_.engine.FirstRows(std::move(pick), context, columns, recency, newest, *picked));
    picked->Describe(*resolver.source());
    picked->Reverse();
    resolver.Replace(std::move(picked));
  }
  KALAM_TRY_ASSIGN(auto statement, Parse(sql));
  return services_.engine.Select(std::move(statement), context, announced);
}

}  // namespace kalam::exec
