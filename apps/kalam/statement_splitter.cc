#include "statement_splitter.h"

#include "sql/keyword.h"
#include "sql/lexer.h"

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
