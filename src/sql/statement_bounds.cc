#include <charconv>
#include <string>
#include <vector>

#include "sql/keyword.h"
#include "sql/lexer.h"
#include "sql/splitter.h"

namespace kalam::sql {
namespace {

// The statement itself, or an open bracket or CASE in it.
struct Level {
  bool in_list = false;     // of IN (...)
  bool is_query = false;    // SELECT or SET stands here: commas part what it lists
  bool in_from = false;     // commas are joins
  bool is_relation = false; // stands where a table could: FROM (..), WITH a AS (..)
  bool is_subquery = false; // a query as part of an expression
  bool fresh = true;        // nothing inside yet
  std::uint32_t items = 1;
  std::uint32_t chain = 0;  // operators since the last comma, AND, OR or clause
  std::uint32_t arrows = 0; // those of them that are -> or ->>
};

Error TooMany(std::string_view what, std::string_view key, std::uint32_t limit) {
  return Error(ErrorCode::kLimitExceeded, "ERROR: " + std::string(what) + " limits." + std::string(key) + " (" +
                                              std::to_string(limit) + ")");
}

// Whether the word starts a part of a query in which expressions and lists begin anew.
bool StartsClause(Keyword word) {
  switch (word) {
    case Keyword::kSelect:
    case Keyword::kFrom:
    case Keyword::kWhere:
    case Keyword::kGroup:
    case Keyword::kHaving:
    case Keyword::kWindow:
    case Keyword::kOrder:
    case Keyword::kLimit:
    case Keyword::kOffset:
    case Keyword::kUnion:
    case Keyword::kExcept:
    case Keyword::kIntersect:
    case Keyword::kValues:
    case Keyword::kSet:
    case Keyword::kReturning:
    case Keyword::kWith: return true;
    default: return false;
  }
}

// Words that make a tree higher, as operators do.
bool IsOperatorWord(Keyword word) {
  switch (word) {
    case Keyword::kNot:
    case Keyword::kIs:
    case Keyword::kIsNull:
    case Keyword::kNotNull:
    case Keyword::kLike:
    case Keyword::kIlike:
    case Keyword::kGlob:
    case Keyword::kSimilar:
    case Keyword::kIn:
    case Keyword::kBetween:
    case Keyword::kCollate:
    case Keyword::kEscape:
    case Keyword::kAt: return true;
    default: return false;
  }
}

// After these a bracket holds a relation: its query is planned once, where one inside an expression is
// planned twice for each level above it.
bool PrecedesRelation(Keyword word) {
  switch (word) {
    case Keyword::kFrom:
    case Keyword::kJoin:
    case Keyword::kAs:
    case Keyword::kUsing:
    case Keyword::kUnion:
    case Keyword::kExcept:
    case Keyword::kIntersect: return true;
    default: return false;
  }
}

bool EndsOperand(const Token& token) {
  return token.IsName() || token.kind == TokenKind::kString || token.kind == TokenKind::kParameter || token.Is(')') ||
         token.Is(']') || token.Is('}');
}

class Checker {
 public:
  Checker(std::string_view statement, const StatementLimits& limits) : lexer_(statement), limits_(limits) {
    levels_.push_back({.is_query = true, .is_relation = true, .fresh = false});
  }

  Status Run() {
    for (Token token = lexer_.Next(); token.kind != TokenKind::kEnd; token = lexer_.Next()) {
      if (token.kind == TokenKind::kUnterminatedQuote || token.kind == TokenKind::kUnterminatedComment) return {};
      KALAM_TRY(Take(token));
      before_previous_ = previous_;
      previous_ = token;
    }
    return {};
  }

 private:
  Status Take(const Token& token) {
    const Keyword word = KeywordOf(token);
    if (word != Keyword::kNone) {
      KALAM_TRY(TakeWord(word));
    } else if (token.kind == TokenKind::kSymbol) {
      KALAM_TRY(TakeSymbol(token));
    } else if (token.kind == TokenKind::kParameter) {
      KALAM_TRY(TakeParameter(token));
    }
    // What was only a bracket or CASE has been pushed by now and stays fresh.
    if (!Opens(token, word)) levels_.back().fresh = false;
    if (levels_.size() - 1 + chains_ > limits_.max_nesting_depth) {
      return TooMany("statement is nested deeper than", "max_nesting_depth", limits_.max_nesting_depth);
    }
    last_word_ = word;
    return {};
  }

  static bool Opens(const Token& token, Keyword word) {
    return token.Is('(') || token.Is('[') || token.Is('{') || word == Keyword::kCase;
  }

  Status TakeWord(Keyword word) {
    Level& level = levels_.back();
    if (level.fresh && (word == Keyword::kSelect || word == Keyword::kWith || word == Keyword::kValues ||
                        word == Keyword::kFrom) && !level.is_relation) {
      level.is_subquery = true;
      if (++subqueries_ > limits_.max_subquery_depth) {
        return TooMany("statement has more subqueries in each other than", "max_subquery_depth",
                       limits_.max_subquery_depth);
      }
    }
    // a IS DISTINCT FROM b is an operator.
    if (StartsClause(word) && !(word == Keyword::kFrom && last_word_ == Keyword::kDistinct)) {
      ResetChain(level);
      level.items = 1;
      level.in_from = word == Keyword::kFrom;
      level.is_query |= word == Keyword::kSelect || word == Keyword::kSet;
    }
    if (IsOperatorWord(word)) Climb(level);
    switch (word) {
      case Keyword::kCase: Push({}); break;
      case Keyword::kEnd: Pop(); break;
      case Keyword::kThen:
      case Keyword::kElse:
      case Keyword::kOn: ResetChain(level); break;
      case Keyword::kLambda: Arrow(level); break;
      case Keyword::kValues:
        in_values_ = true;
        rows_ = 0;
        values_depth_ = levels_.size();
        break;
      case Keyword::kAnd:
      case Keyword::kOr:
      case Keyword::kWhen:
        ResetChain(level);
        if (++conditions_ > limits_.max_conditions) {
          return TooMany("statement has more conditions than", "max_conditions", limits_.max_conditions);
        }
        break;
      case Keyword::kJoin:
        ResetChain(level);
        return AddJoin();
      default: break;
    }
    return CheckArrows();
  }

  Status TakeSymbol(const Token& token) {
    Level& level = levels_.back();
    switch (token.symbol) {
      case '(':
        return Open(level);
      case '[':
        if (EndsOperand(previous_)) Climb(level);  // a subscript
        Push({});
        return {};
      case '{': Push({}); return {};
      case ')':
      case ']':
      case '}': Pop(); return {};
      case ',': return TakeComma(level);
      case '.':
      case ':':
      case ';': return {};
      default: break;
    }
    if (token.text == "->" || token.text == "->>") Arrow(level);
    Climb(level);
    return CheckArrows();
  }

  Status Open(Level& level) {
    // x.f(): each call is a level above x.
    if (previous_.IsName() && before_previous_.Is('.')) Climb(level);
    if (in_values_ && levels_.size() == values_depth_ && ++rows_ > limits_.max_values_rows) {
      return TooMany("VALUES has more rows than", "max_values_rows", limits_.max_values_rows);
    }
    const bool materialized = previous_.kind == TokenKind::kWord && EqualsIgnoreCase(previous_.text, "materialized");
    if ((last_word_ == Keyword::kAs || materialized) && ++ctes_ > limits_.max_ctes) {
      return TooMany("statement has more common table expressions than", "max_ctes", limits_.max_ctes);
    }
    const Keyword before = last_word_ == Keyword::kAll ? KeywordOf(before_previous_) : last_word_;  // UNION ALL (
    const bool nested = previous_.Is('(') && level.is_relation;
    const bool listed = previous_.Is(',') && level.in_from;
    Push({.in_list = last_word_ == Keyword::kIn,
          .is_relation = nested || listed || materialized || PrecedesRelation(before)});
    return {};
  }

  Status TakeComma(Level& level) {
    ResetChain(level);
    if (in_values_ && levels_.size() == values_depth_) return {};  // its rows are counted
    if (level.in_from) return AddJoin();
    ++level.items;
    if (level.is_query && level.items > limits_.max_select_items) {
      return TooMany("list has more items than", "max_select_items", limits_.max_select_items);
    }
    if (level.items > limits_.max_in_list) {
      return TooMany(level.in_list ? "IN list has more entries than" : "list has more entries than", "max_in_list",
                     limits_.max_in_list);
    }
    return {};
  }

  Status TakeParameter(const Token& token) {
    std::uint32_t number = ++question_marks_;
    if (token.text.size() > 1) {
      number = 0;
      const auto error = std::from_chars(token.text.data() + 1, token.text.data() + token.text.size(), number).ec;
      if (error == std::errc::result_out_of_range) number = UINT32_MAX;
      // For the engine's parser `$0` is another `?`.
      if (error == std::errc() && number == 0) {
        return Error(ErrorCode::kParameterCount, "parameter mismatch: parameters are $1, $2, ...; not $0");
      }
    }
    if (number > limits_.max_parameters) {
      return TooMany("statement has more parameters than", "max_params", limits_.max_parameters);
    }
    return {};
  }

  Status AddJoin() {
    if (++joins_ <= limits_.max_joins) return {};
    return TooMany("statement joins more tables than", "max_joins", limits_.max_joins);
  }
  Status CheckArrows() const {
    if (arrows_ <= limits_.max_arrow_chain) return {};
    return TooMany("expression has more -> or lambdas in each other than", "max_arrow_chain", limits_.max_arrow_chain);
  }

  void Climb(Level& level) {
    ++level.chain;
    ++chains_;
  }
  void Arrow(Level& level) {
    ++level.arrows;
    ++arrows_;
  }
  void ResetChain(Level& level) {
    chains_ -= level.chain;
    arrows_ -= level.arrows;
    level.chain = level.arrows = 0;
  }
  void Push(const Level& level) { levels_.push_back(level); }
  void Pop() {
    if (levels_.size() == 1) return;
    ResetChain(levels_.back());
    subqueries_ -= levels_.back().is_subquery ? 1 : 0;
    levels_.pop_back();
  }

  Lexer lexer_;
  const StatementLimits& limits_;
  std::vector<Level> levels_;  // the statement's own first
  Token previous_;
  Token before_previous_;
  Keyword last_word_ = Keyword::kNone;  // of `previous_`
  // Over all open levels:
  std::uint32_t chains_ = 0;
  std::uint32_t arrows_ = 0;
  std::uint32_t subqueries_ = 0;
  // Over the whole statement:
  std::uint32_t conditions_ = 0;
  std::uint32_t joins_ = 0;
  std::uint32_t ctes_ = 0;
  std::uint32_t question_marks_ = 0;
  bool in_values_ = false;
  std::size_t values_depth_ = 0;
  std::uint32_t rows_ = 0;
};

}  // namespace

Status CheckStatementBounds(std::string_view statement, const StatementLimits& limits) {
  return Checker(statement, limits).Run();
}

}  // namespace kalam::sql
