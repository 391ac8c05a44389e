#include "storage_parser.h"

#include "statement_parts.h"

namespace kalam::sql {
namespace {

Error Invalid(std::string message) { return Error(ErrorCode::kInvalidArgument, std::move(message)); }

// The field that a word of CREATE or ALTER STORAGE sets; null for other words.
std::optional<std::string>* FieldOf(Keyword keyword, StorageFields& fields) {
  switch (keyword) {
    case Keyword::kName: return &fields.name;
    case Keyword::kDescription: return &fields.description;
    case Keyword::kUri:
    case Keyword::kPath:
    case Keyword::kBaseDirectory:
    case Keyword::kBucket: return &fields.uri;
    case Keyword::kRegion: return &fields.region;
    case Keyword::kSharedTablesTemplate: return &fields.shared_tables_template;
    case Keyword::kUserTablesTemplate: return &fields.user_tables_template;
    case Keyword::kCredentials: return &fields.credentials;
    default: return nullptr;
  }
}

// WORD [=] 'text'
Status ParseField(StorageFields& fields, TokenReader& reader) {
  const Keyword keyword = reader.keyword();
  std::optional<std::string>* field = FieldOf(keyword, fields);
  if (field == nullptr || field->has_value()) return reader.SyntaxError();  // unknown, or set twice
  reader.Advance();
  reader.TakeSymbol('=');
  KALAM_TRY_ASSIGN(*field, reader.Text());
  if (keyword == Keyword::kBucket) *field = "s3://" + **field + "/";
  return {};
}

// TYPE {filesystem | s3}, quoted or bare
Result<std::string> ParseStorageType(TokenReader& reader) {
  reader.TakeSymbol('=');
  KALAM_TRY_ASSIGN(const std::string type, reader.TextOrWord());
  for (const std::string_view known : {"filesystem", "s3"}) {
    if (EqualsIgnoreCase(type, known)) return std::string(known);
  }
  return Invalid("Invalid storage type '" + type + "'. Must be 'filesystem' or 's3'");
}

}  // namespace

Result<KalamStatement> ParseCreateStorage(TokenReader& reader) {
  CreateStorage create;
  KALAM_TRY_ASSIGN(create.if_not_exists, TakeIfNotExists(reader));
  KALAM_TRY_ASSIGN(create.id, reader.HyphenatedName());
  while (!reader.AtEnd()) {
    if (create.type.empty() && reader.Take(Keyword::kType)) {
      KALAM_TRY_ASSIGN(create.type, ParseStorageType(reader));
    } else {
      KALAM_TRY(ParseField(create.fields, reader));
    }
  }
  if (create.type.empty()) return Invalid("CREATE STORAGE needs TYPE filesystem or TYPE s3");
  if (!create.fields.uri) return Invalid("CREATE STORAGE needs PATH, URI, BASE_DIRECTORY or BUCKET");
  return Ended(std::move(create), reader);
}

Result<KalamStatement> ParseAlterStorage(TokenReader& reader) {
  AlterStorage alter;
  KALAM_TRY_ASSIGN(alter.id, reader.HyphenatedName());
  do {
    KALAM_TRY(reader.Expect(Keyword::kSet));
    KALAM_TRY(ParseField(alter.fields, reader));
    reader.TakeSymbol(',');
  } while (!reader.AtEnd());
  return Ended(std::move(alter), reader);
}

Result<KalamStatement> ParseDropStorage(TokenReader& reader) {
  DropStorage drop;
  KALAM_TRY_ASSIGN(drop.if_exists, TakeIfExists(reader));
  KALAM_TRY_ASSIGN(drop.id, reader.HyphenatedName());
  return Ended(std::move(drop), reader);
}

}  // namespace kalam::sql
