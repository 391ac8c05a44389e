#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sql/keyword.h"
#include "sql/lexer.h"
#include "sql/splitter.h"

namespace kalam::sql {
namespace {

// The expression being read at one bracket level, bottom-up: how high the tree of the current list item
// has grown, and the highest item before it.
struct Height {
  std::uint32_t current = 0;
  std::uint32_t highest = 0;

  void StartItem() {
    highest = std::max(highest, current);
    current = 0;
  }
  std::uint32_t Highest() const { return std::max(highest, current); }
};

struct Frame {
  bool is_case = false;   // CASE ... END
  bool is_query = false;  // the statement itself, or brackets around a query
  bool in_values = false;
  bool in_from = false;
  std::uint32_t items = 1;  // of the current list
  std::uint32_t rows = 0;   // of VALUES
  Height height;
  Height arrows;
};

Error TooMany(std::string_view what, std::uint32_t limit, std::string_view key) {
  return Error(ErrorCode::kLimitExceeded,
               fmt::format("Statement has more than {} {} (limits.{})", limit, what, key));
}

class BoundsChecker {
 public:
  explicit BoundsChecker(const StatementLimits& limits) : limits_(limits) {
    frames_.reserve(16);
    frames_.push_back(Frame{.is_query = true});
  }

  Status Take(const Token& token) {
    Status status;
    switch (token.kind) {
      case TokenKind::kWord: status = TakeWord(token); break;
      case TokenKind::kSymbol: status = TakeSymbol(token); break;
      case TokenKind::kParameter: status = TakeParameter(token); break;
      default: break;
    }
    previous_ = token;
    return status;
  }

 private:
  Frame& top() { return frames_.back(); }

  Status TakeWord(const Token& token) {
    const Keyword keyword = KeywordOf(token);
    const bool opens_query = previous_.Is('(') && frames_.size() > 1;
    switch (keyword) {
      case Keyword::kCase: return Open(Frame{.is_case = true});
      case Keyword::kEnd:
        return top().is_case ? Close() : Status();
      case Keyword::kAnd:
      case Keyword::kOr:
      case Keyword::kWhen:
        StartItem();
        if (++conditions_ > limits_.max_conditions) {
          return TooMany("AND, OR and WHEN", limits_.max_conditions, "max_conditions");
        }
        return {};
      case Keyword::kSelect:
      case Keyword::kFrom:
      case Keyword::kWith:
      case Keyword::kValues:
        if (opens_query) top().is_query = true;
        StartClause();
        top().in_from = keyword == Keyword::kFrom;
        top().in_values = keyword == Keyword::kValues;
        return {};
      case Keyword::kWhere:
      case Keyword::kGroup:
      case Keyword::kOrder:
      case Keyword::kHaving:
      case Keyword::kLimit:
      case Keyword::kOffset:
      case Keyword::kUnion:
      case Keyword::kIntersect:
      case Keyword::kExcept:
      case Keyword::kReturning:
      case Keyword::kSet:
      case Keyword::kWindow:
        StartClause();
        return {};
      case Keyword::kThen:
      case Keyword::kElse:
      case Keyword::kOn:
      case Keyword::kAs:
      case Keyword::kBy: StartItem(); return {};
      case Keyword::kJoin: StartItem(); return CountJoin();
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
      case Keyword::kAt: return Grow(1);
      // Nested intervals cost several times what other expressions cost.
      case Keyword::kInterval: return Grow(3);
      case Keyword::kLambda: return GrowArrows();
      default: return {};
    }
  }

  Status TakeSymbol(const Token& token) {
    switch (token.symbol) {
      case '(': return OpenBracket();
      case '[':
      case '{': {
        const bool subscript = token.Is('[') && FollowsOperand();
        KALAM_TRY(subscript ? Grow(1) : Status());
        return Open(Frame{});
      }
      case ')':
      case ']':
      case '}': return frames_.size() > 1 ? Close() : Status();
      case ',': return TakeComma();
      case '.': return TakeDot();
      case ';': return {};
      default:
        if (token.text == "->") KALAM_TRY(GrowArrows());
        return Grow(1);
    }
  }

  Status OpenBracket() {
    if (previous_.kind == TokenKind::kWord && KeywordOf(previous_) == Keyword::kAs &&
        ++ctes_ > limits_.max_ctes) {
      return TooMany("common table expressions", limits_.max_ctes, "max_ctes");
    }
    Frame& outer = top();
    if (outer.in_values && ++outer.rows > limits_.max_values_rows) {
      return TooMany("rows in VALUES", limits_.max_values_rows, "max_values_rows");
    }
    return Open(Frame{});
  }

  Status TakeComma() {
    Frame& frame = top();
    StartItem();
    if (frame.in_values) return {};
    if (frame.in_from) KALAM_TRY(CountJoin());
    ++frame.items;
    if (frame.is_query && frame.items > limits_.max_select_items) {
      return TooMany("items in one list", limits_.max_select_items, "max_select_items");
    }
    if (frame.items > limits_.max_in_list) {
      return TooMany("entries in one list", limits_.max_in_list, "max_in_list");
    }
    return {};
  }

  // `a.b.c` is one name, however long; a call on a result (`f(x).g()`) is an operator.
  Status TakeDot() {
    if (previous_.Is(')') || previous_.Is(']')) return Grow(1);
    const bool continues = previous_.IsName() && previous_.offset == dotted_name_end_;
    dotted_parts_ = continues ? dotted_parts_ + 1 : 1;
    // The next part starts right behind this dot, or behind a blank that nobody writes there.
    dotted_name_end_ = previous_.end() + 1;
    return dotted_parts_ > limits_.max_nesting_depth ? TooDeep() : Status();
  }

  Status TakeParameter(const Token& token) {
    std::uint64_t number = ++parameters_;
    if (token.text.size() > 1) {
      number = 0;
      for (const char c : token.text.substr(1)) {
        if (c < '0' || c > '9') break;
        number = std::min<std::uint64_t>(number * 10 + static_cast<std::uint64_t>(c - '0'),
                                         UINT32_MAX);
      }
    }
    if (number > limits_.max_parameters) {
      return TooMany("parameters", limits_.max_parameters, "max_parameters");
    }
    return {};
  }

  bool FollowsOperand() const {
    return previous_.IsName() || previous_.kind == TokenKind::kString || previous_.Is(')') ||
           previous_.Is(']') || previous_.Is('}');
  }

  Status CountJoin() {
    if (++joins_ > limits_.max_joins) return TooMany("joins", limits_.max_joins, "max_joins");
    return {};
  }

  void StartItem() {
    top().height.StartItem();
    top().arrows.StartItem();
  }

  void StartClause() {
    StartItem();
    top().items = 1;
    top().rows = 0;
    top().in_from = false;
    top().in_values = false;
  }

  Status Open(Frame frame) {
    if (frames_.size() > limits_.max_nesting_depth) return TooDeep();
    frames_.push_back(frame);
    return {};
  }

  // What was inside becomes an operand of the item outside.
  Status Close() {
    const Frame inner = top();
    frames_.pop_back();
    Frame& outer = top();
    outer.height.current = std::max(outer.height.current, inner.height.Highest());
    outer.arrows.current += inner.arrows.Highest();
    KALAM_TRY(Grow(1));
    return CheckArrows();
  }

  Status Grow(std::uint32_t levels) {
    top().height.current += levels;
    return top().height.current > limits_.max_nesting_depth ? TooDeep() : Status();
  }

  Status GrowArrows() {
    ++top().arrows.current;
    return CheckArrows();
  }

  Status CheckArrows() {
    if (top().arrows.current > limits_.max_arrow_chain) {
      return TooMany("chained -> operators", limits_.max_arrow_chain, "max_arrow_chain");
    }
    return {};
  }

  Status TooDeep() const {
    return Error(ErrorCode::kLimitExceeded,
                 fmt::format("Statement nests deeper than {} levels (limits.max_nesting_depth)",
                             limits_.max_nesting_depth));
  }

  const StatementLimits& limits_;
  std::vector<Frame> frames_;
  Token previous_;
  std::uint32_t parameters_ = 0;  // number of `?`
  std::uint32_t conditions_ = 0;
  std::uint32_t joins_ = 0;
  std::uint32_t ctes_ = 0;
  std::uint32_t dotted_parts_ = 0;
  std::uint32_t dotted_name_end_ = 0;
};

}  // namespace

Status CheckStatementBounds(std::string_view statement, const StatementLimits& limits) {
  BoundsChecker checker(limits);
  Lexer lexer(statement);
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    KALAM_TRY(checker.Take(token));
  }
  return {};
}

}  // namespace kalam::sql
