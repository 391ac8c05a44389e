#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/error_style.h"
#include "sql/keyword.h"
#include "sql/lexer.h"

namespace kalam::sql {

// Reads one statement of ours token by token; failures are syntax errors at the token in hand.
class TokenReader {
 public:
  TokenReader(std::string_view text, ErrorStyle style) : lexer_(text), style_(style) { Advance(); }

  const Token& token() const { return token_; }
  Keyword keyword() const { return KeywordOf(token_); }
  bool AtEnd() const { return token_.kind == TokenKind::kEnd || token_.Is(';'); }
  void Advance() { token_ = lexer_.Next(); }

  bool Take(Keyword keyword_wanted) {
    if (keyword() != keyword_wanted) return false;
    Advance();
    return true;
  }
  bool TakeSymbol(char symbol) {
    if (!token_.Is(symbol)) return false;
    Advance();
    return true;
  }
  Status Expect(Keyword keyword_wanted) {
    if (Take(keyword_wanted)) return {};
    return SyntaxError();
  }
  Status ExpectSymbol(char symbol) {
    if (TakeSymbol(symbol)) return {};
    return SyntaxError();
  }
  Status ExpectEnd() {
    while (TakeSymbol(';')) {
    }
    if (token_.kind == TokenKind::kEnd) return {};
    return SyntaxError();
  }

  // A name, quoted or not. Unquoted namespace and table names fold to lower case; see Lowered.
  Result<std::string> Name() {
    if (!token_.IsName()) return SyntaxError();
    std::string scratch;
    std::string name(Unquote(token_, scratch));
    Advance();
    return name;
  }
  // A name that folds to lower case unless it was quoted.
  Result<std::string> FoldedName() {
    const bool fold = token_.kind == TokenKind::kWord;
    KALAM_TRY_ASSIGN(std::string name, Name());
    if (fold) {
      for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return name;
  }
  // 'text', or a bare word in which hyphens may stand: s3-prod.
  Result<std::string> HyphenatedName();
  // 'text'
  Result<std::string> Text() {
    if (token_.kind != TokenKind::kString) return SyntaxError();
    return TextOrWord();
  }
  // 'text' or a bare word.
  Result<std::string> TextOrWord() {
    if (token_.kind != TokenKind::kString) return Name();
    std::string scratch;
    std::string text(Unquote(token_, scratch));
    Advance();
    return text;
  }
  // A whole number; a trailing `s` (`30s`) is taken along.
  Result<std::int64_t> Number();

  Error SyntaxError() const {
    return SyntaxErrorNear(style_, token_.kind == TokenKind::kEnd ? std::string_view() : token_.text,
                           LineOf(lexer_.text(), token_.offset));
  }

 private:
  Lexer lexer_;
  const ErrorStyle style_;
  Token token_;
};

}  // namespace kalam::sql
