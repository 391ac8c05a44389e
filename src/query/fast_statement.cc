#include "query/fast_statement.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "sql/default_functions.h"
#include "sql/lexer.h"

namespace kalam::query {
namespace {

using sql::EqualsIgnoreCase;
using sql::Lexer;
using sql::Token;
using sql::TokenKind;

constexpr std::size_t kMaxParameters = 65'535;

// Words that would change the meaning if they were taken as names; whatever is doubtful is left to the
// engine's parser.
constexpr std::string_view kNotNames[] = {
    "all",   "and",   "as",    "asc",   "at",    "between", "by",   "case",   "cast",   "current_date",
    "current_time", "current_timestamp", "current_user", "desc", "distinct", "except", "exists",
    "false", "from",  "group", "having", "in",   "inner",  "intersect", "into", "is",   "join",
    "left",  "like",  "limit", "localtime", "localtimestamp", "not", "null", "offset", "on", "only", "or",
    "order", "right", "select", "session_user", "set", "table", "tablesample", "true", "union", "user",
    "using", "values", "where", "window", "with", "default", "lateral", "columns"};

// Which lengths occur among the words above, by first letter (bit n: length n): most names differ in that already.
constexpr auto kNotNameLengths = [] {
  std::array<std::uint32_t, 32> lengths{};
  for (const std::string_view word : kNotNames) lengths[word.front() & 31] |= 1u << word.size();
  return lengths;
}();

bool IsPlainName(const Token& token) {
  if (token.kind != TokenKind::kWord) return false;
  const std::string_view name = token.text;
  if (name.size() >= 32 || (kNotNameLengths[name.front() & 31] >> name.size() & 1) == 0) return true;
  for (const auto word : kNotNames) {
    if (EqualsIgnoreCase(word, name)) return false;
  }
  return true;
}

class Parser {
 public:
  Parser(std::string_view sql, std::span<const Datum> params, FastStatement& out)
      : lexer_(sql), params_(params), out_(out) {
    Advance();
  }

  bool Parse() {
    bool ok = false;
    if (Word("insert")) {
      ok = Insert();
    } else if (Word("select")) {
      ok = Select();
    } else if (Word("update")) {
      ok = Update();
    } else if (Word("delete")) {
      ok = Delete();
    }
    return ok && token_.kind == TokenKind::kEnd && EachParameterUsed();
  }

 private:
  void Advance() { token_ = lexer_.Next(); }

  bool Word(std::string_view word) {
    if (token_.kind != TokenKind::kWord || !EqualsIgnoreCase(token_.text, word)) return false;
    Advance();
    return true;
  }
  bool Symbol(char c) {
    if (!token_.Is(c)) return false;
    Advance();
    return true;
  }
  bool Name(std::string_view& name) {
    if (!IsPlainName(token_)) return false;
    name = token_.text;
    Advance();
    return true;
  }

  bool TableName() {
    out_.name_parts = 0;
    do {
      if (out_.name_parts == out_.name.size()) return false;
      // `user` is the middle part of ns.user.table.
      if (out_.name_parts == 1 && token_.kind == TokenKind::kWord && EqualsIgnoreCase(token_.text, "user")) {
        out_.name[out_.name_parts++] = token_.text;
        Advance();
        continue;
      }
      if (!Name(out_.name[out_.name_parts])) return false;
      ++out_.name_parts;
    } while (Symbol('.'));
    return true;
  }

  bool Names() {
    do {
      std::string_view name;
      if (!Name(name)) return false;
      out_.columns.push_back(name);
    } while (Symbol(','));
    return true;
  }

  bool Number(bool negative, Datum& value) {
    const char* begin = token_.text.data();
    const char* end = begin + token_.text.size();
    if (token_.kind == TokenKind::kInteger) {
      std::uint64_t magnitude;
      const auto [stop, error] = std::from_chars(begin, end, magnitude);
      const std::uint64_t max = std::uint64_t{INT64_MAX} + (negative ? 1 : 0);
      if (error != std::errc() || stop != end || magnitude > max) return false;
      value = Datum::Int(static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude));
    } else {
      double number;
      const auto [stop, error] = std::from_chars(begin, end, number);
      if (error != std::errc() || stop != end) return false;
      value = Datum::Double(negative ? -number : number);
    }
    Advance();
    return true;
  }

  bool Parameter(Datum& value) {
    std::size_t number;
    const std::string_view digits = token_.text.substr(1);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (token_.text.front() != '$' || error != std::errc() || stop != digits.data() + digits.size()) return false;
    if (number == 0 || number > params_.size() || number > kMaxParameters) return false;
    value = params_[number - 1];
    if (used_.size() < params_.size()) used_.resize(params_.size());
    used_[number - 1] = true;
    Advance();
    return true;
  }

  bool Value(CellInput& cell) {
    cell.is_default = false;
    cell.is_parameter = false;
    cell.function.reset();
    switch (token_.kind) {
      case TokenKind::kString:
        if (token_.escaped) {
          std::string& text = out_.unescaped.emplace_back();
          cell.datum = Datum::Text(sql::Unquote(token_, text));
        } else {
          cell.datum = Datum::Text(token_.body());
        }
        Advance();
        return true;
      case TokenKind::kInteger:
      case TokenKind::kNumber: return Number(false, cell.datum);
      case TokenKind::kParameter: cell.is_parameter = true; return Parameter(cell.datum);
      case TokenKind::kSymbol:
        if (!Symbol('-')) return false;
        return (token_.kind == TokenKind::kInteger || token_.kind == TokenKind::kNumber) &&
               Number(true, cell.datum);
      case TokenKind::kWord:
        if (Word("null")) {
          cell.datum = Datum::Null();
        } else if (Word("true")) {
          cell.datum = Datum::Bool(true);
        } else if (Word("false")) {
          cell.datum = Datum::Bool(false);
        } else if (Word("default")) {
          cell.is_default = true;
        } else {
          return Call(cell);
        }
        return true;
      default: return false;
    }
  }

  bool Call(CellInput& cell) {
    const auto* known = sql::FindDefaultFunction(token_.text);
    if (known == nullptr) return false;
    const bool is_bare = EqualsIgnoreCase(token_.text, "current_timestamp");
    Advance();
    cell.function = known->function;
    return is_bare || (Symbol('(') && Symbol(')'));
  }

  bool Insert() {
    out_.kind = FastKind::kInsert;
    if (!Word("into") || !TableName()) return false;
    if (Symbol('(') && !(Names() && Symbol(')'))) return false;
    if (!Word("values")) return false;
    std::size_t width = 0;
    do {
      if (!Symbol('(')) return false;
      const std::size_t before = out_.values.size();
      do {
        CellInput cell;
        if (!Value(cell)) return false;
        out_.values.push_back(cell);
      } while (Symbol(','));
      if (!Symbol(')')) return false;
      const std::size_t in_row = out_.values.size() - before;
      if (width != 0 && in_row != width) return false;
      width = in_row;
      ++out_.rows;
    } while (Symbol(','));
    return out_.columns.empty() || out_.columns.size() == width;
  }

  // WHERE k op v
  bool Where(bool only_equal) {
    if (!Name(out_.key_column)) return false;
    if (token_.kind != TokenKind::kSymbol) return false;
    const std::string_view op = token_.text;
    if (op == "=") {
      out_.comparison = KeyComparison::kEqual;
    } else if (only_equal) {
      return false;
    } else if (op == "<") {
      out_.comparison = KeyComparison::kLess;
    } else if (op == "<=") {
      out_.comparison = KeyComparison::kLessOrEqual;
    } else if (op == ">") {
      out_.comparison = KeyComparison::kGreater;
    } else if (op == ">=") {
      out_.comparison = KeyComparison::kGreaterOrEqual;
    } else {
      return false;
    }
    Advance();
    CellInput key;
    if (!Value(key) || key.is_default || key.function) return false;
    out_.key = key.datum;
    return true;
  }

  bool Select() {
    out_.kind = FastKind::kSelect;
    if (!Symbol('*') && !Names()) return false;
    if (!Word("from") || !TableName()) return false;
    if (Word("where") && !Where(false)) return false;
    if (Word("order")) {
      if (!Word("by") || !Name(out_.order_column)) return false;
      if (Word("desc")) {
        out_.descending = true;
      } else {
        (void)Word("asc");
      }
    }
    if (!Word("limit")) return true;
    CellInput limit;
    if (!Value(limit) || limit.datum.kind() != Datum::Kind::kInt || limit.datum.int_value() < 0) return false;
    out_.limit = limit.datum.int_value();
    return true;
  }

  bool Update() {
    out_.kind = FastKind::kUpdate;
    if (!TableName() || !Word("set")) return false;
    do {
      std::string_view column;
      CellInput cell;
      if (!Name(column) || !Symbol('=') || !Value(cell)) return false;
      out_.columns.push_back(column);
      out_.values.push_back(cell);
    } while (Symbol(','));
    return Word("where") && Where(true);
  }

  bool Delete() {
    out_.kind = FastKind::kDelete;
    return Word("from") && TableName() && Word("where") && Where(true);
  }

  bool EachParameterUsed() const {
    if (used_.size() != params_.size()) return params_.empty();
    for (const bool used : used_) {
      if (!used) return false;
    }
    return true;
  }

  Lexer lexer_;
  Token token_;
  const std::span<const Datum> params_;
  FastStatement& out_;
  std::vector<bool> used_;
};

}  // namespace

bool ParseFastStatement(std::string_view sql, std::span<const Datum> params, FastStatement& out) {
  out.name_parts = 0;
  out.columns.clear();
  out.values.clear();
  out.rows = 0;
  out.key_column = {};
  out.comparison = KeyComparison::kNone;
  out.order_column = {};
  out.descending = false;
  out.limit.reset();
  out.unescaped.clear();
  return Parser(sql, params, out).Parse();
}

}  // namespace kalam::query
