#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kalam::sql {

// Cuts a request's text into its statements: at each `;` outside quotes, dollar quotes and comments
// (specification 2.7). Pieces of only blanks and comments are dropped; the others come trimmed of blanks
// and borrow from `text`. No statement at all is an empty vector, not an error.
//
// Errors: kSyntax `Unterminated quoted string in SQL batch` or `Unterminated block comment in SQL batch`
// (the caller puts `Failed to parse SQL batch: ` in front); kLimitExceeded naming
// `limits.max_batch_statements`.
Result<std::vector<std::string_view>> SplitStatements(std::string_view text,
                                                      std::size_t max_statements);

// What one statement may hold before the engine sees it. DuckDB refuses trees deeper than 1,000 by itself,
// but needs time that grows with a power of these sizes, without looking at its interrupt flag; the
// defaults keep the worst of each near one second (measured with DuckDB 1.4.4). Each refusal names its key.
struct StatementLimits {
  std::uint32_t max_nesting_depth = 200;     // limits.max_nesting_depth: height of expressions; cubic time
  std::uint32_t max_in_list = 100'000;       // limits.max_in_list: items in any one pair of brackets
  std::uint32_t max_values_rows = 100'000;   // limits.max_values_rows
  std::uint32_t max_parameters = 65'535;     // limits.max_parameters: the highest $n, or the number of ?
  std::uint32_t max_select_items = 4'000;    // limits.max_select_items: SELECT, GROUP BY, SET ... lists; quadratic
  std::uint32_t max_conditions = 5'000;      // limits.max_conditions: AND, OR and WHEN; quadratic time
  std::uint32_t max_joins = 64;              // limits.max_joins; 100 equality joins take 5 s to plan
  std::uint32_t max_ctes = 200;              // limits.max_ctes; 1,000 take 6 s and 5,000 3 GB to parse
  std::uint32_t max_arrow_chain = 12;        // limits.max_arrow_chain: nested -> and lambda; each doubles
  std::uint32_t max_subquery_depth = 16;     // limits.max_subquery_depth: in expressions; each doubles
};

// One linear pass over one statement, in memory bounded by the limits. Height counts every construct that
// makes a parser or planner recurse: brackets of all kinds, CASE, prefix operators, and chains of operators
// (`a + b + c` is two high), casts, subscripts and method calls; AND and OR are flat.
// Errors: kLimitExceeded.
Status CheckStatementBounds(std::string_view statement, const StatementLimits& limits);

}  // namespace kalam::sql
