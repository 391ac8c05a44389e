#include "alter_parser.h"

#include <charconv>

#include "statement_parts.h"
#include "table_spec_parser.h"

namespace kalam::sql {
namespace {

// [NULL | NOT NULL]
Result<std::optional<bool>> TakeNullability(TokenReader& reader) {
  if (reader.Take(Keyword::kNull)) return std::optional(true);
  if (!reader.Take(Keyword::kNot)) return std::optional<bool>();
  KALAM_TRY(reader.Expect(Keyword::kNull));
  return std::optional(false);
}

// MODIFY [COLUMN] col type [NULL | NOT NULL], from after the column's name
Result<ColumnChange> ParseModify(std::string column, TokenReader& reader) {
  ModifyColumn modify{.name = std::move(column)};
  KALAM_TRY_ASSIGN(modify.type, ParseType(reader));
  KALAM_TRY_ASSIGN(modify.nullable, TakeNullability(reader));
  return ColumnChange(std::move(modify));
}

// PostgreSQL's ALTER [COLUMN] col {[SET DATA] TYPE type | SET NOT NULL | DROP NOT NULL}
Result<ColumnChange> ParseAlterColumn(std::string column, TokenReader& reader) {
  ModifyColumn modify{.name = std::move(column)};
  const bool set = reader.Take(Keyword::kSet);
  if (reader.keyword() == Keyword::kData || reader.keyword() == Keyword::kType) {
    if (set) KALAM_TRY(reader.Expect(Keyword::kData));
    KALAM_TRY(reader.Expect(Keyword::kType));
    KALAM_TRY_ASSIGN(modify.type, ParseType(reader));
    return ColumnChange(std::move(modify));
  }
  if (!set) KALAM_TRY(reader.Expect(Keyword::kDrop));
  KALAM_TRY(reader.Expect(Keyword::kNot));
  KALAM_TRY(reader.Expect(Keyword::kNull));
  modify.nullable = !set;
  return ColumnChange(std::move(modify));
}

Result<ColumnChange> ParseColumnChange(TokenReader& reader) {
  const Keyword verb = reader.keyword();
  reader.Advance();
  reader.Take(Keyword::kColumn);
  if (verb == Keyword::kAdd) {
    KALAM_TRY_ASSIGN(ColumnDef column, ParseColumn(reader));
    return ColumnChange(AddColumn{std::move(column)});
  }
  KALAM_TRY_ASSIGN(std::string name, reader.Name());
  switch (verb) {
    case Keyword::kDrop: return ColumnChange(DropColumn{std::move(name)});
    case Keyword::kModify: return ParseModify(std::move(name), reader);
    case Keyword::kAlter: return ParseAlterColumn(std::move(name), reader);
    case Keyword::kRename: {
      KALAM_TRY(reader.Expect(Keyword::kTo));
      KALAM_TRY_ASSIGN(std::string to, reader.Name());
      return ColumnChange(RenameColumn{std::move(name), std::move(to)});
    }
    default: return reader.SyntaxError();
  }
}

bool StartsChange(Keyword keyword) {
  return keyword == Keyword::kAdd || keyword == Keyword::kDrop || keyword == Keyword::kModify ||
         keyword == Keyword::kAlter || keyword == Keyword::kRename;
}

// 'text', 42, -4.5, true
Result<AlterNamespace::OptionValue> ParseOptionValue(TokenReader& reader) {
  using OptionValue = AlterNamespace::OptionValue;
  if (reader.Take(Keyword::kTrue)) return OptionValue(true);
  if (reader.Take(Keyword::kFalse)) return OptionValue(false);
  if (reader.token().kind == TokenKind::kString) {
    KALAM_TRY_ASSIGN(std::string text, reader.Text());
    return OptionValue(std::move(text));
  }
  const bool negative = reader.TakeSymbol('-');
  const Token token = reader.token();
  if (token.kind != TokenKind::kInteger && token.kind != TokenKind::kNumber) return reader.SyntaxError();
  const std::string digits = (negative ? "-" : "") + std::string(token.text);
  const char* end = digits.data() + digits.size();
  std::int64_t whole;
  double number;
  OptionValue value;
  if (std::from_chars(digits.data(), end, whole).ptr == end) {
    value = whole;
  } else if (const auto read = std::from_chars(digits.data(), end, number); read.ptr == end && read.ec == std::errc()) {
    value = number;
  } else {
    return reader.SyntaxError();
  }
  reader.Advance();
  return value;
}

}  // namespace

Result<KalamStatement> ParseAlterTable(std::optional<TableKind> kind, TokenReader& reader) {
  AlterTable alter;
  alter.kind = kind;
  KALAM_TRY_ASSIGN(alter.name, ParseTableRef(reader));
  if (!StartsChange(reader.keyword())) return reader.SyntaxError();
  KALAM_TRY_ASSIGN(alter.change, ParseColumnChange(reader));
  return Ended(std::move(alter), reader);
}

// name SET OPTIONS (key = value, ...)
Result<KalamStatement> ParseAlterNamespace(TokenReader& reader) {
  AlterNamespace alter;
  KALAM_TRY_ASSIGN(alter.name, reader.FoldedName());
  KALAM_TRY(reader.Expect(Keyword::kSet));
  KALAM_TRY(reader.Expect(Keyword::kOptions));
  KALAM_TRY(reader.ExpectSymbol('('));
  do {
    KALAM_TRY_ASSIGN(std::string key, reader.Name());
    KALAM_TRY(reader.ExpectSymbol('='));
    KALAM_TRY_ASSIGN(auto value, ParseOptionValue(reader));
    alter.options.emplace_back(std::move(key), std::move(value));
  } while (reader.TakeSymbol(','));
  KALAM_TRY(reader.ExpectSymbol(')'));
  return Ended(std::move(alter), reader);
}

}  // namespace kalam::sql
