#pragma once

#include "sql/statement.h"
#include "token_reader.h"

// Pieces that several statements have.
namespace kalam::sql {

// The statement, if nothing follows it.
template <typename Statement>
Result<KalamStatement> Ended(Statement statement, TokenReader& reader) {
  KALAM_TRY(reader.ExpectEnd());
  return KalamStatement(std::move(statement));
}

inline Result<bool> TakeIfExists(TokenReader& reader) {
  if (!reader.Take(Keyword::kIf)) return false;
  KALAM_TRY(reader.Expect(Keyword::kExists));
  return true;
}

inline Result<bool> TakeIfNotExists(TokenReader& reader) {
  if (!reader.Take(Keyword::kIf)) return false;
  KALAM_TRY(reader.Expect(Keyword::kNot));
  KALAM_TRY(reader.Expect(Keyword::kExists));
  return true;
}

}  // namespace kalam::sql
