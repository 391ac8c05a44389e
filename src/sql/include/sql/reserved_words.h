#pragma once

#include <string>
#include <string_view>

namespace kalam::sql {

// Words that can't name a column, table or alias without quotes, as in PostgreSQL: SELECT, ORDER, TABLE...
bool IsReservedWord(std::string_view word);

// Words that PostgreSQL takes as plain names and DuckDB's parser refuses: at, show, pivot, map, ...
bool IsFreeWord(std::string_view word);

// Prepares a statement for DuckDB's parser: puts double quotes around free words where they are used as
// names (`ORDER BY at`, `INSERT INTO t (id, at)`), leaves them alone where they are grammar
// (`x AT TIME ZONE 'UTC'`), and turns `backtick` names into double-quoted ones.
//
// Returns `text` itself when nothing had to change, else a view of `scratch`, which the caller keeps.
std::string_view QuoteFreeWords(std::string_view text, std::string& scratch);

}  // namespace kalam::sql
