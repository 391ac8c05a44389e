#include "statement_splitter.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace kalam::cli {

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n\f\v";

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

// The end of the token that starts at `at`: a quoted text, a comment or one character. `open` is set
// if the text ends first. A doubled quote needs no care: it reads as two quoted texts in a row.
std::size_t TokenEnd(std::string_view sql, std::size_t at, OpenState* open) {
  const char c = sql[at];
  if (c == '\'' || c == '"' || c == '`') {
    const std::size_t close = sql.find(c, at + 1);
    if (close != std::string_view::npos) return close + 1;
    *open = OpenState::kQuote;
    return sql.size();
  }
  const std::string_view two = sql.substr(at, 2);
  if (two == "--") return std::min(sql.find('\n', at), sql.size());
  if (two == "/*") {
    const std::size_t close = sql.find("*/", at + 2);
    if (close != std::string_view::npos) return close + 2;
    *open = OpenState::kBlockComment;
    return sql.size();
  }
  return at + 1;
}

bool IsComment(std::string_view token) { return token.starts_with("--") || token.starts_with("/*"); }

// The first word in upper case, comments before it skipped.
std::string FirstWord(std::string_view sql) {
  std::string word;
  OpenState open = OpenState::kNone;
  for (std::size_t at = 0; at < sql.size();) {
    const std::size_t end = TokenEnd(sql, at, &open);
    const auto c = static_cast<unsigned char>(sql[at]);
    if (std::isalpha(c)) {
      word.push_back(static_cast<char>(std::toupper(c)));
    } else if (!word.empty() || !(std::isspace(c) || IsComment(sql.substr(at, end - at)))) {
      break;
    }
    at = end;
  }
  return word;
}

}  // namespace

SplitText SplitStatements(std::string_view sql) {
  SplitText split;
  std::size_t start = 0;
  bool blank = true;
  for (std::size_t at = 0; at < sql.size();) {
    const std::size_t end = TokenEnd(sql, at, &split.open);
    const std::string_view token = sql.substr(at, end - at);
    if (token == ";") {
      if (!blank) split.statements.push_back(Trim(sql.substr(start, at - start)));
      start = end;
      blank = true;
    } else if (!IsComment(token) && kWhiteSpace.find(token.front()) == std::string_view::npos) {
      blank = false;
    }
    at = end;
  }
  split.rest = Trim(sql.substr(start));
  split.rest_is_blank = blank;
  return split;
}

TransactionStep TransactionStepOf(std::string_view statement) {
  const std::string word = FirstWord(statement);
  if (word == "BEGIN" || word == "START") return TransactionStep::kBegin;
  if (word == "COMMIT" || word == "ROLLBACK") return TransactionStep::kEnd;
  return TransactionStep::kNone;
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
