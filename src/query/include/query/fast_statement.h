#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/datum.h"
#include "query/row_batch.h"

namespace kalam::query {

enum class FastKind : std::uint8_t { kInsert, kSelect, kUpdate, kDelete };
enum class KeyComparison : std::uint8_t { kNone, kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

// A statement of one of the simple forms:
//
//   INSERT INTO t [(c, ...)] VALUES (v, ...), ...
//   SELECT {* | c, ...} FROM t [WHERE k op v] [ORDER BY k [ASC | DESC]] [LIMIT n]
//   UPDATE t SET c = v, ... WHERE k = v
//   DELETE FROM t WHERE k = v
//
// with v a literal or parameter, or, but for WHERE, a call of a function that a DEFAULT may call (NOW(), ULID()).
// Borrows the statement's text and the parameters. Meant to be reused: filling
// it again allocates nothing once it has grown.
struct FastStatement {
  FastKind kind = FastKind::kSelect;
  std::array<std::string_view, 3> name{};  // as written: table; ns, table; ns, user, table
  std::size_t name_parts = 0;

  // INSERT: the column list (may be empty). SELECT: the columns, empty for `*`. UPDATE: those of SET.
  std::vector<std::string_view> columns;
  // INSERT: row after row. UPDATE: one per SET column.
  std::vector<CellInput> values;
  std::size_t rows = 0;  // INSERT

  std::string_view key_column;  // of WHERE; empty: no WHERE
  KeyComparison comparison = KeyComparison::kNone;
  Datum key;

  std::string_view order_column;  // empty: no ORDER BY
  bool descending = false;
  std::optional<std::int64_t> limit;

  std::deque<std::string> unescaped;  // backs texts that had '' in them
};

// True and `out` filled if `sql`, one statement without its semicolon, has one of the forms above and uses
// each of `params` at least once. False says nothing about validity: the engine's parser decides then.
bool ParseFastStatement(std::string_view sql, std::span<const Datum> params, FastStatement& out);

}  // namespace kalam::query
