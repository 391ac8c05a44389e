#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/access.h"
#include "auth/identity.h"
#include "duck/scan_source.h"
#include "model/data_type.h"
#include "model/datum.h"
#include "model/table_def.h"

namespace kalam::query {

using Row = std::vector<Value>;

// The rows of one scan, made as they are asked for: fills `row` with the next one, false at the end. Used by
// one thread. What it lists was collected when it was made; it holds no lock.
using RowStream = std::function<bool(Row& row)>;

// For whom rows are made. `may_see` says whether a table is in that caller's listings; it may be called as
// long as the stream lives, on another thread.
struct Viewer {
  auth::Identity who;
  std::function<bool(const TableDef& table)> may_see;
  bool deleted_users = false;  // the query asks for soft-deleted users, too

  struct ColumnText {
    std::string column;
    std::string text;
  };
  // Columns that have this text in every row of the answer: rows with another one may be left out.
  std::vector<ColumnText> only = {};
  // nullopt: any.
  std::optional<std::string_view> Only(std::string_view column) const;
};

using RowsFunction = std::function<RowStream(const Viewer& viewer)>;

enum class Presence : std::uint8_t {
  kRequired,    // never NULL
  kOptional,    // may be NULL
  kPrimaryKey,  // never NULL, and different in each row
};

// A column of a system table: what the engine scans, and what DESCRIBE and information_schema.columns say of it.
struct SystemColumn {
  std::string name;
  DataType type = DataType::kText;
  Presence presence = Presence::kRequired;
  std::optional<std::string> default_text = {};  // SQL; the value in rows that were made without one
};

std::vector<duck::ScanColumn> ScanColumns(const std::vector<SystemColumn>& columns);

// One table of `system` or `information_schema`: all that resolving, listing and describing it needs.
struct SystemTable {
  std::string schema;
  std::string name;
  auth::ObjectKind kind;  // who may read it at all; `rows` leaves out what the viewer may not see
  std::vector<SystemColumn> columns;
  RowsFunction rows;

  std::string qualified_name() const { return schema + "." + name; }
};

// The table as the engine scans it. Nothing is listed before a scan opens; each scan lists anew. `table`
// must outlive the source.
std::shared_ptr<const duck::ScanSource> MakeSystemSource(const SystemTable& table, Viewer viewer);

// The rows of a list: `expand` appends those of one item (none, one or several). Only one item's rows are in
// memory at a time.
template <typename Item, typename Expand>
RowStream StreamOf(std::vector<Item> items, Expand expand) {
  struct State {
    std::vector<Item> items;
    Expand expand;
    std::size_t next_item = 0;
    std::vector<Row> rows;
    std::size_t next_row = 0;
  };
  // Shared, since std::function wants to be copied; there is one user all the same.
  auto state = std::make_shared<State>(State{std::move(items), std::move(expand), 0, {}, 0});
  return [state](Row& row) {
    while (state->next_row == state->rows.size()) {
      if (state->next_item == state->items.size()) return false;
      state->rows.clear();
      state->next_row = 0;
      state->expand(state->items[state->next_item++], state->rows);
    }
    row = std::move(state->rows[state->next_row++]);
    return true;
  };
}

// No rows.
RowStream NoRows(const Viewer& viewer);

}  // namespace kalam::query
