#include "query/fast_path.h"

#include <memory>
#include <unordered_map>
#include <vector>

#include "model/key_codec.h"
#include "model/row_codec.h"
#include "model/row_upgrade.h"
#include "query/table_source.h"
#include "sql/default_functions.h"
#include "sql/lexer.h"
#include "wire/result_shape.h"

namespace kalam::query {
namespace {

using table::Blocking;
using wire::ResultShape;

// Literals that both paths take the same way: nothing that the engine would cast or round.
bool IsTrivial(const Datum& datum, DataType type) {
  switch (datum.kind()) {
    case Datum::Kind::kNull: return true;
    case Datum::Kind::kBool: return type == DataType::kBoolean;
    case Datum::Kind::kInt:
      return type == DataType::kSmallInt || type == DataType::kInt || type == DataType::kBigInt ||
             type == DataType::kFloat || type == DataType::kDouble;
    case Datum::Kind::kDouble: return type == DataType::kFloat || type == DataType::kDouble;
    case Datum::Kind::kText:
      return IsVariableWidth(type) || type == DataType::kTimestamp || type == DataType::kDate ||
             type == DataType::kTime;
    case Datum::Kind::kBinary: return false;
  }
  return false;
}

// A value that a column takes as it is.
bool IsTrivial(const CellInput& cell, DataType type) {
  if (cell.is_default) return true;
  return cell.function ? sql::TypeOf(*cell.function) == type : IsTrivial(cell.datum, type);
}

bool IsKeyLiteral(const Datum& key, const TableDef& table) {
  const DataType type = table.primary_key_column().type;
  return (type == DataType::kBigInt && key.kind() == Datum::Kind::kInt) ||
         (type == DataType::kText && key.kind() == Datum::Kind::kText);
}

bool IsKeyColumn(std::string_view name, const TableDef& table) {
  return sql::EqualsIgnoreCase(name, table.primary_key_column().name);
}

// --- what a SELECT shows

// A declared column, or one of the three behind them.
enum : std::size_t { kUpdated = SIZE_MAX - 2, kDeleted = SIZE_MAX - 1, kSeq = SIZE_MAX };

struct Projection {
  std::vector<std::size_t> columns;
  ResultShape shape;
};

std::optional<Projection> MakeProjection(const FastStatement& statement, const TableDef& table) {
  Projection projection;
  std::vector<wire::ResultColumn> shown;
  const auto add = [&](std::size_t column, std::string_view name, DataType type) {
    projection.columns.push_back(column);
    shown.push_back({std::string(name), type});
  };
  const auto add_system = [&](std::string_view name) {
    if (!table.has_system_columns()) return false;
    if (sql::EqualsIgnoreCase(name, kUpdatedColumn)) {
      add(kUpdated, kUpdatedColumn, DataType::kTimestamp);
    } else if (sql::EqualsIgnoreCase(name, kDeletedColumn)) {
      add(kDeleted, kDeletedColumn, DataType::kBoolean);
    } else if (sql::EqualsIgnoreCase(name, kSeqColumn)) {
      add(kSeq, kSeqColumn, DataType::kBigInt);
    } else {
      return false;
    }
    return true;
  };
  if (statement.columns.empty()) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) add(i, table.columns[i].name, table.columns[i].type);
    add_system(kUpdatedColumn);
    add_system(kDeletedColumn);
  }
  for (const std::string_view name : statement.columns) {
    if (const auto column = table.FindColumn(name)) {
      add(*column, table.columns[*column].name, table.columns[*column].type);
    } else if (!add_system(name)) {
      return std::nullopt;
    }
  }
  projection.shape = ResultShape(std::move(shown));
  return projection;
}

// `SELECT *` shows the same for as long as a definition lives; each thread keeps what it used last.
const Projection& StarProjection(const FastStatement& statement, const TableDefPtr& table) {
  struct Entry {
    TableDefPtr table;  // keeps the address from being used again
    Projection projection;
  };
  constexpr std::size_t kEntries = 256;
  thread_local std::unordered_map<const TableDef*, Entry> cache;
  const auto found = cache.find(table.get());
  if (found != cache.end()) return found->second.projection;
  if (cache.size() >= kEntries) cache.clear();
  return cache.emplace(table.get(), Entry{table, *MakeProjection(statement, *table)}).first->second.projection;
}

Status AppendRow(const Projection& projection, const RowView& row, wire::SqlResponseWriter& response) {
  response.BeginRow();
  for (const std::size_t column : projection.columns) {
    switch (column) {
      case kUpdated: response.Cell(Datum::Int(row.updated())); break;
      case kDeleted: response.Cell(Datum::Bool(row.deleted())); break;
      case kSeq: response.Cell(Datum::Int(static_cast<std::int64_t>(row.seq().value()))); break;
      default: response.Cell(row.column(column));
    }
  }
  return response.EndRow();
}

table::ScanBounds BoundsOf(const FastStatement& statement) {
  table::ScanBounds bounds;
  if (statement.comparison == KeyComparison::kNone) return bounds;
  std::string key;
  AppendPrimaryKey(key, statement.key);
  // `key + 0x00` is the next key after `key`.
  switch (statement.comparison) {
    case KeyComparison::kLess: bounds.upper = key; break;
    case KeyComparison::kLessOrEqual: bounds.upper = key + '\0'; break;
    case KeyComparison::kGreater: bounds.lower = key + '\0'; break;
    case KeyComparison::kGreaterOrEqual: bounds.lower = key; break;
    default: break;
  }
  return bounds;
}

}  // namespace

bool FastPath::NoteShape(const FastStatement& statement, const TableDef& table) const {
  // FNV-1a over words; two shapes that met would only share their `cache_hit`.
  std::uint64_t shape = 0xcbf29ce484222325;
  const auto mix = [&shape](std::uint64_t word) { shape = (shape ^ word) * 0x100000001b3 + (shape >> 47); };
  mix(table.id.value());
  mix(static_cast<std::uint64_t>(table.schema_version));
  mix(static_cast<std::uint64_t>(statement.kind) | static_cast<std::uint64_t>(statement.comparison) << 8 |
      static_cast<std::uint64_t>(statement.descending) << 16 | std::uint64_t{statement.limit.has_value()} << 17 |
      std::uint64_t{!statement.order_column.empty()} << 18);
  for (const std::string_view column : statement.columns) mix(std::hash<std::string_view>{}(column));
  return plans_.Touch(shape);
}

Result<FastOutcome> FastPath::Insert(const FastStatement& statement, const TableDef& table, const UserId& user,
                                     const RowContext& context, Blocking blocking, RowBatch& batch,
                                     table::WriteReceipt& receipt) const {
  const std::size_t width = statement.values.size() / statement.rows;
  std::vector<std::size_t> targets;
  targets.reserve(width);
  if (statement.columns.empty()) {
    if (width != table.columns.size()) return FastOutcome::kNotFast;
    for (std::size_t i = 0; i < width; ++i) targets.push_back(i);
  }
  std::vector<CellInput> row(table.columns.size(), CellInput{Datum::Null(), true});
  for (const std::string_view name : statement.columns) {
    const auto column = table.FindColumn(name);
    if (!column || !row[*column].is_default) return FastOutcome::kNotFast;  // unknown or named twice
    row[*column].is_default = false;
    targets.push_back(*column);
  }

  batch.Clear();
  const CellInput* value = statement.values.data();
  for (std::size_t r = 0; r < statement.rows; ++r) {
    for (const std::size_t target : targets) {
      if (!IsTrivial(*value, table.columns[target].type)) return FastOutcome::kNotFast;
      row[target] = *value++;
    }
    KALAM_TRY(batch.AddInsert(table, row, context));
  }
  receipt = table.kind == TableKind::kStream ? streams_.Apply(table, batch.changes(), blocking)
                                             : writer_.Apply(table, user, batch.changes(), blocking);
  return receipt.would_block ? FastOutcome::kWouldBlock : FastOutcome::kDone;
}

Result<FastOutcome> FastPath::Change(const FastStatement& statement, const TableDef& table, const UserId& user,
                                     const RowContext& context, Blocking blocking,
                                     table::WriteReceipt& receipt) const {
  if (table.kind == TableKind::kStream || !IsKeyColumn(statement.key_column, table) ||
      !IsKeyLiteral(statement.key, table)) {
    return FastOutcome::kNotFast;
  }
  std::vector<std::size_t> targets;
  for (std::size_t i = 0; i < statement.columns.size(); ++i) {
    const auto column = table.FindColumn(statement.columns[i]);
    if (!column || *column == table.primary_key) return FastOutcome::kNotFast;
    if (!IsTrivial(statement.values[i], table.columns[*column].type)) return FastOutcome::kNotFast;
    for (const std::size_t earlier : targets) {
      if (earlier == *column) return FastOutcome::kNotFast;
    }
    targets.push_back(*column);
  }

  std::string key;
  AppendPrimaryKey(key, statement.key);
  const bool remove = statement.kind == FastKind::kDelete;
  RowBatch converted(SIZE_MAX);
  std::string upgraded;
  receipt = writer_.Mutate(
      table, user, key,
      [&](std::string_view latest, std::string& row) -> Result<bool> {
        if (latest.empty() || RowDeleted(latest)) return false;
        KALAM_TRY_ASSIGN(const std::string_view current, CurrentRow(table, latest, upgraded));
        const RowView old(table.layout, current);
        std::vector<CellInput> cells(table.columns.size());
        for (std::size_t i = 0; i < cells.size(); ++i) cells[i].datum = old.column(i);
        if (remove) {
          std::vector<Datum> columns;
          for (const CellInput& cell : cells) columns.push_back(cell.datum);
          EncodeRow(table.layout, table.schema_version, context.now, true, columns, row);
          return true;
        }
        for (std::size_t i = 0; i < targets.size(); ++i) cells[targets[i]] = statement.values[i];
        converted.Clear();
        KALAM_TRY(converted.AddInsert(table, cells, context));
        row = converted.changes()[0].row;
        return true;
      },
      blocking);
  return receipt.would_block ? FastOutcome::kWouldBlock : FastOutcome::kDone;
}

Result<FastOutcome> FastPath::Select(const FastStatement& statement, const TableDefPtr& table, const UserId& user,
                                     const table::DurableSnapshotPtr& snapshot, Blocking blocking,
                                     wire::SqlResponseWriter& response) const {
  if (table->kind == TableKind::kStream) return FastOutcome::kNotFast;
  const bool has_where = statement.comparison != KeyComparison::kNone;
  if (has_where && (!IsKeyColumn(statement.key_column, *table) || !IsKeyLiteral(statement.key, *table))) {
    return FastOutcome::kNotFast;
  }
  if (!statement.order_column.empty() && !IsKeyColumn(statement.order_column, *table)) return FastOutcome::kNotFast;
  const bool point = statement.comparison == KeyComparison::kEqual;
  if (!point && !statement.limit) return FastOutcome::kNotFast;
  if (!point && blocking == Blocking::kNever && *statement.limit > kMaxLoopRows) return FastOutcome::kWouldBlock;

  std::optional<Projection> own;
  if (!statement.columns.empty()) {
    own = MakeProjection(statement, *table);
    if (!own) return FastOutcome::kNotFast;
  }
  const Projection& projection = own ? *own : StarProjection(statement, table);

  if (point) {
    std::string key;
    AppendPrimaryKey(key, statement.key);
    table::FoundRow value;
    KALAM_TRY_ASSIGN(const table::RowLookup found, reader_.Get(*snapshot, *table, user, key, value, blocking));
    if (found == table::RowLookup::kWouldBlock) return FastOutcome::kWouldBlock;
    response.BeginRows(projection.shape);
    const bool shown = found == table::RowLookup::kFound && !RowDeleted(value.view()) && statement.limit != 0;
    if (shown) KALAM_TRY(AppendRow(projection, RowView(table->layout, value.view()), response));
    response.EndRows({.cache_hit = NoteShape(statement, *table)});
    return FastOutcome::kDone;
  }

  const auto direction = statement.descending ? table::Direction::kBackward : table::Direction::kForward;
  auto rows = reader_.Scan(snapshot, *table, user, BoundsOf(statement), direction, blocking);
  response.BeginRows(projection.shape);
  std::int64_t steps = 0;
  for (; rows.Valid() && response.row_count() < *statement.limit; rows.Next()) {
    // Many tombstones in a row: not for an event loop.
    if (blocking == Blocking::kNever && ++steps > 4 * kMaxLoopRows) break;
    if (!rows.row().deleted()) KALAM_TRY(AppendRow(projection, rows.row(), response));
  }
  if (rows.would_block() || (blocking == Blocking::kNever && steps > 4 * kMaxLoopRows)) {
    response.DropOpenResult();
    return FastOutcome::kWouldBlock;
  }
  KALAM_TRY(rows.status());
  response.EndRows({.cache_hit = NoteShape(statement, *table)});
  return FastOutcome::kDone;
}

}  // namespace kalam::query
