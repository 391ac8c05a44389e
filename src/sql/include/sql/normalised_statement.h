#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/datum.h"

namespace kalam::sql {

// A statement in the form under which its plan is kept: one blank between tokens, keywords in lower case, no
// comments, and literals that only say which rows turned into parameters, numbered after the request's own.
//
//   SELECT  name FROM t WHERE id = 7 -- newest   with no parameters becomes
//   select name from t where id = $1             with literals {7}
//
// Literals become parameters where they are the whole operand of a comparison or of BETWEEN in a WHERE, or a whole
// integer or text cell of INSERT ... VALUES. What shapes the answer keeps its literals: SELECT lists, GROUP BY,
// ORDER BY, HAVING, ON, and LIMIT, of which the engine makes another plan when it knows the number.
struct NormalisedStatement {
  std::string text;            // SQL, to be parsed instead of the original
  std::string key;             // `text` and the kinds of all parameters
  std::vector<Datum> literals;  // borrow from the statement and from `unescaped`
  std::deque<std::string> unescaped;
};

// Longest `text` that is worth a place in a cache.
inline constexpr std::size_t kMaxNormalisedBytes = 8192;

// False when the statement is better run as it is: too long, strings that need decoding, or parameters that are not
// $1..$n of `params`. Two statements of the same key and the same parameters mean the same.
bool Normalise(std::string_view statement, std::span<const Datum> params, NormalisedStatement& out);

}  // namespace kalam::sql
