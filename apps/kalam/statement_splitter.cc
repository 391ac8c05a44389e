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

// Where the text that ends before `at` goes on in new quotes: only after a line break, with
// comments allowed between. npos if it does not.
std::size_t ContinuationQuote(std::string_view sql, std::size_t at) {
  bool line_break = false;
  while (at < sql.size()) {
    if (sql[at] == '\n' || sql[at] == '\r') line_break = true;
    if (kWhiteSpace.find(sql[at]) != std::string_view::npos) {
      ++at;
    } else if (sql.substr(at, 2) == "--") {
      at = std::min(sql.find_first_of("\n\r", at), sql.size());
    } else {
      break;
    }
  }
  return line_break && at < sql.size() && sql[at] == '\'' ? at : std::string_view::npos;
}

bool IsNameCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) || c == '_' || c == '$' || byte >= 0x80;
}

// After the closing quote; a doubled quote does not close. npos if nothing closes.
std::size_t QuotedEnd(std::string_view sql, std::size_t at) {
  const char quote = sql[at];
  for (++at; (at = sql.find(quote, at)) != std::string_view::npos; at += 2) {
    if (at + 1 >= sql.size() || sql[at + 1] != quote) return at + 1;
  }
  return at;
}

// The same for the '...' of E'...', where a backslash takes the next character with it. A string
// that goes on in other quotes on the next line is an escape string there too.
std::size_t EscapeStringEnd(std::string_view sql, std::size_t at) {
  for (++at; at < sql.size(); ++at) {
    if (sql[at] == '\\') {
      ++at;
      continue;
    }
    if (sql[at] != '\'') continue;
    if (at + 1 < sql.size() && sql[at + 1] == '\'') {
      ++at;
      continue;
    }
    const std::size_t next = ContinuationQuote(sql, at + 1);
    if (next == std::string_view::npos) return at + 1;
    at = next;
  }
  return std::string_view::npos;
}

// Block comments nest.
std::size_t BlockCommentEnd(std::string_view sql, std::size_t at) {
  for (std::size_t depth = 0; at + 1 < sql.size(); ++at) {
    const std::string_view two = sql.substr(at, 2);
    if (two == "/*") {
      ++depth;
      ++at;
    } else if (two == "*/") {
      ++at;
      if (--depth == 0) return at + 1;
    }
  }
  return std::string_view::npos;
}

// $$...$$ or $tag$...$tag$. 0 if no such text starts here.
std::size_t DollarQuotedEnd(std::string_view sql, std::size_t at) {
  std::size_t end = at + 1;
  if (end < sql.size() && std::isdigit(static_cast<unsigned char>(sql[end]))) return 0;
  while (end < sql.size() && sql[end] != '$' && IsNameCharacter(sql[end])) ++end;
  if (end >= sql.size() || sql[end] != '$') return 0;
  const std::string_view delimiter = sql.substr(at, end + 1 - at);
  const std::size_t close = sql.find(delimiter, end + 1);
  return close == std::string_view::npos ? close : close + delimiter.size();
}

// The end of the token that starts at `at`: a quoted text, a comment, a name or number, or one
// character. `open` is set if the text ends first.
std::size_t TokenEnd(std::string_view sql, std::size_t at, OpenState* open) {
  const char c = sql[at];
  const std::string_view two = sql.substr(at, 2);
  std::size_t end = at + 1;
  if (c == '\'' || c == '"' || c == '`') {
    end = QuotedEnd(sql, at);
  } else if (two == "e'" || two == "E'") {
    end = EscapeStringEnd(sql, at + 1);
  } else if (two == "--") {
    end = std::min(sql.find_first_of("\n\r", at), sql.size());
  } else if (two == "/*") {
    end = BlockCommentEnd(sql, at);
    if (end == std::string_view::npos) *open = OpenState::kBlockComment;
  } else if (const std::size_t quoted = c == '$' ? DollarQuotedEnd(sql, at) : 0; quoted != 0) {
    end = quoted;
  } else if (IsNameCharacter(c)) {
    while (end < sql.size() && IsNameCharacter(sql[end])) ++end;
  }
  if (end != std::string_view::npos) return end;
  if (*open == OpenState::kNone) *open = OpenState::kQuote;
  return sql.size();
}

bool IsComment(std::string_view token) {
  return token.starts_with("--") || token.starts_with("/*");
}

// The first word in upper case, comments before it skipped.
std::string FirstWord(std::string_view sql) {
  std::string word;
  OpenState open = OpenState::kNone;
  for (std::size_t at = 0; at < sql.size();) {
    const std::size_t end = TokenEnd(sql, at, &open);
    const std::string_view token = sql.substr(at, end - at);
    at = end;
    if (IsComment(token) || kWhiteSpace.find(token.front()) != std::string_view::npos) continue;
    for (const unsigned char c : token) word.push_back(static_cast<char>(std::toupper(c)));
    break;
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
