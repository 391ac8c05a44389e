#include "system_dml.h"

#include "query/fast_statement.h"
#include "row_sinks.h"
#include "sql/lexer.h"
#include "system_storages_writer.h"
#include "system_users_writer.h"
#include "write_statement.h"

#include <algorithm>
#include <unordered_set>

namespace kalam::exec {
namespace {

using auth::Action;
using duck::StatementKind;
using query::SystemTable;
using SourcePtr = std::shared_ptr<const duck::ScanSource>;

// A system table with a number for each row, which the engine's DML asks for as `_seq`.
class NumberedSource final : public duck::ScanSource {
 public:
  explicit NumberedSource(SourcePtr rows) : rows_(std::move(rows)) {}
  const std::vector<duck::ScanColumn>& columns() const override { return rows_->columns(); }
  const std::vector<duck::ScanColumn>& hidden_columns() const override {
    static const std::vector<duck::ScanColumn> seq = {{std::string(kSeqColumn), DataType::kBigInt}};
    return seq;
  }
  std::optional<std::size_t> key_column() const override { return std::nullopt; }
  std::optional<std::uint64_t> estimated_rows() const override { return rows_->estimated_rows(); }
  // All rows, whatever is asked for: a row has the same number in each scan.
  Result<std::unique_ptr<duck::ScanCursor>> Open(const duck::KeyRange&) const override {
    KALAM_TRY_ASSIGN(auto rows, rows_->Open({}));
    return std::unique_ptr<duck::ScanCursor>(
        std::make_unique<Cursor>(std::move(rows), columns().size()));
  }

 private:
  class Cursor final : public duck::ScanCursor {
   public:
    Cursor(std::unique_ptr<duck::ScanCursor> rows, std::size_t columns)
        : rows_(std::move(rows)), columns_(columns) {}
    Result<bool> Next() override {
      ++number_;
      return rows_->Next();
    }
    Datum Column(std::size_t column) const override {
      return column < columns_ ? rows_->Column(column) : Datum::Int(number_);
    }

   private:
    std::unique_ptr<duck::ScanCursor> rows_;
    const std::size_t columns_;
    std::int64_t number_ = 0;
  };

  const SourcePtr rows_;
};

// The target with all its rows, also those that queries don't show; everything else as in a query.
class TargetResolver final : public duck::Resolver {
 public:
  TargetResolver(const SystemTable& target, query::Viewer viewer, duck::Resolver& others)
      : target_(target), viewer_(std::move(viewer)), others_(others) {
    viewer_.deleted_users = true;
  }
  Result<SourcePtr> Resolve(const duck::TableReference& reference) override {
    if (reference.parts != std::vector<std::string>{target_.schema, target_.name})
      return others_.Resolve(reference);
    return SourcePtr(std::make_shared<NumberedSource>(query::MakeSystemSource(target_, viewer_)));
  }

 private:
  const SystemTable& target_;
  query::Viewer viewer_;
  duck::Resolver& others_;
};

Result<std::vector<std::size_t>> Targets(const SystemTable& table,
                                         const std::vector<std::string>& names,
                                         const StatementContext& context) {
  std::vector<std::size_t> targets;
  for (const std::string& name : names) {
    const auto found = std::ranges::find_if(table.columns, [&](const query::SystemColumn& column) {
      return sql::EqualsIgnoreCase(column.name, name);
    });
    if (found == table.columns.end())
      return sql::ColumnDoesNotExist(context.options.error_style, name);
    targets.push_back(static_cast<std::size_t>(found - table.columns.begin()));
  }
  return targets;
}

// Converts the engine's cells and hands them on.
class SystemSink final : public duck::RowSink {
 public:
  SystemSink(const SystemTable& table, const std::vector<std::size_t>& targets, StatementKind kind,
             SystemTableWriter& writer)
      : table_(table), targets_(targets), kind_(kind), writer_(writer) {}

  Status OnColumns(std::vector<duck::OutputColumn>) override { return {}; }

  Status OnRow(std::span<const duck::Cell> row) override {
    if (kind_ == StatementKind::kInsert) {
      KALAM_TRY_ASSIGN(const SystemCells cells, CellsOf(row));
      KALAM_TRY(writer_.Insert(cells));
      ++affected_;
      return {};
    }
    query::Row old;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) old.emplace_back(row[1 + i].datum);
    if (!seen_.insert(row[0].datum.int_value()).second) return {};  // a join named the row before
    bool counts = false;
    if (kind_ == StatementKind::kDelete) {
      KALAM_TRY_ASSIGN(counts, writer_.Delete(old));
    } else {
      KALAM_TRY_ASSIGN(const SystemCells cells, CellsOf(row.subspan(1 + table_.columns.size())));
      KALAM_TRY_ASSIGN(counts, writer_.Update(old, cells));
    }
    affected_ += counts ? 1 : 0;
    return {};
  }

  std::uint64_t affected() const { return affected_; }

 private:
  Result<SystemCells> CellsOf(std::span<const duck::Cell> row) const {
    SystemCells cells(table_.columns.size());
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const query::CellInput input = InputOf(row[i]);
      if (input.is_default) continue;
      const query::SystemColumn& column = table_.columns[targets_[i]];
      std::string scratch;
      auto converted = ConvertDatum(input.datum, column.type, scratch);
      if (!converted.ok())
        return std::move(converted).error().Context("column '" + column.name + "'");
      cells[targets_[i]] = Value(*converted);
    }
    return cells;
  }

  const SystemTable& table_;
  const std::vector<std::size_t>& targets_;
  const StatementKind kind_;
  SystemTableWriter& writer_;
  std::unordered_set<std::int64_t> seen_;
  std::uint64_t affected_ = 0;
};

Action ActionOf(StatementKind kind) {
  if (kind == StatementKind::kInsert) return Action::kInsert;
  return kind == StatementKind::kUpdate ? Action::kUpdate : Action::kDelete;
}

std::string_view VerbOf(StatementKind kind) {
  if (kind == StatementKind::kInsert) return "inserted";
  return kind == StatementKind::kUpdate ? "updated" : "deleted";
}

// The text in `WHERE <first column> = 'text'`, when that is all that the WHERE says.
std::optional<std::string> WantedKey(const SystemTable& table, std::string_view sql,
                                     const StatementContext& context) {
  query::FastStatement fast;
  if (!query::ParseFastStatement(sql, context.params, fast)) return std::nullopt;
  const bool by_key = fast.comparison == query::KeyComparison::kEqual &&
                      fast.key.kind() == Datum::Kind::kText &&
                      sql::EqualsIgnoreCase(fast.key_column, table.columns[0].name);
  return by_key ? std::optional(std::string(fast.key.text())) : std::nullopt;
}

Status Run(const SystemTable& table, std::string_view sql, StatementContext& context) {
  for (bool lost = false; !lost || std::chrono::steady_clock::now() < context.deadline;
       lost = true) {
    KALAM_TRY_ASSIGN(auto statement, context.services.engine.Parse(sql));
    const StatementKind kind = statement.kind();
    if (statement.TakeReturning() || statement.conflict_action() != duck::ConflictAction::kNone) {
      return Error(ErrorCode::kUnsupported,
                   "ERROR: RETURNING and ON CONFLICT are not supported on system tables");
    }
    KALAM_TRY_ASSIGN(auto targets, Targets(table, statement.columns(), context));
    if (kind == StatementKind::kInsert && targets.empty()) {
      for (std::size_t i = 0; i < table.columns.size(); ++i) targets.push_back(i);
    }
    std::vector<DataType> types;
    for (const std::size_t target : targets) types.push_back(table.columns[target].type);
    std::vector<std::string> names;
    for (const auto& column : table.columns) names.push_back(column.name);

    const auto writer = WriterOf(table, context);
    auto others =
        WriteResolver(context, context.WriteSnapshot(), StatementResolver::DeletedRows::kNever);
    TargetResolver resolver(table, ViewerOf(context.services.catalog, context.who), others);
    SystemSink sink(table, targets, kind, *writer);
    const auto query = context.query_context(resolver);
    auto& engine = context.services.engine;
    if (kind == StatementKind::kInsert) {
      KALAM_TRY(engine.InsertRows(std::move(statement), query, types, sink));
    } else if (kind == StatementKind::kUpdate) {
      KALAM_TRY(engine.UpdateRows(std::move(statement), query, names, types, sink));
    } else {
      KALAM_TRY(engine.DeleteRows(std::move(statement), query, names, true, sink));
    }
    if (sink.affected() == 0) {
      if (const auto key = WantedKey(table, sql, context)) KALAM_TRY(writer->NotFound(*key));
    }
    Status applied = writer->Apply();
    if (applied.ok()) {
      context.response.AddOutcome(static_cast<std::int64_t>(sink.affected()),
                                  RowsMessage(sink.affected(), VerbOf(kind)), false);
      return {};
    }
    if (applied.error().code() != ErrorCode::kConflict) return applied;
  }
  return GaveUp();
}

}  // namespace

std::unique_ptr<SystemTableWriter> WriterOf(const SystemTable& table, StatementContext& context) {
  if (table.schema == "system" && table.name == "users") return MakeSystemUsersWriter(context);
  if (table.schema == "system" && table.name == "storages") return MakeSystemStoragesWriter(context);
  return nullptr;
}

std::optional<Status> TryRunSystemDml(const duck::ParsedStatement& statement, std::string_view sql,
                                      StatementContext& context) {
  const auto target = statement.target();
  if (target.parts.size() != 2 || !query::SystemTables::IsSystemSchema(target.parts[0]))
    return std::nullopt;
  const SystemTable* table = context.services.system_tables.Find(target.parts[0], target.parts[1]);
  const std::string name = target.parts[0] + "." + target.parts[1];
  if (!table) return sql::RelationDoesNotExist(context.options.error_style, name);
  Status allowed =
      auth::Authorize(context.who, ActionOf(statement.kind()), {.kind = table->kind, .name = name});
  if (!allowed.ok()) return allowed;
  if (!WriterOf(*table, context)) {
    return Error(ErrorCode::kPermissionDenied,
                 "ERROR: permission denied for relation '" + name + "'");
  }
  if (context.transaction) {
    return Error(ErrorCode::kUnsupported,
                 "ERROR: system tables cannot be written inside a transaction");
  }
  return Run(*table, sql, context);
}

}  // namespace kalam::exec
