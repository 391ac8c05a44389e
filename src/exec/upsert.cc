#include <deque>
#include <unordered_set>

#include "model/row_codec.h"
#include "query/table_source.h"
#include "row_sinks.h"
#include "write_statement.h"

namespace kalam::exec {
namespace {

using duck::ConflictAction;

Status CheckConflictClause(const duck::ParsedStatement& statement, const TableDef& table,
                           const StatementContext& context) {
  const ConflictAction action = statement.conflict_action();
  if (action == ConflictAction::kOther) {
    return Error(ErrorCode::kUnsupported,
                 "ERROR: of INSERT OR ... and ON CONFLICT, only ON CONFLICT [(key)] DO NOTHING and "
                 "ON CONFLICT (key) DO UPDATE SET ... [WHERE ...] are supported");
  }
  const auto& named = statement.conflict_columns();
  const bool names_key = named.size() == 1 && table.FindColumn(named[0]) == table.primary_key;
  if (action == ConflictAction::kDoUpdate && named.empty()) {
    return Error(ErrorCode::kInvalidArgument, "ERROR: ON CONFLICT DO UPDATE requires the primary key: ON CONFLICT (" +
                                                  table.primary_key_column().name + ")");
  }
  if (!named.empty() && !names_key) {
    return Error(ErrorCode::kInvalidArgument,
                 "ERROR: there is no unique or exclusion constraint matching the ON CONFLICT specification");
  }
  if (action == ConflictAction::kDoUpdate) {
    KALAM_TRY(AuthorizeTable(context.services.catalog, context.who, auth::Action::kUpdate, table));
    KALAM_TRY(AuthorizeTable(context.services.catalog, context.who, auth::Action::kSelect, table));
    if (table.kind == TableKind::kStream) {
      return Error(ErrorCode::kUnsupported, "UPDATE is not supported on STREAM tables");
    }
  }
  return {};
}

// The live row with this key, a copy; empty when there is none.
Result<std::string> FindLive(const TableDef& table, std::string_view key, const table::DurableSnapshotPtr& snapshot,
                             const StatementContext& context) {
  std::string row;
  if (table.kind == TableKind::kStream) {
    context.services.streams.Get(table, key, [&](std::string_view found) { row = found; });
    return row;
  }
  const UserId partition = PartitionOf(table, context.who);
  table::FoundRow value;
  if (context.transaction) {
    KALAM_TRY_ASSIGN(row, context.transaction->Find(table, partition, key, value));
  } else {
    KALAM_TRY_ASSIGN(const auto found, context.services.reader.Get(*snapshot, table, partition, key, value,
                                                                   table::Blocking::kAllowed));
    if (found == table::RowLookup::kFound) row = value.view();
  }
  if (!row.empty() && RowDeleted(row)) row.clear();
  return row;
}

std::string MessageOf(std::uint64_t inserted, std::uint64_t updated) {
  if (updated == 0) return RowsMessage(inserted, "inserted");
  if (inserted == 0) return RowsMessage(updated, "updated");
  std::string message = RowsMessage(inserted, "inserted");
  message.back() = ',';
  return message + " " + RowsMessage(updated, "updated");
}

// The proposals sorted by what the newest state says of their keys.
struct Split {
  std::uint64_t inserted = 0;               // they are in the batch already
  std::deque<std::string> rows_in_the_way;  // those of conflicting proposals
  std::vector<std::string_view> in_the_way;  // the same
  std::vector<std::string_view> excluded;    // the proposals in conflict
};

Result<Split> SplitProposals(const TableDef& table, std::span<const table::RowChange> proposals, ConflictAction action,
                             const table::DurableSnapshotPtr& snapshot, query::RowBatch& batch,
                             const StatementContext& context) {
  Split split;
  std::unordered_set<std::string_view> seen;
  for (const table::RowChange& proposal : proposals) {
    if (!seen.insert(proposal.key).second) {
      if (action == ConflictAction::kDoNothing) continue;
      return Error(ErrorCode::kConstraint, "ERROR: ON CONFLICT DO UPDATE command cannot affect row a second time");
    }
    KALAM_TRY_ASSIGN(std::string existing, FindLive(table, proposal.key, snapshot, context));
    if (existing.empty()) {
      KALAM_TRY(batch.AddEncoded(proposal));
      ++split.inserted;
    } else if (action == ConflictAction::kDoUpdate) {
      split.in_the_way.push_back(split.rows_in_the_way.emplace_back(std::move(existing)));
      split.excluded.push_back(proposal.row);
    }
  }
  return split;
}

}  // namespace

Status RunUpsert(std::string_view sql, const TableDefPtr& table, query::RowBatch& proposals,
                 StatementContext& context) {
  Turnstile::Pass pass;
  for (bool lost = false; !lost || std::chrono::steady_clock::now() < context.deadline; lost = true) {
    KALAM_TRY_ASSIGN(auto statement, context.services.engine.Parse(sql));
    KALAM_TRY(CheckConflictClause(statement, *table, context));
    auto returning = statement.TakeReturning();
    const ConflictAction action = statement.conflict_action();

    context.turnstile.Enter(table->id, lost, pass);
    const auto snapshot = context.WriteSnapshot();
    query::RowBatch batch(context.options.limits.statement_memory);
    KALAM_TRY_ASSIGN(const Split split,
                     SplitProposals(*table, proposals.changes(), action, snapshot, batch, context));
    std::uint64_t updated = 0;
    if (action == ConflictAction::kDoUpdate) {
      const auto names = NamesOf(*table);
      auto update = statement.TakeConflictUpdate();
      KALAM_TRY_ASSIGN(const auto targets, TargetColumns(*table, update.columns(), context));
      auto others = WriteResolver(context, snapshot, StatementResolver::DeletedRows::kNever);
      OwnRowsFirst resolver(query::MakeConflictSource(table, split.in_the_way, split.excluded), others);
      const query::RowContext rows = context.row_context();
      ChangeSink sink(ChangeSink::Kind::kConflictUpdate, *table, targets, rows, batch);
      if (!split.in_the_way.empty()) {
        KALAM_TRY(context.services.engine.UpdateRows(std::move(update), context.query_context(resolver), names,
                                                     TypesOf(*table, targets), sink));
      }
      updated = sink.affected();
    }
    KALAM_TRY(ShowWritten(table, batch, split.inserted + updated, MessageOf(split.inserted, updated),
                          std::move(returning), snapshot, context));
    Status written = Write(table, batch, context);
    if (written.ok()) return {};
    context.response.DropLastResult();
    // Its own keys are there once each: a duplicate is somebody else's, who came in between.
    const ErrorCode code = written.error().code();
    const bool raced = code == ErrorCode::kConflict || code == ErrorCode::kConstraint;
    if (!raced || context.transaction) return written;
    context.services.catalog.AwaitAlter(table->id);
    if (!IsCurrent(*table, context)) return written;  // the proposals are rows of the old definition
  }
  return GaveUp();
}

}  // namespace kalam::exec
