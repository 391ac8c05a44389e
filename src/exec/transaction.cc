#include "transaction.h"

#include <algorithm>
#include <vector>

#include "catalog/catalog.h"
#include "model/row_codec.h"
#include "table/write_errors.h"

namespace kalam::exec {
namespace {

// What a staged row takes beside its key and bytes: the map's node and the strings' own.
constexpr std::size_t kRowOverheadBytes = 160;

bool IsLive(std::string_view row) { return !row.empty() && !RowDeleted(row); }

Error TableChanged(const TableDef& table) {
  return Error(ErrorCode::kConflict,
               "ERROR: table '" + table.name.ToString() + "' was altered or dropped during the transaction");
}

}  // namespace

Status Transaction::CheckTable(const TableDef& then) const {
  const TableDefPtr now = catalog_.FindTable(then.name.ns, then.name.table);
  if (!now || now->id != then.id || now->schema_version != then.schema_version) return TableChanged(then);
  return {};
}

Result<const table::StagedRows*> Transaction::RowsOf(const TableDef& table) const {
  const auto part = parts_.find(table.id);
  if (part == parts_.end()) return nullptr;
  if (part->second.table->schema_version != table.schema_version) return TableChanged(table);
  return &part->second.rows;
}

Result<std::string_view> Transaction::Find(const TableDef& table, const UserId& user, std::string_view key,
                                           table::FoundRow& scratch) const {
  KALAM_TRY_ASSIGN(const auto* rows, RowsOf(table));
  if (rows) {
    const auto staged = rows->find(key);
    if (staged != rows->end()) return std::string_view(staged->second.row);
  }
  KALAM_TRY_ASSIGN(const auto found,
                   reader_.Get(*snapshot_, table, user, key, scratch, table::Blocking::kAllowed));
  return found == table::RowLookup::kFound ? scratch.view() : std::string_view();
}

Status Transaction::Stage(const TableDefPtr& table, const UserId& user,
                          std::span<const table::RowChange> changes) {
  Part& part = parts_[table->id];
  if (!part.table) part = Part{table, user, {}};
  if (part.table->schema_version != table->schema_version) return TableChanged(*table);
  // A statement that moves keys may move them onto each other: what it frees comes first.
  for (const bool inserts : {false, true}) {
    for (const auto& change : changes) {
      if ((change.op == table::ChangeOp::kInsert) == inserts) KALAM_TRY(StageOne(part, change));
    }
  }
  return {};
}

Status Transaction::StageOne(Part& part, const table::RowChange& change) {
  auto staged = part.rows.find(change.key);
  if (staged == part.rows.end()) {
    table::FoundRow stored;
    KALAM_TRY_ASSIGN(const auto found, reader_.Get(*snapshot_, *part.table, part.user, change.key, stored,
                                                   table::Blocking::kAllowed));
    const std::string_view row = found == table::RowLookup::kFound ? stored.view() : std::string_view();
    if (change.op == table::ChangeOp::kInsert && IsLive(row)) return table::DuplicateKey(*part.table);
    staged = part.rows.emplace(std::string(change.key), table::StagedRow{}).first;
    if (!row.empty()) staged->second.base = RowSeq(row);
    staged->second.base_live = IsLive(row);
    bytes_ += change.key.size() + kRowOverheadBytes;
  } else if (change.op == table::ChangeOp::kInsert && IsLive(staged->second.row)) {
    return table::DuplicateKey(*part.table);
  }
  bytes_ += change.row.size();
  bytes_ -= staged->second.row.size();
  if (bytes_ > bounds_.max_bytes) {
    return Error(ErrorCode::kLimitExceeded,
                 "ERROR: transaction writes more than limits.transaction_memory (" + std::to_string(bounds_.max_bytes) +
                     " bytes)");
  }
  staged->second.row = change.row;
  staged->second.order = next_order_++;
  // Statements tell row versions apart by their seq; the real one comes with the commit.
  SetRowSeq(staged->second.row.data(), Seq(snapshot_->seq().value() + ++next_seq_));
  return {};
}

table::WriteReceipt Transaction::Commit(const table::CommitNote* note) {
  std::vector<std::pair<std::uint64_t, table::StagedChange>> changes;
  for (const auto& [id, part] : parts_) {
    if (Status same = CheckTable(*part.table); !same.ok()) {
      return {.status = std::move(same), .durable_after = snapshot_->seq()};
    }
    for (const auto& [key, staged] : part.rows) {
      const bool live = IsLive(staged.row);
      if (!live && !staged.base_live) continue;  // came and went inside the transaction
      const auto op = !staged.base_live ? table::ChangeOp::kInsert
                      : live            ? table::ChangeOp::kUpdate
                                        : table::ChangeOp::kDelete;
      changes.emplace_back(staged.order, table::StagedChange{.table = part.table.get(),
                                                             .user = part.user.text(),
                                                             .op = op,
                                                             .key = key,
                                                             .row = staged.row,
                                                             .base = staged.base});
    }
  }
  std::ranges::sort(changes, {}, [](const auto& change) { return change.first; });
  std::vector<table::StagedChange> in_order;
  in_order.reserve(changes.size());
  for (auto& [order, change] : changes) in_order.push_back(change);
  auto receipt = writer_.ApplyAll(in_order, note);
  receipt.durable_after = std::max(receipt.durable_after, snapshot_->seq());
  if (!receipt.status.ok() && receipt.status.error().code() == ErrorCode::kConflict) {
    receipt.status = Error(ErrorCode::kConflict, "ERROR: could not serialize access due to concurrent update");
  }
  return receipt;
}

}  // namespace kalam::exec
