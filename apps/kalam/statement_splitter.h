#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cli {

// Why a text does not end at the end of a statement.
enum class OpenState { kNone, kQuote, kBlockComment };

struct SplitText {
  std::vector<std::string_view> statements;  // each ended by ';', which is not part of it; trimmed
  std::string_view rest;      // after the last ';', trimmed; empty when there is only white space
  bool rest_is_blank = true;  // nothing but white space and comments in `rest`
  OpenState open = OpenState::kNone;  // what `rest` ends inside of
};

// Splits at each ';' that is outside of '...', E'...', "...", `...`, $tag$...$tag$, -- comments and
// /* comments */ (which nest): the rules of the server, so that both see the same statements.
// Pieces without anything but comments are dropped. The views point into `sql`.
SplitText SplitStatements(std::string_view sql);

// How a statement moves the border of a transaction.
enum class TransactionStep { kNone, kBegin, kEnd };
TransactionStep TransactionStepOf(std::string_view statement);

// A transaction does not outlive its request, so everything from BEGIN to COMMIT or ROLLBACK has to
// travel together. Gives the sizes of the groups, in order: 1 for an ordinary statement.
std::vector<std::size_t> GroupByRequest(const std::vector<std::string_view>& statements);

// The text of `count` statements from `first` on, as one request.
std::string JoinStatements(const std::vector<std::string_view>& statements, std::size_t first,
                           std::size_t count);

}  // namespace kalam::cli
