#include "catalog/table_document.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "document_reader.h"
#include "document_writer.h"
#include "hex.h"

namespace kalam::catalog {
namespace {

constexpr std::array kKinds = {TableKind::kUser, TableKind::kShared, TableKind::kStream};
constexpr std::array kAccessLevels = {AccessLevel::kPublic, AccessLevel::kPrivate,
                                      AccessLevel::kRestricted};
constexpr std::array kDefaultFunctions = {
    DefaultFunction::kNow, DefaultFunction::kSnowflakeId, DefaultFunction::kUuidV7,
    DefaultFunction::kUlid, DefaultFunction::kCurrentUser};

// The member of `all` whose ToString is `name`.
template <typename Enum, std::size_t n>
std::optional<Enum> FindByName(const std::array<Enum, n>& all, std::string_view name) {
  const auto it =
      std::find_if(all.begin(), all.end(), [&](Enum value) { return ToString(value) == name; });
  return it == all.end() ? std::nullopt : std::optional(*it);
}

// --- default literals: one object whose only field names the kind, {"int":5}. Doubles and bytes go as
// text: JSON has neither non-finite numbers nor bytes.

std::string ShortestText(double value) {
  char text[40];
  return std::string(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

void WriteLiteral(JsonWriter& json, const Datum& literal) {
  json.BeginObject();
  switch (literal.kind()) {
    case Datum::Kind::kNull: json.Key("null").Bool(true); break;
    case Datum::Kind::kBool: json.Key("bool").Bool(literal.bool_value()); break;
    case Datum::Kind::kInt: json.Key("int").Int(literal.int_value()); break;
    case Datum::Kind::kDouble: PutText(json, "double", ShortestText(literal.double_value())); break;
    case Datum::Kind::kText: PutText(json, "text", literal.text()); break;
    case Datum::Kind::kBinary: PutText(json, "binary", ToHex(literal.text())); break;
  }
  json.EndObject();
}

Result<Value> ReadLiteral(const DocumentReader& literal) {
  KALAM_TRY_ASSIGN(const auto flag, literal.GetOptional<bool>("bool"));
  if (flag) return Value(Datum::Bool(*flag));
  KALAM_TRY_ASSIGN(const auto integer, literal.GetOptional<std::int64_t>("int"));
  if (integer) return Value(Datum::Int(*integer));
  KALAM_TRY_ASSIGN(const auto text, literal.GetOptional<std::string_view>("text"));
  if (text) return Value(Datum::Text(*text));
  KALAM_TRY_ASSIGN(const auto digits, literal.GetOptional<std::string_view>("double"));
  if (digits) {
    double value = 0;
    const char* end = digits->data() + digits->size();
    if (std::from_chars(digits->data(), end, value).ptr != end) return literal.BadField("double");
    return Value(Datum::Double(value));
  }
  KALAM_TRY_ASSIGN(const auto hex, literal.GetOptional<std::string_view>("binary"));
  if (hex) {
    const auto bytes = FromHex(*hex);
    if (!bytes) return literal.BadField("binary");
    return Value(Datum::Binary(*bytes));
  }
  KALAM_TRY(literal.Get<bool>("null"));
  return Value(Datum::Null());
}

// --- columns

void WriteColumn(JsonWriter& json, const ColumnDef& column, std::size_t ordinal) {
  json.BeginObject();
  PutText(json, "column_name", column.name);
  json.Key("column_id").Uint(column.id);
  json.Key("ordinal_position").Uint(ordinal);
  PutText(json, "data_type", ToString(column.type));
  json.Key("is_nullable").Bool(column.nullable);
  json.Key("column_default");
  column.default_expr ? json.String(column.default_expr->text) : json.Null();
  json.Key("is_primary_key").Bool(column.primary_key);
  if (column.default_expr && column.default_expr->function) {
    PutText(json, "default_function", ToString(*column.default_expr->function));
  } else if (column.default_expr) {
    json.Key("default_literal");
    WriteLiteral(json, column.default_expr->literal.view());
  }
  if (!column.initial.view().is_null()) {
    json.Key("initial_value");
    WriteLiteral(json, column.initial.view());
  }
  json.EndObject();
}

Result<std::optional<DefaultExpr>> ReadDefault(const DocumentReader& column) {
  KALAM_TRY_ASSIGN(auto text, column.GetOptionalText("column_default"));
  if (!text) return std::optional<DefaultExpr>();
  DefaultExpr expr;
  expr.text = *std::move(text);
  KALAM_TRY_ASSIGN(const auto function, column.GetOptional<std::string_view>("default_function"));
  if (function) {
    expr.function = FindByName(kDefaultFunctions, *function);
    if (!expr.function) return column.BadField("default_function");
  } else {
    KALAM_TRY_ASSIGN(const auto literal, column.Get<simdjson::dom::object>("default_literal"));
    KALAM_TRY_ASSIGN(expr.literal, ReadLiteral(DocumentReader(column.key(), literal)));
  }
  return std::optional(std::move(expr));
}

// Definitions that were stored before tables could be altered have no ids: TableDef::Finish gives them.
Result<std::uint32_t> ReadColumnId(const DocumentReader& reader) {
  KALAM_TRY_ASSIGN(const auto stored, reader.GetOptional<std::int64_t>("column_id"));
  const std::int64_t id = stored.value_or(0);
  if (id < 0 || id >= std::numeric_limits<std::uint32_t>::max()) return reader.BadField("column_id");
  return static_cast<std::uint32_t>(id);
}

Result<DataType> ReadType(const DocumentReader& reader) {
  KALAM_TRY_ASSIGN(const auto name, reader.Get<std::string_view>("data_type"));
  const auto type = DataTypeFromCanonicalName(name);
  if (!type) return reader.BadField("data_type");
  return *type;
}

Result<ColumnDef> ReadColumn(const DocumentReader& reader, std::int64_t ordinal) {
  ColumnDef column;
  KALAM_TRY_ASSIGN(column.name, reader.GetText("column_name"));
  KALAM_TRY_ASSIGN(const auto position, reader.Get<std::int64_t>("ordinal_position"));
  if (position != ordinal) return reader.BadField("ordinal_position");
  KALAM_TRY_ASSIGN(column.type, ReadType(reader));
  KALAM_TRY_ASSIGN(column.nullable, reader.Get<bool>("is_nullable"));
  KALAM_TRY_ASSIGN(column.primary_key, reader.Get<bool>("is_primary_key"));
  KALAM_TRY_ASSIGN(column.default_expr, ReadDefault(reader));
  KALAM_TRY_ASSIGN(column.id, ReadColumnId(reader));
  KALAM_TRY_ASSIGN(const auto initial, reader.GetOptional<simdjson::dom::object>("initial_value"));
  if (initial) {
    KALAM_TRY_ASSIGN(column.initial, ReadLiteral(DocumentReader(reader.key(), *initial)));
  }
  return column;
}

Result<std::vector<ColumnDef>> ReadColumns(const DocumentReader& reader) {
  KALAM_TRY_ASSIGN(const auto elements, reader.Get<simdjson::dom::array>("columns"));
  std::vector<ColumnDef> columns;
  for (const auto element : elements) {
    simdjson::dom::object object;
    if (element.get(object)) return reader.BadField("columns");
    const auto ordinal = static_cast<std::int64_t>(columns.size()) + 1;
    KALAM_TRY_ASSIGN(auto column, ReadColumn(DocumentReader(reader.key(), object), ordinal));
    columns.push_back(std::move(column));
  }
  const auto keys = std::count_if(columns.begin(), columns.end(),
                                  [](const ColumnDef& column) { return column.primary_key; });
  if (keys != 1) return reader.Corrupt("the table has not exactly one primary key");
  return columns;
}

// --- history

void WriteHistory(JsonWriter& json, const std::vector<SchemaVersion>& history) {
  json.Key("schema_history").BeginArray();
  for (const SchemaVersion& entry : history) {
    json.BeginObject();
    json.Key("version").Int(entry.version);
    PutMillis(json, "created_at", entry.created_at);
    PutText(json, "changes", entry.changes);
    PutText(json, "arrow_schema_json", entry.arrow_schema_json);
    json.Key("columns").BeginArray();
    for (const PastColumn& column : entry.columns) {
      json.BeginObject();
      json.Key("column_id").Uint(column.id);
      PutText(json, "data_type", ToString(column.type));
      json.EndObject();
    }
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
}

Result<int> ReadVersion(const DocumentReader& reader, std::string_view field) {
  KALAM_TRY_ASSIGN(const auto version, reader.Get<std::int64_t>(field));
  // Encoded rows have 16 bits for it.
  if (version < 1 || version > std::numeric_limits<std::uint16_t>::max()) {
    return reader.BadField(field);
  }
  return static_cast<int>(version);
}

Result<std::vector<PastColumn>> ReadPastColumns(const DocumentReader& entry) {
  KALAM_TRY_ASSIGN(const auto elements, entry.GetOptional<simdjson::dom::array>("columns"));
  std::vector<PastColumn> columns;
  if (!elements) return columns;
  for (const auto element : *elements) {
    simdjson::dom::object object;
    if (element.get(object)) return entry.BadField("columns");
    const DocumentReader column(entry.key(), object);
    PastColumn past;
    KALAM_TRY_ASSIGN(past.id, ReadColumnId(column));
    KALAM_TRY_ASSIGN(past.type, ReadType(column));
    columns.push_back(past);
  }
  return columns;
}

Result<std::vector<SchemaVersion>> ReadHistory(const DocumentReader& reader) {
  KALAM_TRY_ASSIGN(const auto elements, reader.Get<simdjson::dom::array>("schema_history"));
  std::vector<SchemaVersion> history;
  for (const auto element : elements) {
    simdjson::dom::object object;
    if (element.get(object)) return reader.BadField("schema_history");
    const DocumentReader entry(reader.key(), object);
    SchemaVersion version;
    KALAM_TRY_ASSIGN(version.version, ReadVersion(entry, "version"));
    KALAM_TRY_ASSIGN(version.created_at, entry.GetMillis("created_at"));
    KALAM_TRY_ASSIGN(version.changes, entry.GetText("changes"));
    KALAM_TRY_ASSIGN(version.arrow_schema_json, entry.GetText("arrow_schema_json"));
    KALAM_TRY_ASSIGN(version.columns, ReadPastColumns(entry));
    history.push_back(std::move(version));
  }
  return history;
}

// --- the rest of the definition

Status ReadIdentity(const DocumentReader& reader, TableDef& def) {
  KALAM_TRY_ASSIGN(def.name.ns, reader.GetText("namespace_id"));
  KALAM_TRY_ASSIGN(def.name.table, reader.GetText("table_name"));
  KALAM_TRY_ASSIGN(const auto number, reader.Get<std::int64_t>("numeric_id"));
  if (number < 1 || number > std::numeric_limits<std::uint32_t>::max()) {
    return reader.BadField("numeric_id");
  }
  def.id = TableId(static_cast<std::uint32_t>(number));
  KALAM_TRY_ASSIGN(const auto kind_name, reader.Get<std::string_view>("table_type"));
  const auto kind = FindByName(kKinds, kind_name);
  if (!kind) return reader.BadField("table_type");
  def.kind = *kind;
  KALAM_TRY_ASSIGN(def.owner, reader.GetText("owner_id"));
  KALAM_TRY_ASSIGN(const auto access_name, reader.GetOptional<std::string_view>("access"));
  const auto access = FindByName(kAccessLevels, access_name.value_or("public"));
  if (!access) return reader.BadField("access");
  def.access = *access;
  return {};
}

Status ReadStorage(const DocumentReader& reader, TableDef& def) {
  KALAM_TRY_ASSIGN(def.storage_id, reader.GetText("storage_id"));
  KALAM_TRY_ASSIGN(def.use_user_storage, reader.Get<bool>("use_user_storage"));
  KALAM_TRY_ASSIGN(const auto policy, reader.Get<simdjson::dom::object>("flush_policy"));
  const DocumentReader flush(reader.key(), policy);
  KALAM_TRY_ASSIGN(def.flush.row_threshold, flush.GetOptional<std::int64_t>("row_threshold"));
  KALAM_TRY_ASSIGN(def.flush.interval_seconds, flush.GetOptional<std::int64_t>("interval_seconds"));
  KALAM_TRY_ASSIGN(def.sharding, reader.GetText("sharding"));
  KALAM_TRY_ASSIGN(def.deleted_retention_hours,
                   reader.GetOptional<std::int64_t>("deleted_retention_hours"));
  KALAM_TRY_ASSIGN(def.ttl_seconds, reader.GetOptional<std::int64_t>("ttl_seconds"));
  KALAM_TRY_ASSIGN(def.max_buffer, reader.GetOptional<std::int64_t>("max_buffer"));
  return {};
}

// Arrow's names of the types, in the form of its JSON integration format.
std::string_view ArrowTypeJson(DataType type) {
  switch (type) {
    case DataType::kBoolean: return R"({"name":"bool"})";
    case DataType::kSmallInt: return R"({"name":"int","bitWidth":16,"isSigned":true})";
    case DataType::kInt: return R"({"name":"int","bitWidth":32,"isSigned":true})";
    case DataType::kBigInt: return R"({"name":"int","bitWidth":64,"isSigned":true})";
    case DataType::kFloat: return R"({"name":"floatingpoint","precision":"SINGLE"})";
    case DataType::kDouble: return R"({"name":"floatingpoint","precision":"DOUBLE"})";
    case DataType::kText:
    case DataType::kJson: return R"({"name":"utf8"})";
    case DataType::kTimestamp:
      return R"({"name":"timestamp","unit":"MICROSECOND","timezone":"UTC"})";
    case DataType::kDate: return R"({"name":"date","unit":"DAY"})";
    case DataType::kTime: return R"({"name":"time","unit":"MICROSECOND","bitWidth":64})";
    case DataType::kBinary: return R"({"name":"binary"})";
  }
  return "null";
}

// The past of the definition is that of the history, which tells every version once.
Status ReadPast(const DocumentReader& reader, TableDocument& document) {
  TableDef& def = document.def;
  KALAM_TRY_ASSIGN(const auto next_id, reader.GetOptional<std::int64_t>("next_column_id"));
  if (next_id && (*next_id < 1 || *next_id > std::numeric_limits<std::uint32_t>::max())) {
    return reader.BadField("next_column_id");
  }
  def.next_column_id = static_cast<std::uint32_t>(next_id.value_or(1));
  if (document.history.size() != static_cast<std::size_t>(def.schema_version)) return reader.BadField("schema_history");
  for (std::size_t i = 0; i < document.history.size(); ++i) {
    const SchemaVersion& entry = document.history[i];
    if (entry.version != static_cast<int>(i) + 1) return reader.BadField("schema_history");
    if (entry.version == def.schema_version) break;
    def.past.push_back(std::make_shared<const std::vector<PastColumn>>(entry.columns));
  }
  return {};
}

}  // namespace

SchemaVersion HistoryEntry(const TableDef& def, TimestampMicros created_at, std::string changes) {
  SchemaVersion entry{.version = def.schema_version,
                      .created_at = created_at,
                      .changes = std::move(changes),
                      .arrow_schema_json = ArrowSchemaJson(def)};
  for (const ColumnDef& column : def.columns) entry.columns.push_back({column.id, column.type});
  return entry;
}

std::string EncodeTableDocument(const TableDocument& document) {
  const TableDef& def = document.def;
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  PutText(json, "table_id", def.name.ns + ":" + def.name.table);
  PutText(json, "table_name", def.name.table);
  PutText(json, "namespace_id", def.name.ns);
  json.Key("numeric_id").Uint(def.id.value());
  PutText(json, "table_type", ToString(def.kind));
  PutText(json, "owner_id", def.owner);
  json.Key("access");
  def.kind == TableKind::kShared ? json.String(ToString(def.access)) : json.Null();
  PutMillis(json, "created_at", def.created_at);
  PutMillis(json, "updated_at", def.updated_at);
  json.Key("schema_version").Int(def.schema_version);
  json.Key("next_column_id").Uint(def.next_column_id);
  PutText(json, "storage_id", def.storage_id);
  json.Key("use_user_storage").Bool(def.use_user_storage);
  json.Key("flush_policy").BeginObject();
  PutOptionalInt(json, "row_threshold", def.flush.row_threshold);
  PutOptionalInt(json, "interval_seconds", def.flush.interval_seconds);
  json.EndObject();
  PutText(json, "sharding", def.sharding);
  PutOptionalInt(json, "deleted_retention_hours", def.deleted_retention_hours);
  PutOptionalInt(json, "ttl_seconds", def.ttl_seconds);
  PutOptionalInt(json, "max_buffer", def.max_buffer);
  json.Key("columns").BeginArray();
  for (std::size_t i = 0; i < def.columns.size(); ++i) WriteColumn(json, def.columns[i], i + 1);
  json.EndArray();
  WriteHistory(json, document.history);
  json.EndObject();
  return out;
}

Result<TableDocument> DecodeTableDocument(std::string_view key, std::string_view json) {
  simdjson::dom::parser parser;
  KALAM_TRY_ASSIGN(const auto reader, DocumentReader::Parse(parser, key, json));
  TableDocument document;
  TableDef& def = document.def;
  KALAM_TRY(ReadIdentity(reader, def));
  KALAM_TRY_ASSIGN(def.created_at, reader.GetMillis("created_at"));
  KALAM_TRY_ASSIGN(def.updated_at, reader.GetMillis("updated_at"));
  KALAM_TRY_ASSIGN(def.schema_version, ReadVersion(reader, "schema_version"));
  KALAM_TRY(ReadStorage(reader, def));
  KALAM_TRY_ASSIGN(def.columns, ReadColumns(reader));
  KALAM_TRY_ASSIGN(document.history, ReadHistory(reader));
  KALAM_TRY(ReadPast(reader, document));
  def.Finish();
  return document;
}

std::string ArrowSchemaJson(const TableDef& def) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("fields").BeginArray();
  for (const ColumnDef& column : def.columns) {
    json.BeginObject();
    PutText(json, "name", column.name);
    json.Key("nullable").Bool(column.nullable);
    json.Key("type").Raw(ArrowTypeJson(column.type));
    json.Key("children").BeginArray().EndArray();
    json.EndObject();
  }
  json.EndArray().EndObject();
  return out;
}

}  // namespace kalam::catalog
