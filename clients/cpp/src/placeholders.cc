#include "placeholders.h"

#include "sql/lexer.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

namespace kalam {
inline namespace link_v1 {

namespace {

using sql::Token;
using sql::TokenKind;

Error Mismatch(const std::string& what) {
  Error error;
  error.kind = ErrorKind::kInvalidRequest;
  error.code = "PARAM_COUNT_MISMATCH";
  error.message = "parameter mismatch: " + what;
  return error;
}

// The placeholders of one statement.
class Placeholders {
 public:
  explicit Placeholders(std::size_t given) : used_(given) {}

  // False: it is named.
  bool Add(std::string_view placeholder) {
    if (placeholder == "?") {
      ++question_marks_;
      Use(question_marks_, "$" + std::to_string(question_marks_));
      return true;
    }
    std::uint64_t number = 0;
    const char* end = placeholder.data() + placeholder.size();
    const auto [stop, failure] = std::from_chars(placeholder.data() + 1, end, number);
    if (failure == std::errc::result_out_of_range) number = std::numeric_limits<std::uint64_t>::max();
    if (failure == std::errc::invalid_argument || stop != end) return false;
    numbered_ = true;
    Use(number, placeholder);
    return true;
  }

  bool mixed() const { return numbered_ && question_marks_ > 0; }

  std::optional<Error> Check() const {
    if (zero_) return Mismatch("parameters are $1, $2, ...; not $0");
    const std::string given = ", request has " + std::to_string(used_.size());
    if (!unbound_.empty()) return Mismatch("statement uses " + unbound_ + given + " parameter(s)");
    const auto gap = static_cast<std::size_t>(std::find(used_.begin(), used_.end(), false) - used_.begin());
    if (gap < highest_) return Mismatch("$" + std::to_string(gap + 1) + " is not used, but a higher number is");
    if (gap < used_.size()) return Mismatch("statement has " + std::to_string(highest_) + " parameter(s)" + given);
    return std::nullopt;
  }

 private:
  void Use(std::uint64_t number, std::string_view written) {
    highest_ = std::max(highest_, number);
    if (number == 0) {
      zero_ = true;
    } else if (number <= used_.size()) {
      used_[number - 1] = true;
    } else if (unbound_.empty()) {
      unbound_ = written;
    }
  }

  std::vector<bool> used_;  // of those that are given
  std::string unbound_;     // the first that none is given for
  std::uint64_t highest_ = 0;
  std::uint64_t question_marks_ = 0;
  bool numbered_ = false;
  bool zero_ = false;
};

bool MayHavePlaceholders(std::string_view sql) {
  return sql.find('$') != std::string_view::npos || sql.find('?') != std::string_view::npos;
}

}  // namespace

std::optional<Error> CheckPlaceholders(std::string_view sql, std::size_t given) {
  if (given == 0 && !MayHavePlaceholders(sql)) return std::nullopt;
  if (sql.size() >= std::numeric_limits<std::uint32_t>::max()) return std::nullopt;  // too long for the lexer
  Placeholders placeholders(given);
  bool begun = false;
  bool ended = false;  // at a `;`
  sql::Lexer lexer(sql);
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    if (token.kind == TokenKind::kUnterminatedQuote || token.kind == TokenKind::kUnterminatedComment) {
      return std::nullopt;
    }
    if (token.Is(';')) {
      ended = begun;
      continue;
    }
    if (ended) return std::nullopt;  // several statements
    begun = true;
    if (token.kind == TokenKind::kParameter && !placeholders.Add(token.text)) return std::nullopt;
  }
  if (!begun || placeholders.mixed()) return std::nullopt;
  return placeholders.Check();
}

}  // namespace link_v1
}  // namespace kalam
