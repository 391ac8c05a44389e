#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "duck/engine.h"
#include "model/table_def.h"
#include "query/row_batch.h"

// From the engine's rows to the changes of a statement. What they borrow must outlive them.
namespace kalam::exec {

// A cell of the engine as input for a column. Numbers too wide for a Datum go in as text, and are judged there.
query::CellInput InputOf(const duck::Cell& cell);

// Rows as Engine::InsertRows gives them, one cell per target column.
class InsertSink final : public duck::RowSink {
 public:
  InsertSink(const TableDef& table, const std::vector<std::size_t>& targets, const query::RowContext& rows,
             query::RowBatch& batch)
      : table_(table), targets_(targets), rows_(rows), batch_(batch),
        cells_(table.columns.size(), query::CellInput{Datum::Null(), true}) {}

  Status OnColumns(std::vector<duck::OutputColumn>) override { return {}; }
  Status OnRow(std::span<const duck::Cell> row) override;

 private:
  const TableDef& table_;
  const std::vector<std::size_t>& targets_;
  const query::RowContext& rows_;
  query::RowBatch& batch_;
  std::vector<query::CellInput> cells_;
};

// Rows as Engine::UpdateRows and DeleteRows give them: `_seq`, the old columns, the new values. A join may
// name a row several times: the first one counts.
class ChangeSink final : public duck::RowSink {
 public:
  enum class Kind : std::uint8_t { kUpdate, kDelete, kConflictUpdate };

  ChangeSink(Kind kind, const TableDef& table, const std::vector<std::size_t>& targets, const query::RowContext& rows,
             query::RowBatch& batch)
      : kind_(kind), table_(table), targets_(targets), rows_(rows), batch_(batch) {}

  Status OnColumns(std::vector<duck::OutputColumn>) override { return {}; }
  // Errors: those of RowBatch; kUnsupported when ON CONFLICT DO UPDATE changes a key.
  Status OnRow(std::span<const duck::Cell> row) override;

  std::uint64_t affected() const { return affected_; }

 private:
  const Kind kind_;
  const TableDef& table_;
  const std::vector<std::size_t>& targets_;
  const query::RowContext& rows_;
  query::RowBatch& batch_;
  std::unordered_set<std::uint64_t> seen_;  // a seq belongs to one version of one row
  std::uint64_t affected_ = 0;
  std::vector<Datum> old_;
  std::vector<query::CellInput> cells_;
};

}  // namespace kalam::exec
