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

// What one statement may hold before any recursive code sees it. Each refusal names its key.
struct StatementLimits {
  std::uint32_t max_nesting_depth = 200;    // limits.max_nesting_depth
  std::uint32_t max_in_list = 100'000;      // limits.max_in_list
  std::uint32_t max_values_rows = 100'000;  // limits.max_values_rows
  std::uint32_t max_parameters = 65'535;    // limits.max_params: the highest $n, or the number of ?
};

// One linear pass over one statement, in constant memory. Nesting counts every construct that makes a
// parser or planner recurse: brackets of all kinds, CASE, and runs of prefix operators (NOT, -, +, ~).
// Errors: kLimitExceeded.
Status CheckStatementBounds(std::string_view statement, const StatementLimits& limits);

}  // namespace kalam::sql
