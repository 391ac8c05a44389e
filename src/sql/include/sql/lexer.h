#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Tokens of SQL text, without allocation: each token is a view of the text it came from. The rules are
// those of DuckDB's scanner (PostgreSQL's), plus `backtick` names, so that what we count and split is
// what the engine sees. Bytes above 127 are letters, except Unicode blanks, which are blanks.
namespace kalam::sql {

enum class TokenKind : std::uint8_t {
  kEnd,           // the text is used up; empty text
  kWord,          // name or keyword without quotes
  kQuotedName,    // "name"; Token::escaped when it holds ""
  kBacktickName,  // `name`; Token::escaped when it holds ``
  kString,        // 'text'; Token::escaped when it holds ''
  kSpecialString, // E'..', X'..', B'..', U&'..', $$..$$, $tag$..$tag$: a string whose body needs decoding
  kInteger,       // decimal digits only, no sign
  kNumber,        // 1.5, .5, 1e9, 0x1F, 1_000
  kParameter,     // $1, $name, ?
  kSymbol,        // punctuation or an operator: ( ) , ; . :: <= ->> ...
  kUnterminatedQuote,    // the text ends inside a string or quoted name
  kUnterminatedComment,  // the text ends inside /* */
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  bool escaped = false;      // see kString, kQuotedName, kBacktickName
  char symbol = 0;           // the character of a one-character kSymbol, else 0
  std::uint32_t offset = 0;  // of `text` in the lexed text, in bytes
  std::string_view text;     // as written, quotes included

  bool Is(char c) const { return symbol == c; }
  // A multi-character operator, for example `<=`.
  bool IsOperator(std::string_view op) const { return kind == TokenKind::kSymbol && text == op; }
  bool IsName() const {
    return kind == TokenKind::kWord || kind == TokenKind::kQuotedName ||
           kind == TokenKind::kBacktickName;
  }
  // Between the quotes of a kString, kQuotedName or kBacktickName; still doubled where `escaped`.
  std::string_view body() const { return text.substr(1, text.size() - 2); }
  std::uint32_t end() const { return offset + static_cast<std::uint32_t>(text.size()); }
};

// One pass over a text that must outlive it and its tokens. Texts are below 4 GiB. Cheap to copy: a copy
// looks ahead without disturbing the original. After kEnd or an unterminated token, only kEnd follows.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // The next token; blanks and comments between tokens are skipped.
  Token Next();
  Token Peek() const {
    Lexer ahead = *this;
    return ahead.Next();
  }

  // Where the next call of Next() starts to look.
  std::uint32_t position() const { return position_; }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  std::uint32_t position_ = 0;
};

// The name or string that a kWord, kQuotedName, kBacktickName or kString stands for, as written (no case
// folding). Borrows from the token, or from `scratch` when quotes inside had to be undoubled.
std::string_view Unquote(const Token& token, std::string& scratch);

// Case-insensitive for ASCII letters.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// 1-based line of a byte offset.
int LineOf(std::string_view text, std::uint32_t offset);

// Whether an unquoted or quoted name of the statement is `word` (in lower case).
bool MentionsWord(std::string_view statement, std::string_view word);

}  // namespace kalam::sql
