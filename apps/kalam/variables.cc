#include "variables.h"

#include "exit_code.h"
#include "sql/lexer.h"

#include <algorithm>

namespace kalam::cli {

namespace {

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string Quoted(std::string_view value, char quote) {
  std::string text(1, quote);
  for (const char c : value) {
    if (c == quote) text += quote;
    text += c;
  }
  return text + quote;
}

}  // namespace

bool Variables::IsName(std::string_view name) {
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') && std::ranges::all_of(name, IsNameByte);
}

bool Variables::Assign(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || !IsName(assignment.substr(0, equals))) return false;
  Set(assignment.substr(0, equals), assignment.substr(equals + 1));
  return true;
}

Result<std::string> Variables::Expand(std::string_view sql) const {
  if (values_.empty()) return std::string(sql);
  std::string text;
  std::size_t copied = 0;
  sql::Lexer lexer(sql);
  for (sql::Token token = lexer.Next(); token.kind != sql::TokenKind::kEnd; token = lexer.Next()) {
    if (!token.Is(':')) continue;
    const sql::Token name = lexer.Peek();
    const bool touches = name.offset == token.end();
    const bool quoted = name.kind == sql::TokenKind::kString || name.kind == sql::TokenKind::kQuotedName;
    if (!touches || !(quoted || name.kind == sql::TokenKind::kWord)) continue;
    const std::string_view word = quoted ? name.body() : name.text;
    if (!IsName(word)) continue;
    const auto value = values_.find(std::string(word));
    if (value == values_.end()) {
      return UsageError("variable " + std::string(name.text) + " is not set: give -v " + std::string(word) +
                        "=VALUE, or put a blank after the ':' if it is no variable");
    }
    text.append(sql.substr(copied, token.offset - copied));
    text += quoted ? Quoted(value->second, name.text.front()) : value->second;
    copied = name.end();
  }
  text.append(sql.substr(copied));
  return text;
}

}  // namespace kalam::cli
