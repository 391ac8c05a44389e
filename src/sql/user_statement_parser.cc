#include "user_statement_parser.h"

#include "statement_parts.h"
#include "table_spec_parser.h"

namespace kalam::sql {
namespace {

// A user's properties, as CREATE and ALTER share them.
struct Properties {
  std::optional<std::string>& role;
  std::optional<std::string>& email;
  std::optional<std::string>& metadata;
  std::optional<std::string>& password;
};

Result<std::string> Value(TokenReader& reader) {
  reader.TakeSymbol('=');
  return reader.TextOrWord();
}

// 'text', never a bare word: an unquoted password or document is a slip.
Result<std::string> QuotedValue(TokenReader& reader) {
  reader.TakeSymbol('=');
  if (reader.token().kind != TokenKind::kString) return reader.SyntaxError();
  return reader.TextOrWord();
}

// True if one was there.
Result<bool> TakeProperty(TokenReader& reader, const Properties& properties) {
  std::optional<std::string>* target = nullptr;
  switch (reader.keyword()) {
    case Keyword::kRole:
      target = &properties.role;
      break;
    case Keyword::kEmail:
      target = &properties.email;
      break;
    case Keyword::kMetadata:
      target = &properties.metadata;
      break;
    case Keyword::kPassword:
      target = &properties.password;
      break;
    case Keyword::kOwnerId:
      return Error(ErrorCode::kInvalidArgument,
                   "OWNER_ID is not supported; use CREATE USER <username>");
    default:
      return false;
  }
  if (*target) return reader.SyntaxError();  // given twice
  const bool is_role = target == &properties.role;
  reader.Advance();
  KALAM_TRY_ASSIGN(*target, is_role ? Value(reader) : QuotedValue(reader));
  return true;
}

// ON [TABLE] ns.t {TO | FROM} 'user'
template <typename Statement>
Result<KalamStatement> ParseAccess(TokenReader& reader, Keyword direction) {
  Statement statement;
  KALAM_TRY(reader.Expect(Keyword::kAccess));
  KALAM_TRY(reader.Expect(Keyword::kOn));
  reader.Take(Keyword::kTable);
  KALAM_TRY_ASSIGN(statement.table, ParseTableRef(reader));
  KALAM_TRY(reader.Expect(direction));
  KALAM_TRY_ASSIGN(statement.user, reader.TextOrWord());
  return Ended(std::move(statement), reader);
}

}  // namespace

Result<KalamStatement> ParseCreateUser(TokenReader& reader) {
  CreateUser create;
  if (reader.Take(Keyword::kIf)) {
    KALAM_TRY(reader.Expect(Keyword::kNot));
    KALAM_TRY(reader.Expect(Keyword::kExists));
    create.if_not_exists = true;
  }
  if (reader.keyword() == Keyword::kOwnerId) {
    return Error(ErrorCode::kInvalidArgument,
                 "OWNER_ID is not supported; use CREATE USER <username>");
  }
  KALAM_TRY_ASSIGN(create.name, reader.TextOrWord());
  const Properties properties{create.role, create.email, create.metadata, create.password};
  while (!reader.AtEnd()) {
    const bool with = reader.Take(Keyword::kWith);
    KALAM_TRY_ASSIGN(const bool taken, TakeProperty(reader, properties));
    if (!taken) return reader.SyntaxError();
    if (!with) reader.TakeSymbol(',');
  }
  return Ended(std::move(create), reader);
}

Result<KalamStatement> ParseAlterUser(TokenReader& reader) {
  AlterUser alter;
  KALAM_TRY_ASSIGN(alter.name, reader.TextOrWord());
  const Properties properties{alter.role, alter.email, alter.metadata, alter.password};
  do {
    reader.Take(Keyword::kSet);
    KALAM_TRY_ASSIGN(const bool taken, TakeProperty(reader, properties));
    if (!taken) return reader.SyntaxError();
    reader.TakeSymbol(',');
  } while (!reader.AtEnd());
  return Ended(std::move(alter), reader);
}

Result<KalamStatement> ParseDropUser(TokenReader& reader) {
  DropUser drop;
  if (reader.Take(Keyword::kIf)) {
    KALAM_TRY(reader.Expect(Keyword::kExists));
    drop.if_exists = true;
  }
  KALAM_TRY_ASSIGN(drop.name, reader.TextOrWord());
  return Ended(std::move(drop), reader);
}

Result<KalamStatement> ParseCreateApiKey(TokenReader& reader) {
  CreateApiKey create;
  KALAM_TRY(reader.Expect(Keyword::kKey));
  KALAM_TRY(reader.Expect(Keyword::kFor));
  reader.Take(Keyword::kUser);
  KALAM_TRY_ASSIGN(create.user, reader.TextOrWord());
  if (reader.Take(Keyword::kName)) {
    KALAM_TRY_ASSIGN(create.name, Value(reader));
  }
  return Ended(std::move(create), reader);
}

Result<KalamStatement> ParseDropApiKey(TokenReader& reader) {
  DropApiKey drop;
  KALAM_TRY(reader.Expect(Keyword::kKey));
  KALAM_TRY_ASSIGN(drop.id, reader.TextOrWord());
  return Ended(std::move(drop), reader);
}

Result<KalamStatement> ParseShowApiKeys(TokenReader& reader) {
  ShowApiKeys show;
  KALAM_TRY(reader.Expect(Keyword::kKeys));
  if (reader.Take(Keyword::kFor)) {
    reader.Take(Keyword::kUser);
    KALAM_TRY_ASSIGN(show.user, reader.TextOrWord());
  }
  return Ended(std::move(show), reader);
}

Result<KalamStatement> ParseGrant(TokenReader& reader) {
  return ParseAccess<GrantAccess>(reader, Keyword::kTo);
}

Result<KalamStatement> ParseRevoke(TokenReader& reader) {
  return ParseAccess<RevokeAccess>(reader, Keyword::kFrom);
}

}  // namespace kalam::sql
