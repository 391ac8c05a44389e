#include "table_spec_parser.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "sql/default_functions.h"
#include "sql/type_names.h"
#include "statement_parts.h"

namespace kalam::sql {
namespace {

constexpr std::size_t kMaxColumnName = 64;
constexpr std::int64_t kMaxFlushRows = 999'999;
constexpr std::int64_t kMaxShards = 10'000;
constexpr std::int64_t kMaxFlushSeconds = 86'399;

Error Invalid(std::string message) { return Error(ErrorCode::kInvalidArgument, std::move(message)); }

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return upper;
}

std::string KindName(TableKind kind) {
  switch (kind) {
    case TableKind::kUser: return "User";
    case TableKind::kShared: return "Shared";
    case TableKind::kStream: return "Stream";
  }
  return "";
}

class SpecParser {
 public:
  SpecParser(TableKind kind, TokenReader& reader) : reader_(reader) { spec_.kind = kind; }

  Result<TableSpec> Parse() {
    KALAM_TRY_ASSIGN(spec_.if_not_exists, TakeIfNotExists(reader_));
    KALAM_TRY_ASSIGN(spec_.name, ParseTableRef(reader_));
    KALAM_TRY(reader_.ExpectSymbol('('));
    do {
      KALAM_TRY(ColumnOrKey());
    } while (reader_.TakeSymbol(','));
    KALAM_TRY(reader_.ExpectSymbol(')'));
    while (!reader_.AtEnd()) KALAM_TRY(Option());
    KALAM_TRY(reader_.ExpectEnd());
    KALAM_TRY(CheckPrimaryKey());
    KALAM_TRY(CheckDefaults());
    KALAM_TRY(CheckOptions());
    return std::move(spec_);
  }

  // One column of ALTER TABLE.
  Result<ColumnDef> ParseColumn() {
    KALAM_TRY(Column());
    KALAM_TRY(CheckDefaults());
    return std::move(spec_.columns.front());
  }

  Result<DataType> ParseType() {
    KALAM_TRY_ASSIGN(const SqlType type, Type());
    if (type.auto_value) return Invalid("SERIAL is for new columns");
    return type.type;
  }

 private:
  Status ColumnOrKey() {
    if (reader_.Take(Keyword::kConstraint)) {
      KALAM_TRY(reader_.Name());
      if (reader_.keyword() != Keyword::kPrimary) return reader_.SyntaxError();
    }
    if (reader_.Take(Keyword::kPrimary)) return KeyClause();
    return Column();
  }

  // PRIMARY KEY (col), from after PRIMARY
  Status KeyClause() {
    KALAM_TRY(reader_.Expect(Keyword::kKey));
    KALAM_TRY(reader_.ExpectSymbol('('));
    KALAM_TRY_ASSIGN(std::string name, reader_.Name());
    if (reader_.token().Is(',') || !key_column_.empty()) return Invalid("Multiple PRIMARY KEY columns not supported");
    key_column_ = std::move(name);
    return reader_.ExpectSymbol(')');
  }

  Status Column() {
    if (spec_.columns.size() == kMaxColumns) return Invalid("ERROR: a table has at most 1000 columns");
    ColumnDef column;
    KALAM_TRY_ASSIGN(column.name, reader_.Name());
    if (column.name.empty() || column.name.size() > kMaxColumnName) {
      return Invalid("ERROR: column names have 1 to 64 characters");
    }
    if (IsSystemColumn(column.name)) {
      return Invalid("System column '" + column.name + "' cannot be declared (managed by system)");
    }
    for (const ColumnDef& other : spec_.columns) {
      if (EqualsIgnoreCase(other.name, column.name)) {
        return Invalid("ERROR: column '" + column.name + "' specified more than once");
      }
    }
    KALAM_TRY_ASSIGN(const SqlType type, Type());
    column.type = type.type;
    bool auto_value = type.auto_value;
    defaults_.emplace_back();
    KALAM_TRY(Constraints(column, auto_value));
    if (auto_value && column.primary_key) column.type = DataType::kBigInt;  // SERIAL PRIMARY KEY, INT AUTO_INCREMENT
    if (auto_value && !defaults_.back()) {
      column.type = DataType::kBigInt;
      column.default_expr = DefaultExpr{DefaultFunction::kSnowflakeId, {}, "SNOWFLAKE_ID()"};
      column.nullable = false;
    }
    spec_.columns.push_back(std::move(column));
    return {};
  }

  Status Constraints(ColumnDef& column, bool& auto_value) {
    while (true) {
      if (reader_.Take(Keyword::kPrimary)) {
        KALAM_TRY(reader_.Expect(Keyword::kKey));
        column.primary_key = true;
      } else if (reader_.Take(Keyword::kNot)) {
        KALAM_TRY(reader_.Expect(Keyword::kNull));
        column.nullable = false;
      } else if (reader_.Take(Keyword::kNull)) {
        column.nullable = true;
      } else if (reader_.Take(Keyword::kAutoIncrement)) {
        auto_value = true;
      } else if (reader_.Take(Keyword::kDefault)) {
        KALAM_TRY(Default());
      } else {
        return {};
      }
    }
  }

  // Up to three words and arguments in brackets: `double precision`, `varchar(20)`.
  Result<SqlType> Type() {
    if (reader_.token().kind != TokenKind::kWord) return reader_.SyntaxError();
    std::string name(reader_.token().text);
    reader_.Advance();
    std::optional<SqlType> type = TypeFromSqlName(name);
    for (int words = 1; words < 4 && reader_.token().kind == TokenKind::kWord; ++words) {
      const std::string longer = name + " " + std::string(reader_.token().text);
      const auto longer_type = TypeFromSqlName(longer);
      if (!longer_type && (type || words > 1)) break;
      if (!longer_type && !Continues(longer)) break;
      name = longer;
      type = longer_type;
      reader_.Advance();
    }
    if (reader_.TakeSymbol('(')) {
      while (!reader_.TakeSymbol(')')) {
        if (reader_.AtEnd()) return reader_.SyntaxError();
        reader_.Advance();
      }
      // `timestamp(3) with time zone`, `int(11) unsigned`
      while (reader_.token().kind == TokenKind::kWord) {
        const std::string longer = name + " " + std::string(reader_.token().text);
        const auto longer_type = TypeFromSqlName(longer);
        if (!longer_type) break;
        name = longer;
        type = longer_type;
        reader_.Advance();
      }
    }
    if (!type) return Error(ErrorCode::kUnsupported, "Unsupported data type: " + Upper(name));
    return *type;
  }

  // The beginning of a type of several words that is no type itself.
  static bool Continues(const std::string& name) {
    return EqualsIgnoreCase(name, "double precision") || EqualsIgnoreCase(name, "character varying");
  }

  Status Default() {
    PendingDefault pending;
    const Token token = reader_.token();
    std::string scratch;
    if (token.kind == TokenKind::kString) {
      pending.literal = Value(Datum::Text(Unquote(token, scratch)));
      pending.text = std::string(token.text);
      reader_.Advance();
    } else if (token.Is('-') || token.kind == TokenKind::kInteger || token.kind == TokenKind::kNumber) {
      KALAM_TRY(NumberLiteral(pending));
    } else if (reader_.Take(Keyword::kNull)) {
      pending.text = "NULL";
    } else if (reader_.keyword() == Keyword::kTrue || reader_.keyword() == Keyword::kFalse) {
      pending.literal = Value(Datum::Bool(reader_.keyword() == Keyword::kTrue));
      pending.text = Upper(token.text);
      reader_.Advance();
    } else if (token.kind == TokenKind::kWord) {
      pending.function = Upper(token.text);
      reader_.Advance();
      if (reader_.TakeSymbol('(')) {
        if (!reader_.TakeSymbol(')')) {
          return Invalid("DEFAULT function " + pending.function + "() should not have arguments");
        }
      } else if (pending.function != "CURRENT_TIMESTAMP" && pending.function != "CURRENT_USER") {
        return SyntaxErrorNear(ErrorStyle::kPostgres, token.text, 1);
      }
    } else {
      return reader_.SyntaxError();
    }
    defaults_.back() = std::move(pending);
    return {};
  }

  struct PendingDefault {
    std::string function;  // upper case; empty for a literal
    Value literal;
    std::string text;
  };

  Status NumberLiteral(PendingDefault& pending) {
    const bool negative = reader_.TakeSymbol('-');
    const Token token = reader_.token();
    if (token.kind != TokenKind::kInteger && token.kind != TokenKind::kNumber) return reader_.SyntaxError();
    const std::string text = (negative ? "-" : "") + std::string(token.text);
    std::int64_t whole;
    double number;
    if (std::from_chars(text.data(), text.data() + text.size(), whole).ptr == text.data() + text.size()) {
      pending.literal = Value(Datum::Int(whole));
    } else if (std::from_chars(text.data(), text.data() + text.size(), number).ptr == text.data() + text.size()) {
      pending.literal = Value(Datum::Double(number));
    } else {
      return reader_.SyntaxError();
    }
    pending.text = text;
    reader_.Advance();
    return {};
  }

  Status CheckPrimaryKey() {
    if (!key_column_.empty()) {
      const auto found = std::find_if(spec_.columns.begin(), spec_.columns.end(), [&](const ColumnDef& column) {
        return EqualsIgnoreCase(column.name, key_column_);
      });
      if (found == spec_.columns.end()) return ColumnDoesNotExist(ErrorStyle::kPostgres, key_column_);
      found->primary_key = true;
    }
    const auto is_key = [](const ColumnDef& column) { return column.primary_key; };
    const auto keys = std::count_if(spec_.columns.begin(), spec_.columns.end(), is_key);
    if (keys == 0) {
      return Invalid("PRIMARY KEY is required for " + KindName(spec_.kind) +
                     " tables. All USER, SHARED, and STREAM tables must declare a PRIMARY KEY column.");
    }
    if (keys > 1) return Invalid("Multiple PRIMARY KEY columns not supported");
    const auto key = std::find_if(spec_.columns.begin(), spec_.columns.end(), is_key);
    spec_.primary_key = static_cast<std::size_t>(key - spec_.columns.begin());
    if (key->type != DataType::kBigInt && key->type != DataType::kText) {
      return Invalid(fmt::format("PRIMARY KEY '{}' has invalid type {}. Only BIGINT or STRING (TEXT/VARCHAR) types are "
                                 "allowed for PRIMARY KEY columns.",
                                 key->name, ToString(key->type)));
    }
    key->nullable = false;
    return {};
  }

  Status CheckDefaults() {
    for (std::size_t i = 0; i < spec_.columns.size(); ++i) {
      if (!defaults_[i]) continue;
      ColumnDef& column = spec_.columns[i];
      if (!defaults_[i]->function.empty()) {
        KALAM_TRY(FunctionDefault(column, defaults_[i]->function));
        continue;
      }
      std::string scratch;
      auto literal = ConvertDatum(defaults_[i]->literal.view(), column.type, scratch);
      if (!literal.ok()) return Invalid("DEFAULT of column '" + column.name + "': " + literal.error().message());
      column.default_expr = DefaultExpr{std::nullopt, Value(*literal), defaults_[i]->text};
    }
    return {};
  }

  static Status FunctionDefault(ColumnDef& column, const std::string& name) {
    const DefaultFunctionSyntax* rule = FindDefaultFunction(name);
    if (rule == nullptr) {
      return Invalid(fmt::format("Unknown DEFAULT function '{}' for column '{}'. Known functions: NOW, SNOWFLAKE_ID, "
                                 "UUID_V7, ULID, CURRENT_USER, CURRENT_TIMESTAMP",
                                 name, column.name));
    }
    if (column.type != TypeOf(rule->function)) {
      return Invalid(fmt::format("DEFAULT {}() can only be used on {} columns, but column '{}' has type {}", name,
                                 rule->columns, column.name, ToString(column.type)));
    }
    column.default_expr = DefaultExpr{rule->function, {}, std::string(ToString(rule->function))};
    return {};
  }

  // --- the clauses after the columns, in any order

  // { OFF | hours [HOURS] }
  Status DeletedRetention() {
    constexpr std::int64_t kMaxHours = 876'000;
    if (spec_.kind == TableKind::kStream) return Invalid("DELETED_RETENTION is for USER and SHARED tables");
    spec_.deleted_retention.emplace();
    if (reader_.Take(Keyword::kOff)) return {};
    KALAM_TRY_ASSIGN(const std::int64_t hours, reader_.Number());
    if (hours < 0 || hours > kMaxHours) return Invalid("DELETED_RETENTION must be between 0 and 876000 hours");
    reader_.Take(Keyword::kHours);
    spec_.deleted_retention->hours = hours;
    return {};
  }

  Status Option() {
    switch (reader_.keyword()) {
      case Keyword::kTableType:
        return Invalid("Use CREATE USER TABLE | CREATE SHARED TABLE | CREATE STREAM TABLE");
      case Keyword::kOwnerId: return Invalid("OWNER_ID is not supported; use CREATE USER <username>");
      case Keyword::kStorage: {
        reader_.Advance();
        if (reader_.Take(Keyword::kNull)) return StorageNull();
        KALAM_TRY_ASSIGN(std::string storage, reader_.HyphenatedName());
        if (storage.empty()) return StorageNull();
        spec_.storage_id = std::move(storage);
        return {};
      }
      case Keyword::kUseUserStorage:
        reader_.Advance();
        if (spec_.kind != TableKind::kUser) return Invalid("USE_USER_STORAGE is for USER tables");
        spec_.use_user_storage = !reader_.Take(Keyword::kFalse);
        if (spec_.use_user_storage) reader_.Take(Keyword::kTrue);
        return {};
      case Keyword::kFlush: reader_.Advance(); return Flush();
      case Keyword::kSharding: reader_.Advance(); return ShardingClause();
      case Keyword::kDeletedRetention: reader_.Advance(); return DeletedRetention();
      case Keyword::kTtl:
      case Keyword::kRetention: {
        reader_.Advance();
        if (spec_.kind != TableKind::kStream) return Invalid("TTL is for STREAM tables");
        KALAM_TRY_ASSIGN(spec_.ttl_seconds, reader_.Number());
        if (*spec_.ttl_seconds <= 0) return Invalid("TTL must be greater than 0");
        return {};
      }
      case Keyword::kMaxBuffer: {
        reader_.Advance();
        if (spec_.kind != TableKind::kStream) return Invalid("MAX_BUFFER is for STREAM tables");
        KALAM_TRY_ASSIGN(spec_.max_buffer, reader_.Number());
        if (*spec_.max_buffer <= 0) return Invalid("MAX_BUFFER must be greater than 0");
        return {};
      }
      case Keyword::kEphemeral:
        reader_.Advance();
        if (spec_.kind != TableKind::kStream) return Invalid("EPHEMERAL is for STREAM tables");
        spec_.ephemeral = true;
        return {};
      case Keyword::kAccess: reader_.Advance(); return Access();
      default: return reader_.SyntaxError();
    }
  }

  static Status StorageNull() {
    return Error(ErrorCode::kConstraint, "NOT NULL violation: column 'storage_id' cannot be null");
  }

  Status Flush() {
    if (spec_.kind == TableKind::kStream) return Invalid("STREAM tables are never flushed: FLUSH is not for them");
    FlushPolicy policy = spec_.flush.value_or(FlushPolicy{});
    bool any = false;
    reader_.Take(Keyword::kPolicy);
    reader_.Take(Keyword::kCombined);
    while (true) {
      if (reader_.Take(Keyword::kInterval) || reader_.Take(Keyword::kSeconds) || reader_.Take(Keyword::kTimeInterval)) {
        KALAM_TRY_ASSIGN(const std::int64_t seconds, reader_.Number());
        if (seconds <= 0) return Invalid("Interval must be greater than 0");
        if (seconds > kMaxFlushSeconds) return Invalid("Interval must be less than 86400 seconds (24 hours)");
        policy.interval_seconds = seconds;
      } else if (reader_.Take(Keyword::kRowThreshold) || reader_.Take(Keyword::kRows) ||
                 reader_.Take(Keyword::kRowLimit)) {
        KALAM_TRY_ASSIGN(const std::int64_t rows, reader_.Number());
        if (rows <= 0) return Invalid("Row limit must be greater than 0");
        if (rows > kMaxFlushRows) return Invalid("Row limit must be less than 1,000,000");
        policy.row_threshold = rows;
      } else {
        break;
      }
      any = true;
    }
    if (!any) return Invalid("FLUSH needs INTERVAL or ROW_THRESHOLD");
    spec_.flush = policy;
    return {};
  }

  Status ShardingClause() {
    if (reader_.AtEnd() || reader_.keyword() != Keyword::kNone) return Shards({});
    KALAM_TRY_ASSIGN(std::string strategy, reader_.TextOrWord());
    for (char& c : strategy) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (strategy != "alphabetic" && strategy != "numeric" && strategy != "consistent_hash") {
      return Invalid("Unknown sharding strategy '" + strategy +
                     "'. Must be one of: alphabetic, numeric, consistent_hash");
    }
    return Shards(std::move(strategy));
  }

  Status Shards(std::string strategy) {
    Sharding sharding{std::move(strategy), std::nullopt};
    if (reader_.Take(Keyword::kShards)) {
      if (sharding.strategy != "consistent_hash") return Invalid("SHARDS is for SHARDING consistent_hash");
      KALAM_TRY_ASSIGN(sharding.shards, reader_.Number());
      if (*sharding.shards <= 0) return Invalid("SHARDS must be greater than 0");
      if (*sharding.shards > kMaxShards) return Invalid("SHARDS must be at most 10000");
    }
    spec_.sharding = std::move(sharding);
    return {};
  }

  // ACCESS public, ACCESS 'public', ACCESS = 'public'
  Status Access() {
    reader_.TakeSymbol('=');
    KALAM_TRY_ASSIGN(const std::string level, reader_.TextOrWord());
    if (spec_.kind != TableKind::kShared) return Invalid("ACCESS is for SHARED tables");
    for (const AccessLevel known : {AccessLevel::kPublic, AccessLevel::kPrivate, AccessLevel::kRestricted}) {
      if (EqualsIgnoreCase(level, ToString(known))) {
        spec_.access = known;
        return {};
      }
    }
    return Invalid("Invalid access level '" + level + "'. Must be one of: public, private, restricted");
  }

  Status CheckOptions() const {
    if (spec_.kind == TableKind::kStream && !spec_.ttl_seconds) return Invalid("STREAM tables require TTL <seconds>");
    return {};
  }

  TokenReader& reader_;
  TableSpec spec_;
  std::vector<std::optional<PendingDefault>> defaults_;  // one per column
  std::string key_column_;                               // of PRIMARY KEY (col)
};

}  // namespace

Result<std::int64_t> TokenReader::Number() {
  std::int64_t number;
  const std::string_view text = token_.text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (token_.kind != TokenKind::kInteger || error != std::errc() || end != text.data() + text.size()) {
    return SyntaxError();
  }
  const std::uint32_t stop = token_.end();
  Advance();
  // `30s`: the lexer ends the number before the letter.
  if (token_.kind == TokenKind::kWord && token_.offset == stop && EqualsIgnoreCase(token_.text, "s")) Advance();
  return number;
}

Result<std::string> TokenReader::HyphenatedName() {
  const bool bare = token_.kind == TokenKind::kWord;
  std::uint32_t end = token_.end();
  KALAM_TRY_ASSIGN(std::string name, TextOrWord());
  while (bare && token_.Is('-') && token_.offset == end) {
    Advance();
    const bool part = token_.kind == TokenKind::kWord || token_.kind == TokenKind::kInteger;
    if (!part || token_.offset != end + 1) return SyntaxError();
    name.append("-").append(token_.text);
    end = token_.end();
    Advance();
  }
  return name;
}

Result<TableRef> ParseAnyTableRef(TokenReader& reader) {
  TableRef ref;
  KALAM_TRY_ASSIGN(ref.table, reader.FoldedName());
  if (reader.TakeSymbol('.')) {
    ref.ns = std::move(ref.table);
    KALAM_TRY_ASSIGN(ref.table, reader.FoldedName());
    if (*ref.ns != "system" && *ref.ns != "information_schema") KALAM_TRY(CheckNamespaceName(*ref.ns));
  }
  KALAM_TRY(CheckTableName(ref.table));
  return ref;
}

Result<TableRef> ParseTableRef(TokenReader& reader) {
  KALAM_TRY_ASSIGN(TableRef ref, ParseAnyTableRef(reader));
  if (ref.ns) KALAM_TRY(CheckNamespaceName(*ref.ns));
  return ref;
}

Result<ColumnDef> ParseColumn(TokenReader& reader) { return SpecParser(TableKind::kUser, reader).ParseColumn(); }

Result<DataType> ParseType(TokenReader& reader) { return SpecParser(TableKind::kUser, reader).ParseType(); }

Result<TableSpec> ParseTableSpec(TableKind kind, TokenReader& reader) { return SpecParser(kind, reader).Parse(); }

}  // namespace kalam::sql
