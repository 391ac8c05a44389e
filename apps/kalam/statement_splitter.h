#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sql/script.h"

// What the command line does with a text of several statements. Where a statement ends is the server's
// affair (sql::SplitScript), so that both see the same ones.
namespace kalam::cli {

// How a statement moves the border of a transaction.
enum class TransactionStep { kNone, kBegin, kEnd };
TransactionStep TransactionStepOf(std::string_view statement);

// A transaction does not outlive its request, so everything from BEGIN to COMMIT or ROLLBACK has to
// travel together. Gives the sizes of the groups, in order: 1 for an ordinary statement.
std::vector<std::size_t> GroupByRequest(const std::vector<std::string_view>& statements);

// A script in its pieces: statements, and lines that begin with a backslash where no statement is open.
struct ScriptPiece {
  bool is_command = false;
  std::string_view text;  // borrows from the script
};
std::vector<ScriptPiece> PiecesOf(std::string_view script);

// The text of `count` statements from `first` on, as one request.
std::string JoinStatements(const std::vector<std::string_view>& statements, std::size_t first,
                           std::size_t count);

}  // namespace kalam::cli
