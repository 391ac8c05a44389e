#include "sql/normalised_statement.h"

#include <algorithm>
#include <charconv>

#include "sql/lexer.h"
#include "sql/reserved_words.h"

namespace kalam::sql {
namespace {

// Keywords that are names elsewhere: folded only where a name would be odd.
constexpr std::string_view kKeywords[] = {"by",  "insert", "update", "delete", "set",  "values", "between",
                                          "join", "is",    "like",   "over",   "left", "inner",  "exists"};

bool IsAnyOf(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view known) { return EqualsIgnoreCase(word, known); });
}

// What part of a query the next token belongs to.
enum class Clause : std::uint8_t { kNone, kSelectList, kFrom, kWhere, kValues, kOther };

// One level of parentheses.
struct Level {
  Clause clause = Clause::kNone;
  bool is_query = false;  // SELECT, UPDATE, ... stood at this level
  bool shapes_nothing = true;  // no level around it shapes the answer by what stands here
};

bool IsComparison(const Token& token) {
  if (token.kind != TokenKind::kSymbol) return false;
  const std::string_view op = token.text;
  return op == "=" || op == "<" || op == ">" || op == "<=" || op == ">=" || op == "<>" || op == "!=";
}

// What may stand behind a literal that is a whole operand.
bool EndsOperand(const Token& token) {
  static constexpr std::string_view kWords[] = {"and",   "or",        "group",  "order",  "limit",     "having",
                                                "union", "intersect", "except", "offset", "returning", "fetch"};
  if (token.kind == TokenKind::kEnd || token.Is(')')) return true;
  return token.kind == TokenKind::kWord && IsAnyOf(token.text, kWords);
}

bool IsWord(const Token& token, std::string_view word) {
  return token.kind == TokenKind::kWord && EqualsIgnoreCase(token.text, word);
}

bool IsConstant(const Token& token) {
  switch (token.kind) {
    case TokenKind::kString:
    case TokenKind::kInteger:
    case TokenKind::kNumber:
    case TokenKind::kParameter: return true;
    default: return false;
  }
}

char KindLetter(const Datum& datum) {
  switch (datum.kind()) {
    case Datum::Kind::kNull: return 'n';
    case Datum::Kind::kBool: return 'b';
    case Datum::Kind::kInt: return 'i';
    case Datum::Kind::kDouble: return 'd';
    case Datum::Kind::kText: return 't';
    case Datum::Kind::kBinary: return 'x';
  }
  return '?';
}

class Normaliser {
 public:
  Normaliser(std::string_view statement, std::span<const Datum> params, NormalisedStatement& out)
      : lexer_(statement), params_(params), out_(out) {}

  bool Run() {
    levels_.emplace_back();
    for (next_ = lexer_.Next(); Advance();) {
      if (!Step()) return false;
      if (out_.text.size() > kMaxNormalisedBytes) return false;
    }
    if (token_.kind != TokenKind::kEnd) return false;  // ends inside a string or comment
    out_.key = out_.text;
    out_.key += '\0';
    for (const Datum& datum : params_) out_.key += KindLetter(datum);
    out_.key += '|';
    for (const Datum& datum : out_.literals) out_.key += KindLetter(datum);
    return true;
  }

 private:
  bool Advance() {
    before_ = previous_;
    previous_ = token_;
    token_ = next_;
    next_ = lexer_.Next();
    ++index_;
    switch (token_.kind) {
      case TokenKind::kEnd:
      case TokenKind::kUnterminatedQuote:
      case TokenKind::kUnterminatedComment: return false;
      default: return true;
    }
  }

  bool Step() {
    switch (token_.kind) {
      case TokenKind::kSymbol: Symbol(); return true;
      case TokenKind::kWord: Word(); return true;
      case TokenKind::kParameter: return Parameter();
      case TokenKind::kSpecialString: return false;
      case TokenKind::kString:
        // Two of them in two lines are one text.
        if (previous_.kind == TokenKind::kString) return false;
        [[fallthrough]];
      case TokenKind::kInteger:
      case TokenKind::kNumber: Literal(); return true;
      default: Emit(token_.text); return true;
    }
  }

  void Emit(std::string_view text) {
    // Operators that touch may be one to the engine: they stay as they are.
    const bool touches = token_.kind == TokenKind::kSymbol && previous_.kind == TokenKind::kSymbol &&
                         previous_.end() == token_.offset && !IsBracket(token_) && !IsBracket(previous_);
    if (!out_.text.empty() && !touches) out_.text += ' ';
    out_.text += text;
  }

  static bool IsBracket(const Token& token) {
    return token.Is('(') || token.Is(')') || token.Is(',') || token.Is('*') || token.Is('.');
  }

  void Symbol() {
    Emit(token_.text);
    if (token_.Is('(')) {
      const Level& outer = levels_.back();
      Level level;
      level.clause = outer.clause;
      level.shapes_nothing = outer.shapes_nothing && outer.clause != Clause::kSelectList &&
                             outer.clause != Clause::kOther;
      levels_.push_back(level);
    } else if (token_.Is(')') && levels_.size() > 1) {
      levels_.pop_back();
    }
  }

  void Word() {
    static constexpr std::string_view kStarts[] = {"select", "update", "delete", "insert", "with"};
    static constexpr std::string_view kOthers[] = {"group", "order", "having", "limit", "offset", "fetch",
                                                   "window", "qualify", "union", "intersect", "except", "returning",
                                                   "on", "using", "set", "join"};
    const bool named = previous_.Is('.') || IsWord(previous_, "as");
    if (named) return Emit(token_.text);
    Level& level = levels_.back();
    if (IsAnyOf(token_.text, kStarts)) {
      level.is_query = true;
      level.clause = EqualsIgnoreCase(token_.text, "select") ? Clause::kSelectList : Clause::kNone;
      if (levels_.size() == 1 && EqualsIgnoreCase(token_.text, "insert")) inserts_ = true;
    } else if (level.is_query) {
      if (EqualsIgnoreCase(token_.text, "from")) {
        level.clause = IsWord(previous_, "distinct") ? Clause::kOther : Clause::kFrom;
      } else if (EqualsIgnoreCase(token_.text, "where")) {
        level.clause = Clause::kWhere;
      } else if (EqualsIgnoreCase(token_.text, "values")) {
        level.clause = inserts_ && levels_.size() == 1 ? Clause::kValues : Clause::kOther;
      } else if (IsAnyOf(token_.text, kOthers)) {
        level.clause = Clause::kOther;
      }
    }
    const bool may_be_name = previous_.Is(',') || previous_.Is('(') || IsWord(previous_, "select");
    if (IsReservedWord(token_.text) || (!may_be_name && IsAnyOf(token_.text, kKeywords)) || previous_.text.empty()) {
      folded_.assign(token_.text);
      for (char& c : folded_) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      return Emit(folded_);
    }
    Emit(token_.text);
  }

  bool Parameter() {
    std::size_t number = 0;
    const std::string_view digits = token_.text.substr(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (token_.text.front() != '$' || error != std::errc() || end != digits.data() + digits.size()) return false;
    if (number == 0 || number > params_.size()) return false;
    if (IsWord(previous_, "between")) lower_bound_ = index_;
    Emit(token_.text);
    return true;
  }

  void Literal() {
    Datum value;
    if (!BecomesParameter() || !ValueOf(value)) return Emit(token_.text);
    if (negative_) {
      out_.text.pop_back();
      if (out_.text.ends_with(' ')) out_.text.pop_back();
    }
    out_.literals.push_back(value);
    const std::string number = "$" + std::to_string(params_.size() + out_.literals.size());
    Emit(number);
  }

  // Sets negative_ when the sign in front belongs to the literal.
  bool BecomesParameter() {
    const Level& level = levels_.back();
    negative_ = previous_.Is('-') && token_.kind != TokenKind::kString;
    const Token& before = negative_ ? before_ : previous_;
    if (level.clause == Clause::kValues && levels_.size() == 2) {
      return token_.kind != TokenKind::kNumber && (before.Is('(') || before.Is(',')) &&
             (next_.Is(')') || next_.Is(','));
    }
    if (level.clause != Clause::kWhere || !level.shapes_nothing) return false;
    if (IsWord(before, "between")) {
      lower_bound_ = index_;
      return IsWord(next_, "and");
    }
    if (!EndsOperand(next_)) return false;
    if (IsWord(before, "and")) return index_ - (negative_ ? 1 : 0) == lower_bound_ + 2;
    return IsComparison(before) && (negative_ || !IsConstant(before_));
  }

  bool ValueOf(Datum& value) {
    const char* begin = token_.text.data();
    const char* end = begin + token_.text.size();
    switch (token_.kind) {
      case TokenKind::kString:
        if (token_.escaped) {
          value = Datum::Text(Unquote(token_, out_.unescaped.emplace_back()));
        } else {
          value = Datum::Text(token_.body());
        }
        return true;
      case TokenKind::kInteger: {
        std::int64_t number;
        const auto [stop, error] = std::from_chars(begin, end, number);
        if (error != std::errc() || stop != end) return false;
        value = Datum::Int(negative_ ? -number : number);
        return true;
      }
      default: return false;  // 1.5 is an exact decimal, which a parameter is not
    }
  }

  Lexer lexer_;
  const std::span<const Datum> params_;
  NormalisedStatement& out_;
  std::vector<Level> levels_;
  Token before_, previous_, token_, next_;
  std::string folded_;
  std::size_t index_ = 0;            // of token_
  std::size_t lower_bound_ = SIZE_MAX / 2;  // of the literal or parameter behind the last BETWEEN
  bool inserts_ = false;
  bool negative_ = false;
};

}  // namespace

bool Normalise(std::string_view statement, std::span<const Datum> params, NormalisedStatement& out) {
  out.text.clear();
  out.key.clear();
  out.literals.clear();
  out.unescaped.clear();
  // Texts that can't fit once the blanks are gone are not worth the look.
  if (statement.size() > 4 * kMaxNormalisedBytes || statement.find('\0') != std::string_view::npos) return false;
  return Normaliser(statement, params, out).Run();
}

}  // namespace kalam::sql
