#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "statement_context.h"
#include "statement_resolver.h"

// What INSERT, UPDATE and DELETE have in common.
namespace kalam::exec {

// For the clauses taken off a statement, RETURNING and DO UPDATE: the first table that is asked for, which is the
// one in their FROM, is the statement's own rows; those of sub-queries come after it.
class OwnRowsFirst final : public duck::Resolver {
 public:
  OwnRowsFirst(std::shared_ptr<const duck::ScanSource> own, duck::Resolver& others)
      : own_(std::move(own)), others_(others) {}

  Result<std::shared_ptr<const duck::ScanSource>> Resolve(const duck::TableReference& reference) override {
    if (own_) return std::exchange(own_, nullptr);
    return others_.Resolve(reference);
  }

 private:
  std::shared_ptr<const duck::ScanSource> own_;
  duck::Resolver& others_;
};

// The table that a statement writes to; authorized. Errors: relation unknown, kPermissionDenied.
Result<TableDefPtr> FindTarget(const duck::TableReference& target, auth::Action action,
                               const StatementContext& context);

// False when the table was altered or dropped since `table` was looked up.
bool IsCurrent(const TableDef& table, const StatementContext& context);

// The declared columns that a statement writes, in its order. Errors: a system column, unknown, named twice.
Result<std::vector<std::size_t>> TargetColumns(const TableDef& table, const std::vector<std::string>& names,
                                               const StatementContext& context);
std::vector<DataType> TypesOf(const TableDef& table, const std::vector<std::size_t>& columns);
std::vector<std::string> NamesOf(const TableDef& table);

// Resolves the names of a statement that writes, at `snapshot` or in its transaction.
StatementResolver WriteResolver(StatementContext& context, const table::DurableSnapshotPtr& snapshot,
                                StatementResolver::DeletedRows deleted_rows);

// Appends the statement's result: its message and count, with RETURNING also the rows that it leaves. Before
// the rows are written, so that a failure here leaves nothing behind; after a failure of the write:
// response.DropLastResult().
Status ShowWritten(const TableDefPtr& table, query::RowBatch& batch, std::uint64_t affected, const std::string& message,
                   std::optional<duck::ParsedStatement> returning, const table::DurableSnapshotPtr& snapshot,
                   StatementContext& context);

// Writes the rows, and with them the request's progress: so after ShowWritten. Or hands them to the transaction.
// Errors: those of Writer::Apply and Transaction::Stage; kLimitExceeded.
Status Write(const TableDefPtr& table, query::RowBatch& batch, StatementContext& context);

// INSERT ... ON CONFLICT: `proposals` are its rows. `sql` is parsed anew for each attempt.
Status RunUpsert(std::string_view sql, const TableDefPtr& table, query::RowBatch& proposals,
                 StatementContext& context);

// What a statement gets that lost its race until its time was up.
Error GaveUp();

}  // namespace kalam::exec
