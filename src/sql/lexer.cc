#include "sql/lexer.h"

#include <algorithm>

#include "scan.h"

namespace kalam::sql {
namespace {

// Position after the operator at `pos`: the longest run of operator characters that holds no comment
// start; a + or - at its end belongs to what follows (`=-1`), unless the operator is one of the exotic
// ones that may end so.
std::size_t OperatorEnd(std::string_view text, std::size_t pos) {
  std::size_t end = pos;
  bool exotic = false;
  while (end < text.size() && (ClassOf(text[end]) & kOperator) != 0) {
    const std::string_view two = text.substr(end, 2);
    if (two == "--" || two == "/*") break;
    exotic |= std::string_view("~!@^&|%").find(text[end]) != std::string_view::npos;
    ++end;
  }
  while (!exotic && end > pos + 1 && (text[end - 1] == '+' || text[end - 1] == '-')) --end;
  return end;
}

}  // namespace

Token Lexer::Next() {
  Token token;
  const std::size_t start = SkipBlanks(text_, position_);
  if (start == kUnterminated) {
    token.kind = TokenKind::kUnterminatedComment;
    token.offset = position_;
    token.text = text_.substr(position_);
    position_ = static_cast<std::uint32_t>(text_.size());
    return token;
  }
  token.offset = static_cast<std::uint32_t>(start);
  if (start >= text_.size()) {
    position_ = token.offset;
    return token;
  }

  std::size_t end = start + 1;
  const char c = text_[start];
  const std::uint8_t char_class = ClassOf(c);
  token.kind = TokenKind::kSymbol;
  if ((char_class & kNameStart) != 0) {
    if (const std::size_t quote = PrefixedQuote(text_, start); quote != 0) {
      token.kind = TokenKind::kSpecialString;
      const bool escapes = (c | 0x20) == 'e';
      end = escapes ? SkipEscapeString(text_, quote) : SkipQuoted(text_, quote, token.escaped);
    } else {
      token.kind = TokenKind::kWord;
      end = NameEnd(text_, start);
    }
  } else if ((char_class & kDigit) != 0 || (c == '.' && IsDigitAt(text_, start + 1))) {
    bool plain = true;
    end = NumberEnd(text_, start, plain);
    token.kind = plain ? TokenKind::kInteger : TokenKind::kNumber;
  } else if (c == '\'' || c == '"' || c == '`') {
    token.kind = c == '\''  ? TokenKind::kString
                 : c == '"' ? TokenKind::kQuotedName
                            : TokenKind::kBacktickName;
    end = SkipQuoted(text_, start, token.escaped);
  } else if (c == '$') {
    if (const std::size_t delimiter = DollarDelimiterLength(text_, start); delimiter != 0) {
      token.kind = TokenKind::kSpecialString;
      end = SkipDollarQuoted(text_, start, delimiter);
    } else {
      end = ParameterEnd(text_, start);
      if (end > start + 1) token.kind = TokenKind::kParameter;
    }
  } else if (c == '?') {
    token.kind = TokenKind::kParameter;
  } else if (c == ':') {
    if (end < text_.size() && (text_[end] == ':' || text_[end] == '=')) ++end;
  } else if ((char_class & kOperator) != 0) {
    end = OperatorEnd(text_, start);
  }

  if (end == kUnterminated) {
    token.kind = TokenKind::kUnterminatedQuote;
    end = text_.size();
  }
  token.text = text_.substr(start, end - start);
  if (token.kind == TokenKind::kSymbol && token.text.size() == 1) token.symbol = c;
  position_ = static_cast<std::uint32_t>(end);
  return token;
}

std::string_view Unquote(const Token& token, std::string& scratch) {
  if (token.kind == TokenKind::kWord) return token.text;
  const std::string_view body = token.body();
  if (!token.escaped) return body;
  const char quote = token.text.front();
  scratch.clear();
  for (std::size_t i = 0; i < body.size(); ++i) {
    scratch.push_back(body[i]);
    if (body[i] == quote) ++i;
  }
  return scratch;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

int LineOf(std::string_view text, std::uint32_t offset) {
  const auto before = text.substr(0, offset);
  return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
}

bool MentionsWord(std::string_view statement, std::string_view word) {
  Lexer lexer(statement);
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    if (!token.IsName()) continue;
    std::string scratch;
    if (EqualsIgnoreCase(Unquote(token, scratch), word)) return true;
  }
  return false;
}

}  // namespace kalam::sql
