#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "sql/keyword.h"
#include "sql/lexer.h"
#include "sql/splitter.h"

namespace kalam::sql {
namespace {

// An open bracket or CASE: what is counted inside it.
struct Level {
  bool is_list = false;    // of IN (...)
  std::uint32_t items = 1;
};

Error TooMany(std::string_view what, std::string_view key, std::uint32_t limit) {
  return Error(ErrorCode::kLimitExceeded, "ERROR: " + std::string(what) + " limits." + std::string(key) + " (" +
                                              std::to_string(limit) + ")");
}

class Checker {
 public:
  Checker(std::string_view statement, const StatementLimits& limits) : lexer_(statement), limits_(limits) {}

  Status Run() {
    for (Token token = lexer_.Next(); token.kind != TokenKind::kEnd; token = lexer_.Next()) {
      if (token.kind == TokenKind::kUnterminatedQuote || token.kind == TokenKind::kUnterminatedComment) return {};
      KALAM_TRY(Take(token));
    }
    return {};
  }

 private:
  Status Take(const Token& token) {
    const Keyword word = KeywordOf(token);
    // Runs of prefix operators recurse like brackets: NOT NOT NOT x, - - - x.
    const bool prefix = word == Keyword::kNot || token.Is('-') || token.Is('+') || token.Is('~');
    prefix_run_ = prefix ? prefix_run_ + 1 : 0;
    if (word == Keyword::kValues) {
      in_values_ = true;
      rows_ = 0;
      values_depth_ = levels_.size();
    }
    if (token.Is('(') || token.Is('[') || token.Is('{') || word == Keyword::kCase) {
      if (in_values_ && token.Is('(') && levels_.size() == values_depth_ && ++rows_ > limits_.max_values_rows) {
        return TooMany("VALUES has more rows than", "max_values_rows", limits_.max_values_rows);
      }
      levels_.push_back({.is_list = token.Is('(') && last_word_ == Keyword::kIn});
    } else if ((token.Is(')') || token.Is(']') || token.Is('}') || word == Keyword::kEnd) && !levels_.empty()) {
      levels_.pop_back();
    } else if (token.Is(',') && !levels_.empty() && levels_.back().is_list &&
               ++levels_.back().items > limits_.max_in_list) {
      return TooMany("IN list has more entries than", "max_in_list", limits_.max_in_list);
    }
    if (levels_.size() + prefix_run_ > limits_.max_nesting_depth) {
      return TooMany("statement is nested deeper than", "max_nesting_depth", limits_.max_nesting_depth);
    }
    if (token.kind == TokenKind::kParameter) KALAM_TRY(TakeParameter(token));
    last_word_ = word;
    return {};
  }

  Status TakeParameter(const Token& token) {
    std::uint32_t number = ++question_marks_;
    if (token.text.size() > 1) {
      number = 0;
      const auto error = std::from_chars(token.text.data() + 1, token.text.data() + token.text.size(), number).ec;
      if (error == std::errc::result_out_of_range) number = UINT32_MAX;
    }
    if (number > limits_.max_parameters) {
      return TooMany("statement has more parameters than", "max_params", limits_.max_parameters);
    }
    return {};
  }

  Lexer lexer_;
  const StatementLimits& limits_;
  std::vector<Level> levels_;
  std::uint32_t prefix_run_ = 0;
  std::uint32_t question_marks_ = 0;
  bool in_values_ = false;
  std::size_t values_depth_ = 0;
  std::uint32_t rows_ = 0;
  Keyword last_word_ = Keyword::kNone;
};

}  // namespace

Status CheckStatementBounds(std::string_view statement, const StatementLimits& limits) {
  return Checker(statement, limits).Run();
}

}  // namespace kalam::sql
