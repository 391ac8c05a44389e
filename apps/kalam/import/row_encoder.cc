#include "import/row_encoder.h"

#include "exit_code.h"
#include "import/number_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace kalam::cli {

namespace {

// "True" and "FALSE" as SQL writes them; nullopt for anything else.
std::optional<std::string_view> BooleanText(std::string_view text) {
  const auto is = [&](std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    });
  };
  if (is("true")) return "TRUE";
  if (is("false")) return "FALSE";
  return std::nullopt;
}

void AppendText(std::string_view text, ColumnClass column_class, std::string* sql) {
  if ((column_class == ColumnClass::kInteger && IsIntegerText(text)) ||
      (column_class == ColumnClass::kNumber && IsNumberText(text))) {
    sql->append(text);
    return;
  }
  if (column_class == ColumnClass::kBoolean) {
    if (const auto boolean = BooleanText(text)) {
      sql->append(*boolean);
      return;
    }
  }
  AppendSqlText(text, sql);
}

// The primary key in the form in which the server returns it, so that both can be compared.
std::optional<std::string> KeyOf(const FieldValue* value, ColumnClass column_class) {
  if (value == nullptr || value->kind == ValueKind::kEmpty || value->kind == ValueKind::kNull) {
    return std::nullopt;
  }
  if (column_class != ColumnClass::kInteger) return std::string(value->text);
  std::int64_t number = 0;
  const std::string_view text = value->text;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::to_string(number);
}

std::size_t SizeInJson(std::string_view text) {
  std::size_t size = text.size();
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t') {
      size += 1;
    } else if (byte < 0x20 || byte == 0x7F) {
      size += 5;
    }
  }
  return size;
}

std::string ColumnList(const TargetTable& table) {
  std::string list;
  for (const TargetColumn& column : table.columns) {
    if (!list.empty()) list += ", ";
    list += column.name;
  }
  return list;
}

std::string UnknownField(const std::string& field, const TargetTable& table) {
  return "field '" + field + "' is not a column of " + table.name +
         " (columns: " + ColumnList(table) + "); use --map " + field +
         "=COLUMN or choose with --columns";
}

}  // namespace

void AppendSqlValue(const FieldValue& value, ColumnClass column_class, std::string* sql) {
  const bool text_column = column_class == ColumnClass::kText;
  switch (value.kind) {
    case ValueKind::kEmpty:
    case ValueKind::kNull:
      *sql += "NULL";
      return;
    case ValueKind::kBool:
      if (text_column) {
        AppendSqlText(value.text, sql);
      } else {
        *sql += value.text == "true" ? "TRUE" : "FALSE";
      }
      return;
    case ValueKind::kNumber:
      if (text_column || column_class == ColumnClass::kOther) {
        AppendSqlText(value.text, sql);
      } else {
        sql->append(value.text);
      }
      return;
    case ValueKind::kText:
      AppendText(value.text, column_class, sql);
      return;
    case ValueKind::kJson:
      AppendSqlText(value.text, sql);
      return;
  }
}

Result<RowEncoder> RowEncoder::Create(const TargetTable& table, const ImportOptions& options,
                                      const RecordReader& reader) {
  RowEncoder encoder(table, options);
  auto maps = encoder.ReadMaps();
  if (!maps) return std::move(maps).error();
  for (const std::string& column : options.columns) {
    if (!table.IndexOf(column)) {
      return UsageError("--columns: " + table.name + " has no column '" + column +
                        "' (columns: " + ColumnList(table) + ")");
    }
  }
  if (reader.has_header()) {
    std::vector<int> taken;
    for (std::size_t i = 0; i < reader.field_names().size(); ++i) {
      const int place = encoder.PlaceOf(i, reader);
      if (place == kUnknown) return UsageError(UnknownField(reader.field_names()[i], table));
      if (place < 0) continue;
      if (std::count(taken.begin(), taken.end(), place) > 0) {
        return UsageError("two fields of the file go into column '" +
                          table.columns[static_cast<std::size_t>(place)].name + "'");
      }
      taken.push_back(place);
    }
    if (taken.empty())
      return UsageError("no field of the file goes into a column of " + table.name);
  }
  return encoder;
}

Result<bool> RowEncoder::ReadMaps() {
  for (const std::string& map : options_->maps) {
    const std::size_t equals = map.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError("--map takes FIELD=COLUMN, not '" + map + "'");
    }
    maps_.emplace_back(map.substr(0, equals), map.substr(equals + 1));
    if (!table_->IndexOf(maps_.back().second)) {
      return UsageError("--map: " + table_->name + " has no column '" + maps_.back().second +
                        "' (columns: " + ColumnList(*table_) + ")");
    }
  }
  return true;
}

int RowEncoder::PlaceOf(std::size_t field, const RecordReader& reader) {
  if (field >= places_.size()) places_.resize(field + 1, kUndecided);
  if (places_[field] == kUndecided) places_[field] = DecidePlace(reader.field_names()[field]);
  return places_[field];
}

int RowEncoder::DecidePlace(const std::string& name) {
  const auto mapped =
      std::find_if(maps_.begin(), maps_.end(), [&](const auto& map) { return map.first == name; });
  const std::string& column = mapped == maps_.end() ? name : mapped->second;
  const auto& chosen = options_->columns;
  if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), column) == chosen.end()) {
    return kSkip;
  }
  if (const auto index = table_->IndexOf(column)) return static_cast<int>(*index);
  if (!IsSystemColumn(column)) return kUnknown;
  skipped_.push_back(name);
  return kSkip;
}

bool RowEncoder::IsGiven(const TargetColumn& column, const FieldValue& value) const {
  // CSV can't say "no value". Where NULL is not possible but a default is, an empty field means it.
  return value.kind != ValueKind::kEmpty || column.nullable || !column.has_default;
}

std::string RowEncoder::Encode(const Record& record, const RecordReader& reader, EncodedRow* row,
                               ColumnSet* columns) {
  if (!record.problem.empty()) return record.problem;
  row_.assign(table_->columns.size(), nullptr);
  for (const FieldValue& value : record.fields) {
    const int place = PlaceOf(value.field, reader);
    if (place == kUnknown) return UnknownField(reader.field_names()[value.field], *table_);
    if (place >= 0) row_[static_cast<std::size_t>(place)] = &value;
  }
  columns->clear();
  row->tuple = "(";
  for (std::size_t i = 0; i < row_.size(); ++i) {
    if (row_[i] == nullptr || !IsGiven(table_->columns[i], *row_[i])) continue;
    if (!columns->empty()) row->tuple += ",";
    AppendSqlValue(*row_[i], table_->columns[i].column_class, &row->tuple);
    columns->push_back(i);
  }
  if (columns->empty()) return "the record has no value for any column";
  row->tuple += ")";
  row->json_bytes = SizeInJson(row->tuple);
  row->position = record.position;
  row->key.reset();
  if (const auto key = table_->primary_key()) {
    row->key = KeyOf(row_[*key], table_->columns[*key].column_class);
  }
  return "";
}

}  // namespace kalam::cli
