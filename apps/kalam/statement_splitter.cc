#include "statement_splitter.h"

#include "sql/keyword.h"
#include "sql/lexer.h"

#include <algorithm>

namespace kalam::cli {

TransactionStep TransactionStepOf(std::string_view statement) {
  switch (sql::KeywordOf(sql::Lexer(statement).Next())) {
    case sql::Keyword::kBegin:
    case sql::Keyword::kStart: return TransactionStep::kBegin;
    case sql::Keyword::kCommit:
    case sql::Keyword::kRollback: return TransactionStep::kEnd;
    default: return TransactionStep::kNone;
  }
}

std::vector<std::size_t> GroupByRequest(const std::vector<std::string_view>& statements) {
  std::vector<std::size_t> sizes;
  bool in_transaction = false;
  for (const std::string_view statement : statements) {
    const TransactionStep step = TransactionStepOf(statement);
    if (in_transaction) {
      ++sizes.back();
      if (step == TransactionStep::kEnd) in_transaction = false;
      continue;
    }
    sizes.push_back(1);
    in_transaction = step == TransactionStep::kBegin;
  }
  return sizes;
}

std::vector<ScriptPiece> PiecesOf(std::string_view script) {
  std::vector<ScriptPiece> pieces;
  std::size_t begin = 0;
  for (std::size_t line = 0; line < script.size();) {
    const std::size_t end = std::min(script.find('\n', line), script.size());
    if (script[line] == '\\') {
      const std::string_view before = script.substr(begin, line - begin);
      const sql::Script open = sql::SplitScript(before);
      if (open.rest.empty() && open.open == sql::OpenEnd::kNone) {
        if (!open.statements.empty()) pieces.push_back({.text = before});
        pieces.push_back({.is_command = true, .text = script.substr(line, end - line)});
        begin = end;
      }
    }
    line = end + 1;
  }
  if (begin < script.size()) pieces.push_back({.text = script.substr(begin)});
  return pieces;
}

std::string JoinStatements(const std::vector<std::string_view>& statements, std::size_t first,
                           std::size_t count) {
  std::string text;
  for (std::size_t i = first; i < first + count; ++i) {
    text.append(statements[i]);
    // A new line too: the statement may end in a -- comment.
    if (count > 1) text += "\n;\n";
  }
  return text;
}

}  // namespace kalam::cli
