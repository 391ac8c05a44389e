#include "sql/secrets.h"

#include "sql/keyword.h"
#include "sql/lexer.h"

#include <vector>

namespace kalam::sql {
namespace {

constexpr std::string_view kMask = "'***'";

// Looks for one letter, in both cases, that other text has seldom.
bool HasWord(std::string_view text, std::string_view word, std::size_t rare) {
  for (const char letter : {word[rare], static_cast<char>(word[rare] - 'a' + 'A')}) {
    for (std::size_t at = text.find(letter, rare); at != std::string_view::npos; at = text.find(letter, at + 1)) {
      if (EqualsIgnoreCase(text.substr(at - rare, word.size()), word)) return true;
    }
  }
  return false;
}

// CREATE and ALTER take a secret behind the word, however it is written; elsewhere the word may be a column's name.
bool TakesSecrets(const Token& first) {
  const Keyword keyword = KeywordOf(first);
  return keyword == Keyword::kCreate || keyword == Keyword::kAlter;
}

// The literals behind PASSWORD and CREDENTIALS, quotes included, as they stand in the statement.
std::vector<std::string_view> SecretLiterals(std::string_view statement) {
  std::vector<std::string_view> literals;
  if (!MayHaveSecrets(statement)) return literals;
  Lexer lexer(statement);
  bool secret_follows = false;
  bool anything_is_secret = false;
  bool takes_secrets = false;
  bool begins = true;  // a statement: there may be several
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    if (begins) takes_secrets = TakesSecrets(token);
    begins = token.Is(';');
    const Keyword keyword = KeywordOf(token);
    if (keyword == Keyword::kPassword || keyword == Keyword::kCredentials) {
      secret_follows = true;
      anything_is_secret = takes_secrets;
    } else if (token.Is('=')) {
      anything_is_secret = true;
    } else {
      if (secret_follows && (anything_is_secret || token.kind == TokenKind::kString)) literals.push_back(token.text);
      secret_follows = false;
    }
  }
  return literals;
}

}  // namespace

bool MayHaveSecrets(std::string_view statement) {
  return HasWord(statement, "password", 4) || HasWord(statement, "credentials", 3);
}

std::string RedactSecrets(std::string_view statement) {
  std::string out;
  std::size_t done = 0;
  for (const std::string_view literal : SecretLiterals(statement)) {
    const auto begin = static_cast<std::size_t>(literal.data() - statement.data());
    out.append(statement.substr(done, begin - done)).append(kMask);
    done = begin + literal.size();
  }
  return out.append(statement.substr(done));
}

std::string RedactSecretsOf(std::string_view statement, std::string text) {
  for (const std::string_view literal : SecretLiterals(statement)) {
    for (std::size_t place = text.find(literal); place != std::string::npos;
         place = text.find(literal, place)) {
      text.replace(place, literal.size(), kMask);
      place += kMask.size();
    }
  }
  return text;
}

}  // namespace kalam::sql
