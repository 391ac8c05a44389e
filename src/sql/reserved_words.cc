#include "sql/reserved_words.h"

#include <algorithm>
#include <array>

#include "sql/lexer.h"

namespace kalam::sql {
namespace {

constexpr std::string_view kReserved[] = {
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case", "cast",
    "check", "collate", "column", "constraint", "create", "default", "deferrable", "desc", "distinct", "do",
    "else", "end", "except", "false", "fetch", "for", "foreign", "from", "grant", "group", "having", "in",
    "initially", "intersect", "into", "lateral", "leading", "limit", "not", "null", "offset", "on", "only",
    "or", "order", "placing", "primary", "references", "returning", "select", "some", "symmetric", "table",
    "then", "to", "trailing", "true", "union", "unique", "using", "variadic", "when", "where", "window", "with"};

// Names for PostgreSQL, grammar for the engine.
constexpr std::string_view kFree[] = {"anti",       "asof",  "at",       "describe", "lambda",
                                      "pivot",      "pivot_longer", "pivot_wider", "positional", "qualify",
                                      "semi",       "show",  "summarize", "unpivot"};

bool Contains(const auto& words, std::string_view word) {
  return std::any_of(std::begin(words), std::end(words),
                     [&](std::string_view known) { return EqualsIgnoreCase(known, word); });
}

// Where a name can't be: before these, the word is grammar (`x AT TIME ZONE`, `ANTI JOIN`, `PIVOT t ON`).
bool IsGrammar(const Token& word, const Token& next) {
  if (EqualsIgnoreCase(word.text, "at")) return next.kind == TokenKind::kWord && EqualsIgnoreCase(next.text, "time");
  if (next.kind != TokenKind::kWord) return next.Is('(') && EqualsIgnoreCase(word.text, "qualify");
  return EqualsIgnoreCase(next.text, "join") || EqualsIgnoreCase(next.text, "left") ||
         EqualsIgnoreCase(next.text, "inner");
}

// At the start of a statement the word is a command: DESCRIBE, SHOW, PIVOT, SUMMARIZE.
bool StartsStatement(const Token& previous) { return previous.kind == TokenKind::kEnd || previous.Is('('); }

void AppendQuoted(std::string& out, std::string_view name) {
  out += '"';
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

bool IsReservedWord(std::string_view word) { return Contains(kReserved, word); }
bool IsFreeWord(std::string_view word) { return Contains(kFree, word); }

std::string_view QuoteFreeWords(std::string_view text, std::string& scratch) {
  scratch.clear();
  std::size_t copied = 0;
  bool changed = false;
  Lexer lexer(text);
  Token previous;  // kEnd: nothing before
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    const bool backtick = token.kind == TokenKind::kBacktickName;
    const bool free_word = token.kind == TokenKind::kWord && token.text.size() >= 2 && IsFreeWord(token.text) &&
                           (!StartsStatement(previous) || EqualsIgnoreCase(token.text, "at")) &&
                           !IsGrammar(token, lexer.Peek());
    if (backtick || free_word) {
      scratch.append(text, copied, token.offset - copied);
      std::string unquoted;
      AppendQuoted(scratch, backtick ? Unquote(token, unquoted) : token.text);
      copied = token.end();
      changed = true;
    }
    previous = token;
  }
  if (!changed) return text;
  scratch.append(text, copied, text.size() - copied);
  return scratch;
}

}  // namespace kalam::sql
