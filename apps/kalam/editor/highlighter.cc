#include "editor/highlighter.h"

#include "completion/words.h"
#include "sql/lexer.h"

#include <algorithm>

namespace kalam::cli {

// Specification 9.4.
const char* const kCommandStyle = "\x1b[96m";

namespace {

constexpr const char* kKeyword = "\x1b[1;34m";
constexpr const char* kType = "\x1b[1;35m";
constexpr const char* kString = "\x1b[32m";
constexpr const char* kNumber = "\x1b[33m";
constexpr const char* kOperator = "\x1b[36m";

// The lexer looks ahead by a few characters at most to tell one token from another (`$a` from `$a$`), beyond its end.
constexpr std::size_t kLookahead = 4;

const char* StyleOf(const sql::Token& token) {
  using Kind = sql::TokenKind;
  switch (token.kind) {
    case Kind::kWord:
      if (IsKeywordWord(token.text)) return kKeyword;
      return IsTypeWord(token.text) ? kType : "";
    case Kind::kString:
    case Kind::kSpecialString:
      return kString;
    case Kind::kUnterminatedQuote:
      return token.text.starts_with('"') || token.text.starts_with('`') ? "" : kString;
    case Kind::kInteger:
    case Kind::kNumber:
      return kNumber;
    case Kind::kSymbol:
      return std::string_view("(),;.[]{}").find(token.text.front()) == std::string_view::npos ? kOperator : "";
    default:
      return "";
  }
}

std::size_t CommonStart(std::string_view a, std::string_view b) {
  const std::size_t length = std::min(a.size(), b.size());
  const auto differs = std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(length), b.begin()).first;
  return static_cast<std::size_t>(differs - a.begin());
}

std::size_t CommonEnd(std::string_view a, std::string_view b, std::size_t most) {
  std::size_t length = 0;
  while (length < most && a[a.size() - 1 - length] == b[b.size() - 1 - length]) ++length;
  return length;
}

}  // namespace

const std::vector<StyledSpan>& Highlighter::Update(std::string_view text) {
  tokens_read_ = 0;
  if (text == text_) return spans_;
  if (text.starts_with('\\')) {
    spans_ = {{0, static_cast<std::uint32_t>(std::min(text.find_first_of(" \t\n"), text.size())), kCommandStyle}};
    text_ = text;
    return spans_;
  }
  if (text_.starts_with('\\')) {  // its spans are no tokens
    text_.clear();
    spans_.clear();
  }
  const std::size_t same_start = CommonStart(text_, text);
  const std::size_t same_end = CommonEnd(text_, text, std::min(text_.size(), text.size()) - same_start);
  auto first = std::partition_point(spans_.begin(), spans_.end(), [&](const StyledSpan& span) {
    return span.end + kLookahead <= same_start;
  });
  // Operators look ahead as far as they touch each other.
  while (first != spans_.begin() && first != spans_.end() && std::prev(first)->end == first->begin) --first;
  const std::size_t shift = text.size() - text_.size();  // modulo 2^64: may go back
  // Tokens of before, moved, from where nothing has changed.
  auto old = std::partition_point(first, spans_.end(), [&](const StyledSpan& span) {
    return span.begin < text_.size() - same_end;
  });

  std::vector<StyledSpan> fresh;
  const std::size_t start = first == spans_.begin() ? 0 : std::prev(first)->end;
  sql::Lexer lexer(text.substr(start));
  for (;;) {
    const sql::Token token = lexer.Next();
    ++tokens_read_;
    if (token.kind == sql::TokenKind::kEnd) {
      old = spans_.end();
      break;
    }
    const auto begin = static_cast<std::uint32_t>(start + token.offset);
    while (old != spans_.end() && static_cast<std::uint32_t>(old->begin + shift) < begin) ++old;
    // From the same place on, the same tokens.
    if (old != spans_.end() && static_cast<std::uint32_t>(old->begin + shift) == begin) break;
    fresh.push_back({begin, static_cast<std::uint32_t>(begin + token.text.size()), StyleOf(token)});
  }
  for (auto moved = old; moved != spans_.end(); ++moved) {
    moved->begin = static_cast<std::uint32_t>(moved->begin + shift);
    moved->end = static_cast<std::uint32_t>(moved->end + shift);
  }
  const auto at = spans_.erase(first, old);
  spans_.insert(at, fresh.begin(), fresh.end());
  text_ = text;
  return spans_;
}

}  // namespace kalam::cli
