#include "live_parser.h"

#include <charconv>

#include "job_parser.h"

namespace kalam::sql {
namespace {

constexpr std::int64_t kMaxLastRows = 10'000;

Error Invalid(std::string message) { return Error(ErrorCode::kInvalidArgument, std::move(message)); }

bool IsWord(const Token& token, std::string_view word) {
  return token.kind == TokenKind::kWord && EqualsIgnoreCase(token.text, word);
}

// Where the condition ends: before `LAST n` or `OPTIONS (`, outside brackets, or with the statement. A column may
// be called `last` or `options`: what follows tells.
std::size_t EndOfCondition(std::string_view text) {
  Lexer lexer(text);
  int depth = 0;
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd && !token.Is(';'); token = lexer.Next()) {
    if (token.Is('(')) ++depth;
    if (token.Is(')')) --depth;
    if (depth != 0 || token.offset == 0) continue;
    const Token next = lexer.Peek();
    const bool ends = (IsWord(token, "last") && (next.kind == TokenKind::kInteger || next.kind == TokenKind::kWord) &&
                       !IsWord(next, "is") && !IsWord(next, "in") && !IsWord(next, "like") &&
                       !IsWord(next, "between") && !IsWord(next, "not") && !IsWord(next, "and") &&
                       !IsWord(next, "or")) ||
                      (IsWord(token, "options") && (next.Is('(') || IsWord(next, "last_rows")));
    if (ends) return token.offset;
  }
  Lexer again(text);
  std::size_t end = 0;
  for (Token token = again.Next(); token.kind != TokenKind::kEnd && !token.Is(';'); token = again.Next()) {
    end = token.end();
  }
  return end;
}

Result<std::int64_t> ParseLastRows(TokenReader& reader) {
  const bool negative = reader.TakeSymbol('-');
  const std::string_view text = reader.token().text;
  std::int64_t rows = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rows);
  if (negative || reader.token().kind != TokenKind::kInteger || error != std::errc() ||
      end != text.data() + text.size() || rows > kMaxLastRows) {
    return Invalid(std::string("Invalid last_rows value: ").append(negative ? "-" : "").append(text));
  }
  reader.Advance();
  return rows;
}

Status SetLastRows(SubscribeTo& statement, std::int64_t rows) {
  if (statement.last_rows && *statement.last_rows != rows) {
    return Invalid("LAST " + std::to_string(*statement.last_rows) + " and last_rows=" + std::to_string(rows) +
                   " contradict each other");
  }
  statement.last_rows = rows;
  return {};
}

Status ParseOptions(SubscribeTo& statement, TokenReader& reader) {
  if (!reader.TakeSymbol('(')) {
    return Invalid("OPTIONS clause must be wrapped in parentheses, e.g., OPTIONS (last_rows=10)");
  }
  do {
    KALAM_TRY_ASSIGN(const std::string option, reader.Name());
    if (!EqualsIgnoreCase(option, "last_rows")) return Invalid("Unknown subscription option: " + option);
    KALAM_TRY(reader.ExpectSymbol('='));
    KALAM_TRY_ASSIGN(const std::int64_t rows, ParseLastRows(reader));
    KALAM_TRY(SetLastRows(statement, rows));
  } while (reader.TakeSymbol(','));
  if (!reader.TakeSymbol(')')) {
    return Invalid("OPTIONS clause must be wrapped in parentheses, e.g., OPTIONS (last_rows=10)");
  }
  return {};
}

}  // namespace

Result<KalamStatement> ParseSubscribe(std::string_view text, TokenReader& reader) {
  reader.Advance();
  KALAM_TRY(reader.Expect(Keyword::kTo));
  SubscribeTo statement;
  KALAM_TRY_ASSIGN(std::string first, reader.FoldedName());
  if (!reader.TakeSymbol('.')) return Invalid("Expected namespace.table format (e.g., app.messages)");
  statement.name.ns = std::move(first);
  KALAM_TRY_ASSIGN(statement.name.table, reader.FoldedName());
  if (reader.keyword() == Keyword::kWhere) {
    reader.Advance();
    if (reader.AtEnd()) return reader.SyntaxError();
    const std::uint32_t begin = reader.token().offset;
    const std::size_t length = EndOfCondition(text.substr(begin));
    statement.where = text.substr(begin, length);
    while (!statement.where.empty() && statement.where.back() <= ' ') statement.where.pop_back();
    while (!reader.AtEnd() && reader.token().offset < begin + length) reader.Advance();
  }
  if (IsWord(reader.token(), "last")) {
    reader.Advance();
    KALAM_TRY_ASSIGN(const std::int64_t rows, ParseLastRows(reader));
    KALAM_TRY(SetLastRows(statement, rows));
  }
  if (reader.Take(Keyword::kOptions)) KALAM_TRY(ParseOptions(statement, reader));
  KALAM_TRY(reader.ExpectEnd());
  return KalamStatement(std::move(statement));
}

Result<KalamStatement> ParseKillLiveQuery(TokenReader& reader) {
  KALAM_TRY(reader.Expect(Keyword::kLive));
  KALAM_TRY(reader.Expect(Keyword::kQuery));
  if (reader.AtEnd()) return Invalid("KILL LIVE QUERY requires a live_id");
  KillLiveQuery kill;
  KALAM_TRY_ASSIGN(kill.live_id, ParseId(reader));
  KALAM_TRY(reader.ExpectEnd());
  return KalamStatement(std::move(kill));
}

}  // namespace kalam::sql
